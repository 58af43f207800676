//! A verdict is explained by what its checks compared.

use super::trail::{Trail, buy, command, fill, id, limit, num};
use crate::core::control::{CommandType, RiskLimit};
use crate::core::settings::DECIDES_SINCE;
use crate::core::time::MILLISECOND;
use crate::core::verdict::Reason;
use crate::shell::audit::explain::Story;
use crate::shell::audit::rules::Result;

/// What became of a check, and with what.
fn step(story: &Story, number: u8) -> (Result, String) {
    let step = story.steps().into_iter().find(|step| step.number == Some(number));
    step.map(|step| (step.result, step.detail)).expect("the check has a line")
}

fn ways(story: &Story) -> Vec<String> {
    story.ways().into_iter().map(|(_, way)| way).collect()
}

fn trail(limit: RiskLimit<'_>) -> Trail {
    let mut trail = Trail::new();
    trail.limit(limit);
    trail
}

#[test]
fn an_accepted_order_is_explained_by_its_headroom() {
    let global = RiskLimit {
        limit_id: id("all"),
        scope_type: crate::core::control::LimitScope::Global,
        scope_id: "",
        max_long_qty: Some(num("12.5")),
        ..limit()
    };
    let mut trail = trail(RiskLimit { price_collar_bps: Some(100), max_open_orders: Some(3), ..limit() });
    trail.limit(global);
    trail.price("5001", 350);
    trail.intent(buy("k1", "10"));
    let story = trail.story("k1");
    let numbers: Vec<_> = story.steps().iter().filter_map(|step| step.number).collect();
    assert_eq!(numbers, (0..=20).collect::<Vec<_>>(), "each check has its line");
    let passed = |detail: &str| (Result::Passed, detail.to_owned());
    assert_eq!(step(&story, 5), passed("ACTIVE in every scope"));
    assert_eq!(step(&story, 8), passed("ticks of 0.25, lots of 1"));
    assert_eq!(step(&story, 10), passed(""));
    assert_eq!(
        step(&story, 11),
        passed("ACCOUNT 10 of at most 100, headroom 90; GLOBAL 10 of at most 100, headroom 90")
    );
    assert_eq!(step(&story, 12), passed("ESZ6.XCME 5001, 350 ms old of at most 2000, headroom 1650"));
    let collar = "ACCOUNT 5000 is 1 away from 5001, at most 100 bps, which is 50.01, headroom 49.01";
    assert_eq!(step(&story, 13), passed(collar));
    assert_eq!(step(&story, 14), (Result::NotApplied, "no limit is set".to_owned()));
    assert_eq!(step(&story, 18), passed("ACCOUNT 1 of at most 3, headroom 2"));
    assert_eq!(
        step(&story, 19),
        passed("ACCOUNT 10 of at most 20, headroom 10; GLOBAL 10 of at most 12.5, headroom 2.5")
    );
    assert_eq!(ways(&story), [""; 0]);
}

#[test]
fn a_position_limit_is_explained_with_the_quantity_that_would_have_passed() {
    let mut trail = trail(limit());
    trail.intent(buy("k1", "10"));
    trail.execution(fill("k1", "e1", "4"));
    trail.intent(buy("k2", "15"));
    trail.intent(buy("k3", "10"));
    let story = trail.story("k2");
    let detail = "POSITION_LIMIT_EXCEEDED: ACCOUNT 25 of at most 20, headroom -5";
    assert_eq!(step(&story, 19), (Result::Failed, detail.to_owned()));
    assert_eq!(step(&story, 9).0, Result::Passed);
    assert_eq!(step(&story, 12), (Result::NotApplied, "not needed, not looked at".to_owned()));
    assert_eq!(ways(&story), ["with quantity 10 instead of 15"]);
    assert!(story.grounds.is_ok_and(|grounds| grounds.agrees));
}

#[test]
fn a_collar_is_explained_with_the_price_that_would_have_passed() {
    let mut trail = trail(RiskLimit { price_collar_bps: Some(100), ..limit() });
    trail.price("4900", 100);
    trail.intent(buy("k1", "1"));
    let story = trail.story("k1");
    let detail = "PRICE_COLLAR_BREACHED: ACCOUNT 5000 is 100 away from 4900, at most 100 bps, which is 49, \
                  headroom -51";
    assert_eq!(step(&story, 13), (Result::Failed, detail.to_owned()));
    assert_eq!(ways(&story), ["with price 4949 instead of 5000"]);

    let mut trail = self::trail(RiskLimit { price_collar_abs: Some(num("40")), ..limit() });
    trail.price("4900", 100);
    trail.intent(buy("k1", "1"));
    let detail = "PRICE_COLLAR_BREACHED: ACCOUNT 5000 is 100 away from 4900, at most 40, headroom -60";
    assert_eq!(step(&trail.story("k1"), 13).1, detail);
}

