//! Check 20: the gross exposure, over the instruments of a currency.
//!
//! A lot is worth 50 times its price: at 100, 5000.

use onefill::core::control::{Command, ControlRecord, ControlResult, InstrumentRecord, RiskLimit, Scope};
use onefill::core::intent::Intent;
use onefill::core::price::{PriceQuality, ReferencePrice};
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{
    GROUPS, adjust, adjust_strategy, at_ms, buy, gross_limit, instrument, no_limit, placed, quote, replace,
    scope_of, sell,
};
use crate::world::{FUTURE, World, compared, failed, id, num, references};

const NASDAQ: &str = "NQZ5.CME";
const DAX: &str = "FDAX.EUX";

/// Three instruments, the last one in EUR, all with multiplier 50 and a price of 100.
pub fn world() -> World {
    let mut world = World::with_settings(Settings::default());
    for instrument_id in [FUTURE, NASDAQ] {
        world.control(Ok(ControlRecord::Instrument(instrument(instrument_id))));
    }
    let dax = InstrumentRecord { currency: id("EUR"), ..instrument(DAX) };
    world.control(Ok(ControlRecord::Instrument(dax)));
    for instrument_id in [FUTURE, NASDAQ, DAX] {
        world.price(instrument_id, "100");
    }
    world
}

fn within(instrument_id: &'static str, intent: Intent<'static>) -> Intent<'static> {
    Intent { instrument_id: id(instrument_id), ..intent }
}

/// A position of `A1`, and of a strategy of it.
fn hold(
    world: &mut World,
    command_id: &'static str,
    strategy: &'static str,
    instrument_id: &'static str,
    qty: &'static str,
) {
    let adjustment = adjust_strategy(command_id, strategy, qty);
    let instrument_id = Some(id(instrument_id));
    let adjustment = Command { instrument_id, ..adjustment };
    assert_eq!(world.command(adjustment), ControlResult::Applied);
}

fn exceeded(limit: &'static str, observed: &'static str) -> FailedCheck {
    compared(Reason::GrossNotionalExceeded, limit, observed).by(Scope::Global)
}

