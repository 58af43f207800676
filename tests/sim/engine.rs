//! Virtual time, and the tasks that live in it.
//!
//! A queue of events, earliest first, is all there is: an event runs a closure, or lets a task go on.
//! A task is a future that nobody polls but this queue, so that every interleaving is chosen here, by
//! the seed. A process that is frozen is not polled; one that is killed loses its tasks.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::dice::Dice;
use crate::trace::Trace;

/// Nanoseconds since the run began.
pub type Moment = i64;
pub const MS: Moment = 1_000_000;
pub const SECOND: Moment = 1_000 * MS;

/// Whose task it is. Tasks of the world outlive every process.
pub type ProcessId = usize;
pub const WORLD: ProcessId = usize::MAX;

type TaskId = u64;

/// A handle on the run; clones are the same run.
#[derive(Clone)]
pub struct Sim(Rc<Inner>);

struct Inner {
    now: Cell<Moment>,
    serial: Cell<u64>,
    current: Cell<TaskId>,
    events: RefCell<BinaryHeap<Scheduled>>,
    tasks: RefCell<BTreeMap<TaskId, Task>>,
    frozen: RefCell<BTreeMap<ProcessId, Moment>>,
    dice: Dice,
    trace: RefCell<Trace>,
    counts: RefCell<BTreeMap<&'static str, u64>>,
}

struct Task {
    process: ProcessId,
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

enum What {
    Wake(TaskId),
    Run(Box<dyn FnOnce()>),
}

struct Scheduled {
    order: Reverse<(Moment, u64)>,
    what: What,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

impl Sim {
    pub fn new(seed: u64) -> Self {
        Self(Rc::new(Inner {
            now: Cell::new(0),
            serial: Cell::new(0),
            current: Cell::new(0),
            events: RefCell::default(),
            tasks: RefCell::default(),
            frozen: RefCell::default(),
            dice: Dice::new(seed),
            trace: RefCell::default(),
            counts: RefCell::default(),
        }))
    }

    pub fn now(&self) -> Moment {
        self.0.now.get()
    }

    pub fn dice(&self) -> &Dice {
        &self.0.dice
    }

    /// One more of these happened.
    pub fn count(&self, what: &'static str) {
        *self.0.counts.borrow_mut().entry(what).or_default() += 1;
    }

    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.counts.borrow().clone()
    }

    /// A line of the trace: what happened, where.
    pub fn say(&self, place: &dyn Debug, what: &dyn Debug) {
        self.0.trace.borrow_mut().add(self.now(), place, what);
    }

    pub fn trace(&self) -> Trace {
        self.0.trace.borrow().clone()
    }

    /// Does this at that time, or now if it is over.
    pub fn at(&self, time: Moment, run: impl FnOnce() + 'static) {
        self.schedule(time, What::Run(Box::new(run)));
    }

    pub fn after(&self, wait: Moment, run: impl FnOnce() + 'static) {
        self.at(self.now() + wait, run);
    }

    fn schedule(&self, time: Moment, what: What) {
        let serial = self.next_serial();
        let order = Reverse((time.max(self.now()), serial));
        self.0.events.borrow_mut().push(Scheduled { order, what });
    }

    /// A number that was never given out before.
    pub fn next_serial(&self) -> u64 {
        let serial = self.0.serial.get() + 1;
        self.0.serial.set(serial);
        serial
    }

    pub fn spawn(&self, process: ProcessId, future: impl Future<Output = ()> + 'static) {
        let id = self.next_serial();
        self.0.tasks.borrow_mut().insert(id, Task { process, future: Some(Box::pin(future)) });
        self.schedule(self.now(), What::Wake(id));
    }

    /// The process does nothing until then; its tasks go on where they stood.
    pub fn freeze(&self, process: ProcessId, until: Moment) {
        let mut frozen = self.0.frozen.borrow_mut();
        let thaw = frozen.entry(process).or_default();
        *thaw = until.max(*thaw);
    }

    /// The process is gone, with all that it had in memory.
    pub fn kill(&self, process: ProcessId) {
        let mut tasks = self.0.tasks.borrow_mut();
        let doomed: Vec<TaskId> =
            tasks.iter().filter(|(_, task)| task.process == process).map(|(id, _)| *id).collect();
        let dropped: Vec<Option<Task>> = doomed.iter().map(|id| tasks.remove(id)).collect();
        drop(tasks);
        drop(dropped);
    }

    /// Lets everything happen up to this time.
    pub fn run_until(&self, time: Moment) {
        loop {
            let next = {
                let mut events = self.0.events.borrow_mut();
                match events.peek() {
                    Some(first) if first.order.0.0 <= time => events.pop(),
                    _ => None,
                }
            };
            let Some(Scheduled { order: Reverse((at, _)), what }) = next else { break };
            self.0.now.set(at);
            match what {
                What::Run(run) => run(),
                What::Wake(task) => self.poll(task),
            }
        }
        self.0.now.set(time.max(self.now()));
    }

    fn poll(&self, id: TaskId) {
        let taken = self.0.tasks.borrow_mut().get_mut(&id).map(|task| (task.process, task.future.take()));
        let Some((process, Some(mut future))) = taken else { return };
        let thaw = self.0.frozen.borrow().get(&process).copied().filter(|thaw| *thaw > self.now());
        if let Some(thaw) = thaw {
            self.put_back(id, future);
            self.schedule(thaw, What::Wake(id));
            return;
        }
        self.0.current.set(id);
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(()) => drop(self.0.tasks.borrow_mut().remove(&id)),
            Poll::Pending => self.put_back(id, future),
        }
    }

    fn put_back(&self, id: TaskId, future: Pin<Box<dyn Future<Output = ()>>>) {
        if let Some(task) = self.0.tasks.borrow_mut().get_mut(&id) {
            task.future = Some(future);
        }
    }

    /// Waits for so long.
    pub async fn sleep(&self, wait: Moment) {
        let until = self.now() + wait;
        self.schedule(until, What::Wake(self.0.current.get()));
        std::future::poll_fn(|_| if self.now() >= until { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Drops all that is left: tasks hold on to the run, and the run to its tasks.
    pub fn end(&self) {
        let tasks = std::mem::take(&mut *self.0.tasks.borrow_mut());
        drop(tasks);
        let events = std::mem::take(&mut *self.0.events.borrow_mut());
        drop(events);
    }
}

/// A place that one value is put into, and one task waits for.
pub struct Slot<T>(Rc<RefCell<Waiting<T>>>);

struct Waiting<T> {
    value: Option<T>,
    waiter: Option<TaskId>,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Waiting { value: None, waiter: None })))
    }
}

impl<T> Slot<T> {
    /// The first value counts.
    pub fn fill(&self, sim: &Sim, value: T) {
        let mut waiting = self.0.borrow_mut();
        if waiting.value.is_none() {
            waiting.value = Some(value);
            if let Some(task) = waiting.waiter {
                sim.schedule(sim.now(), What::Wake(task));
            }
        }
    }

    /// The value, or `None` when it has not come by then.
    pub async fn take(&self, sim: &Sim, deadline: Moment) -> Option<T> {
        let task = sim.0.current.get();
        self.0.borrow_mut().waiter = Some(task);
        sim.schedule(deadline, What::Wake(task));
        std::future::poll_fn(|_| match self.0.borrow_mut().value.take() {
            Some(value) => Poll::Ready(Some(value)),
            None if sim.now() >= deadline => Poll::Ready(None),
            None => Poll::Pending,
        })
        .await
    }
}
