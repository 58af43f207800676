//! Instruments and limits, as `control` set them.

use std::collections::BTreeMap;

use crate::avro::Value;
use crate::intent::is_id;
use crate::number::{self, Number, int, zero};

#[derive(Clone, Debug)]
pub struct Instrument<'a> {
    pub venue: &'a str,
    pub currency: &'a str,
    pub tick: Number,
    pub lot: Number,
    pub multiplier: Number,
    pub min_qty: Option<Number>,
    pub max_qty: Option<Number>,
    pub min_notional: Option<Number>,
    pub allows_negative: bool,
    pub is_trading: bool,
    pub version: i64,
}

impl<'a> Instrument<'a> {
    /// `None` where it cannot be one.
    pub fn of(record: &Value<'a>) -> Option<Self> {
        let step = |name: &str| amount(&record[name]).ok()?.filter(|value| *value > zero());
        let bound = |name: &str| {
            let text = record[name].text();
            text.map(|text| number::parse(text).filter(|_| number::fits(text)).ok_or(Impossible))
                .transpose()
                .ok()
        };
        let ids = ["instrument_id", "venue", "currency"].iter().all(|name| is_id(record[*name].str()));
        ids.then_some(())?;
        Some(Self {
            venue: record["venue"].str(),
            currency: record["currency"].str(),
            tick: step("tick_size")?,
            lot: step("lot_size")?,
            multiplier: step("contract_multiplier")?,
            min_qty: bound("min_qty")?,
            max_qty: bound("max_qty")?,
            min_notional: bound("min_notional")?,
            allows_negative: record["allow_negative_price"].is_true(),
            is_trading: record["status"].str() == "TRADING",
            version: record["version"].long()?,
        })
    }

    /// What can never change.
    pub fn is_same(&self, other: &Self) -> bool {
        let fixed = |it: &Self| (it.tick.clone(), it.lot.clone(), it.multiplier.clone());
        self.venue == other.venue && self.currency == other.currency && fixed(self) == fixed(other)
    }
}

/// A value that is given, and cannot be.
#[derive(Debug)]
struct Impossible;

/// A decimal of zero or more.
fn amount(value: &Value<'_>) -> Result<Option<Number>, Impossible> {
    let Some(text) = value.text() else { return Ok(None) };
    number::parse(text).filter(|it| number::fits(text) && *it >= zero()).map(Some).ok_or(Impossible)
}

fn count(value: &Value<'_>) -> Result<Option<i64>, Impossible> {
    value.long().map_or(Ok(None), |number| if number < 0 { Err(Impossible) } else { Ok(Some(number)) })
}

/// Windows over an hour cannot be: acceptances are kept that long.
fn window(value: &Value<'_>) -> Result<Option<i64>, Impossible> {
    count(value)?.map_or(Ok(None), |ms| if ms > 3_600_000 { Err(Impossible) } else { Ok(Some(ms)) })
}

/// What is set in a limit record.
#[derive(Clone, Debug)]
pub struct Limit<'a> {
    pub version: i64,
    pub scope: &'a str,
    pub scope_id: &'a str,
    pub instrument: &'a str,
    pub max_order_qty: Option<Number>,
    pub max_order_notional: Option<Number>,
    pub max_long_qty: Option<Number>,
    pub max_short_qty: Option<Number>,
    pub max_gross: Option<(Number, &'a str)>,
    pub max_open_orders: Option<Number>,
    pub collar_bps: Option<Number>,
    pub collar_abs: Option<Number>,
    pub ref_max_age_ms: Option<Number>,
    pub rate: Option<(i64, i64)>,
    pub dup_window_ms: Option<i64>,
    pub max_intent_age_ms: Option<Number>,
    pub rejects_market: bool,
    pub on_anomaly: Option<&'a str>,
}

impl<'a> Limit<'a> {
    /// `None` where it can be decoded, but cannot be.
    pub fn of(record: &Value<'a>) -> Option<Self> {
        Self::read(record).ok().filter(|limit| limit.is_placed() && is_id(record["limit_id"].str()))
    }

