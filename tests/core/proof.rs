//! Each halt of `prove`, with the smallest evidence for it, and which of two comes first.

use std::collections::BTreeMap;

use onefill::core::halt::{Halt, HaltCode};
use onefill::core::ids::{Id, OrderId};
use onefill::core::intent::IntentType;
use onefill::core::ledger::{Ledger, Opened};
use onefill::core::proof::{Evidence, Extent, LastOrder, Offsets, Topology, prove, still_there};

use crate::world::{NOW, PLACEMENT, World, at, id, new_intent, trade};

const TOPICS: [&str; 4] = ["intents", "executions", "orders", "audit"];

fn topology() -> Topology {
    Topology {
        group: "onefill.router".to_owned(),
        partition_counts: TOPICS.map(|topic| (topic.to_owned(), PLACEMENT.count)).into(),
        topic_ids: BTreeMap::from([("audit".to_owned(), "id-audit".to_owned())]),
        control: "control".to_owned(),
    }
}

/// Where [`used`] has the records that it answered last.
const CONTROL: i64 = 1;
const INTENT: i64 = 2;
const REPORT: i64 = 3;
/// The entry of the order: GENESIS and two control records come before.
const ORDER: u64 = 3;

/// One instrument, one account, one order, one fill.
fn used() -> (Ledger, Evidence) {
    let mut world = World::of_one_account();
    world.intent(new_intent());
    world.report(trade("e-1", "4"));
    let extent = Extent { start: 0, end: 100 };
    let last_order = LastOrder {
        audit_seq: ORDER,
        command: IntentType::New,
        order_id: OrderId::of(Id::parse("A1").expect("an id"), id("order-1")),
        order_version: 1,
        differs: None,
    };
    let evidence = Evidence {
        siblings: Vec::new(),
        topology: topology(),
        committed: Offsets { intents: Some(INTENT + 1), executions: Some(REPORT + 1) },
        inputs: Offsets { intents: extent, executions: extent },
        control: extent,
        audit: extent,
        orders: extent,
        last_order: Some(last_order),
        orders_retention_ms: Some(1_000),
        now: NOW,
    };
    (world.ledger, evidence)
}

fn fresh() -> (Ledger, Evidence) {
    let extent = Extent { start: 0, end: 0 };
    let evidence = Evidence {
        siblings: Vec::new(),
        topology: topology(),
        committed: Offsets { intents: None, executions: None },
        inputs: Offsets { intents: extent, executions: extent },
        control: extent,
        audit: extent,
        orders: extent,
        last_order: None,
        orders_retention_ms: None,
        now: NOW,
    };
    (Ledger::new(PLACEMENT), evidence)
}

/// A fault in the world, in words, and the halt that it must lead to.
struct Fault {
    claim: &'static str,
    /// Two faults of one mark cannot be there at once.
    mark: &'static str,
    change: fn(&mut Evidence),
    due: HaltCode,
}

const fn fault(claim: &'static str, mark: &'static str, change: fn(&mut Evidence), due: HaltCode) -> Fault {
    Fault { claim, mark, change, due }
}

/// Each fault alone, each pair at once: the earlier one is named.
fn check(base: fn() -> (Ledger, Evidence), faults: &[Fault]) {
    let judged = |restored: Result<(), Halt>, changes: &[fn(&mut Evidence)]| {
        let (ledger, mut evidence) = base();
        changes.iter().for_each(|change| change(&mut evidence));
        prove(&ledger, restored, &evidence).map_err(|halt| halt.code)
    };
    assert_eq!(judged(Ok(()), &[]), Ok(()), "a world without faults is proved");
    for (place, first) in faults.iter().enumerate() {
        assert_eq!(judged(Ok(()), &[first.change]), Err(first.due), "{}", first.claim);
        for later in faults[place + 1..].iter().filter(|later| later.mark != first.mark) {
            let both = judged(Ok(()), &[first.change, later.change]);
            assert_eq!(both, Err(first.due), "{}, and {}", first.claim, later.claim);
        }
    }
}

const COUNT: fn(&mut Evidence) = |it| {
    it.topology.partition_counts.insert("orders".to_owned(), 13);
};

const PRICE: fn(&mut Evidence) = |it| edit(it, |last| last.differs = Some("price is 9, not 10".to_owned()));

