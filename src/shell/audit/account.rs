//! One account, as it stood at some entry of its trail.

use rdkafka::error::KafkaResult;

use super::find::{Filter, Search};
use super::limits::{self, LimitLine};
use super::replay::Replayed;
use super::scopes::{self, StateLine};
use crate::core::amount::{Decimal, Lots};
use crate::core::ids::{Id, OrderId};
use crate::core::ledger::holdings::{Holding, Reserve};
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::order::OrderRow;
use crate::core::ledger::owner::Owner;
use crate::core::ledger::{Ledger, Placement};
use crate::core::money::Worth;
use crate::core::order::Terms;
use crate::core::time::Time;

/// An account. Numbers of more digits than a decimal may have are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// FIX 1.
    pub account_id: String,
    /// Whether a limit of scope ACCOUNT names it: without one it may not trade.
    pub is_known: bool,
    /// The last entry that counts.
    pub seq: u64,
    /// When that was decided: rates are counted in the windows that end then.
    pub decided_at: Time,
    /// The control offset that the limits came from; -1 for none.
    pub limits_version: i64,
    /// Where it holds or reserves something; first as a whole, then by strategy.
    pub holdings: Vec<HoldingLine>,
    /// Its open orders, in order of acceptance.
    pub orders: Vec<OrderLine>,
    /// The cancels that commands owe its orders, in the order in which they are due.
    pub owed: Vec<OwedLine>,
    /// The trading states that concern it.
    pub states: Vec<StateLine>,
    /// The limits that may count for it, with their use.
    pub limits: Vec<LimitLine>,
}

/// A position, and what open orders reserve beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingLine {
    /// Of which strategy; of the account as a whole where none is named.
    pub strategy: Option<String>,
    /// `SYMBOL.VENUE`.
    pub instrument_id: String,
    /// Signed.
    pub position: Option<Decimal>,
    /// What open buy orders may still add.
    pub reserved_buys: Option<Decimal>,
    /// What open sell orders may still take.
    pub reserved_sells: Option<Decimal>,
    /// The reserved buys in money.
    pub buys_value: Option<Decimal>,
    /// The reserved sells in money.
    pub sells_value: Option<Decimal>,
    /// Which money.
    pub currency: String,
    /// How many orders are open.
    pub open_orders: i32,
}

/// An order that may still be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Its id.
    pub order_id: OrderId,
    /// The entry that accepted it.
    pub accepted_seq: u64,
    /// Of the last record on `orders`.
    pub version: i32,
    /// The order's identity for its account.
    pub client_order_id: String,
    /// Who is responsible.
    pub strategy_id: String,
    /// `SYMBOL.VENUE`.
    pub instrument_id: String,
    /// As in force at the venue.
    pub terms: Terms,
    /// Asked for.
    pub total: Option<Decimal>,
    /// Filled, busts taken back.
    pub filled: Option<Decimal>,
    /// What the venue may still fill.
    pub leaves: Option<Decimal>,
    /// What it reserves: the most that may still be filled.
    pub reserved: Option<Decimal>,
    /// The same in money.
    pub value: Option<Decimal>,
    /// Whether a cancel is unanswered.
    pub cancel_pending: bool,
    /// The terms of the unanswered replace.
    pub replace_pending: Option<Terms>,
}

/// A cancel that a command owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedLine {
    /// What is to be cancelled.
    pub order_id: OrderId,
    /// The same, as its account calls it.
    pub client_order_id: String,
    /// The command that owes it.
    pub command_id: String,
    /// The offset of the command on `control`.
    pub control_offset: i64,
}

/// Replays a trail up to an entry, or to its end, and looks at an account there. `tick` is told
/// every offset. The inner error says why there is nothing to look at.
///
/// # Errors
/// Kafka's word.
pub fn look(
    search: &Search<'_>,
    partitions: i32,
    account_id: Id<'_>,
    at: Option<u64>,
    tick: &mut dyn FnMut(i64),
) -> KafkaResult<Result<Account, String>> {
    let mut replayed = Replayed::new(Placement { partition: search.partition, count: partitions });
    let filter = Filter { to: at, ..Filter::default() };
    search.each(&filter, tick, &mut |record| {
        replayed.take(&record, &record.entry());
        true
    })?;
    Ok(look_at(&replayed, account_id, at))
}

