//! What limits allow: the numbers of one limit record, or the strictest of several.
//!
//! Absent means "not set here". Zero means zero.

use super::amount::{Decimal, Numeral, Overflow};
use super::control::{AnomalyPolicy, MarketOrders, RiskLimit};

/// Acceptances are kept so long, in milliseconds: no window is longer.
pub const WINDOW_MS_MAX: i64 = 3_600_000;

/// What one or more limit records allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Largest quantity of one order.
    pub max_order_qty: Option<Decimal>,
    /// Largest value of one order.
    pub max_order_notional: Option<Decimal>,
    /// Largest long position, at worst-case fills.
    pub max_long_qty: Option<Decimal>,
    /// Largest short position, at worst-case fills, as a positive number.
    pub max_short_qty: Option<Decimal>,
    /// Largest gross exposure, by currency.
    pub max_gross_notional: Vec<(Box<str>, Decimal)>,
    /// Most open orders.
    pub max_open_orders: Option<i64>,
    /// Largest distance of a price from its reference, in hundredths of a percent.
    pub price_collar_bps: Option<i64>,
    /// Largest distance of a price from its reference, in money.
    pub price_collar_abs: Option<Decimal>,
    /// Oldest reference price that is used, in milliseconds.
    pub ref_max_age_ms: Option<i64>,
    /// Each pair is checked for itself.
    pub rates: Vec<Rate>,
    /// How long an equal order is suspected, in milliseconds: the longest.
    pub dup_window_ms: Option<i64>,
    /// Oldest intent that is taken, in milliseconds.
    pub max_intent_age_ms: Option<i64>,
    /// Whether orders without a price are refused.
    pub refuses_market_orders: bool,
    /// What an anomaly does to the account: the strictest.
    pub on_anomaly: Option<AnomalyPolicy>,
}

/// Most accepted orders in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    /// Most accepted NEW and REPLACE.
    pub max_orders: i64,
    /// Length of the window, in milliseconds.
    pub window_ms: i64,
}

impl Bounds {
    /// What a record allows.
    ///
    /// # Errors
    /// The name of the field that cannot be, and why: such a record is INVALID.
    pub fn of(limit: &RiskLimit<'_>) -> Result<Self, String> {
        Ok(Self {
            max_order_qty: amount("max_order_qty", limit.max_order_qty)?,
            max_order_notional: amount("max_order_notional", limit.max_order_notional)?,
            max_long_qty: amount("max_long_qty", limit.max_long_qty)?,
            max_short_qty: amount("max_short_qty", limit.max_short_qty)?,
            max_gross_notional: gross(limit)?.into_iter().collect(),
            max_open_orders: count("max_open_orders", limit.max_open_orders)?,
            price_collar_bps: count("price_collar_bps", limit.price_collar_bps)?,
            price_collar_abs: amount("price_collar_abs", limit.price_collar_abs)?,
            ref_max_age_ms: count("ref_max_age_ms", limit.ref_max_age_ms)?,
            rates: rate(limit)?.into_iter().collect(),
            dup_window_ms: window("dup_window_ms", limit.dup_window_ms)?,
            max_intent_age_ms: count("max_intent_age_ms", limit.max_intent_age_ms)?,
            refuses_market_orders: limit.market_orders == Some(MarketOrders::Reject),
            on_anomaly: limit.on_anomaly,
        })
    }