/// The exposure that an order leads to, beside a position and open orders: at that limit it passes,
/// below it does not. `None`: it raises nothing, and passes at a limit of zero.
fn check(
    position: &'static str,
    open: &[Intent<'static>],
    order: Intent<'static>,
    due: Option<[&'static str; 2]>,
) {
    let beside = |limit| {
        let mut world = world();
        world.command(adjust("position", position));
        for intent in open {
            world.accept(intent.clone());
        }
        world.limit(gross_limit("L", limit));
        world.refused(order.clone())
    };
    let claim = format!("{:?} beside {position} and {}", order.terms, open.len());
    let Some([gross, less]) = due else {
        assert_eq!(beside("0"), [], "{claim}");
        return;
    };
    assert_eq!(beside(gross), [], "{claim}");
    assert_eq!(beside(less), [exceeded(less, gross)], "{claim}");
}

#[test]
fn the_worse_of_all_buys_filled_and_all_sells_filled_counts() {
    check("0", &[], buy("k", "10", "100"), Some(["50000", "49999.99"]));
    check("0", &[], sell("k", "10", "100"), Some(["50000", "49999.99"]));
    check("7", &[], buy("k", "10", "100"), Some(["85000", "84999.99"]));
    check("-7", &[], sell("k", "10", "100"), Some(["85000", "84999.99"]));
    check("7", &[], sell("k", "15", "100"), Some(["40000", "39999.99"]));
    check("-7", &[], buy("k", "15", "100"), Some(["40000", "39999.99"]));
    check("0", &[buy("k-1", "10", "100")], sell("k", "11", "100"), Some(["55000", "54999.99"]));
    check(
        "3",
        &[buy("k-1", "4", "100"), sell("k-2", "9", "100")],
        buy("k", "1", "100"),
        Some(["40000", "39999.99"]),
    );
}

#[test]
fn what_does_not_raise_the_exposure_passes_whatever_the_limit() {
    check("7", &[], sell("k", "14", "100"), None);
    check("-7", &[], buy("k", "14", "100"), None);
    check("0", &[buy("k-1", "10", "100")], sell("k", "10", "100"), None);
    check("7", &[buy("k-1", "4", "100")], sell("k", "18", "100"), None);
}

#[test]
fn a_replace_adds_the_difference() {
    check("0", &[buy("k-1", "10", "100")], replace("k", "k-1", "12"), Some(["60000", "59999.99"]));
    check("7", &[buy("k-1", "10", "100")], replace("k", "k-1", "12"), Some(["95000", "94999.99"]));
    check("0", &[buy("k-1", "10", "100")], replace("k", "k-1", "10"), None);
    check("0", &[buy("k-1", "10", "100")], replace("k", "k-1", "9"), None);
    check("20", &[sell("k-1", "10", "100")], replace("k", "k-1", "20"), None);
}

/// 3 in the first instrument, 2 in the second at 200, 9 in the third, in EUR.
fn spread() -> World {
    let mut world = world();
    world.price(NASDAQ, "200");
    hold(&mut world, "c-1", "S1", FUTURE, "3");
    hold(&mut world, "c-2", "S2", NASDAQ, "2");
    hold(&mut world, "c-3", "S1", DAX, "9");
    world
}

#[test]
fn the_instruments_of_the_currency_add_up_where_none_is_named() {
    for (place, group) in GROUPS.into_iter().enumerate() {
        let (gross, less) = if [3, 5].contains(&place) { ("40000", "39999") } else { ("20000", "19999") };
        for (limit, due) in [(gross, None), (less, Some(exceeded(less, gross).by(scope_of(group))))] {
            let mut world = spread();
            world.limit(placed(group, gross_limit("L", limit)));
            let ruling = world.intent(buy("k", "1", "100"));
            assert_eq!(failed(&ruling), Vec::from_iter(due), "{group:?}");
            let looked_at = if gross == "40000" { vec![FUTURE, NASDAQ] } else { vec![FUTURE] };
            let held: Vec<_> = looked_at.iter().filter_map(|name| world.prices.find(name)).collect();
            assert_eq!(references(&ruling), held, "{group:?}");
        }
    }
}

/// Each limit has its own sum, whatever the others summed up.
#[test]
fn a_limit_is_measured_alike_alone_and_beside_those_of_all_other_scopes() {
    for (place, group) in GROUPS.into_iter().enumerate() {
        let (gross, less) = if [3, 5].contains(&place) { ("40000", "39999") } else { ("20000", "19999") };
        for (limit, due) in [(gross, None), (less, Some(exceeded(less, gross).by(scope_of(group))))] {
            let mut world = spread();
            for (name, other) in ["W-0", "W-1", "W-2", "W-3", "W-4", "W-5"].into_iter().zip(GROUPS) {
                let most = if other == group { limit } else { "99999999" };
                world.limit(placed(other, gross_limit(name, most)));
            }
            assert_eq!(world.refused(buy("k", "1", "100")), Vec::from_iter(due), "{group:?}");
        }
    }
}

#[test]
fn each_currency_has_its_own_limit() {
    let mut world = spread();
    world.limit(gross_limit("L", "40000"));
    world.limit(RiskLimit { currency: Some(id("EUR")), ..gross_limit("E", "50000") });
    assert_eq!(world.refused(within(DAX, buy("k-1", "2", "100"))), [exceeded("50000", "55000")]);
    assert_eq!(world.refused(within(DAX, buy("k-2", "1", "100"))), []);
    assert_eq!(world.refused(buy("k-3", "2", "100")), [exceeded("40000", "45000")]);
    assert_eq!(world.refused(buy("k-4", "1", "100")), []);
}

#[test]
fn a_template_is_no_sum_over_accounts() {
    let mut world = spread();
    world.limit(gross_limit("L", "5000"));
    assert_eq!(world.refused(Intent { account_id: id("A6"), ..buy("k-1", "1", "100") }), []);
}

/// What another instrument's price does to an order that raises, and to one that does not.
fn check_other(claim: &str, change: fn(&mut World), refused: Option<FailedCheck>, noted: bool) {
    let mut raising = spread();
    raising.limit(gross_limit("L", "99999999"));
    change(&mut raising);
    let ruling = raising.intent(buy("k", "1", "100"));
    assert_eq!(failed(&ruling), Vec::from_iter(refused.map(|check| check.by(Scope::Global))), "{claim}");
    let names: Vec<&str> = references(&ruling).iter().map(|it| it.instrument_id.as_str()).collect();
    assert_eq!(names, if noted { vec![FUTURE, NASDAQ] } else { vec![FUTURE] }, "{claim}");
    let mut lowering = spread();
    lowering.limit(gross_limit("L", "0"));
    change(&mut lowering);
    let ruling = lowering.intent(sell("k", "1", "100"));
    assert_eq!(failed(&ruling), [], "{claim}, but lowering");
    assert_eq!(references(&ruling).len(), 1, "{claim}, but lowering");
}

/// Only the price of the instrument itself.
fn alone(world: &mut World) {
    world.forget_prices();
    world.price(FUTURE, "100");
}

#[test]
fn every_price_that_the_sum_needs_must_be_usable_when_the_exposure_rises() {
    let missing = FailedCheck::plain(Reason::ReferencePriceNotAvailable);
    check_other("missing", alone, Some(missing), false);
    let stale = |world: &mut World| {
        alone(world);
        world.quote(&ReferencePrice { as_of: at_ms(-2_001), ..quote(NASDAQ, "200") });
    };
    check_other("old", stale, Some(compared(Reason::ReferencePriceStale, "2000", "2001")), true);
    let odd = |world: &mut World| {
        alone(world);
        world.quote(&ReferencePrice { quality: PriceQuality::Indicative, ..quote(NASDAQ, "200") });
    };
    let observed = num("200").exact().ok();
    let invalid = FailedCheck { observed, ..FailedCheck::plain(Reason::ReferencePriceInvalid) };
    check_other("odd", odd, Some(invalid), true);
    let flat = |world: &mut World| {
        alone(world);
        hold(world, "flat", "S2", NASDAQ, "-2");
    };
    check_other("missing where nothing is held any more", flat, None, false);
}

#[test]
fn a_reservation_needs_a_price_as_a_position_does() {
    let mut world = world();
    world.limit(gross_limit("L", "99999999"));
    world.accept(within(NASDAQ, buy("k-1", "1", "100")));
    alone(&mut world);
    let missing = FailedCheck::plain(Reason::ReferencePriceNotAvailable).by(Scope::Global);
    assert_eq!(world.refused(buy("k-2", "1", "100")), [missing]);
}

#[test]
fn a_limit_that_names_the_instrument_or_does_not_concern_the_other_needs_no_other_price() {
    // The second instrument is held by S2 alone.
    for (place, group) in GROUPS.into_iter().enumerate() {
        let mut world = spread();
        alone(&mut world);
        world.limit(placed(group, gross_limit("L", "99999999")));
        let missing = FailedCheck::plain(Reason::ReferencePriceNotAvailable).by(scope_of(group));
        let due = [3, 5].contains(&place).then_some(missing);
        assert_eq!(world.refused(buy("k", "1", "100")), Vec::from_iter(due), "{group:?}");
    }
}

/// The strategy's sum lacks a price, the account's in the instrument is too much: one check, one failure.
#[test]
fn only_the_first_scope_that_refuses_is_named() {
    let mut world = spread();
    hold(&mut world, "c-4", "S1", NASDAQ, "1");
    alone(&mut world);
    world.limit(placed(GROUPS[1], gross_limit("L-1", "99999999")));
    world.limit(placed(GROUPS[2], gross_limit("L-2", "0")));
    let missing = FailedCheck::plain(Reason::ReferencePriceNotAvailable).by(Scope::Strategy);
    assert_eq!(world.refused(buy("k", "1", "100")), [missing]);
}

#[test]
fn a_batch_counts_what_it_has_put_at_stake() {
    let mut world = world();
    world.limit(gross_limit("L", "60000"));
    let refused = world.refused_together([
        buy("k-1", "10", "100"),
        within(NASDAQ, buy("k-2", "3", "100")),
        within(NASDAQ, buy("k-3", "2", "100")),
        sell("k-4", "10", "100"),
    ]);
    assert_eq!(refused, [vec![], vec![exceeded("60000", "65000")], vec![], vec![]]);
}

#[test]
fn the_strictest_of_two_limits_of_one_currency_counts() {
    let mut world = world();
    world.limit(gross_limit("L-1", "40000"));
    world.limit(gross_limit("L-2", "30000"));
    world.limit(RiskLimit { currency: Some(id("EUR")), ..gross_limit("L-3", "10000") });
    assert_eq!(world.limit(no_limit("L-4")), ControlResult::Applied);
    assert_eq!(world.refused(buy("k-1", "7", "100")), [exceeded("30000", "35000")]);
    assert_eq!(world.refused(buy("k-2", "6", "100")), []);
}
