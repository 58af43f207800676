//! Control records that can be read and not obeyed: INVALID, and trading is halted, for a lost HALT
//! must not pass for none.

use onefill::core::amount::Numeral;
use onefill::core::control::{
    Command, CommandType, ControlRecord, ControlResult, LimitScope, RiskLimit, Scope,
};
use onefill::core::ledger::states::TradingState;

use crate::records::{adjust, buy, command, no_limit, release};
use crate::world::{World, id, num, result_of};

/// What becomes of a record; and that, where it is INVALID, everybody is halted by it and nothing of
/// it is remembered.
fn check(claim: &str, record: ControlRecord<'static>, due: ControlResult) {
    let mut world = World::new();
    let entry = world.control(Ok(record));
    assert_eq!(result_of(&entry), due, "{claim}");
    let holder = format!("control-{}", world.ledger.head().cursors.control - 1);
    let halted = (due == ControlResult::Invalid).then_some((TradingState::Halted, holder.as_str()));
    assert_eq!(world.state(Scope::Global, ""), halted, "{claim}");
}

fn check_limit(claim: &str, limit: RiskLimit<'static>, due: ControlResult) {
    check(claim, ControlRecord::RiskLimit(limit), due);
}

type Amount = fn(&mut RiskLimit<'static>, Numeral<'static>);
type Count = fn(&mut RiskLimit<'static>, i64);

const AMOUNTS: [(&str, Amount); 6] = [
    ("max_order_qty", |limit, value| limit.max_order_qty = Some(value)),
    ("max_order_notional", |limit, value| limit.max_order_notional = Some(value)),
    ("max_long_qty", |limit, value| limit.max_long_qty = Some(value)),
    ("max_short_qty", |limit, value| limit.max_short_qty = Some(value)),
    ("price_collar_abs", |limit, value| limit.price_collar_abs = Some(value)),
    ("max_gross_notional", |limit, value| {
        (limit.max_gross_notional, limit.currency) = (Some(value), Some(id("USD")));
    }),
];

const COUNTS: [(&str, Count); 7] = [
    ("max_open_orders", |limit, value| limit.max_open_orders = Some(value)),
    ("price_collar_bps", |limit, value| limit.price_collar_bps = Some(value)),
    ("ref_max_age_ms", |limit, value| limit.ref_max_age_ms = Some(value)),
    ("max_intent_age_ms", |limit, value| limit.max_intent_age_ms = Some(value)),
    ("max_orders", |limit, value| {
        (limit.max_orders, limit.orders_window_ms) = (Some(value), Some(1));
    }),
    ("orders_window_ms", |limit, value| {
        (limit.max_orders, limit.orders_window_ms) = (Some(1), Some(value));
    }),
    ("dup_window_ms", |limit, value| limit.dup_window_ms = Some(value)),
];

#[test]
fn an_amount_is_zero_or_more_and_has_the_digits_of_a_decimal() {
    for (field, set) in AMOUNTS {
        for (text, due) in [
            ("0", ControlResult::Applied),
            ("0.000000000000000001", ControlResult::Applied),
            ("99999999999999999999.999999999999999999", ControlResult::Applied),
            ("-0.000000000000000001", ControlResult::Invalid),
            ("-1", ControlResult::Invalid),
            ("100000000000000000000", ControlResult::Invalid),
            ("0.0000000000000000001", ControlResult::Invalid),
        ] {
            let mut limit = no_limit("L");
            set(&mut limit, num(text));
            check_limit(&format!("{field} {text}"), limit, due);
        }
    }
}

#[test]
fn a_count_is_zero_or_more_and_a_window_an_hour_at_most() {
    for (field, set) in COUNTS {
        let is_window = field.ends_with("window_ms");
        let beyond = if is_window { ControlResult::Invalid } else { ControlResult::Applied };
        for (value, due) in [
            (0, ControlResult::Applied),
            (3_600_000, ControlResult::Applied),
            (3_600_001, beyond),
            (i64::MAX, beyond),
            (-1, ControlResult::Invalid),
            (i64::MIN, ControlResult::Invalid),
        ] {
            let mut limit = no_limit("L");
            set(&mut limit, value);
            check_limit(&format!("{field} {value}"), limit, due);
        }
    }
}

#[test]
fn what_belongs_together_comes_together() {
    let (one, none) = (Some(1), None);
    let rate = |max_orders, orders_window_ms| RiskLimit { max_orders, orders_window_ms, ..no_limit("L") };
    check_limit("no window", rate(one, none), ControlResult::Invalid);
    check_limit("a window alone", rate(none, one), ControlResult::Invalid);
    let gross = |max_gross_notional, currency| RiskLimit { max_gross_notional, currency, ..no_limit("L") };
    check_limit("no currency", gross(Some(num("1")), None), ControlResult::Invalid);
    check_limit("a currency alone", gross(None, Some(id("USD"))), ControlResult::Applied);
}

/// A text of 65 characters is no id.
const TOO_LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn a_limit_names_whom_and_what_it_is_for() {
    use LimitScope::{Account, Global, Strategy};
    let scoped = |scope_type, scope_id| RiskLimit { scope_type, scope_id, ..no_limit("L") };
    for (scope_type, scope_id, due) in [
        (Global, "", ControlResult::Applied),
        (Global, "A1", ControlResult::Invalid),
        (Account, "A1", ControlResult::Applied),
        (Account, "", ControlResult::Invalid),
        (Account, "A 1", ControlResult::Invalid),
        (Account, "A1/S1", ControlResult::Invalid),
        (Account, TOO_LONG, ControlResult::Invalid),
        (Strategy, "A1/S1", ControlResult::Applied),
        (Strategy, "A1", ControlResult::Invalid),
        (Strategy, "A1/", ControlResult::Invalid),
        (Strategy, "/S1", ControlResult::Invalid),
        (Strategy, "A1/S1/S2", ControlResult::Invalid),
        (Strategy, "", ControlResult::Invalid),
    ] {
        check_limit(&format!("{scope_type} {scope_id:?}"), scoped(scope_type, scope_id), due);
    }
    for (instrument_id, due) in [
        ("*", ControlResult::Applied),
        ("NO.CME", ControlResult::Applied),
        ("", ControlResult::Invalid),
        ("**", ControlResult::Invalid),
        ("a b", ControlResult::Invalid),
        (TOO_LONG, ControlResult::Invalid),
    ] {
        let limit = RiskLimit { instrument_id, ..no_limit("L") };
        check_limit(&format!("instrument {instrument_id:?}"), limit, due);
    }
}

#[test]
fn a_command_names_a_scope_that_can_be() {
    use Scope::{Account, Global, Instrument, Lane, Strategy};
    let scopes = [
        (Global, &["A1", "*"][..]),
        (Account, &["", "a b", "A1/S1", TOO_LONG][..]),
        (Strategy, &["", "A1", "A1/", "/S1", "A1/S1/S2"][..]),
        (Instrument, &["", "*", TOO_LONG][..]),
        (Lane, &["", "-1", "12", "3.0", "x", "99999999999"][..]),
    ];
    for (scope_type, wrong) in scopes {
        for scope_id in wrong {
            for kind in [CommandType::Halt, CommandType::Reduce, CommandType::Resume, CommandType::CancelAll]
            {
                let command = command("c", kind, scope_type, scope_id);
                let claim = format!("{kind} {scope_type} {scope_id:?}");
                check(&claim, ControlRecord::Command(command), ControlResult::Invalid);
            }
        }
    }
}

#[test]
fn a_command_has_the_fields_that_its_type_needs() {
    let qty = |text| Command { qty: Some(num(text)), ..adjust("c", "1") };
    for (claim, command) in [
        ("a release of nobody", Command { account_id: None, ..release("c", "k-1") }),
        ("a release of nothing", Command { order_id: None, ..release("c", "k-1") }),
        ("a release of no id", Command { order_id: Some("k-1"), ..release("c", "k-1") }),
        (
            "of an id in upper case",
            Command { order_id: Some("ABCDEFABCDEFABCDEFABCDEFABCDEFAB"), ..release("c", "k-1") },
        ),
        ("an adjustment of nobody", Command { account_id: None, ..adjust("c", "1") }),
        ("an adjustment of nothing", Command { instrument_id: None, ..adjust("c", "1") }),
        ("an adjustment by nothing", Command { qty: None, ..adjust("c", "1") }),
        ("half a lot", qty("0.5")),
        ("too many digits", qty("100000000000000000000")),
        ("more lots than can be counted", qty("9223372036854775808")),
    ] {
        check(claim, ControlRecord::Command(command), ControlResult::Invalid);
    }
}

#[test]
fn nothing_of_an_invalid_record_is_remembered() {
    let mut world = World::new();
    let limit =
        |version, scope_id| RiskLimit { version, scope_id, max_order_qty: Some(num("9")), ..no_limit("L") };
    assert_eq!(world.limit(limit(7, "A1")), ControlResult::Invalid);
    assert_eq!(world.limit(limit(1, "")), ControlResult::Applied, "its version was not taken in");
    let halt = |scope_id| command("c", CommandType::Halt, Scope::Account, scope_id);
    assert_eq!(world.command(halt("")), ControlResult::Invalid);
    assert_eq!(world.command(halt("A6")), ControlResult::Applied, "its id was not taken in");
    assert_eq!(world.command(halt("")), ControlResult::DuplicateCommand, "now it is");
}

#[test]
fn the_halt_of_an_invalid_record_ends_by_its_name() {
    let mut world = World::new();
    world.halt_trading();
    let holder = format!("control-{}", world.ledger.head().cursors.control - 1);
    let resume = |command_id, resumes| Command {
        resumes,
        ..command(command_id, CommandType::Resume, Scope::Global, "")
    };
    assert_eq!(world.command(resume("r-1", None)), ControlResult::StaleResume);
    assert_eq!(world.command(resume("r-2", Some(id(holder.leak())))), ControlResult::Applied);
    assert_eq!(world.refused(buy("k-1", "10", "100")), []);
}
