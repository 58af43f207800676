//! The checks, one small file per family, in the order of the contract's table.
//!
//! A check looks at a [`Question`] and passes, or says what it compared with what. A missing fact
//! refuses; nothing passes by default.

pub mod gross;
pub mod increments;
pub mod numbers;
pub mod pace;
pub mod permission;
pub mod position;
pub mod reference;
pub mod risk;
pub mod shape;
pub mod size;
pub mod state;
pub mod time;
pub mod value;
pub mod witness;

use super::amount::{Numeral, Overflow};
use super::ledger::Ledger;
use super::ledger::holdings::Holding;
use super::ledger::limits::{Level, Limits};
use super::ledger::names::Name;
use super::ledger::order::{OrderRow, Quantity};
use super::ledger::owner::Owner;
use super::ledger::states::TradingState;
use super::money::Valuation;
use super::prices::PriceBook;
use super::time::Time;
use super::valuation::Pricing;
use super::verdict::{FailedCheck, Reason};
use crate::core::control::Scope;
use crate::core::intent::{Intent, IntentTerms};

/// What a check passes with, or is refused by.
pub type Checked<T = ()> = Result<T, FailedCheck>;

/// What checks look at of the order that a REPLACE is about.
#[derive(Clone, Copy, Debug)]
pub struct Replaced {
    /// Who is responsible.
    pub strategy: Name,
    /// As they stand.
    pub quantity: Quantity,
    /// What a unit of it is worth.
    pub valuation: Valuation,
    /// The same at the worst.
    pub dearest: Valuation,
}

impl Replaced {
    /// Of an order.
    pub fn of(order: &OrderRow) -> Self {
        let OrderRow { strategy, quantity, valuation, .. } = *order;
        Self { strategy, quantity, valuation, dearest: order.dearest() }
    }
}

/// Everything that a check may look at.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q, 'a> {
    /// The state, the open batch included.
    pub ledger: &'q Ledger,
    /// The prices held.
    pub prices: &'a PriceBook,
    /// What is asked for.
    pub intent: &'q Intent<'a>,
    /// The terms to judge: a NEW's own; of a REPLACE the order's, with what it gives in their place.
    pub terms: IntentTerms<'a>,
    /// The order that a REPLACE is about.
    pub replaced: Option<Replaced>,
    /// The time of the decision.
    pub now: Time,
    /// Whose order it is.
    pub account: Name,
    /// Who is measured: of a REPLACE the order's strategy, whoever asks for it.
    pub strategy: Name,
    /// What is traded.
    pub instrument: Name,
    /// The limits that count.
    pub limits: Limits<'q>,
    /// What the account holds of it, and what the strategy does.
    held: [Holding; 2],
    /// The strictest trading state, and the narrowest scope that holds it.
    pub state: (TradingState, Scope),
}

impl<'q, 'a> Question<'q, 'a> {
    /// What is asked, with all that is looked up once.
    pub fn new(
        ledger: &'q Ledger,
        prices: &'a PriceBook,
        intent: &'q Intent<'a>,
        terms: IntentTerms<'a>,
        replaced: Option<Replaced>,
        now: Time,
    ) -> Self {
        let account = ledger.name(intent.account_id.as_str());
        let asking = ledger.name(intent.strategy_id.as_str());
        let strategy = replaced.map_or(asking, |order| order.strategy);
        let instrument = ledger.name(intent.instrument_id.as_str());
        let limits = ledger.limits(account, strategy, instrument);
        let held = Owner::both(account, strategy).map(|owner| ledger.held(owner, instrument));
        let own = ledger.trading_state(account, strategy, instrument);
        let state = match strategy == asking {
            true => own,
            // Nobody's halt is passed by letting another strategy replace the order.
            false => stricter(own, ledger.trading_state(account, asking, instrument)),
        };
        Self {
            ledger,
            prices,
            intent,
            terms,
            replaced,
            now,
            account,
            strategy,
            instrument,
            limits,
            held,
            state,
        }
    }

    /// What the account or the strategy, whichever is measured, holds of the instrument.
    pub fn held(&self, owner: Owner) -> &Holding {
        let [whole, own] = &self.held;
        match owner.strategy {
            None => whole,
            Some(strategy) => {
                assert!(strategy == self.strategy, "no other strategy is measured");
                own
            }
        }
    }

    /// Walks the limits from narrow to wide; the first that refuses is named.
    pub fn each_level(&self, check: impl Fn(&Level<'q>) -> Checked) -> Checked {
        self.limits.levels().try_for_each(|level| check(level).map_err(|failure| failure.by(level.scope)))
    }

    /// What makes the price. Its numbers have passed check 8.
    ///
    /// # Errors
    /// `UNSUPPORTED_ORDER` when side or type are missing, as check 7 has it.
    pub fn pricing(&self) -> Checked<Pricing> {
        let missing = FailedCheck::plain(Reason::UnsupportedOrder);
        let exact = |number: Option<Numeral<'_>>| number.map(Numeral::exact).transpose();
        Ok(Pricing {
            order_type: self.terms.order_type.ok_or(missing)?,
            side: self.terms.side.ok_or(missing)?,
            price: exact(self.terms.price).map_err(overflow)?,
            trigger: exact(self.terms.trigger_price).map_err(overflow)?,
        })
    }
}

/// Scopes are declared from wide to narrow: of equal states the narrower scope wins.
fn stricter(one: (TradingState, Scope), other: (TradingState, Scope)) -> (TradingState, Scope) {
    one.max(other)
}

/// Check 9, wherever a number does not fit.
pub const fn overflow(_: Overflow) -> FailedCheck {
    FailedCheck::plain(Reason::NumericOverflow)
}
