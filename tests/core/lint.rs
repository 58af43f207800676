//! What is odd about limits: each lint fires where it should, and stays quiet beside it.

use onefill::core::control::{
    Command, CommandType, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope, RiskLimit, Scope,
};
use onefill::core::decide::{Arrival, Content};
use onefill::core::lint::{ControlLog, Lint, Rule, lint};
use onefill::core::price::{PriceQuality, ReferencePrice};
use onefill::core::prices::PriceBook;
use onefill::core::settings::Settings;
use onefill::core::time::Time;

use crate::records::{FUTURE, NOW, at, command, future, id, input, no_limit, num, quote};

type Record = Result<ControlRecord<'static>, &'static str>;

/// The log of these records, for three lanes.
fn log(records: Vec<Record>) -> ControlLog {
    let mut log = ControlLog::new(3, Settings::default());
    for (offset, record) in (0..).zip(records) {
        let content = Content::Control(record.map_err(Into::into));
        log.take(&Arrival { input: input("control", 0, offset), key: None, value: None, content });
    }
    log
}

fn lints(records: Vec<Record>) -> Vec<Lint> {
    lint(&log(records), &PriceBook::default(), NOW)
}

/// What is found, shortly.
fn told(found: &[Lint]) -> Vec<(Rule, &str, &str)> {
    found.iter().map(|lint| (lint.rule, &*lint.subject, &*lint.is)).collect()
}

fn limit(limit: RiskLimit<'static>) -> Record {
    Ok(ControlRecord::RiskLimit(limit))
}

fn instrument() -> Record {
    Ok(ControlRecord::Instrument(future()))
}

/// An ACCOUNT limit for A1 with all that is needed to trade.
fn desk() -> RiskLimit<'static> {
    RiskLimit {
        max_order_qty: Some(num("50")),
        max_long_qty: Some(num("100")),
        max_short_qty: Some(num("100")),
        ..account("DESK")
    }
}

fn account(limit_id: &'static str) -> RiskLimit<'static> {
    RiskLimit { scope_type: LimitScope::Account, scope_id: "A1", ..no_limit(limit_id) }
}

fn strategy(limit_id: &'static str) -> RiskLimit<'static> {
    RiskLimit { scope_type: LimitScope::Strategy, scope_id: "A1/S1", ..no_limit(limit_id) }
}

/// The same, with position limits.
fn bounded(limit: RiskLimit<'static>, most: &'static str) -> RiskLimit<'static> {
    RiskLimit { max_long_qty: Some(num(most)), max_short_qty: Some(num(most)), ..limit }
}

/// What this limit adds to a world in order, of an instrument and [`desk`].
fn beside_desk(one: RiskLimit<'static>) -> Vec<Lint> {
    lints(vec![instrument(), limit(desk()), limit(one)])
}

fn halt(id: &'static str, scope_type: Scope, scope_id: &'static str) -> Record {
    Ok(ControlRecord::Command(command(id, CommandType::Halt, scope_type, scope_id)))
}

fn resume(id_: &'static str, scope_type: Scope, scope_id: &'static str, holder: &'static str) -> Record {
    let resume = command(id_, CommandType::Resume, scope_type, scope_id);
    Ok(ControlRecord::Command(Command { resumes: Some(id(holder)), ..resume }))
}

#[test]
fn a_world_in_order_is_quiet_and_so_is_an_empty_one() {
    assert_eq!(lints(vec![]), []);
    assert_eq!(lints(vec![instrument()]), []);
    assert_eq!(lints(vec![instrument(), limit(desk())]), []);
    let narrow = RiskLimit { max_order_qty: Some(num("20")), ..strategy("S1") };
    assert_eq!(beside_desk(narrow), []);
}

#[test]
fn a_limit_above_a_wider_one_never_binds() {
    for (one, is) in [
        (RiskLimit { max_order_qty: Some(num("60")), ..strategy("S1") }, "max_order_qty 60"),
        (
            RiskLimit { max_order_qty: Some(num("60")), instrument_id: FUTURE, ..account("S1") },
            "max_order_qty 60",
        ),
        (
            RiskLimit { max_long_qty: Some(num("101")), instrument_id: FUTURE, ..account("S1") },
            "max_long_qty 101",
        ),
        (RiskLimit { max_short_qty: Some(num("101")), ..account("S1") }, "max_short_qty 101"),
    ] {
        let found = beside_desk(one);
        assert_eq!(told(&found), [(Rule::LimitNeverBinds, "limit S1", is)]);
        assert_eq!(found[0].should, "stricter than in limit DESK of ACCOUNT A1 for *");
    }
}

#[test]
fn a_limit_that_may_bind_is_left_alone() {
    let quiet = |one: RiskLimit<'static>| assert_eq!(beside_desk(one.clone()), [], "{one:?}");
    // The account's position is not the sum of its strategies' sizes: they may stand against each other.
    quiet(RiskLimit { max_long_qty: Some(num("500")), ..strategy("S1") });
    // A template that every account of today is stricter than is still there for that of tomorrow.
    quiet(RiskLimit { max_order_qty: Some(num("60")), ..bounded(no_limit("ALL"), "200") });
    quiet(RiskLimit { scope_id: "A1/S2", max_order_qty: Some(num("10")), ..strategy("S2") });
}

#[test]
fn counts_of_a_part_are_bound_by_those_of_the_whole() {
    let rate = |limit: RiskLimit<'static>, max_orders, window| RiskLimit {
        max_orders: Some(max_orders),
        orders_window_ms: Some(window),
        ..limit
    };
    let of = |wide: RiskLimit<'static>, narrow: RiskLimit<'static>| {
        let found = lints(vec![instrument(), limit(desk()), limit(wide), limit(narrow)]);
        found.into_iter().map(|lint| (lint.rule, lint.is)).collect::<Vec<_>>()
    };
    let never = |is: &str| vec![(Rule::LimitNeverBinds, is.to_owned())];
    let open = |limit: RiskLimit<'static>, most| RiskLimit { max_open_orders: Some(most), ..limit };
    assert_eq!(of(open(no_limit("ALL"), 5), open(strategy("S1"), 6)), never("max_open_orders 6"));
    assert_eq!(of(open(no_limit("ALL"), 5), open(strategy("S1"), 4)), []);
    let found = of(rate(account("ALL"), 10, 1000), rate(strategy("S1"), 10, 500));
    assert_eq!(found, never("max_orders 10 in 500 ms"));
    assert_eq!(of(rate(account("ALL"), 10, 500), rate(strategy("S1"), 10, 1000)), []);
    assert_eq!(of(rate(account("ALL"), 10, 1000), rate(strategy("S1"), 5, 100)), []);
    let alike = |limit: RiskLimit<'static>, window| RiskLimit { dup_window_ms: Some(window), ..limit };
    assert_eq!(of(alike(no_limit("ALL"), 500), alike(strategy("S1"), 400)), never("dup_window_ms 400"));
    assert_eq!(of(alike(no_limit("ALL"), 500), alike(strategy("S1"), 600)), []);
}

