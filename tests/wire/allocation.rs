//! No decoder reserves memory by a length that somebody claims.

#![expect(unsafe_code, reason = "an allocator that measures can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use onefill::wire::{RecordType, Schemas, json};

use crate::{golden, resolution, typed};

/// Remembers the largest request of each thread.
struct Measured;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Measured = Measured;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // The value is gone while a thread ends; what it frees and allocates then is not ours.
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The largest single allocation of this, in bytes.
fn largest(work: impl FnOnce()) -> usize {
    LARGEST.with(|largest| largest.set(0));
    work();
    LARGEST.with(Cell::get)
}

/// Claims of about 2^20, 2^40 and 2^62, and of minus 2^40, as varints.
const CLAIMS: &[&[u8]] = &[
    &[0x80, 0x80, 0x80, 0x01],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0x40],
];

#[test]
fn a_claimed_length_is_not_believed() {
    let schemas = Schemas::with_extras([("older", resolution::older_intent())].into_iter()).unwrap();
    let header = resolution::header(&resolution::older_intent());
    for golden in golden::all().values() {
        for at in 0..golden.body().len() {
            for claim in CLAIMS {
                let body = [&golden.body()[..at], claim, &golden.body()[at + 1..]].concat();
                let by_hand = largest(|| drop(typed::body_again(golden.record, &body)));
                let generic = largest(|| drop(json::to_json(golden.record, &body)));
                let value = [&header[..], &body].concat();
                let resolved = largest(|| drop(schemas.open(RecordType::OrderIntent, &value)));
                for size in [by_hand, generic, resolved] {
                    assert!(size < 1 << 16, "{} at {at}: {size} bytes", golden.case);
                }
            }
        }
    }
}
