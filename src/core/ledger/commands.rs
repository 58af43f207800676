//! What commands do to the ledger (section 8 of the contract).

use hashbrown::HashMap;

use super::Ledger;
use super::limits::account_and_strategy;
use super::names::Name;
use super::order::{OrderRow, Stake};
use super::owed::Cause;
use super::owner::Owner;
use super::states::{ScopeKey, TradingState};
use crate::core::amount::{Lots, Overflow, StepError};
use crate::core::control::{Command, CommandType, ControlResult, Scope};
use crate::core::entry::Input;
use crate::core::ids::{Id, OrderId};
use crate::core::intent::Side;

/// Whom a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim<'a> {
    /// A partition of the router.
    Lane(i32),
    /// Everybody.
    Global,
    /// One account.
    Account(&'a str),
    /// One strategy of one account.
    Strategy(&'a str, &'a str),
    /// One instrument.
    Instrument(&'a str),
}

/// A position that was adjusted by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Whose position.
    pub account: Name,
    /// Also that of this strategy.
    pub strategy: Option<Name>,
    /// In what.
    pub instrument: Name,
    /// By how much; signed.
    pub lots: i64,
}

impl<'a> Aim<'a> {
    /// Whom this command names.
    ///
    /// # Errors
    /// What is wrong with its scope: such a command is INVALID.
    pub fn of(command: &Command<'a>) -> Result<Self, String> {
        let id = command.scope_id;
        let aim = match command.scope_type {
            Scope::Global => id.is_empty().then_some(Self::Global),
            // As a number is written: neither +3 nor 03 names a lane.
            Scope::Lane => {
                id.parse().ok().filter(|it: &i32| *it >= 0 && it.to_string() == id).map(Self::Lane)
            }
            Scope::Account => Id::parse(id).map(|id| Self::Account(id.as_str())),
            Scope::Strategy => {
                account_and_strategy(id).map(|(account, strategy)| Self::Strategy(account, strategy))
            }
            Scope::Instrument => Id::parse(id).map(|id| Self::Instrument(id.as_str())),
        };
        aim.ok_or_else(|| {
            format!("scope_id: {id:?} does not name what scope_type {} needs", command.scope_type)
        })
    }

    /// The scope in this ledger, by a way to find names.
    pub fn key(self, mut name: impl FnMut(&str) -> Name) -> ScopeKey {
        match self {
            Self::Lane(_) => ScopeKey::Lane,
            Self::Global => ScopeKey::Global,
            Self::Account(account) => ScopeKey::Account(name(account)),
            Self::Strategy(account, strategy) => {
                let account = name(account);
                ScopeKey::Strategy(account, name(strategy))
            }
            Self::Instrument(instrument) => ScopeKey::Instrument(name(instrument)),
        }
    }
}

impl ScopeKey {
    /// Whether an order is in the scope.
    fn covers(self, order: &OrderRow) -> bool {
        match self {
            Self::Lane | Self::Global => true,
            Self::Account(account) => order.account == account,
            Self::Strategy(account, strategy) => (order.account, order.strategy) == (account, strategy),
            Self::Instrument(instrument) => order.instrument == instrument,
        }
    }
}

impl Ledger {
    /// Whether a command of this id was answered before.
    pub fn knows_command(&self, command_id: Id<'_>) -> bool {
        self.names.find(command_id.as_str()).is_some_and(|name| self.commands.find(&name).is_some())
    }
}

/// Carries out what the entry says of a command.
pub(super) fn apply(
    ledger: &mut Ledger,
    input: &Input<'_>,
    command: &Command<'_>,
    result: ControlResult,
) -> Result<(), String> {
    if result == ControlResult::DuplicateCommand {
        return Ok(());
    }
    let adjustment = match result {
        ControlResult::Applied => ledger.obey(input, command)?,
        _ => None,
    };
    let name = ledger.names.intern(command.command_id.as_str());
    ledger.commands.put(name, adjustment);
    Ok(())
}

