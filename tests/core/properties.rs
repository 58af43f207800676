//! What holds of every history (`G1`, `G2`, `G3`, `G7`).

use std::collections::BTreeMap;

use onefill::core::amount::Lots;
use onefill::core::batch::Batch;
use onefill::core::decide::Arrival;
use onefill::core::intent::{IntentType, Side};
use onefill::core::ledger::Ledger;
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::ledger::owner::Owner;
use onefill::core::prices::PriceBook;
use onefill::core::replay::{Reading, replay};
use proptest::prelude::*;

use crate::history::{History, INSTRUMENTS, histories, stage};
use crate::model::Model;
use crate::world::{NOW, PLACEMENT, World, leaf};

/// A history that has happened, and what arrived.
struct Past {
    world: World,
    arrivals: Vec<Arrival<'static>>,
}

/// Lets a history happen. A batch that is discarded comes again, as a consumer reads it again.
fn past(history: &History) -> Past {
    let (mut world, mut arrivals) = (stage(), Vec::new());
    for batch in &history.batches {
        world.clock.0 = NOW.0 + batch.clock;
        let records = history.arrivals(&mut world, &batch.steps);
        let before = (world.ledger.head().clone(), ledger_hash(&world.ledger));
        let mut discarded = Vec::new();
        for _ in 0..batch.discards {
            discarded.push(world.discard(&records));
            assert_eq!(
                (world.ledger.head().clone(), ledger_hash(&world.ledger)),
                before,
                "a discard leaves no trace"
            );
        }
        let settled = world.settle(&records);
        assert_eq!(settled.len(), records.len(), "one entry for each record");
        for entries in discarded {
            assert_eq!(entries, settled, "decided again, a record gets the same entry");
        }
        arrivals.extend(records);
    }
    Past { world, arrivals }
}

/// The ledger's sums are those of the model, after every entry.
fn agrees_with_the_model(past: &Past) {
    let (mut model, mut ledger) = (Model::default(), Ledger::new(PLACEMENT));
    for (entry, leaf) in &past.world.trail {
        replay(&mut ledger, entry, *leaf).expect("a trail replays");
        model.follow(entry);
        same_orders(&model, &ledger);
        for account in ["A1", "A6"] {
            for instrument in INSTRUMENTS {
                same_holding(&model, &ledger, account, instrument);
            }
            let open = model.orders.values().filter(|order| order.account == account && order.reserved() > 0);
            let owner = Owner::account(ledger.name(account));
            assert_eq!(ledger.open_orders_of(owner) as usize, open.count());
        }
    }
    assert_eq!(ledger.keys_len(), model.keys.len());
    assert_eq!(ledger.open_orders(), model.orders.values().filter(|order| order.reserved() > 0).count());
}

fn same_orders(model: &Model, ledger: &Ledger) {
    for (order_id, due) in &model.orders {
        let found = ledger.order(*order_id).expect("an accepted order is known").quantity;
        let numbers =
            [found.total, found.filled, found.leaves, found.reserved()].map(|lots| i128::from(lots.0));
        assert_eq!(numbers, [due.total, due.filled, due.leaves, due.reserved()], "{order_id}");
        assert!(!found.dead || found.reserved() == Lots(0), "the dead reserve nothing");
    }
}

fn same_holding(model: &Model, ledger: &Ledger, account: &str, instrument: &str) {
    let found = ledger.held(Owner::account(ledger.name(account)), ledger.name(instrument));
    let reserved = |side| -> i128 {
        let of = |order: &&crate::model::Order| {
            order.account == account && order.instrument == instrument && order.side == side
        };
        model.orders.values().filter(of).map(crate::model::Order::reserved).sum()
    };
    let numbers = [found.position, found.reserved_buys, found.reserved_sells].map(|lots| i128::from(lots.0));
    let due = [model.position(account, instrument), reserved(Side::Buy), reserved(Side::Sell)];
    assert_eq!(numbers, due, "{account} in {instrument}");
}

