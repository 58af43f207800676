//! Reads every topic of the run back, by read_committed readers of its own.

use rdkafka::message::{BorrowedMessage, Message as _};

use super::Fault;
use super::plan::{PARTITIONS, Plan};
use super::tally::{Attempt, Fill, Terms};
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
    /// `executions`, what was filled of onefill's orders.
    pub fills: Vec<Fill>,
    /// The naive router's orders, counted.
    pub naive_orders: usize,
    /// What was filled of the naive router's orders.
    pub naive_fills: Vec<Fill>,
    /// `audit`.
    pub trail: Trail,
}

/// A record on `orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// Where it stands.
    pub partition: i32,
    /// The entry that allowed it.
    pub audit_seq: u64,
    /// The key within its account.
    pub intent_id: String,
    /// Whose intent.
    pub account_id: String,
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
        records.fills.push(fill(message, &schemas.open(RecordType::Execution, value)?)?);
        Ok(())
    })?;
    each(&plan.naive, &naive.orders, |_, _| {
        records.naive_orders += 1;
        Ok(())
    })?;
    each(&plan.naive, &naive.executions, |message, value| {
        records.naive_fills.push(fill(message, &schemas.open(RecordType::Execution, value)?)?);
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
    Ok(Ordered {
        partition: message.partition(),
        audit_seq: order.audit_seq,
        intent_id: order.intent_id.to_string(),
        account_id: order.account_id.to_string(),
    })
}

fn fill(message: &BorrowedMessage<'_>, body: &[u8]) -> Result<Fill, Malformed> {
    let report = wire::execution::decode(body)?;
    let client_order_id = report.client_order_id.unwrap_or_default();
    Ok(Fill {
        identity: (report.account_id.to_string(), client_order_id.to_owned()),
        terms: terms(report.instrument_id, report.side, report.last_qty, report.last_px)?,
        at_ms: message.timestamp().to_millis().unwrap_or(0),
    })
}

fn terms(
    instrument_id: Id<'_>,
    side: Side,
    quantity: Option<Numeral<'_>>,
    price: Option<Numeral<'_>>,
) -> Result<Terms, Malformed> {
    let cent = Decimal::new(1, 2).expect("a cent has two digits");
    let whole = |field, number: Option<Numeral<'_>>, step| {
        let exact = number.and_then(|number| number.exact().ok());
        exact
            .and_then(|number| number.steps(step).ok())
            .ok_or_else(|| Malformed::field(field, "is no number of the demo"))
    };
    Ok(Terms {
        instrument_id: instrument_id.to_string(),
        side: side.name(),
        quantity: whole("quantity", quantity, Decimal::ONE)?,
        cents: whole("price", price, cent)?,
    })
}