impl Ledger {
    fn obey(&mut self, input: &Input<'_>, command: &Command<'_>) -> Result<Option<Adjustment>, String> {
        let state = match command.command {
            CommandType::ForceRelease => return self.force_release(command).map(|()| None),
            CommandType::PositionAdjust => return self.adjust_position(command).map(Some),
            CommandType::Halt => Some(TradingState::Halted),
            CommandType::Reduce => Some(TradingState::Reducing),
            CommandType::Resume => Some(TradingState::Active),
            CommandType::CancelAll => None,
        };
        let scope = Aim::of(command)?.key(|text| self.names.intern(text));
        if let Some(state) = state {
            self.enter_state(scope, state, command.command_id.as_str());
        }
        let cancels = match command.command {
            CommandType::CancelAll => true,
            CommandType::Halt | CommandType::Reduce => command.cancel_open_orders,
            _ => false,
        };
        if cancels {
            let spares = command.command == CommandType::Reduce;
            self.owe_cancels(scope, spares, input, command.command_id);
        }
        Ok(None)
    }

    fn owe_cancels(&mut self, scope: ScopeKey, spares: bool, input: &Input<'_>, command_id: Id<'_>) {
        let cause = Cause {
            command_id: self.names.intern(command_id.as_str()),
            topic: self.names.intern(input.topic),
            partition: input.partition,
            offset: input.offset,
            timestamp: input.timestamp,
        };
        let mut sparing = Sparing { scope, spared: HashMap::new() };
        let mut due: Vec<OrderId> = Vec::new();
        for order_id in self.open_orders.iter() {
            let order = self.order(order_id).expect("an open order has a row");
            if scope.covers(&order) && !(spares && sparing.spares(self, &order)) {
                due.push(order_id);
            }
        }
        self.owe(due, cause);
    }

    fn force_release(&mut self, command: &Command<'_>) -> Result<(), String> {
        let order_id = command.order_id.and_then(OrderId::parse).ok_or("order_id: missing")?;
        self.change_order(order_id, |row| {
            row.quantity.dead = true;
            Ok(())
        })
    }

    fn adjust_position(&mut self, command: &Command<'_>) -> Result<Adjustment, String> {
        let (account, instrument, lots) = self.adjustment_of(command)?;
        let account = self.names.intern(account.as_str());
        let strategy = command.strategy_id.map(|strategy| self.names.intern(strategy.as_str()));
        let instrument = self.names.intern(instrument.as_str());
        self.move_position(account, strategy, instrument, Side::Buy, lots)
            .map_err(|Overflow| "a position that does not fit")?;
        Ok(Adjustment { account, strategy, instrument, lots })
    }

    /// Whose position in what a POSITION_ADJUST changes by how many lots. The instrument is known.
    ///
    /// # Errors
    /// The field that is missing or cannot be: such a command is INVALID.
    pub fn adjustment_of<'a>(&self, command: &Command<'a>) -> Result<(Id<'a>, Id<'a>, i64), String> {
        let account = command.account_id.ok_or("account_id: missing")?;
        let instrument_id = command.instrument_id.ok_or("instrument_id: missing")?;
        let qty = command.qty.ok_or("qty: missing")?;
        let instrument =
            self.instrument(instrument_id.as_str()).ok_or("instrument_id: of no known instrument")?;
        let quantity = qty.exact().map_err(|Overflow| format!("qty: {qty} has too many digits"))?;
        let Lots(lots) = instrument.lots(quantity).map_err(|error| match error {
            StepError::Fraction => format!("qty: {qty} is no whole number of lots"),
            StepError::Overflow => format!("qty: {qty} is more lots than can be counted"),
        })?;
        Ok((account, instrument_id, lots))
    }
}

/// Which orders a REDUCE leaves alone: of an account, instrument and side the oldest, as long as
/// their fills could not carry the position past zero. From the first that could, none.
struct Sparing {
    scope: ScopeKey,
    /// What is spared so far; `None` once an order did not fit.
    spared: HashMap<(Name, Name, Side), Option<i128>>,
}

impl Sparing {
    fn spares(&mut self, ledger: &Ledger, order: &OrderRow) -> bool {
        let Stake { account, instrument, side, .. } = order.stake();
        let bound = self.bound(ledger, order);
        let spared = self.spared.entry((account, instrument, side)).or_insert(Some(0));
        let sum = spared.map(|sum| sum + i128::from(order.quantity.reserved().0));
        *spared = sum.filter(|sum| *sum <= bound);
        spared.is_some()
    }

    fn bound(&self, ledger: &Ledger, order: &OrderRow) -> i128 {
        let [whole, own] = Owner::both(order.account, order.strategy);
        let closable = |owner| ledger.held(owner, order.instrument).closable(order.side());
        match self.scope {
            ScopeKey::Strategy(..) => closable(whole).min(closable(own)),
            _ => closable(whole),
        }
    }
}

crate::core::saved::saved!(Adjustment { account, strategy, instrument, lots });