#[test]
fn a_lane_that_goes_on_is_proved_in_the_contracts_order() {
    use HaltCode::{ControlInvalid, CursorMismatch, InputLost, OutputMismatch, TopologyChanged};
    check(
        used,
        &[
            fault("another group", "group", |it| it.topology.group = "other".to_owned(), TopologyChanged),
            fault("another count", "count", COUNT, TopologyChanged),
            fault(
                "another id",
                "id",
                |it| drop(it.topology.topic_ids.insert("audit".into(), "x".into())),
                TopologyChanged,
            ),
            fault("no id", "id", |it| it.topology.topic_ids.clear(), TopologyChanged),
            fault(
                "intents committed beyond",
                "intents",
                |it| it.committed.intents = Some(INTENT + 2),
                CursorMismatch,
            ),
            fault(
                "intents committed before",
                "intents",
                |it| it.committed.intents = Some(INTENT),
                CursorMismatch,
            ),
            fault("no intents committed", "intents", |it| it.committed.intents = None, CursorMismatch),
            fault(
                "executions committed beyond",
                "reports",
                |it| it.committed.executions = Some(REPORT + 2),
                CursorMismatch,
            ),
            fault(
                "executions committed before",
                "reports",
                |it| it.committed.executions = Some(REPORT),
                CursorMismatch,
            ),
            fault("no executions committed", "reports", |it| it.committed.executions = None, CursorMismatch),
            fault("intents removed", "a", |it| it.inputs.intents.start = INTENT + 2, InputLost),
            fault("intents cut off", "a", |it| it.inputs.intents.end = INTENT, InputLost),
            fault("executions removed", "b", |it| it.inputs.executions.start = REPORT + 2, InputLost),
            fault("executions cut off", "b", |it| it.inputs.executions.end = REPORT, InputLost),
            fault("no order", "order", |it| it.last_order = None, OutputMismatch),
            fault(
                "an order of another entry",
                "order",
                |it| edit(it, |last| last.audit_seq = ORDER - 1),
                OutputMismatch,
            ),
            fault("another version", "order", |it| edit(it, |last| last.order_version = 2), OutputMismatch),
            fault("another price", "order", PRICE, OutputMismatch),
            fault(
                "another command",
                "order",
                |it| edit(it, |last| last.command = IntentType::Cancel),
                OutputMismatch,
            ),
            fault(
                "another order",
                "order",
                |it| edit(it, |last| last.order_id = OrderId([0; 16])),
                OutputMismatch,
            ),
            fault("control removed", "control", |it| it.control.start = CONTROL + 2, ControlInvalid),
            fault("control cut off", "control", |it| it.control.end = CONTROL, ControlInvalid),
        ],
    );
}

fn edit(evidence: &mut Evidence, change: fn(&mut LastOrder)) {
    change(evidence.last_order.as_mut().expect("there is one"));
}

#[test]
fn inputs_that_end_or_begin_at_the_cursor_have_lost_nothing() {
    let (ledger, mut evidence) = used();
    let just_after = |offset| Extent { start: offset + 1, end: offset + 1 };
    evidence.inputs = Offsets { intents: just_after(INTENT), executions: just_after(REPORT) };
    evidence.control = just_after(CONTROL);
    assert_eq!(prove(&ledger, Ok(()), &evidence), Ok(()));
}

#[test]
fn a_broken_trail_comes_after_the_topology_and_before_the_rest() {
    let broken = || Err(Halt::new(HaltCode::ChainBroken, "entry 1 is missing"));
    let (ledger, mut evidence) = used();
    evidence.committed.intents = None;
    assert_eq!(prove(&ledger, broken(), &evidence).map_err(|halt| halt.code), Err(HaltCode::ChainBroken));
    evidence.topology.group = "other".to_owned();
    assert_eq!(prove(&ledger, broken(), &evidence).map_err(|halt| halt.code), Err(HaltCode::TopologyChanged));
}

/// Whether an empty topic of orders is believed so long after the last order was published.
fn outlived(retention_ms: Option<i64>, age: i64) -> bool {
    let (ledger, mut evidence) = used();
    (evidence.last_order, evidence.orders_retention_ms, evidence.now) = (None, retention_ms, at(age));
    prove(&ledger, Ok(()), &evidence).is_ok()
}

#[test]
fn retention_may_remove_the_last_order_once_it_is_older() {
    const SECOND: i64 = 1_000_000_000;
    assert!(!outlived(Some(1_000), SECOND), "as old as the retention");
    assert!(outlived(Some(1_000), SECOND + 1));
    assert!(!outlived(None, i64::MAX - NOW.0), "kept for ever");
    assert!(!outlived(Some(i64::MAX), i64::MAX - NOW.0));
    assert!(!outlived(Some(1_000), -SECOND), "a clock that is behind");
}

