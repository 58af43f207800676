//! Publish one order intent. Run it again with the same INTENT_ID as often as you like: it stays one order.
//!
//! ```text
//! cargo run --example publish -- ACCOUNT INTENT_ID INSTRUMENT SIDE QUANTITY PRICE
//! cargo run --example publish -- A1 A1-0001 ESZ6.XCME BUY 2 5000.25
//! ```
//!
//! Brokers come from `ONEFILL_BOOTSTRAP`, the topic from `ONEFILL_TOPIC` (`onefill.intents`). It uses nothing
//! of onefill but the published schema: apache-avro, rdkafka and tokio are all that a strategy needs.

use std::env;
use std::error::Error;
use std::time::{Duration, SystemTime};

use apache_avro::types::Value;
use apache_avro::{GenericSingleObjectWriter, Schema};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::types::RDKafkaErrorCode;
use serde_json::json;

const SCHEMA: &str = include_str!("../schemas/OrderIntent.v1.avsc");
const ATTEMPTS_MAX: u32 = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [account, intent_id, instrument, side, quantity, price] = arguments.as_slice() else {
        return Err("ACCOUNT INTENT_ID INSTRUMENT SIDE QUANTITY PRICE".into());
    };
    let value = encode(json!({
        "intent_type": "NEW",
        "intent_id": intent_id, // make it and store it before sending; never reuse it
        "account_id": account,
        "strategy_id": "example",
        "client_order_id": intent_id, // names the order in a later CANCEL or REPLACE
        "instrument_id": instrument,
        "created_at": nanoseconds_now()?,
        "side": side,
        "order_type": "LIMIT",
        "order_qty": quantity, // decimals are text: no binary floating point on the way
        "price": price,
        "time_in_force": "DAY",
    }))?;
    let bootstrap = env::var("ONEFILL_BOOTSTRAP").unwrap_or_else(|_| "127.0.0.1:9092".into());
    let topic = env::var("ONEFILL_TOPIC").unwrap_or_else(|_| "onefill.intents".into());
    publish(&connect(&bootstrap)?, &topic, account, &value).await
}

/// Avro's single-object encoding: `C3 01`, the schema's fingerprint, then the record.
fn encode(intent: serde_json::Value) -> Result<Vec<u8>, Box<dyn Error>> {
    let schema = Schema::parse_str(SCHEMA)?;
    let record = Value::try_from(intent)?.resolve(&schema)?;
    let mut bytes = Vec::new();
    GenericSingleObjectWriter::new_with_capacity(&schema, 1024)?.write_value_ref(&record, &mut bytes)?;
    Ok(bytes)
}

fn connect(bootstrap: &str) -> Result<FutureProducer, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        // Java's placement. The default of librdkafka is CRC32, and lands on another partition.
        .set("partitioner", "murmur2_random")
        // Implies acks=all, and keeps the producer's own retries from reordering or doubling records.
        .set("enable.idempotence", "true")
        .set("delivery.timeout.ms", "10000")
        .create()
}

/// Returns when the record is stored. Whatever happens on the way, the key and the bytes stay the same.
async fn publish(
    producer: &FutureProducer,
    topic: &str,
    account: &str,
    value: &[u8],
) -> Result<(), Box<dyn Error>> {
    for _ in 0..ATTEMPTS_MAX {
        let record = FutureRecord::to(topic).key(account).payload(value);
        match producer.send(record, Duration::from_secs(10)).await {
            Ok(delivered) => {
                println!("{topic}/{} offset {}", delivered.partition, delivered.offset);
                return Ok(());
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::Fatal), _)) => break,
            // It may have arrived, or not. Sending it again under the same key is safe; a new key would not be.
            Err((error, _)) => eprintln!("not confirmed: {error}; sending again"),
        }
    }
    Err("the intent is not confirmed; try again later, under the same key".into())
}

fn nanoseconds_now() -> Result<i64, Box<dyn Error>> {
    Ok(i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_nanos())?)
}
