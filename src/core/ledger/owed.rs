//! Cancels that commands owe, in the order in which they are due.

use super::Ledger;
use crate::core::entry::{Input, IntentIds, OwedCancel};
use crate::core::ids::Id;
use crate::core::time::Time;

/// A cancel that is due: whose order, and the command that owes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owing {
    topic: Box<str>,
    partition: i32,
    offset: i64,
    timestamp: Time,
    command_id: Box<str>,
    account_id: Box<str>,
    strategy_id: Box<str>,
    instrument_id: Box<str>,
    client_order_id: Box<str>,
}

impl Owing {
    /// The entry's body.
    pub fn cancel(&self) -> OwedCancel<'_> {
        let id = |text| Id::parse(text).expect("it was an id when it was taken in");
        let input = Input {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp,
        };
        let ids = IntentIds {
            account_id: id(&self.account_id),
            strategy_id: id(&self.strategy_id),
            instrument_id: id(&self.instrument_id),
            intent_id: id(&self.command_id),
            client_order_id: id(&self.client_order_id),
        };
        OwedCancel { input, ids, after: None }
    }
}

impl Ledger {
    /// The next cancel that is owed to an order that is still open.
    pub fn next_owed(&self) -> Option<Owing> {
        None
    }
}
