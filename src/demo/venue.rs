//! A simulated venue: it fills every order record that it sees, at its limit price.
//!
//! It forgives nothing. A real gateway sends at most once per order id and version; this one fills a
//! second record of the same order a second time, so that an error of either router shows. The same
//! code fills for both; only the bytes of an order differ.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::producer::{BaseRecord, Producer as _};

use super::Fault;
use super::plan::{PARTITIONS, Plan, Side};
use super::stage::{self, Publisher};
use crate::core::amount::Numeral;
use crate::core::execution::{ExecType, Execution};
use crate::core::ids::Id;
use crate::core::order::Order;
use crate::shell::client::{self, Isolation, Logged};
use crate::shell::{clock, config::Config};
use crate::wire::{self, Malformed, RecordType, Schemas};

/// How long reports are gathered before they are sent.
const LINGER_MS: u64 = 5;
/// How long what was reported may take to be delivered.
const FLUSH_WAIT: Duration = Duration::from_secs(20);

/// A venue for the orders of one side.
pub struct Venue<'p> {
    side: Side,
    config: &'p Config,
    orders: BaseConsumer<Logged>,
    reports: Publisher,
    schemas: Schemas,
    /// Filled so far, for the person who watches.
    pub fills: AtomicU64,
}

/// What a venue takes from an order record, whoever wrote it.
struct Ordered<'b> {
    order_id: &'b str,
    client_order_id: Id<'b>,
    account_id: Id<'b>,
    instrument_id: Id<'b>,
    side: crate::core::intent::Side,
    quantity: Option<Numeral<'b>>,
    price: Option<Numeral<'b>>,
}

impl<'p> Venue<'p> {
    /// Listens to the orders of one side: to committed ones only where there are others.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn open(plan: &'p Plan, side: Side) -> Result<Self, Fault> {
        let config = plan.side(side);
        let isolation = match side {
            Side::Onefill => Isolation::Committed,
            Side::Naive => Isolation::Uncommitted,
        };
        let orders: BaseConsumer<Logged> = client::reader(config, isolation).create_with_context(Logged)?;
        let mut assignment = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            assignment.add_partition_offset(&config.topics.orders, partition, Offset::Beginning)?;
        }
        orders.assign(&assignment)?;
        let reports = stage::publisher(config, LINGER_MS)?;
        Ok(Self { side, config, orders, reports, schemas: Schemas::compiled(), fills: AtomicU64::new(0) })
    }

    /// Fills orders until `closed`.
    ///
    /// # Errors
    /// An order that cannot be read, a report that cannot be sent.
    pub fn serve(&self, closed: &AtomicBool) -> Result<(), Fault> {
        while !closed.load(Ordering::Relaxed) {
            // Disconnects and ends of partitions are no events here: the reader goes on.
            if let Some(Ok(order)) = self.orders.poll(Duration::from_millis(50)) {
                self.fill(&order)?;
            }
        }
        Ok(self.reports.flush(FLUSH_WAIT)?)
    }

    fn fill(&self, message: &BorrowedMessage<'_>) -> Result<(), Fault> {
        let unreadable = |reason| Fault::Unreadable {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            reason,
        };
        let value = message.payload().unwrap_or_default();
        let mut report = Vec::new();
        let place = format!("{}-{}", message.partition(), message.offset());
        match self.side {
            Side::Onefill => {
                let body = self.schemas.open(RecordType::Order, value).map_err(unreadable)?;
                let order = wire::order::decode(&body).map_err(unreadable)?;
                let order_id = order.order_id.to_string();
                encode_fill(&ordered(&order, &order_id), &place, &mut report);
            }
            Side::Naive => {
                let body = self.schemas.open(RecordType::OrderIntent, value).map_err(unreadable)?;
                encode_fill(&ordered_naively(&body).map_err(unreadable)?, &place, &mut report);
            }
        }
        self.publish(message, &report)
    }

    /// Puts a report where the order was: the same partition, the same account.
    fn publish(&self, order: &BorrowedMessage<'_>, report: &[u8]) -> Result<(), Fault> {
        let account = order.key().unwrap_or_default();
        let mut record = BaseRecord::to(&self.config.topics.executions)
            .partition(order.partition())
            .key(account)
            .payload(report);
        while let Err((error, back)) = self.reports.send(record) {
            if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            record = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        self.fills.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn ordered<'b>(order: &Order<'b>, order_id: &'b str) -> Ordered<'b> {
    Ordered {
        order_id,
        client_order_id: order.client_order_id,
        account_id: order.account_id,
        instrument_id: order.instrument_id,
        side: order.terms.side,
        quantity: Some(Numeral::Exact(order.terms.order_qty)),
        price: order.terms.price.map(Numeral::Exact),
    }
}

/// The naive router passes an intent on as it is, so that its order has no id of its own.
fn ordered_naively(body: &[u8]) -> Result<Ordered<'_>, Malformed> {
    let intent = wire::intent::decode(body)?;
    Ok(Ordered {
        order_id: "",
        client_order_id: intent.client_order_id,
        account_id: intent.account_id,
        instrument_id: intent.instrument_id,
        side: intent.terms.side.ok_or_else(|| Malformed::missing("side", "an order"))?,
        quantity: intent.terms.order_qty,
        price: intent.terms.price,
    })
}

/// A fill of the whole order at its limit. `place`, where the order record stands, names the fill.
fn encode_fill(order: &Ordered<'_>, place: &str, out: &mut Vec<u8>) {
    let exec_id = format!("fill-{place}");
    let report = Execution {
        venue: Id::parse("XNAS").expect("the venue is named by an id"),
        exec_id: &exec_id,
        exec_type: ExecType::Trade,
        order_id: order.order_id,
        client_order_id: Some(order.client_order_id.as_str()),
        venue_order_id: None,
        account_id: order.account_id,
        instrument_id: order.instrument_id,
        side: order.side,
        last_qty: order.quantity,
        last_px: order.price,
        order_qty: order.quantity,
        cum_qty: None,
        leaves_qty: None,
        exec_ref_id: None,
        reject_code: None,
        text: None,
        transact_time: clock::now(),
    };
    wire::execution::encode(&report, out);
}