/// At most one NEW per order, versions dense, one record for each accepted entry.
fn sent_once(past: &Past) {
    let mut versions = BTreeMap::new();
    for sent in &past.world.sent {
        let last = versions.insert(sent.order_id, sent.order_version).unwrap_or(0);
        assert_eq!(sent.order_version, last + 1, "{:?}", sent.order_id);
        assert_eq!(sent.command == IntentType::New, last == 0, "an order begins with its only NEW");
    }
    let accepted =
        past.world.trail.iter().filter(|(entry, _)| is_accepted(entry)).map(|(entry, _)| entry.seq);
    let sent: Vec<u64> = past.world.sent.iter().map(|sent| sent.audit_seq).collect();
    assert_eq!(sent, Vec::from_iter(accepted));
}

fn is_accepted(entry: &onefill::core::entry::Entry<'_>) -> bool {
    use onefill::core::entry::{Body, Ruling};
    matches!(&entry.body, Body::Decision(decision) if matches!(decision.ruling, Ruling::Accepted { .. }))
}

/// Replaying gives the same ledger, and deciding again the same entries (`G7`).
fn rebuilds(past: &Past) {
    let mut replayed = Ledger::new(PLACEMENT);
    for (entry, leaf) in &past.world.trail {
        replay(&mut replayed, entry, *leaf).expect("a trail replays");
    }
    assert_eq!(replayed.head(), past.world.ledger.head());
    assert_eq!(ledger_hash(&replayed), ledger_hash(&past.world.ledger));

    let mut at_once = Ledger::new(PLACEMENT);
    let taken = Reading::begin(&at_once).take_all(&mut at_once, &past.world.trail);
    assert_eq!(taken, (past.world.trail.len(), Ok(())));
    assert_eq!((at_once.head(), ledger_hash(&at_once)), (replayed.head(), ledger_hash(&replayed)));

    let mut decided = Ledger::new(PLACEMENT);
    let given = past.world.trail.len() - past.arrivals.len();
    for (place, (entry, link)) in past.world.trail.iter().enumerate() {
        let Some(arrival) = place.checked_sub(given).map(|place| &past.arrivals[place]) else {
            replay(&mut decided, entry, *link).expect("a trail replays");
            continue;
        };
        let prices = PriceBook::default();
        let mut batch = Batch::open(&mut decided, &prices, entry.decided_at);
        let again = batch.take(arrival);
        assert_eq!(&again, entry, "decided again from what was recorded");
        batch.link(leaf(&again));
        batch.settle();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_promises(history in histories()) {
        let past = past(&history);
        agrees_with_the_model(&past);
        sent_once(&past);
        rebuilds(&past);
    }
}

/// A property says nothing of what never happens: the histories must meet every ruling and anomaly.
#[test]
fn histories_meet_every_ruling_and_anomaly() {
    use onefill::core::entry::{Anomaly, Body, Ruling};
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        let history = histories().new_tree(&mut runner).expect("a history").current();
        for (entry, _) in past(&history).world.trail {
            let names = match &entry.body {
                Body::Execution(taken) => taken.anomaly.map(Anomaly::name).into_iter().collect(),
                Body::Decision(decision) => match &decision.ruling {
                    Ruling::Accepted { converted_to_cancel: true, .. } => vec!["converted"],
                    Ruling::Conflict { .. } => vec!["conflict"],
                    ruling => {
                        vec![ruling.verdict().name(), ruling.reason().map_or("", |reason| reason.name())]
                    }
                },
                body => vec![body.kind().name()],
            };
            names.into_iter().for_each(|name| *met.entry(name.to_owned()).or_default() += 1);
        }
    }
    let reasons = [
        "MALFORMED_INTENT",
        "WRONG_PARTITION",
        "IDEMPOTENCY_KEY_CONFLICT",
        "UNKNOWN_ORDER",
        "TOO_LATE_TO_CANCEL",
        "ORDER_PENDING_REPLACE",
        "ORDER_PENDING_CANCEL",
        "TIMESTAMP_IN_FUTURE",
        "INTENT_TOO_OLD",
        "INTENT_EXPIRED",
        "TRADING_HALTED",
        "UNKNOWN_INSTRUMENT",
        "RESTRICTED_INSTRUMENT",
        "NUMERIC_OVERFLOW",
    ];
    let rulings = ["ACCEPTED", "DUPLICATE", "conflict", "converted"];
    let due = Anomaly::ALL.iter().map(|anomaly| anomaly.name()).chain(reasons).chain(rulings);
    let missing: Vec<&str> = due.filter(|name| !met.contains_key(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "of {met:?}");
}
