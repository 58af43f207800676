//! What is odd about limits, instruments and states, before an order meets it.
//!
//! It judges by the ledger that `control` makes and by the prices held, with the very limits
//! that the checks use. It decides nothing: a lint is never the reason of a rejection. Start at
//! [`lint`]; [`ControlLog`] is where the records go in.

mod binding;
mod missing;
mod priced;
mod records;
mod size;
mod states;
mod zero;

pub use records::ControlLog;

use super::prices::PriceBook;
use super::symbols::symbols;
use super::time::Time;

symbols! {
    /// What can be odd. `docs/OPERATING.md` has all of them.
    pub enum Rule {
        /// A record of `control` could not be obeyed, and halts trading now.
        RecordInvalid = "record-invalid",
        /// A record of `control` could not be obeyed; its halt was lifted since.
        RecordWasInvalid = "record-was-invalid",
        /// A command that names a lane that there is not halts trading now.
        LaneUnknown = "lane-unknown",
        /// A scope is not ACTIVE.
        TradingRestricted = "trading-restricted",
        /// A state is held for somebody whom nothing else names.
        ScopeUnknown = "scope-unknown",
        /// Only limits of its strategies name an account: it cannot trade.
        AccountUnnamed = "account-unnamed",
        /// An account lacks a limit without which nothing is traded.
        LimitsMissing = "limits-missing",
        /// A limit is for an instrument that there is not.
        InstrumentUnknown = "instrument-unknown",
        /// A limit is in money that the instrument, or every instrument, does not have.
        CurrencyUnknown = "currency-unknown",
        /// A limit needs a price, and none is held.
        PriceMissing = "price-missing",
        /// A limit needs a price, and the one held cannot be used.
        PriceUnusable = "price-unusable",
        /// Another limit always refuses first.
        LimitNeverBinds = "limit-never-binds",
        /// Another record sets the same.
        LimitRepeated = "limit-repeated",
        /// The largest order is above what the instrument allows.
        OrderAboveInstrument = "order-above-instrument",
        /// The largest order is above what positions may ever need.
        OrderAbovePosition = "order-above-position",
        /// A window is empty: nothing is ever counted in it.
        WindowZero = "window-zero",
        /// An age is 0, which in a limit means that everything is too old.
        AgeZero = "age-zero",
    }
}

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// What kind of odd.
    pub rule: Rule,
    /// What it is about: `limit DESK`, `account A1`.
    pub subject: String,
    /// What was found.
    pub is: String,
    /// What was to be expected.
    pub should: String,
}

impl Lint {
    fn new(rule: Rule, subject: impl Into<String>, is: impl Into<String>, should: impl Into<String>) -> Self {
        Self { rule, subject: subject.into(), is: is.into(), should: should.into() }
    }
}

/// Everything odd about what `control` says, in the order of the rules.
pub fn lint(control: &ControlLog, prices: &PriceBook, now: Time) -> Vec<Lint> {
    let ledger = control.ledger();
    let mut found = states::lints(control);
    found.extend(missing::lints(ledger));
    found.extend(priced::lints(ledger, prices, now));
    found.extend(binding::lints(ledger));
    found.extend(size::lints(ledger));
    found.extend(zero::lints(ledger));
    found.sort();
    found
}
