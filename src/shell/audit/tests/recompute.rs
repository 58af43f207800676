//! A trail is recomputed from itself alone, and the first entry that does not follow is shown.

use super::trail::{PLACEMENT, Trail, buy, command, fill, limit, num};
use crate::core::amount::Decimal;
use crate::core::control::{CommandType, RiskLimit};
use crate::core::entry::{Body, Decision, Entry, Ruling};
use crate::core::halt::HaltCode;
use crate::core::settings::DECIDES_SINCE;
use crate::shell::audit::fault::{Fault, Place};
use crate::shell::audit::follow::Stored;
use crate::shell::audit::recompute::{Recomputation, Recomputing};

fn recompute(trail: &Trail) -> Recomputation {
    let mut recomputing = Recomputing::new(&trail.schemas, &trail.topics, PLACEMENT, &[]);
    for (at, (key, value)) in trail.values.iter().enumerate() {
        let place = Place { topic: "audit", partition: 0, offset: Some(at as i64), seq: None };
        if !recomputing.take(&Stored { place, key: Some(key), value }) {
            break;
        }
    }
    recomputing.end()
}

/// Of each fault the entry, the field, what is there and what should be.
fn found(recomputation: &Recomputation) -> Vec<(Option<u64>, String, String, String)> {
    let field = |fault: &'_ Fault| fault.field.clone().unwrap_or_default();
    let faults = recomputation.faults.kept.iter();
    faults.map(|fault| (fault.seq, field(fault), fault.found.clone(), fault.due.clone())).collect()
}

/// Limits with a collar, prices, fills, refusals, a retry, a conflict, a halt and the cancel it owes.
fn varied() -> Trail {
    let mut trail = Trail::new();
    trail.limit(RiskLimit { price_collar_bps: Some(100), ..limit() });
    trail.price("5001", 300);
    trail.intent(buy("k1", "10"));
    trail.execution(fill("k1", "e1", "4"));
    trail.execution(fill("k1", "e1", "4"));
    trail.intent(buy("k1", "10"));
    trail.intent(buy("k1", "11"));
    trail.intent(buy("k2", "15"));
    trail.price("4000", 200);
    trail.intent(buy("k3", "1"));
    let mut halt = command(CommandType::Halt, "halt-1");
    if let crate::core::control::ControlRecord::Command(halt) = &mut halt {
        halt.cancel_open_orders = true;
    }
    trail.control(halt);
    trail.owed();
    trail.intent(buy("k4", "1"));
    trail
}

#[test]
fn every_verdict_follows_from_the_trail_alone() {
    let trail = varied();
    let recomputation = recompute(&trail);
    assert_eq!(found(&recomputation), []);
    let counts = &recomputation.counts;
    assert_eq!((counts.entries, counts.decided_anew, counts.as_recorded), (13, 12, 1));
    assert_eq!((counts.accepted, counts.duplicates, counts.orders), (1, 1, 2));
    let reasons: Vec<_> = counts.reasons.iter().map(|(reason, count)| (*reason, *count)).collect();
    let expected = [
        ("IDEMPOTENCY_KEY_CONFLICT", 1),
        ("POSITION_LIMIT_EXCEEDED", 1),
        ("PRICE_COLLAR_BREACHED", 1),
        ("TRADING_HALTED", 1),
    ];
    assert_eq!(reasons, expected);
}

fn is_of(entry: &Entry<'_>, key: &str) -> bool {
    match &entry.body {
        Body::Decision(Decision {
            ruling: Ruling::Accepted { intent, .. } | Ruling::Rejected { intent, .. },
            ..
        }) => intent.intent_id.as_str() == key,
        _ => false,
    }
}

#[test]
fn a_number_that_was_rewritten_is_shown_with_what_it_should_be() {
    let mut trail = varied();
    trail.rewrite(|entry| {
        let of_refused = is_of(entry, "k2");
        if let Body::Decision(Decision { ruling: Ruling::Rejected { failed_checks, .. }, .. }) =
            &mut entry.body
            && of_refused
        {
            failed_checks[0].observed = Decimal::parse("99");
        }
    });
    let recomputation = recompute(&trail);
    let faults = found(&recomputation);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let (seq, field, is, due) = &faults[0];
    assert_eq!((*seq, &**field), (Some(8), "failed_checks"));
    assert!(is.contains("99") && due.contains("25"), "{is} {due}");
    assert_eq!(recomputation.differing.map(|record| record.offset), Some(8));
    assert_eq!(recomputation.counts.entries, 9, "what comes after it is not judged");
}

