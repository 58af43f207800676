//! Arbitrary entries: every variant that the core can make.

use std::borrow::Cow;

use onefill::core::control::{ControlResult, Scope};
use onefill::core::entry::{
    After, Anomaly, Body, ControlTaken, Cursors, Decision, Entry, ExecutionTaken, Input, IntentIds, Opening,
    OwedCancel, Prior, RawRecord, Recovery, Reference, Ruling, Unreadable,
};
use onefill::core::halt::HaltCode;
use onefill::core::ids::{Digest, Fingerprint, OrderId};
use onefill::core::price::{PriceQuality, PriceSource};
use onefill::core::verdict::{FailedCheck, Reason};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{control, decimal, execution, id, intent, time, words};

/// An entry.
pub fn entry() -> BoxedStrategy<Entry<'static>> {
    (0..i64::MAX as u64, digest(), cursors(), time(), any::<i64>(), body())
        .prop_map(|(seq, prev, as_of, decided_at, limits_version, body)| Entry {
            seq,
            prev,
            as_of,
            decided_at,
            limits_version,
            body,
        })
        .boxed()
}

fn body() -> BoxedStrategy<Body<'static>> {
    prop_oneof![
        1 => opening().prop_map(Body::Genesis),
        1 => opening().prop_map(Body::LaneOpened),
        6 => (input(), ruling()).prop_map(|(input, ruling)| Body::Decision(Decision { input, ruling })),
        2 => execution_taken().prop_map(Body::Execution),
        2 => control_taken().prop_map(Body::Control),
        1 => (input(), ids(), of(after()))
            .prop_map(|(input, ids, after)| Body::OwedCancel(OwedCancel { input, ids, after })),
        1 => recovery().prop_map(Body::Recovery),
    ]
    .boxed()
}

fn recovery() -> impl Strategy<Value = Recovery<'static>> {
    (select(HaltCode::ALL), cow()).prop_map(|(accepted, reason)| Recovery { accepted, reason })
}

fn cow() -> impl Strategy<Value = Cow<'static, str>> {
    words().prop_map(Cow::Borrowed)
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn cursors() -> impl Strategy<Value = Cursors> {
    any::<(i64, i64, i64)>().prop_map(|(intents, executions, control)| Cursors {
        intents,
        executions,
        control,
    })
}

fn input() -> impl Strategy<Value = Input<'static>> {
    (words(), any::<i32>(), any::<i64>(), time()).prop_map(|(topic, partition, offset, timestamp)| Input {
        topic,
        partition,
        offset,
        timestamp,
    })
}

fn raw() -> impl Strategy<Value = RawRecord<'static>> {
    let key = vec(any::<u8>(), 0..9).prop_map(|key| &*Box::leak(key.into_boxed_slice()));
    (of(key), digest()).prop_map(|(key, sha256)| RawRecord { key, sha256 })
}

fn unreadable() -> impl Strategy<Value = Unreadable<'static>> {
    (raw(), cow()).prop_map(|(raw, detail)| Unreadable { raw, detail })
}

fn opening() -> BoxedStrategy<Opening<'static>> {
    let names = || btree_map(cow(), cow(), 0..4);
    (cow(), cow(), cow(), any::<i32>(), any::<i32>(), names(), names(), digest())
        .prop_map(
            |(
                router_id,
                version,
                group,
                rules_version,
                partition_count,
                topic_ids,
                settings,
                ledger_hash,
            )| {
                Opening {
                    router_id,
                    version,
                    rules_version,
                    group,
                    partition_count,
                    topic_ids,
                    settings,
                    ledger_hash,
                }
            },
        )
        .boxed()
}

fn ids() -> impl Strategy<Value = IntentIds<'static>> {
    (id(), id(), id(), id(), id()).prop_map(
        |(account_id, strategy_id, instrument_id, intent_id, client_order_id)| IntentIds {
            account_id,
            strategy_id,
            instrument_id,
            intent_id,
            client_order_id,
        },
    )
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    any::<[u8; 16]>().prop_map(Fingerprint)
}

fn prior() -> impl Strategy<Value = Prior> {
    (0..i64::MAX as u64, of(select(Reason::ALL)), of(any::<[u8; 16]>()))
        .prop_map(|(seq, reason, order_id)| Prior { seq, reason, order_id: order_id.map(OrderId) })
}