#[test]
fn a_stale_price_leaves_out_what_needs_it() {
    let mut trail = trail(RiskLimit { max_order_notional: Some(num("1")), ..limit() });
    trail.price("5000", 2500);
    trail.intent(buy("k1", "1"));
    let story = trail.story("k1");
    let (result, detail) = step(&story, 12);
    assert_eq!(result, Result::Failed);
    assert!(detail.contains("2500 ms old of at most 2000, headroom -500"), "{detail}");
    assert_eq!(step(&story, 14).1, "left out: it needs a price that cannot be used");
    assert_eq!(ways(&story), ["a price that is no more than 2000 ms old"]);
}

#[test]
fn a_halt_is_explained_by_its_holder() {
    let mut trail = trail(limit());
    trail.control(command(CommandType::Halt, "halt-7"));
    trail.intent(buy("k1", "1"));
    let story = trail.story("k1");
    assert_eq!(
        step(&story, 5),
        (Result::Failed, "TRADING_HALTED of ACCOUNT: ACCOUNT A1 HALTED by halt-7".to_owned())
    );
    assert_eq!(step(&story, 19), (Result::NotReached, String::new()));
    assert_eq!(ways(&story), ["RESUME of ACCOUNT A1, which halt-7 holds"]);
    let states = story.grounds.map(|grounds| grounds.states).unwrap_or_default();
    let states: Vec<_> =
        states.iter().map(|line| (line.scope.name(), &*line.id, line.state.name())).collect();
    let expected = [
        ("INSTRUMENT", "ESZ6.XCME", "ACTIVE"),
        ("STRATEGY", "A1/S1", "ACTIVE"),
        ("ACCOUNT", "A1", "HALTED"),
        ("GLOBAL", "", "ACTIVE"),
        ("LANE", "0", "ACTIVE"),
    ];
    assert_eq!(states, expected);
}

#[test]
fn a_rate_is_explained_by_the_time_at_which_it_has_room_again() {
    let rate = RiskLimit { max_orders: Some(2), orders_window_ms: Some(1000), ..limit() };
    let mut trail = trail(rate);
    for key in ["k1", "k2", "k3"] {
        trail.intent(buy(key, "1"));
        trail.clock.0 += 100 * MILLISECOND;
    }
    let story = trail.story("k3");
    assert_eq!(step(&story, 16).1, "RATE_LIMIT_EXCEEDED: ACCOUNT 3 of at most 2, headroom -1");
    // The first of the two leaves the window one second after it came.
    let way = "the same at 2023-11-14T22:13:21.000Z or later, if nothing else came before";
    assert_eq!(ways(&story), [way]);
}

#[test]
fn a_suspected_duplicate_is_explained_by_the_time_that_is_left() {
    let mut trail = trail(RiskLimit { dup_window_ms: Some(5000), ..limit() });
    trail.intent(buy("k1", "1"));
    trail.clock.0 += 1200 * MILLISECOND;
    trail.intent(buy("k2", "1"));
    let story = trail.story("k2");
    let detail = "DUPLICATE_ORDER_SUSPECTED: ACCOUNT an equal order 1200 ms ago, suspected within 5000, \
                  headroom -3800";
    assert_eq!(step(&story, 15).1, detail);
    // Another quantity makes another order: that is the smallest change.
    assert_eq!(ways(&story), ["with quantity 2 instead of 1"]);
}

#[test]
fn an_account_without_limits_is_told_what_it_lacks() {
    let mut trail = Trail::new();
    trail.intent(buy("k1", "1"));
    let story = trail.story("k1");
    let (reason, way) = story.ways().remove(0);
    assert_eq!(reason, Some(Reason::UnknownAccount));
    assert_eq!(way, "a limit record of scope ACCOUNT that names A1");
    assert_eq!(step(&story, 6).0, Result::Failed);
}

#[test]
fn without_the_ledger_only_what_the_entry_records_is_said() {
    let mut trail = trail(limit());
    trail.open(DECIDES_SINCE - 1);
    trail.intent(buy("k1", "25"));
    let story = trail.story("k1");
    let why = story.grounds.clone().expect_err("other rules");
    assert!(why.contains("rules of version"), "{why}");
    assert_eq!(step(&story, 19).1, "POSITION_LIMIT_EXCEEDED: ACCOUNT 25 of at most 20, headroom -5");
    assert_eq!(step(&story, 16), (Result::NotApplied, "the entry does not record it".to_owned()));
    assert_eq!(ways(&story), [""; 0]);

    trail.values.remove(1);
    let broken = trail.story("k1").grounds.expect_err("a gap");
    assert!(broken.contains("CHAIN_BROKEN"), "{broken}");
}