#[test]
fn a_verdict_that_was_rewritten_is_shown_whole() {
    let mut trail = varied();
    trail.rewrite(|entry| {
        let of_refused = is_of(entry, "k2");
        if let Body::Decision(decision) = &mut entry.body
            && of_refused
            && let Ruling::Rejected { intent, key, fingerprint, references, after, .. } =
                decision.ruling.clone()
        {
            let (order_id, converted_to_cancel) = (intent.order_id(), false);
            decision.ruling = Ruling::Accepted {
                intent,
                key,
                order_id,
                fingerprint,
                converted_to_cancel,
                references,
                after,
            };
        }
    });
    let recomputation = recompute(&trail);
    let faults = found(&recomputation);
    assert!(faults.iter().all(|(seq, ..)| *seq == Some(8)), "{faults:?}");
    let differs = |field: &str, is: &str, due: &str| {
        faults.contains(&(Some(8), field.to_owned(), is.to_owned(), due.to_owned()))
    };
    assert!(differs("verdict", "ACCEPTED", "REJECTED"), "{faults:?}");
    assert!(differs("reason", "absent", "POSITION_LIMIT_EXCEEDED"), "{faults:?}");
}

#[test]
fn an_execution_and_a_duplicate_are_recomputed_too() {
    let mut trail = varied();
    trail.rewrite(|entry| {
        if let Body::Execution(taken) = &mut entry.body {
            taken.anomaly = None;
        }
    });
    let (seq, field, _, due) = found(&recompute(&trail)).remove(0);
    assert_eq!((seq, &*field, &*due), (Some(5), "anomaly", "DUPLICATE_EXEC"), "the fill's second report");
    let mut trail = varied();
    trail.rewrite(|entry| {
        if let Body::Decision(Decision { ruling: Ruling::Duplicate { of, .. }, .. }) = &mut entry.body {
            of.seq = 1;
        }
    });
    let recomputation = recompute(&trail);
    assert_eq!(found(&recomputation)[0].3, "a duplicate of the entry that decided its key");
}

#[test]
fn an_owed_cancel_that_was_left_out_is_missed() {
    let mut trail = varied();
    let last = trail.values.len() - 1;
    trail.values.remove(last - 1);
    trail.rewrite(|entry| {
        if is_of(entry, "k4") {
            entry.seq -= 1;
        }
    });
    let recomputation = recompute(&trail);
    assert_eq!(found(&recomputation)[0].3, "the cancel that was owed next");
}

#[test]
fn a_record_that_is_answered_twice_is_found() {
    let mut trail = varied();
    let twice = trail.values[3].clone();
    trail.values.truncate(4);
    trail.values.push(twice);
    let count = std::cell::Cell::new(0);
    trail.rewrite(|entry| entry.seq = count.replace(count.get() + 1));
    let recomputation = recompute(&trail);
    assert_eq!(found(&recomputation)[0].3, "the answer to a record that was not answered before");
    assert!(recomputation.faults.counts.contains_key(&HaltCode::StateDiverged));
}

#[test]
fn entries_under_other_rules_are_counted_and_not_recomputed() {
    let mut trail = Trail::new();
    trail.limit(limit());
    trail.open(DECIDES_SINCE - 1);
    trail.intent(buy("k1", "10"));
    trail.intent(buy("k2", "99"));
    // Whose hash of the ledger may be another one.
    trail.open(DECIDES_SINCE);
    trail.intent(buy("k3", "10"));
    let recomputation = recompute(&trail);
    assert_eq!(found(&recomputation), []);
    let other: Vec<_> = recomputation.counts.other_rules.into_iter().collect();
    // The opening that ends them stands under them, too.
    assert_eq!(other, [(DECIDES_SINCE - 1, 3)]);
    assert_eq!(recomputation.counts.decided_anew, 3);
}

#[test]
fn a_limit_is_needed_for_anything_to_be_accepted() {
    let mut trail = Trail::new();
    trail.limit(RiskLimit { max_long_qty: None, max_order_qty: Some(num("5")), ..limit() });
    trail.intent(buy("k1", "10"));
    let recomputation = recompute(&trail);
    assert_eq!(found(&recomputation), []);
    assert_eq!(recomputation.counts.rejected, 1);
}