#[test]
fn what_two_records_of_one_scope_say_is_told_once() {
    let found = beside_desk(RiskLimit { max_order_qty: Some(num("50")), ..account("ZZZ") });
    assert_eq!(told(&found), [(Rule::LimitRepeated, "limit ZZZ", "max_order_qty 50")]);
    let found = beside_desk(RiskLimit { max_order_qty: Some(num("50")), ..strategy("AAA") });
    assert_eq!(told(&found), [(Rule::LimitRepeated, "limit AAA", "max_order_qty 50")]);
}

#[test]
fn a_gross_limit_is_compared_in_its_own_money() {
    let gross = |limit_id, most, currency| RiskLimit {
        max_gross_notional: Some(num(most)),
        currency: Some(id(currency)),
        ..account(limit_id)
    };
    let both = |one: RiskLimit<'static>| {
        lints(vec![instrument(), limit(desk()), limit(gross("ALL", "1000", "USD")), limit(one)])
    };
    let narrow = |most, currency| RiskLimit { instrument_id: FUTURE, ..gross("ONE", most, currency) };
    let idle = both(narrow("1001", "USD"));
    assert!(told(&idle).contains(&(Rule::LimitNeverBinds, "limit ONE", "max_gross_notional 1001 USD")));
    assert!(both(narrow("999", "USD")).iter().all(|lint| lint.rule != Rule::LimitNeverBinds));
    let strange = both(narrow("1001", "EUR"));
    assert!(told(&strange).contains(&(Rule::CurrencyUnknown, "limit ONE", "max_gross_notional in EUR")));
    assert!(strange.iter().all(|lint| lint.rule != Rule::LimitNeverBinds));
}

