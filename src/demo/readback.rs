//! Reads every topic of the run back, by read_committed readers of its own.

use rdkafka::message::{BorrowedMessage, Message as _};

use super::Fault;
use super::plan::{PARTITIONS, Plan};
use super::tally::{Attempt, Ordered, Trade, Traded};
use super::trail::Trail;
use crate::core::amount::{Decimal, Numeral};
use crate::core::ids::Id;
use crate::core::intent::Side;
use crate::shell::config::Config;
use crate::shell::trail::{self as log, ReadError};
use crate::wire::{self, Malformed, RecordType, Schemas};

/// What the topics hold after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// `intents`, partition by partition.
    pub attempts: Vec<Attempt>,
    /// `orders`, partition by partition.
    pub orders: Vec<Ordered>,
    /// `executions`, what was traded for onefill's orders, partition by partition.
    pub trades: Vec<Trade>,
    /// The naive router's orders, counted.
    pub naive_orders: usize,
    /// What was traded for the naive router's orders.
    pub naive_trades: Vec<Trade>,
    /// `audit`.
    pub trail: Trail,
}

/// Reads all of it.
///
/// # Errors
/// Kafka's, and records that cannot be read.
pub fn read(plan: &Plan) -> Result<Records, Fault> {
    let schemas = Schemas::compiled();
    let mut records = Records::default();
    let (ours, naive) = (&plan.config.topics, &plan.naive.topics);
    each(&plan.config, &ours.intents, |message, value| {
        records.attempts.push(attempt(message, &schemas.open(RecordType::OrderIntent, value)?)?);
        Ok(())
    })?;
    each(&plan.config, &ours.orders, |message, value| {
        records.orders.push(ordered(message, &schemas.open(RecordType::Order, value)?)?);
        Ok(())
    })?;
    each(&plan.config, &ours.executions, |message, value| {
        records.trades.push(trade(message, &schemas.open(RecordType::Execution, value)?)?);
        Ok(())
    })?;
    each(&plan.naive, &naive.orders, |_, _| {
        records.naive_orders += 1;
        Ok(())
    })?;
    each(&plan.naive, &naive.executions, |message, value| {
        records.naive_trades.push(trade(message, &schemas.open(RecordType::Execution, value)?)?);
        Ok(())
    })?;
    each(&plan.config, &ours.audit, |message, value| {
        let body = schemas.open(RecordType::Entry, value)?;
        records.trail.take(message.partition(), &wire::entry::decode(&body)?);
        Ok(())
    })?;
    Ok(records)
}

fn each(
    config: &Config,
    topic: &str,
    mut take: impl FnMut(&BorrowedMessage<'_>, &[u8]) -> Result<(), Malformed>,
) -> Result<(), Fault> {
    for partition in 0..PARTITIONS {
        let read = log::read_to_end(config, (topic, partition), 0, |message| {
            take(message, message.payload().unwrap_or_default()).map_err(|reason| Fault::Unreadable {
                topic: topic.to_owned(),
                partition,
                offset: message.offset(),
                reason,
            })
        });
        read.map_err(|error| match error {
            ReadError::Kafka(error) => Fault::Kafka(error),
            ReadError::Refused(fault) => fault,
        })?;
    }
    Ok(())
}

fn attempt(message: &BorrowedMessage<'_>, body: &[u8]) -> Result<Attempt, Malformed> {
    let intent = wire::intent::decode(body)?;
    let asked = intent.terms;
    let side = asked.side.ok_or_else(|| Malformed::missing("side", "an intent of the demo"))?;
    Ok(Attempt {
        intent_id: intent.intent_id.to_string(),
        identity: (intent.account_id.to_string(), intent.client_order_id.to_string()),
        terms: terms(intent.instrument_id, side, asked.order_qty, asked.price)?,
        at_ms: message.timestamp().to_millis().unwrap_or(0),
    })
}

fn ordered(message: &BorrowedMessage<'_>, body: &[u8]) -> Result<Ordered, Malformed> {
    let order = wire::order::decode(body)?;
    let asked = order.terms;
    let (quantity, price) = (Numeral::Exact(asked.order_qty), asked.price.map(Numeral::Exact));
    Ok(Ordered {
        partition: message.partition(),
        audit_seq: order.audit_seq,
        intent_id: order.intent_id.to_string(),
        account_id: order.account_id.to_string(),
        terms: terms(order.instrument_id, asked.side, Some(quantity), price)?,
    })
}

fn trade(message: &BorrowedMessage<'_>, body: &[u8]) -> Result<Trade, Malformed> {
    let report = wire::execution::decode(body)?;
    let client_order_id = report.client_order_id.unwrap_or_default();
    Ok(Trade {
        identity: (report.account_id.to_string(), client_order_id.to_owned()),
        terms: terms(report.instrument_id, report.side, report.last_qty, report.last_px)?,
        place: (message.partition(), message.offset()),
        is_last: report.leaves_qty.is_some_and(|left| left.signum() == 0),
        at_ms: message.timestamp().to_millis().unwrap_or(0),
    })
}

fn terms(
    instrument_id: Id<'_>,
    side: Side,
    quantity: Option<Numeral<'_>>,
    price: Option<Numeral<'_>>,
) -> Result<Traded, Malformed> {
    let cent = Decimal::new(1, 2).expect("a cent has two digits");
    Ok(Traded {
        instrument_id: instrument_id.to_string(),
        side,
        quantity: steps("quantity", quantity, Decimal::ONE)?,
        cents: steps("price", price, cent)?,
    })
}

/// A number of the demo in whole steps.
///
/// # Errors
/// When it is missing, or none.
pub fn steps(field: &'static str, number: Option<Numeral<'_>>, step: Decimal) -> Result<i64, Malformed> {
    let exact = number.and_then(|number| number.exact().ok());
    let count = exact.and_then(|number| number.steps(step).ok());
    count.ok_or_else(|| Malformed::field(field, "is no number of the demo"))
}