fn references() -> BoxedStrategy<Vec<Reference<'static>>> {
    let reference =
        (
            id(),
            decimal(),
            time(),
            select(PriceSource::ALL),
            select(PriceQuality::ALL),
            any::<i32>(),
            any::<i64>(),
        )
            .prop_map(|(instrument_id, price, as_of, source, quality, partition, offset)| {
                Reference { instrument_id, price, as_of, source, quality, partition, offset }
            });
    vec(reference, 0..3).boxed()
}

fn after() -> impl Strategy<Value = After> {
    (decimal(), decimal(), decimal(), of(decimal()), any::<i32>()).prop_map(
        |(position, reserved_buy_qty, reserved_sell_qty, gross_notional, open_orders)| After {
            position,
            reserved_buy_qty,
            reserved_sell_qty,
            gross_notional,
            open_orders,
        },
    )
}

/// Checks of a rejection that is none of the rulings of their own.
fn failed_checks() -> impl Strategy<Value = Vec<FailedCheck>> {
    let check = (select(&Reason::ALL[3..]), of(select(Scope::ALL)), of(decimal()), of(decimal()))
        .prop_map(|(reason, scope, limit, observed)| FailedCheck { reason, scope, limit, observed });
    vec(check, 1..4)
}

fn rejected() -> BoxedStrategy<Ruling<'static>> {
    let taken = prior().prop_map(|of| (vec![FailedCheck::plain(Reason::IdempotencyKeyConflict)], Some(of)));
    let checks = prop_oneof![3 => failed_checks().prop_map(|checks| (checks, None)), 1 => taken];
    (intent(), fingerprint(), checks, references(), of(after()))
        .prop_map(|(intent, fingerprint, (failed_checks, of), references, after)| Ruling::Rejected {
            key: intent.key(),
            intent,
            fingerprint,
            failed_checks,
            of,
            references,
            after,
        })
        .boxed()
}

fn ruling() -> BoxedStrategy<Ruling<'static>> {
    let accepted = (intent(), fingerprint(), any::<bool>(), references(), of(after())).prop_map(
        |(intent, fingerprint, converted_to_cancel, references, after)| Ruling::Accepted {
            key: intent.key(),
            order_id: intent.order_id(),
            intent,
            fingerprint,
            converted_to_cancel,
            references,
            after,
        },
    );
    prop_oneof![
        1 => (raw(), cow()).prop_map(|(raw, detail)| Ruling::Malformed { raw, detail }),
        1 => (raw(), ids(), cow()).prop_map(|(raw, ids, detail)| Ruling::Misplaced { raw, ids, detail }),
        1 => (ids(), fingerprint(), prior())
            .prop_map(|(ids, fingerprint, of)| Ruling::Duplicate { ids, fingerprint, of }),
        1 => (intent(), fingerprint(), prior())
            .prop_map(|(intent, fingerprint, of)| Ruling::Conflict { intent, fingerprint, of }),
        2 => rejected(),
        2 => accepted,
    ]
    .boxed()
}

fn execution_taken() -> BoxedStrategy<ExecutionTaken<'static>> {
    let report = prop_oneof![
        (execution(), of(cow()), of(raw())).prop_map(|(execution, detail, raw)| (Ok(execution), detail, raw)),
        unreadable().prop_map(|unreadable| (Err(unreadable), None, None)),
    ];
    (input(), report, of(select(Anomaly::ALL)), of(after()))
        .prop_map(|(input, (report, detail, misplaced), anomaly, after)| ExecutionTaken {
            input,
            report,
            misplaced,
            anomaly,
            detail,
            after,
        })
        .boxed()
}

fn control_taken() -> BoxedStrategy<ControlTaken<'static>> {
    let record = prop_oneof![
        (control(), of(cow())).prop_map(|(record, detail)| (Ok(record), detail)),
        unreadable().prop_map(|unreadable| (Err(unreadable), None)),
    ];
    (input(), record, select(ControlResult::ALL))
        .prop_map(|(input, (record, detail), result)| ControlTaken { input, record, result, detail })
        .boxed()
}
