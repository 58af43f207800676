//! An account as it stood at some entry.

use super::trail::{FUTURE, PLACEMENT, Trail, buy, command, fill, id, limit, num};
use crate::core::control::{CommandType, ControlRecord, RiskLimit};
use crate::core::intent::{Intent, IntentTerms, IntentType};
use crate::shell::audit::account::{Account, look_at};
use crate::shell::audit::replay::Replayed;

/// The account after the entry of this number.
fn at(trail: &Trail, account: &'static str, seq: Option<u64>) -> Result<Account, String> {
    let mut replayed = Replayed::new(PLACEMENT);
    let taken = seq.map_or(usize::MAX, |seq| seq as usize + 1);
    for record in trail.records().iter().take(taken) {
        replayed.take(record, &record.entry());
    }
    look_at(&replayed, id(account), seq)
}

/// Ten bought, four of them filled; five more; a replace; a halt that owes cancels.
fn varied() -> Trail {
    let mut trail = Trail::new();
    let rate = RiskLimit { max_orders: Some(9), orders_window_ms: Some(1000), ..limit() };
    trail.limit(RiskLimit { max_open_orders: Some(3), ..rate });
    trail.intent(buy("k1", "10"));
    trail.execution(fill("k1", "e1", "4"));
    trail.intent(buy("k2", "5"));
    let terms = IntentTerms { order_qty: Some(num("7")), ..IntentTerms::default() };
    let replace =
        Intent { intent_type: IntentType::Replace, client_order_id: id("k2"), terms, ..buy("r2", "7") };
    trail.intent(replace);
    let mut halt = command(CommandType::Halt, "halt-1");
    if let ControlRecord::Command(halt) = &mut halt {
        halt.cancel_open_orders = true;
    }
    trail.control(halt);
    trail.owed();
    trail
}

fn limits(account: &Account) -> Vec<(&str, &str, Vec<String>)> {
    let text =
        |number: Option<crate::core::amount::Decimal>| number.map_or("-".to_owned(), |it| it.to_string());
    let uses = |line: &crate::shell::audit::limits::LimitLine| {
        line.uses.iter().map(|one| format!("{} of it, {} left", text(one.used), text(one.headroom))).collect()
    };
    account.limits.iter().map(|line| (line.name, &*line.value, uses(line))).collect()
}

#[test]
fn positions_reservations_orders_and_limits_are_those_of_the_entry() {
    let trail = varied();
    let account = at(&trail, "A1", None).unwrap();
    assert_eq!((account.seq, account.is_known, account.limits_version), (8, true, 1));
    let holdings: Vec<_> = account
        .holdings
        .iter()
        .map(|line| (line.strategy.as_deref(), &*line.instrument_id, line.position, line.reserved_buys))
        .collect();
    let decimal = |text| num(text).exact().ok();
    let (position, reserved) = (decimal("4"), decimal("13"));
    assert_eq!(
        holdings,
        [(None, FUTURE, position, reserved), (Some("S1"), FUTURE, position, reserved)],
        "6 of the first order, 7 of the second, once it is replaced"
    );
    assert_eq!(account.holdings[0].buys_value, decimal("3250000"), "13 times 5000 times 50");

    let orders: Vec<_> = account.orders.iter().collect();
    assert_eq!(orders.len(), 2);
    let first = (&*orders[0].client_order_id, orders[0].filled, orders[0].leaves, orders[0].cancel_pending);
    assert_eq!(first, ("k1", decimal("4"), decimal("6"), true), "its cancel was published");
    let second = (orders[1].leaves, orders[1].reserved, orders[1].replace_pending.map(|it| it.order_qty));
    assert_eq!(second, (decimal("5"), decimal("7"), decimal("7")));

    let owed: Vec<_> = account.owed.iter().map(|owed| (&*owed.client_order_id, &*owed.command_id)).collect();
    assert_eq!(owed, [("k2", "halt-1")]);
    let states: Vec<_> = account
        .states
        .iter()
        .map(|line| (line.scope.name(), line.state.name(), line.holder.as_deref()))
        .collect();
    let expected =
        [("ACCOUNT", "HALTED", Some("halt-1")), ("GLOBAL", "ACTIVE", None), ("LANE", "ACTIVE", None)];
    assert_eq!(states, expected);
    let used = |text: &str| vec![text.to_owned()];
    let expected = [
        ("max_order_qty", "100", vec![]),
        ("max_orders", "9 in 1000 ms", used("3 of it, 6 left")),
        ("max_open_orders", "3", used("2 of it, 1 left")),
        ("max_long_qty", "20", used("17 of it, 3 left")),
        ("max_short_qty", "30", used("-4 of it, 34 left")),
    ];
    assert_eq!(limits(&account), expected);
}

#[test]
fn an_earlier_entry_shows_an_earlier_account() {
    let trail = varied();
    let account = at(&trail, "A1", Some(3)).unwrap();
    assert_eq!((account.seq, account.orders.len(), account.owed.len()), (3, 1, 0));
    assert_eq!(account.orders[0].filled.map(|it| it.to_string()).as_deref(), Some("0"));
    assert_eq!(account.holdings[0].position.map(|it| it.to_string()).as_deref(), Some("0"));
    let before = at(&trail, "A1", Some(1)).unwrap();
    assert_eq!((before.is_known, before.limits.len(), before.holdings.len()), (false, 0, 0));
}

#[test]
fn what_the_trail_does_not_have_is_said() {
    let trail = varied();
    assert_eq!(at(&trail, "A1", Some(9)).unwrap_err(), "the trail has no entry 9: its last is 8");
    let nobody = at(&trail, "A9", None).unwrap();
    assert_eq!((nobody.is_known, nobody.states.len()), (false, 3));
    let mut broken = varied();
    broken.values.remove(4);
    assert!(at(&broken, "A1", None).unwrap_err().contains("CHAIN_BROKEN"));
    let mut empty = varied();
    empty.values.clear();
    assert_eq!(at(&empty, "A1", None).unwrap_err(), "the trail is empty");
}
