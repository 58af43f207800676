//! Arbitrary records, and what mutations make of them, against both opinions of `opinions`.

use onefill::wire::{RecordType, Schemas, control, entry, execution, intent, json, order, price};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::opinions::assert_agree;
use crate::{arbitrary, golden, typed};

/// The body of some record of some type, well formed or not quite.
fn any_body() -> impl Strategy<Value = (RecordType, Vec<u8>)> {
    macro_rules! body {
        ($strategy:expr, $record:ident, $module:ident) => {
            $strategy.prop_map(|record| {
                let mut value = Vec::new();
                $module::encode(&record, &mut value);
                (RecordType::$record, value.split_off(onefill::wire::schema::HEADER_LEN))
            })
        };
    }
    prop_oneof![
        3 => body!(arbitrary::loose_intent(), OrderIntent, intent),
        1 => body!(arbitrary::order(), Order, order),
        2 => body!(arbitrary::entry(), Entry, entry),
        2 => body!(arbitrary::loose_execution(), Execution, execution),
        2 => body!(arbitrary::loose_control(), ControlRecord, control),
        1 => body!(arbitrary::price(), ReferencePrice, price),
    ]
}

#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Flip(Index, u32),
    Insert(Index, Vec<u8>),
    Remove(Index),
    Truncate(Index),
    Append(Vec<u8>),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    // Bytes that mean something: ends, small lengths, digits, signs, continuation bits.
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(&[0u8, 1, 2, 3, 4, 0x2d, 0x2e, 0x30, 0x7f, 0x80, 0xff][..])
    ];
    let bytes = vec(byte.clone(), 1..4);
    prop_oneof![
        3 => (any::<Index>(), byte).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        1 => (any::<Index>(), 0u32..8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        1 => (any::<Index>(), bytes.clone()).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        1 => any::<Index>().prop_map(Mutation::Remove),
        1 => any::<Index>().prop_map(Mutation::Truncate),
        1 => bytes.prop_map(Mutation::Append),
    ]
}

fn mutate(body: &mut Vec<u8>, mutation: Mutation) {
    if body.is_empty() {
        return;
    }
    let length = body.len();
    match mutation {
        Mutation::Replace(at, byte) => body[at.index(length)] = byte,
        Mutation::Flip(at, bit) => body[at.index(length)] ^= 1 << bit,
        Mutation::Insert(at, bytes) => {
            let at = at.index(length);
            body.splice(at..at, bytes);
        }
        Mutation::Remove(at) => drop(body.remove(at.index(length))),
        Mutation::Truncate(at) => body.truncate(at.index(length)),
        Mutation::Append(bytes) => body.extend(bytes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn on_records((record, body) in any_body()) {
        assert_agree(record, &body);
    }

    #[test]
    fn on_mutated_records((record, mut body) in any_body(), mutations in vec(mutation(), 1..4)) {
        for mutation in mutations {
            mutate(&mut body, mutation);
        }
        assert_agree(record, &body);
    }

    #[test]
    fn on_records_of_another_type((_, body) in any_body(), record in proptest::sample::select(RecordType::ALL)) {
        assert_agree(record, &body);
    }

    #[test]
    fn on_random_bytes(body in vec(any::<u8>(), 0..200), record in proptest::sample::select(RecordType::ALL)) {
        assert_agree(record, &body);
    }

    #[test]
    fn opening_any_bytes_does_not_panic(
        value in vec(any::<u8>(), 0..40),
        record in proptest::sample::select(RecordType::ALL),
    ) {
        let schemas = Schemas::compiled();
        prop_assert!(schemas.open(record, &value).is_err());
        let headed = [&record.header()[..], &value].concat();
        prop_assert_eq!(&*schemas.open(record, &headed).unwrap(), &value[..]);
    }
}

#[test]
fn on_every_truncation_of_golden_bytes() {
    for golden in golden::all().values() {
        for end in 0..golden.body().len() {
            let body = &golden.body()[..end];
            assert!(typed::body_again(golden.record, body).is_err(), "{} cut off at {end}", golden.case);
            assert!(json::to_json(golden.record, body).is_err(), "{} cut off at {end}", golden.case);
            assert_agree(golden.record, body);
        }
    }
}

#[test]
fn nothing_may_follow_golden_bytes() {
    for golden in golden::all().values() {
        let body = [golden.body(), &[0]].concat();
        assert!(typed::body_again(golden.record, &body).is_err(), "{}", golden.case);
        assert!(json::to_json(golden.record, &body).is_err(), "{}", golden.case);
    }
}

#[test]
fn on_golden_bytes_with_a_bit_flipped_in_every_byte() {
    for golden in golden::all().values() {
        for at in 0..golden.body().len() {
            let mut body = golden.body().to_vec();
            body[at] ^= 1 << (at % 8);
            assert_agree(golden.record, &body);
        }
    }
}
