//! The limits of the demo: so wide that most intents pass, and so narrow that some do not.
//!
//! What accumulates grows with the rate, so that a slow run and a fast one meet their limits alike.

use serde_json::{Map, Value, json};

use super::plan::Plan;

/// The largest quantity of one order. Strategies ask for half of it, or for ten times too much.
pub const ORDER_QTY_MAX: u64 = 400;
/// The largest distance from the reference price, in hundredths of a percent.
const COLLAR_BPS: u64 = 500;
/// Prices come several times a second, and a slow machine may be late.
const REFERENCE_AGE_MS_MAX: u64 = 5_000;
/// The largest worth of one order, of any strategy and of the small ones, in USD.
const ORDER_NOTIONAL_MAX: [u64; 2] = [200_000, 60_000];
/// The window of the hurried strategies' rate limit.
const WINDOW_MS: u64 = 10_000;
/// Below this rate limits stay what they are: a few orders must fit.
const RATE_MIN: u64 = 50;

/// The most that an account may hold of an instrument, long or short, at worst-case fills: some
/// eight seconds of what its strategies ask for on one side.
pub fn position_max(rate: u64) -> i64 {
    i64::try_from(rate.max(RATE_MIN) * 14).unwrap_or(i64::MAX)
}

/// Every limit record of a run at this rate, by the names of the schema.
pub fn records(rate: u64) -> Vec<Map<String, Value>> {
    let (accounts, desks) = (Plan::accounts(), Plan::desks());
    let position = position_max(rate);
    let rate = rate.max(RATE_MIN);
    // A template for each account: what no order may be, and twice what an account may hold.
    let mut records = vec![json!({
        "limit_id": "each-account", "scope_type": "GLOBAL", "scope_id": "",
        "max_order_qty": ORDER_QTY_MAX.to_string(), "price_collar_bps": COLLAR_BPS,
        "ref_max_age_ms": REFERENCE_AGE_MS_MAX, "market_orders": "REJECT",
        "max_long_qty": (position * 2).to_string(), "max_short_qty": (position * 2).to_string(),
    })];
    for (number, account) in accounts.iter().enumerate() {
        let mut limit = json!({
            "limit_id": account, "scope_type": "ACCOUNT", "scope_id": account,
            "max_long_qty": position.to_string(), "max_short_qty": position.to_string(),
            "max_order_notional": ORDER_NOTIONAL_MAX[0].to_string(),
            // Eight seconds of its own orders: enough for what piles up while the router is down.
            "max_open_orders": rate,
        });
        if number == 0 {
            // Two thirds of what it could hold of all instruments together.
            limit["max_gross_notional"] = (rate * 9_000).to_string().into();
            limit["currency"] = "USD".into();
        }
        records.push(limit);
    }
    for desk in &desks {
        let mut limit = json!({
            "limit_id": desk.strategy_id, "scope_type": "STRATEGY", "scope_id": desk.scope_id(),
        });
        match desk.number % 8 {
            3 => {
                // 30 % more than it asks for on the average.
                let asked = rate * WINDOW_MS / 1_000 / desks.len() as u64;
                limit["max_orders"] = (asked * 130 / 100).into();
                limit["orders_window_ms"] = WINDOW_MS.into();
            }
            5 => limit["max_order_notional"] = ORDER_NOTIONAL_MAX[1].to_string().into(),
            _ => continue,
        }
        records.push(limit);
    }
    records.into_iter().map(fields).collect()
}

/// The fields of an object.
pub fn fields(record: Value) -> Map<String, Value> {
    match record {
        Value::Object(fields) => fields,
        other => unreachable!("{other} was written as an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::operator::drafted;
    use crate::demo::plan::PARTITIONS;
    use crate::shell::instruct::Kind;

    #[test]
    fn lanes_obey_every_limit_at_every_rate() {
        for rate in [1, 400, 20_000] {
            let records = records(rate);
            assert_eq!(records.len(), 1 + 8 + 4, "a template, one for each account, four of strategies");
            for record in records {
                drafted(Kind::RiskLimit, record).ready(PARTITIONS).unwrap();
            }
        }
    }

    #[test]
    fn limits_that_accumulate_grow_with_the_rate() {
        assert_eq!([1, 50, 51, 20_000].map(position_max), [700, 700, 714, 280_000]);
    }
}