    fn read(record: &Value<'a>) -> Result<Self, Impossible> {
        let whole = |name: &str| Ok(count(&record[name])?.map(int));
        let rate = match (count(&record["max_orders"])?, window(&record["orders_window_ms"])?) {
            (None, None) => None,
            (Some(most), Some(window)) => Some((most, window)),
            _ => return Err(Impossible),
        };
        let max_gross = match (amount(&record["max_gross_notional"])?, record["currency"].text()) {
            (None, _) => None,
            (Some(most), Some(currency)) => Some((most, currency)),
            (Some(_), None) => return Err(Impossible),
        };
        Ok(Self {
            version: record["version"].long().ok_or(Impossible)?,
            scope: record["scope_type"].str(),
            scope_id: record["scope_id"].str(),
            instrument: record["instrument_id"].str(),
            max_order_qty: amount(&record["max_order_qty"])?,
            max_order_notional: amount(&record["max_order_notional"])?,
            max_long_qty: amount(&record["max_long_qty"])?,
            max_short_qty: amount(&record["max_short_qty"])?,
            max_gross,
            max_open_orders: whole("max_open_orders")?,
            collar_bps: whole("price_collar_bps")?,
            collar_abs: amount(&record["price_collar_abs"])?,
            ref_max_age_ms: whole("ref_max_age_ms")?,
            rate,
            dup_window_ms: window(&record["dup_window_ms"])?,
            max_intent_age_ms: whole("max_intent_age_ms")?,
            rejects_market: record["market_orders"].str() == "REJECT",
            on_anomaly: record["on_anomaly"].text(),
        })
    }

    fn is_placed(&self) -> bool {
        let fits = match self.scope {
            "GLOBAL" => self.scope_id.is_empty(),
            "ACCOUNT" => is_id(self.scope_id),
            _ => is_strategy(self.scope_id),
        };
        fits && (self.instrument == "*" || is_id(self.instrument))
    }
}

/// `account/strategy`.
pub fn is_strategy(scope_id: &str) -> bool {
    scope_id.split_once('/').is_some_and(|(account, strategy)| is_id(account) && is_id(strategy))
}

/// The limits of one scope, for one instrument or for all.
#[derive(Debug)]
pub struct Group<'m, 'a> {
    /// Whose own measure counts: the account's, or the strategy's.
    pub whose: String,
    pub is_strategy: bool,
    /// `*` for all.
    pub instrument: &'m str,
    pub limits: Vec<&'m Limit<'a>>,
}

impl<'m, 'a> Group<'m, 'a> {
    /// The smallest of what is set here.
    pub fn least<T: Ord>(&self, field: impl Fn(&'m Limit<'a>) -> Option<T>) -> Option<T> {
        self.limits.iter().filter_map(|limit| field(limit)).min()
    }
}

/// Limit records by id. All that count for an order are found by walking them: there are few.
#[derive(Clone, Debug, Default)]
pub struct Limits<'a> {
    pub by_id: BTreeMap<&'a str, Limit<'a>>,
}

impl<'a> Limits<'a> {
    /// What counts for an account, a strategy and an instrument; what is empty is left out.
    pub fn groups<'m>(
        &'m self,
        account: &str,
        strategy: Option<&str>,
        instrument: &'m str,
    ) -> Vec<Group<'m, 'a>> {
        let own = strategy.map(|strategy| format!("{account}/{strategy}"));
        let scopes = [
            ("STRATEGY", own.as_deref().unwrap_or_default(), own.as_deref().unwrap_or_default()),
            ("ACCOUNT", account, account),
            ("GLOBAL", "", account),
        ];
        let mut groups = Vec::new();
        for (scope, scope_id, whose) in
            scopes.into_iter().filter(|(scope, ..)| own.is_some() || *scope != "STRATEGY")
        {
            for name in [instrument, "*"] {
                let counts =
                    |it: &&Limit<'a>| it.scope == scope && it.scope_id == scope_id && it.instrument == name;
                let limits: Vec<_> = self.by_id.values().filter(counts).collect();
                if !limits.is_empty() {
                    let is_strategy = scope == "STRATEGY";
                    groups.push(Group { whose: whose.to_owned(), is_strategy, instrument: name, limits });
                }
            }
        }
        groups
    }

    /// Whether a limit of its own names the account.
    pub fn knows(&self, account: &str) -> bool {
        self.by_id.values().any(|limit| limit.scope == "ACCOUNT" && limit.scope_id == account)
    }
}
