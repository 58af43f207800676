//! What a ledger weighs, and whether an intent costs more once there are ten million keys.
//!
//! `cargo bench --bench memory -- 10000000` fills one lane with so many keys: each a NEW that was accepted
//! and whose order the venue cancelled, so that the order is dead, with ids as long as UUIDs are. A batch of
//! 1,000 is decided for each second of the lane's clock. Then as many further reports come. On the way, at each power
//! of ten, it measures what one intent costs from its bytes to its entry's: decode, decide, apply, encode,
//! hash, settle.
//!
//! The estimate that was written before it was measured: key and fingerprint and order id 48 bytes, their
//! places 10, the packed order 24, two indexes of 5 bytes at a load of 0.6 17: below 100 bytes; an execution
//! 40 and 8: below 50. A partial fill makes the order 4 bytes longer besides.

#[path = "world/fill.rs"]
mod fill;
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use fill::{Fill, PACE};
use onefill::core::ledger::hash::ledger_hash;

/// Counts what is in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "it measures, and hands every call on")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let keys: usize = asked.unwrap_or(1_000_000);
    let mut fill = Fill::new(PACE, Box::new(|_, _| {}));
    println!("{:>10}  {:>9}", "keys", "ns/intent");
    let empty = in_use();
    for step in [10_000, 100_000, 1_000_000, 10_000_000].into_iter().filter(|step| *step <= keys) {
        fill.until(step);
        let costs = fill.costs();
        println!("{step:>10}  {costs:>9.0}");
    }
    fill.until(keys);
    println!("\n{:<34}  {:>10}  {:>10}  {:>8}", "", "count", "bytes each", "GiB");
    // What is remembered of the last hour goes once the hour is over.
    let with_hour = in_use();
    let recent = fill.recent();
    fill.pass_an_hour();
    let aged = in_use();
    fill.reports(keys);
    let filled = in_use();
    let (executions, of_keys) = ((filled - aged) / keys, aged - empty);
    // The end of each order was an execution, too.
    show("keys with their dead orders", fill.keys(), of_keys.saturating_sub(fill.keys() * executions));
    show("executions", keys, filled - aged);
    show("acceptances of the last hour", recent, with_hour.saturating_sub(aged));
    println!("\nresident {:.2} GiB in all: the keys, two executions each, this bench", resident());
    let began = Instant::now();
    std::hint::black_box(ledger_hash(&fill.world.ledger));
    println!("ledger hash {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
}

fn show(what: &str, count: usize, bytes: usize) {
    let (each, gib) = (bytes as f64 / count.max(1) as f64, bytes as f64 / f64::from(1 << 30));
    println!("{what:<34}  {count:>10}  {each:>10.1}  {gib:>8.3}");
}

fn in_use() -> usize {
    IN_USE.load(Ordering::Relaxed)
}

/// Resident memory of this process, in GiB.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = pages.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
    pages * 4096.0 / f64::from(1 << 30)
}
