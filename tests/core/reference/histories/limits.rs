//! Limits: loose ones that let everything through, and tight ones of every kind and scope.

use onefill::core::control::{AnomalyPolicy, LimitScope, MarketOrders, RiskLimit};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use crate::records::{id, no_limit, num};

const SCOPES: [(LimitScope, &str); 10] = [
    (LimitScope::Global, ""),
    (LimitScope::Global, ""),
    (LimitScope::Account, "A1"),
    (LimitScope::Account, "A1"),
    (LimitScope::Account, "A1"),
    (LimitScope::Account, "A6"),
    (LimitScope::Strategy, "A1/S1"),
    (LimitScope::Strategy, "A1/S1"),
    (LimitScope::Strategy, "A1/S2"),
    (LimitScope::Strategy, "A6/S1"),
];

/// Names the account, lets as much through as can be written, and seldom minds an anomaly.
pub fn base(account: &'static str) -> impl Strategy<Value = RiskLimit<'static>> {
    let policy = prop_oneof![3 => Just(Some(AnomalyPolicy::Warn)), 1 => Just(None)];
    policy.prop_map(move |on_anomaly| RiskLimit { on_anomaly, ..unbounded(account) })
}

fn unbounded(account: &'static str) -> RiskLimit<'static> {
    let (most, limit_id) =
        (Some(num("99999999999999999999")), if account == "A1" { "base-A1" } else { "base-A6" });
    RiskLimit {
        limit_id: id(limit_id),
        scope_type: LimitScope::Account,
        scope_id: account,
        max_order_qty: most,
        max_long_qty: most,
        max_short_qty: most,
        ..no_limit("l-1")
    }
}

/// A set of a few limits of one scope; seldom one that cannot be.
pub fn limit() -> impl Strategy<Value = RiskLimit<'static>> {
    let names = select(&["l-1", "l-2", "l-3", "l-4", "l-5", "base-A6"][..]);
    let instruments = prop_oneof![
        4 => Just("*"),
        2 => Just("ESZ5.CME"),
        1 => select(&["SHIB.CB", "JPX.OSE", "FINE.X"][..]),
    ];
    let of = (names, select(&SCOPES[..]), instruments);
    (of, quantities(), money(), counts(), times(), policies(), broken()).prop_map(
        |(
            (name, (scope_type, scope_id), instrument_id),
            quantities,
            money,
            counts,
            times,
            policies,
            broken,
        )| {
            let limit =
                RiskLimit { limit_id: id(name), scope_type, scope_id, instrument_id, ..no_limit("l-1") };
            let [max_order_qty, max_long_qty, max_short_qty] = quantities.map(|it| it.map(num));
            let (max_order_notional, gross, collar_abs) = money;
            let (max_open_orders, rate, price_collar_bps) = counts;
            let (ref_max_age_ms, dup_window_ms, max_intent_age_ms) = times;
            let limit = RiskLimit {
                max_order_qty,
                max_long_qty,
                max_short_qty,
                max_order_notional: max_order_notional.map(num),
                max_gross_notional: gross.map(|(most, _)| num(most)),
                currency: gross.map(|(_, currency)| id(currency)),
                price_collar_abs: collar_abs.map(num),
                max_open_orders,
                max_orders: rate.map(|(most, _)| most),
                orders_window_ms: rate.map(|(_, window)| window),
                price_collar_bps,
                ref_max_age_ms,
                dup_window_ms,
                max_intent_age_ms,
                market_orders: policies.0,
                on_anomaly: policies.1,
                ..limit
            };
            broken.map_or_else(|| limit.clone(), |broken| break_it(limit.clone(), broken))
        },
    )
}

fn quantities() -> impl Strategy<Value = [Option<&'static str>; 3]> {
    let quantity = || {
        const LOOSE: [&str; 5] = ["60", "1000", "1000000000000", "3000000000000", "99999999999999999999"];
        prop_oneof![3 => select(&LOOSE[..]), 1 => select(&["0", "1", "10", "12.5"][..])]
    };
    [weighted(0.25, quantity()), weighted(0.25, quantity()), weighted(0.25, quantity())]
}

type Money = (Option<&'static str>, Option<(&'static str, &'static str)>, Option<&'static str>);

fn money() -> impl Strategy<Value = Money> {
    let most = || {
        const TIGHT: [&str; 3] = ["0", "5000", "100000"];
        const LOOSE: [&str; 4] = ["50000", "500000", "10000000", "99999999999999999999.999999999999999999"];
        prop_oneof![3 => select(&LOOSE[..]), 1 => select(&TIGHT[..])]
    };
    let currency = prop_oneof![6 => Just("USD"), 2 => Just("JPY"), 1 => Just("XTS"), 1 => Just("EUR")];
    let collar = select(&["0", "0.25", "0.000001", "5", "10", "1000"][..]);
    (weighted(0.2, most()), weighted(0.3, (most(), currency)), weighted(0.08, collar))
}

type Counts = (Option<i64>, Option<(i64, i64)>, Option<i64>);

fn counts() -> impl Strategy<Value = Counts> {
    let open = select(&[0, 1, 2, 3, 5, 10, i64::MAX][..]);
    let rate = (
        select(&[0, 1, 2, 4, 8, 20, i64::MAX][..]),
        select(&[0, 10, 100, 1_000, 5_000, 60_000, 3_600_000][..]),
    );
    (
        weighted(0.15, open),
        weighted(0.2, rate),
        weighted(0.15, select(&[0, 10, 25, 100, 1_000, 20_000, i64::MAX][..])),
    )
}

type Times = (Option<i64>, Option<i64>, Option<i64>);

fn times() -> impl Strategy<Value = Times> {
    let age = || select(&[0, 100, 500, 1_000, 5_000, 10_000_000, i64::MAX][..]);
    let window = select(&[0, 20, 1_000, 10_000, 3_600_000][..]);
    (weighted(0.1, age()), weighted(0.2, window), weighted(0.05, age()))
}

fn policies() -> impl Strategy<Value = (Option<MarketOrders>, Option<AnomalyPolicy>)> {
    (weighted(0.08, select(MarketOrders::ALL)), weighted(0.1, select(AnomalyPolicy::ALL)))
}

/// What makes a limit impossible.
#[derive(Clone, Copy, Debug)]
enum Broken {
    ScopeId(&'static str),
    InstrumentId,
    Negative,
    Overlong,
    Window,
    HalfARate,
    NoCurrency,
}

fn broken() -> impl Strategy<Value = Option<Broken>> {
    let ways = [
        Broken::ScopeId("A1/S1/S2"),
        Broken::ScopeId(""),
        Broken::ScopeId("A1"),
        Broken::InstrumentId,
        Broken::Negative,
        Broken::Overlong,
        Broken::Window,
        Broken::HalfARate,
        Broken::NoCurrency,
    ];
    weighted(0.04, select(ways.to_vec()))
}

fn break_it(limit: RiskLimit<'static>, broken: Broken) -> RiskLimit<'static> {
    match broken {
        Broken::ScopeId(scope_id) => RiskLimit { scope_id, ..limit },
        Broken::InstrumentId => RiskLimit { instrument_id: "", ..limit },
        Broken::Negative => RiskLimit { max_order_notional: Some(num("-0.5")), ..limit },
        Broken::Overlong => RiskLimit { max_long_qty: Some(num("100000000000000000000")), ..limit },
        Broken::Window => RiskLimit { dup_window_ms: Some(3_600_001), ..limit },
        Broken::HalfARate => RiskLimit { max_orders: Some(3), orders_window_ms: None, ..limit },
        Broken::NoCurrency => RiskLimit { max_gross_notional: Some(num("1")), currency: None, ..limit },
    }
}
