//! Which threads advance: each says so at every step, and `/livez` and the metrics look.
//!
//! A beat is never a question to Kafka, and waiting for Kafka beats too: what stops beating is a
//! thread that will not come back by itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The heartbeats of this process, by thread.
#[derive(Debug)]
pub struct Heartbeats {
    origin: Instant,
    threads: Arc<Mutex<Threads>>,
}

type Threads = BTreeMap<String, Beating>;

#[derive(Clone, Debug)]
struct Beating {
    weight: Weight,
    millis: Arc<AtomicU64>,
}

/// Whether the process is of use without a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is not: `/livez` fails when the thread stands still.
    Vital,
    /// It is: the thread only measures.
    Minor,
}

/// How a thread stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Its name.
    pub thread: String,
    /// Whether `/livez` looks at it.
    pub weight: Weight,
    /// How long ago it last advanced.
    pub age: Duration,
}

/// A thread's own heartbeat; dropped with the thread.
#[derive(Debug)]
pub struct Heartbeat {
    thread: String,
    origin: Instant,
    millis: Arc<AtomicU64>,
    threads: Arc<Mutex<Threads>>,
}

impl Default for Heartbeats {
    fn default() -> Self {
        Self { origin: Instant::now(), threads: Arc::default() }
    }
}

impl Heartbeats {
    /// A thread of this name begins.
    pub fn enter(&self, thread: impl Into<String>, weight: Weight) -> Heartbeat {
        let heartbeat = Heartbeat {
            thread: thread.into(),
            origin: self.origin,
            millis: Arc::default(),
            threads: Arc::clone(&self.threads),
        };
        heartbeat.beat();
        let beating = Beating { weight, millis: Arc::clone(&heartbeat.millis) };
        lock(&self.threads).insert(heartbeat.thread.clone(), beating);
        heartbeat
    }

    /// Every thread, by name.
    pub fn pulses(&self) -> Vec<Pulse> {
        let now = self.origin.elapsed();
        let pulse = |(thread, beating): (&String, &Beating)| {
            let beat = Duration::from_millis(beating.millis.load(Ordering::Relaxed));
            Pulse { thread: thread.clone(), weight: beating.weight, age: now.saturating_sub(beat) }
        };
        lock(&self.threads).iter().map(pulse).collect()
    }
}

impl Heartbeat {
    /// The thread advances.
    pub fn beat(&self) {
        // 64 bits of milliseconds outlast the machine.
        self.millis.store(self.origin.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
}

impl Drop for Heartbeat {
    /// Only its own: a successor of the same name may have entered already.
    fn drop(&mut self) {
        let mut threads = lock(&self.threads);
        if threads.get(&self.thread).is_some_and(|beating| Arc::ptr_eq(&beating.millis, &self.millis)) {
            threads.remove(&self.thread);
        }
    }
}

/// The map is whole between statements, whatever panicked.
fn lock(threads: &Mutex<Threads>) -> MutexGuard<'_, Threads> {
    threads.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_seen_from_its_beginning_to_its_end() {
        let heartbeats = Heartbeats::default();
        let (lane, observer) =
            (heartbeats.enter("lane-0", Weight::Vital), heartbeats.enter("observer", Weight::Minor));
        let pulses = heartbeats.pulses();
        let names: Vec<_> = pulses.iter().map(|pulse| (pulse.thread.as_str(), pulse.weight)).collect();
        assert_eq!(names, [("lane-0", Weight::Vital), ("observer", Weight::Minor)]);
        drop((lane, observer));
        assert_eq!(heartbeats.pulses(), []);
    }

    #[test]
    fn a_beat_makes_a_thread_young_again() {
        let heartbeats = Heartbeats::default();
        let heartbeat = heartbeats.enter("lane-0", Weight::Vital);
        std::thread::sleep(Duration::from_millis(20));
        assert!(heartbeats.pulses()[0].age >= Duration::from_millis(20));
        let before = heartbeats.pulses()[0].age;
        heartbeat.beat();
        assert!(heartbeats.pulses()[0].age < before);
    }

    #[test]
    fn a_late_end_does_not_take_the_successor_away() {
        let heartbeats = Heartbeats::default();
        let former = heartbeats.enter("lane-0", Weight::Vital);
        let _successor = heartbeats.enter("lane-0", Weight::Vital);
        drop(former);
        assert_eq!(heartbeats.pulses().len(), 1);
    }
}