#[test]
fn the_largest_order_is_held_against_instrument_and_positions() {
    let one = |most| RiskLimit { instrument_id: FUTURE, max_order_qty: Some(num(most)), ..desk() };
    let found = lints(vec![instrument(), limit(one("101"))]);
    assert_eq!(told(&found), [(Rule::OrderAboveInstrument, "limit DESK", "max_order_qty 101")]);
    assert_eq!(lints(vec![instrument(), limit(one("100"))]), []);
    // From 100 short to 100 long.
    let all = |most| RiskLimit { max_order_qty: Some(num(most)), ..desk() };
    assert_eq!(lints(vec![instrument(), limit(all("200"))]), []);
    let found = lints(vec![instrument(), limit(all("201"))]);
    assert_eq!(told(&found), [(Rule::OrderAbovePosition, "limit DESK", "max_order_qty 201")]);
    assert_eq!(found[0].should, "no more than 200, from 100 short to 100 long");
    let own = RiskLimit { max_order_qty: Some(num("40")), ..strategy("S1") };
    let found = beside_desk(bounded(own, "10"));
    assert_eq!(told(&found), [(Rule::OrderAbovePosition, "limit S1", "max_order_qty 40")]);
}

#[test]
fn zeros_that_may_have_been_meant_otherwise_are_named() {
    for (one, rule, is) in [
        (RiskLimit { dup_window_ms: Some(0), ..account("Z") }, Rule::WindowZero, "dup_window_ms 0"),
        (
            RiskLimit { max_orders: Some(9), orders_window_ms: Some(0), ..account("Z") },
            Rule::WindowZero,
            "orders_window_ms 0",
        ),
        (RiskLimit { max_intent_age_ms: Some(0), ..account("Z") }, Rule::AgeZero, "max_intent_age_ms 0"),
        (RiskLimit { ref_max_age_ms: Some(0), ..account("Z") }, Rule::AgeZero, "ref_max_age_ms 0"),
    ] {
        assert_eq!(told(&beside_desk(one)), [(rule, "limit Z", is)]);
    }
    assert_eq!(beside_desk(RiskLimit { max_open_orders: Some(0), ..account("Z") }), []);
}

#[test]
fn an_account_that_cannot_trade_is_named() {
    let alone = RiskLimit { max_order_qty: Some(num("20")), ..strategy("S1") };
    let found = lints(vec![instrument(), limit(alone)]);
    assert_eq!(
        told(&found),
        [(Rule::AccountUnnamed, "account A1", "named by limits of its strategies alone: S1")]
    );
    let found =
        lints(vec![instrument(), limit(RiskLimit { max_order_qty: None, max_short_qty: None, ..desk() })]);
    assert_eq!(told(&found), [(Rule::LimitsMissing, "account A1", "*: no max_order_qty, max_short_qty")]);
}

#[test]
fn limits_may_come_from_anywhere_but_positions_not_from_a_strategy() {
    let template = bounded(RiskLimit { max_order_qty: Some(num("20")), ..no_limit("ALL") }, "30");
    assert_eq!(lints(vec![instrument(), limit(account("A1")), limit(template.clone())]), []);
    // Where one instrument is complete, the others may be left out on purpose.
    let one = RiskLimit { instrument_id: FUTURE, ..template };
    assert_eq!(lints(vec![instrument(), limit(account("A1")), limit(one)]), []);
    let own = bounded(RiskLimit { max_order_qty: Some(num("20")), ..strategy("S1") }, "30");
    let found = lints(vec![instrument(), limit(account("A1")), limit(own)]);
    assert_eq!(told(&found), [(Rule::LimitsMissing, "account A1", "*: no max_long_qty, max_short_qty")]);
}

#[test]
fn a_limit_for_an_instrument_that_is_not_there_is_named() {
    let found =
        beside_desk(RiskLimit { instrument_id: "ESZ5.CMX", max_order_qty: Some(num("1")), ..account("X") });
    assert_eq!(told(&found), [(Rule::InstrumentUnknown, "limit X", "for ESZ5.CMX")]);
}

fn held(price: &'static str, as_of: Time, quality: PriceQuality) -> PriceBook {
    let mut book = PriceBook::default();
    book.take(&ReferencePrice { as_of, quality, ..quote(FUTURE, price) }, 0, 0, NOW);
    book
}

