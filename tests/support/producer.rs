//! Producers of strategies and strangers.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};

use super::reader::eventually;

const WAIT: Duration = Duration::from_secs(30);

/// A producer that sends in transactions, which may stay open longer than any test lasts.
pub fn transactional(bootstrap: &str, id: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("transactional.id", id);
    config.set("transaction.timeout.ms", "300000");
    let producer: BaseProducer = config.create().expect("a producer");
    eventually("the producer is initialised", || producer.init_transactions(WAIT).ok());
    producer
}