#[test]
fn retention_excuses_no_other_order() {
    let (ledger, mut evidence) = used();
    evidence.now = at(i64::MAX - NOW.0);
    edit(&mut evidence, |last| last.order_version = 2);
    assert_eq!(prove(&ledger, Ok(()), &evidence).map_err(|halt| halt.code), Err(HaltCode::OutputMismatch));
}

#[test]
fn an_order_that_no_entry_published_is_a_mismatch() {
    let (world, (_, evidence)) = (World::new(), used());
    let committed = Offsets { intents: Some(0), executions: Some(0) };
    let evidence = Evidence { committed, ..evidence };
    let found = prove(&world.ledger, Ok(()), &evidence).map_err(|halt| halt.code);
    assert_eq!(found, Err(HaltCode::OutputMismatch));
    assert_eq!(prove(&world.ledger, Ok(()), &Evidence { last_order: None, ..evidence }), Ok(()));
}

#[test]
fn a_first_start_wants_an_unused_world() {
    use HaltCode::{ChainBroken, ControlInvalid, CursorMismatch, InputLost, OutputMismatch, TopologyChanged};
    check(
        fresh,
        &[
            fault("another count", "count", COUNT, TopologyChanged),
            fault("entries erased", "audit", |it| it.audit = Extent { start: 1, end: 1 }, ChainBroken),
            fault("intents committed", "intents", |it| it.committed.intents = Some(0), CursorMismatch),
            fault("executions committed", "reports", |it| it.committed.executions = Some(7), CursorMismatch),
            fault("an order", "order", |it| it.last_order = used().1.last_order, OutputMismatch),
            fault("orders removed", "orders", |it| it.orders = Extent { start: 1, end: 1 }, OutputMismatch),
            fault("intents removed", "a", |it| it.inputs.intents = Extent { start: 1, end: 9 }, InputLost),
            fault(
                "executions removed",
                "b",
                |it| it.inputs.executions = Extent { start: 1, end: 1 },
                InputLost,
            ),
            fault(
                "control removed",
                "control",
                |it| it.control = Extent { start: 1, end: 1 },
                ControlInvalid,
            ),
        ],
    );
}

#[test]
fn a_first_start_may_find_records_and_what_aborted_ones_left() {
    let (ledger, mut evidence) = fresh();
    let waiting = Extent { start: 0, end: 100 };
    evidence.inputs = Offsets { intents: waiting, executions: waiting };
    (evidence.audit, evidence.orders, evidence.control) = (waiting, waiting, waiting);
    assert_eq!(prove(&ledger, Ok(()), &evidence), Ok(()));
}

#[test]
fn an_added_partition_is_no_first_start_where_its_siblings_recorded_fewer() {
    let (used, _) = used();
    let recorded = used.opened().expect("it was opened").clone();
    let started_beside = |sibling: Opened| {
        let (ledger, evidence) = fresh();
        let evidence = Evidence { siblings: vec![recorded.clone(), sibling], ..evidence };
        prove(&ledger, Ok(()), &evidence).map_err(|halt| halt.code)
    };
    assert_eq!(started_beside(recorded.clone()), Ok(()));
    let fewer = Opened { partition_count: recorded.partition_count - 1, ..recorded.clone() };
    let another = Opened { group: "another".to_owned(), ..recorded.clone() };
    for sibling in [fewer, another, Opened::unreadable()] {
        assert_eq!(started_beside(sibling), Err(HaltCode::TopologyChanged));
    }
}

#[test]
fn a_trail_that_ends_before_what_was_read_of_it_is_broken() {
    let held = Extent { start: 10, end: 20 };
    for next in [10, 15, 20] {
        assert_eq!(still_there("audit", next, held), Ok(()));
    }
    for next in [9, 21] {
        let found = still_there("audit", next, held).map_err(|halt| halt.code);
        assert_eq!(found, Err(HaltCode::ChainBroken), "read up to {next}");
    }
}

#[test]
fn a_control_log_that_was_made_anew_has_a_halt_of_its_own() {
    let (ledger, mut evidence) = used();
    // The one topic whose id these worlds record is taken for the control log.
    evidence.topology.control = "audit".to_owned();
    evidence.topology.topic_ids.insert("audit".to_owned(), "another".to_owned());
    let found = prove(&ledger, Ok(()), &evidence).map_err(|halt| halt.code);
    assert_eq!(found, Err(HaltCode::ControlInvalid));
}
