//! Cancels that commands owe, in the order in which they are due.
//!
//! They are owed when the command is applied, and published one by one, before any intent is
//! decided. An order that is not open any more at its turn lapses: nothing is published, and no
//! entry says so. That needs no entry, for its turn is a fact of the trail: it is over once a later
//! cancel is published, or an intent decided.

use std::borrow::Cow;
use std::collections::VecDeque;

use hashbrown::HashSet;

use super::Ledger;
use super::names::Name;
use super::order::OrderRow;
use crate::core::entry::{Input, IntentIds, OwedCancel};
use crate::core::ids::{Id, IdText, OrderId};
use crate::core::time::Time;

/// The command that owes, and where its record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Names the command.
    pub command_id: Name,
    /// Of the control record.
    pub topic: Name,
    /// Of the control record.
    pub partition: i32,
    /// Of the control record.
    pub offset: i64,
    /// Of the control record.
    pub timestamp: Time,
}

/// One owed cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwedRow {
    /// What is to be cancelled.
    pub order_id: OrderId,
    /// By which command.
    pub cause: Cause,
}

/// All that are owed, in order.
#[derive(Debug, Default)]
pub struct OwedCancels {
    settled: VecDeque<OwedRow>,
    staged: VecDeque<OwedRow>,
    /// How many of `settled`, then of `staged`, the open batch has passed.
    passed: usize,
}

impl OwedCancels {
    /// The settled ones.
    pub(super) fn settled(&self) -> Vec<OwedRow> {
        self.settled.iter().copied().collect()
    }

    /// The settled ones alone.
    pub(super) fn frozen(&self) -> Self {
        Self { settled: self.settled.clone(), staged: VecDeque::new(), passed: 0 }
    }

    /// Takes in what was settled.
    pub(super) fn put_settled(&mut self, rows: Vec<OwedRow>) {
        self.settled = rows.into();
    }

    /// Stages one more.
    pub fn push(&mut self, row: OwedRow) {
        self.staged.push_back(row);
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        (self.settled.capacity() + self.staged.capacity()) * size_of::<OwedRow>()
    }

    /// Those that are still due, as the open batch sees them.
    pub fn iter(&self) -> impl Iterator<Item = &OwedRow> {
        self.settled.iter().chain(&self.staged).skip(self.passed)
    }

    /// Stages that so many more have had their turn.
    pub fn pass(&mut self, count: usize) {
        self.passed += count;
    }

    /// Folds the batch in.
    pub fn settle(&mut self) {
        self.settled.append(&mut self.staged);
        self.settled.drain(..self.passed);
        self.passed = 0;
    }

    /// Drops the batch.
    pub fn discard(&mut self) {
        self.staged.clear();
        self.passed = 0;
    }
}

/// A cancel whose turn it is: whose order, and the command that owes it.
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
    client_order_id: IdText,
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
        let (owed, order) = self.owed_rows().next()?;
        let Cause { command_id, topic, partition, offset, timestamp } = owed.cause;
        Some(Owing {
            topic: self.text(topic).into(),
            partition,
            offset,
            timestamp,
            command_id: self.text(command_id).into(),
            account_id: self.text(order.account).into(),
            strategy_id: self.text(order.strategy).into(),
            instrument_id: self.text(order.instrument).into(),
            client_order_id: order.client_order_id,
        })
    }

    /// The cancels that are owed to orders that are still open, in the order in which they are due.
    pub fn owed_rows(&self) -> impl Iterator<Item = (&OwedRow, Cow<'_, OrderRow>)> {
        let rows = self.owed.iter().filter_map(|owed| Some((owed, self.order(owed.order_id)?)));
        rows.filter(|(_, order)| order.is_open())
    }

    /// How many cancels are owed to orders that are still open.
    pub fn owed_len(&self) -> usize {
        self.owed_rows().count()
    }

    /// Stages cancels of these orders, but of none that is due already.
    pub(super) fn owe(&mut self, order_ids: Vec<OrderId>, cause: Cause) {
        let due: HashSet<OrderId> = self.owed.iter().map(|owed| owed.order_id).collect();
        for order_id in order_ids.into_iter().filter(|order_id| !due.contains(order_id)) {
            self.owed.push(OwedRow { order_id, cause });
        }
    }

    /// Passes every turn up to that of this order.
    pub(super) fn pass_owed(&mut self, order_id: OrderId, command_id: Id<'_>) -> Result<(), String> {
        let is_it = |owed: &OwedRow| {
            owed.order_id == order_id && self.text(owed.cause.command_id) == command_id.as_str()
        };
        let place = self.owed.iter().position(is_it).ok_or("a cancel that no command owes")?;
        let skipped = self.owed.iter().take(place);
        if let Some(open) = skipped.filter_map(|owed| self.order(owed.order_id)).find(|it| it.is_open()) {
            return Err(format!("the cancel owed to {} before it was passed over", open.client_order_id));
        }
        self.owed.pass(place + 1);
        Ok(())
    }

    /// Before an intent is decided every turn is over.
    pub(super) fn end_owed_turns(&mut self) -> Result<(), String> {
        if self.next_owed().is_some() {
            return Err("an intent was decided before a cancel that a command owes".to_owned());
        }
        let left = self.owed.iter().count();
        self.owed.pass(left);
        Ok(())
    }
}

crate::core::saved::saved!(Cause { command_id, topic, partition, offset, timestamp });
crate::core::saved::saved!(OwedRow { order_id, cause });
