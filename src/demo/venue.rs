//! A simulated venue: it fills every order record that it sees, at its limit price, in one trade or
//! in two.
//!
//! It forgives nothing. A real gateway sends at most once per order id and version; this one fills a
//! second record of the same order a second time, so that an error of either router shows. The same
//! code fills for both; only the bytes of an order differ.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::producer::{BaseRecord, Producer as _};

use super::Fault;
use super::plan::{PARTITIONS, Plan, Side};
use super::readback::steps;
use super::stage::{self, Publisher};
use crate::core::amount::{Decimal, Numeral};
use crate::core::execution::{ExecType, Execution};
use crate::core::ids::Id;
use crate::core::order::Order;
use crate::shell::client::{self, Isolation, Logged};
use crate::shell::{clock, config::Config};
use crate::wire::{self, Malformed, RecordType, Schemas};

/// How long reports are gathered before they are sent.
const LINGER_MS: u64 = 5;
/// One order in so many is filled in two trades.
const PARTED_EVERY: i64 = 4;
/// How long after the first trade the second one follows.
const SECOND_AFTER: Duration = Duration::from_millis(100);
/// How long what was reported may take to be delivered.
const FLUSH_WAIT: Duration = Duration::from_secs(20);

/// In how many trades the order record at this offset is filled.
pub const fn trades(offset: i64) -> u32 {
    if offset % PARTED_EVERY == 0 { 2 } else { 1 }
}

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

/// A trade that is yet to come.
struct Second {
    due: Instant,
    partition: i32,
    account: Vec<u8>,
    report: Vec<u8>,
}

/// What a venue takes from an order record, whoever wrote it.
struct Ordered<'b> {
    order_id: &'b str,
    client_order_id: Id<'b>,
    account_id: Id<'b>,
    instrument_id: Id<'b>,
    side: crate::core::intent::Side,
    quantity: i64,
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
        let orders: BaseConsumer<Logged> = client::reader(config, isolation)?.create_with_context(Logged)?;
        let mut assignment = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            assignment.add_partition_offset(&config.topics.orders, partition, Offset::Beginning)?;
        }
        orders.assign(&assignment)?;
        let reports = stage::publisher(config, LINGER_MS)?;
        Ok(Self { side, config, orders, reports, schemas: Schemas::compiled(), fills: AtomicU64::new(0) })
    }

    /// Fills orders until `closed`, and then what is left of them.
    ///
    /// # Errors
    /// An order that cannot be read, a report that cannot be sent.
    pub fn serve(&self, closed: &AtomicBool) -> Result<(), Fault> {
        let mut seconds: VecDeque<Second> = VecDeque::new();
        while !closed.load(Ordering::Relaxed) {
            let wait = if seconds.is_empty() { 50 } else { 5 };
            // Disconnects and ends of partitions are no events here: the reader goes on.
            if let Some(Ok(order)) = self.orders.poll(Duration::from_millis(wait)) {
                seconds.extend(self.fill(&order)?);
            }
            while let Some(second) = seconds.pop_front_if(|second| second.due <= Instant::now()) {
                self.publish(second.partition, &second.account, &second.report)?;
            }
        }
        Ok(self.reports.flush(FLUSH_WAIT)?)
    }

    /// Reports the first trade of an order, and returns the second, if there is one.
    fn fill(&self, message: &BorrowedMessage<'_>) -> Result<Option<Second>, Fault> {
        let unreadable = |reason| Fault::Unreadable {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            reason,
        };
        let value = message.payload().unwrap_or_default();
        let place = (message.partition(), message.offset());
        let reports = match self.side {
            Side::Onefill => {
                let body = self.schemas.open(RecordType::Order, value).map_err(unreadable)?;
                let order = wire::order::decode(&body).map_err(unreadable)?;
                let order_id = order.order_id.to_string();
                reports(&ordered(&order, &order_id).map_err(unreadable)?, place)
            }
            Side::Naive => {
                let body = self.schemas.open(RecordType::OrderIntent, value).map_err(unreadable)?;
                reports(&ordered_naively(&body).map_err(unreadable)?, place)
            }
        };
        // The same partition as the order, the same account.
        let (partition, account) = (message.partition(), message.key().unwrap_or_default());
        let mut reports = reports.into_iter();
        if let Some(first) = reports.next() {
            self.publish(partition, account, &first)?;
        }
        self.fills.fetch_add(1, Ordering::Relaxed);
        Ok(reports.next().map(|report| Second {
            due: Instant::now() + SECOND_AFTER,
            partition,
            account: account.to_owned(),
            report,
        }))
    }

    fn publish(&self, partition: i32, account: &[u8], report: &[u8]) -> Result<(), Fault> {
        let mut record =
            BaseRecord::to(&self.config.topics.executions).partition(partition).key(account).payload(report);
        while let Err((error, back)) = self.reports.send(record) {
            if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            record = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

fn ordered<'b>(order: &Order<'b>, order_id: &'b str) -> Result<Ordered<'b>, Malformed> {
    Ok(Ordered {
        order_id,
        client_order_id: order.client_order_id,
        account_id: order.account_id,
        instrument_id: order.instrument_id,
        side: order.terms.side,
        quantity: steps("quantity", Some(Numeral::Exact(order.terms.order_qty)), Decimal::ONE)?,
        price: order.terms.price.map(Numeral::Exact),
    })
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
        quantity: steps("quantity", intent.terms.order_qty, Decimal::ONE)?,
        price: intent.terms.price,
    })
}

/// The quantities of the trades that fill an order.
fn parts(quantity: i64, trades: u32) -> Vec<i64> {
    let first = if trades > 1 { quantity / 2 } else { quantity };
    let all = [first, quantity - first];
    all[..trades as usize].to_owned()
}

/// Reports of the trades that fill an order at its limit. `place`, where the order record stands,
/// names them.
fn reports(order: &Ordered<'_>, place: (i32, i64)) -> Vec<Vec<u8>> {
    let mut cumulated = 0;
    let parts = parts(order.quantity, trades(place.1)).into_iter();
    parts
        .enumerate()
        .map(|(index, part)| {
            cumulated += part;
            let exec_id = format!("fill-{}-{}-{}", place.0, place.1, index + 1);
            encode_trade(order, &exec_id, part, cumulated)
        })
        .collect()
}

fn encode_trade(order: &Ordered<'_>, exec_id: &str, part: i64, cumulated: i64) -> Vec<u8> {
    let whole = |count| Some(Numeral::Exact(Decimal::whole(count)));
    let report = Execution {
        venue: Id::parse("XNAS").expect("the venue is named by an id"),
        exec_id,
        exec_type: ExecType::Trade,
        order_id: order.order_id,
        client_order_id: Some(order.client_order_id.as_str()),
        venue_order_id: None,
        account_id: order.account_id,
        instrument_id: order.instrument_id,
        side: order.side,
        last_qty: whole(part),
        last_px: order.price,
        order_qty: whole(order.quantity),
        cum_qty: whole(cumulated),
        leaves_qty: whole(order.quantity - cumulated),
        exec_ref_id: None,
        reject_code: None,
        text: None,
        transact_time: clock::now(),
    };
    let mut value = Vec::new();
    wire::execution::encode(&report, &mut value);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_add_up_to_the_order() {
        assert_eq!((parts(10, 1), parts(10, 2), parts(15, 2)), (vec![10], vec![5, 5], vec![7, 8]));
        let counts: Vec<u32> = (0..8).map(trades).collect();
        assert_eq!(counts, [2, 1, 1, 1, 2, 1, 1, 1]);
    }
}
