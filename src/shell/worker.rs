//! A thread beside the lanes: it works until it is told to stop, and is waited for.
//!
//! It may wait for Kafka; no lane ever waits for it without a bound of its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A running thread; dropped, it ends.
pub struct Worker {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

/// How the thread learns that it is to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether it is to end.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Rests for this long, but for no longer than it takes to be told to stop.
pub fn rest(length: Duration) {
    thread::park_timeout(length);
}

impl Worker {
    /// Begins to work.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(name: &str, work: impl FnOnce(Stop) + Send + 'static) -> io::Result<Self> {
        let stop = Stop::default();
        let told = stop.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || work(told))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        let name = thread.thread().name().unwrap_or_default().to_owned();
        if thread.join().is_err() {
            tracing::error!(name, "a thread broke an invariant");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_worker_that_rests_ends_as_soon_as_it_is_dropped() {
        let (say, heard) = mpsc::channel();
        let worker = Worker::start("w", move |stop| {
            while !stop.is_set() {
                rest(Duration::from_secs(60));
            }
            say.send(()).unwrap();
        });
        drop(worker.unwrap());
        assert_eq!(heard.try_recv(), Ok(()));
    }
}