/// The account, where the trail holds and goes so far.
///
/// # Errors
/// Why it does not.
pub fn look_at(replayed: &Replayed, account_id: Id<'_>, at: Option<u64>) -> Result<Account, String> {
    let ledger = replayed.ledger().map_err(|halt| format!("the trail does not hold: {halt}"))?;
    let Some(seq) = ledger.settled_head().next_seq.checked_sub(1) else {
        return Err("the trail is empty".to_owned());
    };
    match at {
        Some(at) if at > seq => Err(format!("the trail has no entry {at}: its last is {seq}")),
        _ => Ok(Account::of(ledger, account_id, seq)),
    }
}

impl Account {
    fn of(ledger: &Ledger, account_id: Id<'_>, seq: u64) -> Self {
        let (id, head) = (account_id.as_str(), ledger.settled_head());
        let name = ledger.name(id);
        let strategies = ledger.strategies_of(name).into_iter();
        let owners = strategies.map(|strategy| Owner::strategy(name, strategy));
        let owners = std::iter::once(Owner::account(name)).chain(owners);
        let orders = ledger.open_order_rows().filter(|(_, order)| order.account == name);
        let owed = ledger.owed_rows().filter(|(_, order)| order.account == name);
        Self {
            account_id: id.to_owned(),
            is_known: ledger.is_account_known(name),
            seq,
            decided_at: head.decided_at,
            limits_version: head.limits_version,
            holdings: owners.flat_map(|owner| holdings(ledger, owner)).collect(),
            orders: orders.filter_map(|(order_id, order)| OrderLine::of(ledger, order_id, &order)).collect(),
            owed: owed
                .map(|(owed, order)| OwedLine {
                    order_id: owed.order_id,
                    client_order_id: order.client_order_id.to_string(),
                    command_id: ledger.text(owed.cause.command_id).to_owned(),
                    control_offset: owed.cause.offset,
                })
                .collect(),
            states: scopes::of_account(ledger, id),
            limits: limits::used(ledger, id, head.decided_at),
        }
    }
}

fn holdings(ledger: &Ledger, owner: Owner) -> impl Iterator<Item = HoldingLine> {
    let strategy = owner.strategy.map(|strategy| ledger.text(strategy).to_owned());
    ledger.exposures(owner).map(move |(name, instrument, held)| {
        let Holding { position, reserved_buys, reserved_sells, buys_worth, sells_worth, open_orders } = held;
        let quantity = |lots| instrument.quantity(lots).ok();
        HoldingLine {
            strategy: strategy.clone(),
            instrument_id: ledger.text(name).to_owned(),
            position: quantity(position),
            reserved_buys: quantity(reserved_buys),
            reserved_sells: quantity(reserved_sells),
            buys_value: value(instrument, buys_worth),
            sells_value: value(instrument, sells_worth),
            currency: instrument.currency.to_string(),
            open_orders,
        }
    })
}

fn value(instrument: &Instrument, worth: Worth) -> Option<Decimal> {
    instrument.money(worth).ok()?.decimal()
}

impl OrderLine {
    /// `None` where its instrument is not known, which no accepted order's is.
    fn of(ledger: &Ledger, order_id: OrderId, order: &OrderRow) -> Option<Self> {
        let instrument_id = ledger.text(order.instrument);
        let instrument = ledger.instrument(instrument_id)?;
        let quantity = |lots: Lots| instrument.quantity(lots).ok();
        let reserve = Reserve::of(order).ok();
        Some(Self {
            order_id,
            accepted_seq: order.accepted_seq,
            version: order.version,
            client_order_id: order.client_order_id.to_string(),
            strategy_id: ledger.text(order.strategy).to_owned(),
            instrument_id: instrument_id.to_owned(),
            terms: order.terms,
            total: quantity(order.quantity.total),
            filled: quantity(order.quantity.filled),
            leaves: quantity(order.quantity.leaves),
            reserved: quantity(order.quantity.reserved()),
            value: reserve.and_then(|reserve| value(instrument, reserve.worth)),
            cancel_pending: order.cancel_pending,
            replace_pending: order.pending_terms,
        })
    }
}