#[test]
fn a_band_needs_a_price_that_can_be_used() {
    let good = PriceQuality::Good;
    let of = |one: RiskLimit<'static>, prices: PriceBook| {
        let found = lint(&log(vec![instrument(), limit(desk()), limit(one)]), &prices, NOW);
        found.into_iter().map(|lint| (lint.rule, lint.is)).collect::<Vec<_>>()
    };
    let collar = || RiskLimit { price_collar_bps: Some(500), ..account("C") };
    assert_eq!(of(collar(), PriceBook::default()), [(Rule::PriceMissing, "no price on prices".to_owned())]);
    assert_eq!(of(collar(), held("100", NOW, good)), []);
    let old = |age_ms: i64| held("100", at(-age_ms * 1_000_000), good);
    assert_eq!(of(collar(), old(2000)), []);
    assert_eq!(of(collar(), old(2001)), [(Rule::PriceUnusable, "2001 ms old".to_owned())]);
    assert_eq!(of(RiskLimit { ref_max_age_ms: Some(60_000), ..collar() }, old(2001)), []);
    let bad = held("100", NOW, PriceQuality::Indicative);
    assert_eq!(of(collar(), bad), [(Rule::PriceUnusable, "100, INDICATIVE".to_owned())]);
    assert_eq!(of(collar(), held("-1", NOW, good)), [(Rule::PriceUnusable, "-1, GOOD".to_owned())]);
    let worth = RiskLimit { max_order_notional: Some(num("9")), ..strategy("N") };
    assert_eq!(of(worth, PriceBook::default())[0].0, Rule::PriceMissing);
    assert_eq!(of(RiskLimit { max_open_orders: Some(9), ..account("O") }, PriceBook::default()), []);
    let closed = InstrumentRecord { version: 2, status: InstrumentStatus::Closed, ..future() };
    let records = vec![instrument(), limit(desk()), limit(collar()), Ok(ControlRecord::Instrument(closed))];
    assert_eq!(lints(records), [], "nobody trades it");
}

#[test]
fn states_in_force_are_told_with_their_holder() {
    let records = |more: Vec<Record>| [vec![instrument(), limit(desk())], more].concat();
    let found = lints(records(vec![halt("h1", Scope::Account, "A1"), halt("h2", Scope::Instrument, FUTURE)]));
    assert_eq!(
        told(&found),
        [
            (Rule::TradingRestricted, "ACCOUNT A1", "HALTED, held by h1"),
            (Rule::TradingRestricted, "INSTRUMENT ESZ5.CME", "HALTED, held by h2"),
        ]
    );
    let resumed = vec![halt("h1", Scope::Account, "A1"), resume("r1", Scope::Account, "A1", "h1")];
    assert_eq!(lints(records(resumed)), []);
    let found = lints(records(vec![halt("h1", Scope::Lane, "2"), halt("h2", Scope::Lane, "0")]));
    assert_eq!(
        told(&found),
        [
            (Rule::TradingRestricted, "LANE 0", "HALTED, held by h2"),
            (Rule::TradingRestricted, "LANE 2", "HALTED, held by h1"),
        ]
    );
}

#[test]
fn a_state_that_an_anomaly_may_have_held_is_told_with_a_doubt() {
    let halted = || vec![instrument(), limit(desk()), halt("h1", Scope::Account, "A1")];
    let mut records = halted();
    records.push(resume("r1", Scope::Account, "A1", "anomaly-0-7"));
    let found = lints(records.clone());
    assert_eq!(found[0].is, "HALTED, held by h1, unless r1 has resumed an anomaly");
    records.push(halt("h2", Scope::Account, "A1"));
    assert_eq!(lints(records)[0].is, "HALTED, held by h2");
}

#[test]
fn a_state_of_nobody_is_named() {
    let found = lints(vec![instrument(), limit(desk()), halt("h1", Scope::Strategy, "A1/S9")]);
    assert_eq!(
        told(&found),
        [
            (Rule::TradingRestricted, "STRATEGY A1/S9", "HALTED, held by h1"),
            (Rule::ScopeUnknown, "STRATEGY A1/S9", "HALTED by h1, and nothing else names it"),
        ]
    );
    let named = limit(RiskLimit { scope_id: "A1/S9", max_order_qty: Some(num("1")), ..strategy("S9") });
    let found = lints(vec![instrument(), limit(desk()), named, halt("h1", Scope::Strategy, "A1/S9")]);
    assert_eq!(found.len(), 1);
}

#[test]
fn records_that_cannot_be_obeyed_are_told_with_their_offset() {
    let lane = halt("h1", Scope::Lane, "3");
    let found = lints(vec![Err("no Avro"), lane]);
    assert_eq!(
        told(&found),
        [
            (Rule::RecordWasInvalid, "control offset 0", "no Avro"),
            (Rule::LaneUnknown, "control offset 1", "scope_id: there are 3 lanes, from 0; it halts trading"),
            (Rule::TradingRestricted, "GLOBAL", "HALTED, held by control-1"),
        ]
    );
    let found = lints(vec![Err("no Avro")]);
    assert_eq!(found[0].rule, Rule::RecordInvalid);
    let lifted = lints(vec![Err("no Avro"), resume("r1", Scope::Global, "", "control-0")]);
    assert_eq!(told(&lifted), [(Rule::RecordWasInvalid, "control offset 0", "no Avro")]);
}
