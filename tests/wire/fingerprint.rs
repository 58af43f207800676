//! The fingerprint of a payload: the same for a retry, another for another request.

use onefill::core::amount::Numeral;
use onefill::core::entry::{Body, Ruling};
use onefill::core::fingerprint::fingerprint;
use onefill::core::ids::{Fingerprint, Id};
use onefill::core::intent::{Intent, IntentType, OrderType, Side, TimeInForce};
use onefill::core::time::Time;
use onefill::wire::entry;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::{arbitrary, golden};

#[test]
fn golden_entries_have_the_fingerprint_of_their_intent() {
    for case in ["accepted", "accepted_as_cancel", "rejected", "conflict"] {
        let golden = golden::one(&format!("Entry.v1.{case}"));
        let entry = entry::decode(golden.body()).unwrap();
        let Body::Decision(decision) = &entry.body else { panic!("{case} is no decision") };
        let (intent, recorded) = match &decision.ruling {
            Ruling::Accepted { intent, fingerprint, .. } => (intent, fingerprint),
            Ruling::Rejected { intent, fingerprint, .. } => (intent, fingerprint),
            Ruling::Conflict { intent, fingerprint, .. } => (intent, fingerprint),
            other => panic!("{case} is {other:?}"),
        };
        assert_eq!(fingerprint(intent), *recorded, "{case}");
    }
}

#[test]
fn only_fields_that_differ_from_their_default_are_hashed_in_order_of_name() {
    let golden = golden::one("OrderIntent.v1.cancel");
    let intent = onefill::wire::intent::decode(golden.body()).unwrap();
    let payload = "account_id=A1\nclient_order_id=o-1\ninstrument_id=BTC-PERP.XDEX\nintent_id=i-2\n\
                   intent_type=CANCEL\nstrategy_id=S1\n";
    assert_eq!(fingerprint(&intent).0, Sha256::digest(payload)[..16]);
}

/// The intent with another price text.
fn priced<'a>(intent: &Intent<'a>, price: &'a str) -> Fingerprint {
    let mut intent = intent.clone();
    intent.terms.price = Some(Numeral::parse(price).unwrap());
    fingerprint(&intent)
}

#[test]
fn a_decimal_is_the_same_however_it_is_written() {
    let golden = golden::one("OrderIntent.v1.new");
    let intent = onefill::wire::intent::decode(golden.body()).unwrap();
    let overlong = "123456789012345678901";
    for (one, other) in [
        ("2", "2.000"),
        ("0", "0.0"),
        ("-1.5", "-1.500000000000000000"),
        ("2", "2.0000000000000000000000"),
        (overlong, &format!("{overlong}.00")),
    ] {
        assert_eq!(priced(&intent, one), priced(&intent, other), "{one} {other}");
    }
    assert_ne!(priced(&intent, overlong), priced(&intent, &format!("{overlong}0")));
    assert_ne!(priced(&intent, "2"), priced(&intent, "-2"));
}

proptest! {
    #[test]
    fn what_only_accompanies_an_intent_does_not_count(
        intent in arbitrary::intent(),
        other in arbitrary::intent(),
    ) {
        let Intent { created_at, correlation_id, tags, .. } = other;
        let retry = Intent { created_at, correlation_id, tags, ..intent.clone() };
        prop_assert_eq!(fingerprint(&retry), fingerprint(&intent));
    }

    #[test]
    fn every_other_field_counts(intent in arbitrary::intent()) {
        let before = fingerprint(&intent);
        for change in CHANGES {
            let mut changed = intent.clone();
            change(&mut changed);
            if changed != intent {
                prop_assert_ne!(fingerprint(&changed), before, "{:?}", changed);
            }
        }
    }
}

const CHANGES: &[fn(&mut Intent<'static>)] = &[
    |it| it.intent_type = IntentType::Cancel,
    |it| it.intent_id = Id::parse("another").unwrap(),
    |it| it.account_id = Id::parse("another").unwrap(),
    |it| it.strategy_id = Id::parse("another").unwrap(),
    |it| it.client_order_id = Id::parse("another").unwrap(),
    |it| it.instrument_id = Id::parse("another").unwrap(),
    |it| it.expires_at = it.expires_at.is_none().then_some(Time(1)),
    |it| it.terms.side = it.terms.side.is_none().then_some(Side::Buy),
    |it| it.terms.order_type = it.terms.order_type.is_none().then_some(OrderType::Stop),
    |it| it.terms.order_qty = it.terms.order_qty.is_none().then(zero),
    |it| it.terms.price = it.terms.price.is_none().then(zero),
    |it| it.terms.trigger_price = it.terms.trigger_price.is_none().then(zero),
    |it| it.terms.time_in_force = it.terms.time_in_force.is_none().then_some(TimeInForce::Day),
    |it| it.terms.expire_time = it.terms.expire_time.is_none().then_some(Time(-1)),
    |it| it.terms.post_only ^= true,
    |it| it.terms.reduce_only ^= true,
    |it| std::mem::swap(&mut it.terms.price, &mut it.terms.trigger_price),
    |it| std::mem::swap(&mut it.intent_id, &mut it.client_order_id),
];

fn zero() -> Numeral<'static> {
    Numeral::parse("0").unwrap()
}