    /// Takes in what another record of the same scope and instrument allows: of each number the
    /// strictest, but of duplicate windows the longest, for that is the strictest there.
    pub fn tighten(&mut self, other: &Self) {
        // Exhaustive, so that a new limit cannot be forgotten here.
        let Self {
            max_order_qty,
            max_order_notional,
            max_long_qty,
            max_short_qty,
            max_gross_notional,
            max_open_orders,
            price_collar_bps,
            price_collar_abs,
            ref_max_age_ms,
            rates,
            dup_window_ms,
            max_intent_age_ms,
            refuses_market_orders,
            on_anomaly,
        } = other;
        lower(&mut self.max_order_qty, *max_order_qty);
        lower(&mut self.max_order_notional, *max_order_notional);
        lower(&mut self.max_long_qty, *max_long_qty);
        lower(&mut self.max_short_qty, *max_short_qty);
        max_gross_notional.iter().for_each(|(currency, gross)| self.tighten_gross(currency, *gross));
        lower(&mut self.max_open_orders, *max_open_orders);
        lower(&mut self.price_collar_bps, *price_collar_bps);
        lower(&mut self.price_collar_abs, *price_collar_abs);
        lower(&mut self.ref_max_age_ms, *ref_max_age_ms);
        self.rates.extend(rates);
        self.rates.sort_unstable();
        self.dup_window_ms = self.dup_window_ms.max(*dup_window_ms);
        lower(&mut self.max_intent_age_ms, *max_intent_age_ms);
        self.refuses_market_orders |= refuses_market_orders;
        self.on_anomaly = self.on_anomaly.max(*on_anomaly);
    }

    fn tighten_gross(&mut self, currency: &str, gross: Decimal) {
        match self.max_gross_notional.iter_mut().find(|(held, _)| &**held == currency) {
            Some((_, held)) => *held = gross.min(*held),
            None => self.max_gross_notional.push((currency.into(), gross)),
        }
        self.max_gross_notional.sort_unstable();
    }

    /// Largest gross exposure in this currency.
    pub fn gross_in(&self, currency: &str) -> Option<Decimal> {
        self.max_gross_notional.iter().find(|(held, _)| &**held == currency).map(|(_, gross)| *gross)
    }
}

fn lower<T: Ord + Copy>(held: &mut Option<T>, other: Option<T>) {
    *held = match (*held, other) {
        (Some(held), Some(other)) => Some(held.min(other)),
        (held, other) => held.or(other),
    };
}

fn amount(field: &str, number: Option<Numeral<'_>>) -> Result<Option<Decimal>, String> {
    let Some(number) = number else { return Ok(None) };
    match number.exact() {
        Ok(decimal) if decimal.signum() < 0 => Err(format!("{field}: {decimal} is below zero")),
        Ok(decimal) => Ok(Some(decimal)),
        Err(Overflow) => Err(format!("{field}: more than 20 digits before or 18 after the point")),
    }
}

fn count(field: &str, number: Option<i64>) -> Result<Option<i64>, String> {
    match number {
        Some(number) if number < 0 => Err(format!("{field}: {number} is below zero")),
        number => Ok(number),
    }
}

fn window(field: &str, millis: Option<i64>) -> Result<Option<i64>, String> {
    match count(field, millis)? {
        Some(millis) if millis > WINDOW_MS_MAX => {
            Err(format!("{field}: {millis} is longer than an hour, {WINDOW_MS_MAX}"))
        }
        millis => Ok(millis),
    }
}

fn rate(limit: &RiskLimit<'_>) -> Result<Option<Rate>, String> {
    let max_orders = count("max_orders", limit.max_orders)?;
    let window_ms = window("orders_window_ms", limit.orders_window_ms)?;
    match (max_orders, window_ms) {
        (Some(max_orders), Some(window_ms)) => Ok(Some(Rate { max_orders, window_ms })),
        (None, None) => Ok(None),
        (Some(_), None) => Err("orders_window_ms: missing beside max_orders".to_owned()),
        (None, Some(_)) => Err("max_orders: missing beside orders_window_ms".to_owned()),
    }
}

fn gross(limit: &RiskLimit<'_>) -> Result<Option<(Box<str>, Decimal)>, String> {
    let Some(gross) = amount("max_gross_notional", limit.max_gross_notional)? else { return Ok(None) };
    let currency = limit.currency.ok_or("currency: missing beside max_gross_notional")?;
    Ok(Some((currency.as_str().into(), gross)))
}

super::saved::saved!(Rate { max_orders, window_ms });
super::saved::saved!(Bounds {
    max_order_qty,
    max_order_notional,
    max_long_qty,
    max_short_qty,
    max_gross_notional,
    max_open_orders,
    price_collar_bps,
    price_collar_abs,
    ref_max_age_ms,
    rates,
    dup_window_ms,
    max_intent_age_ms,
    refuses_market_orders,
    on_anomaly,
});
