//! A producer with a thread that handles its events as they come, and rests in between.
//!
//! The crate's `ThreadedProducer` waits in whole milliseconds, a hundred of them at a time, and asks without a
//! pause for what is left of the last one. So each takes half a percent of a processor while nothing happens,
//! and a lane has two.
//!
//! The crate also tells a producer's context of each error twice: where it takes the event from its queue, and where
//! the producer handles it. Here it is told once.

use std::error::Error;
use std::ffi::c_void;
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::bindings as sys;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext};

use super::Guard;

/// A producer that tells its context what happens, from a thread of its own, until it is dropped.
pub struct Polled<C: ProducerContext + 'static> {
    thread: Option<JoinHandle<()>>,
    /// The same thread, for librdkafka to wake.
    woken: Arc<Thread>,
    is_over: Arc<AtomicBool>,
    events: Arc<Events>,
    producer: Arc<BaseProducer<Once<C>>>,
}

impl<C: ProducerContext + 'static> Polled<C> {
    /// Whom it tells what happens.
    pub fn context(&self) -> &C {
        &self.producer.context().context
    }
}

impl<C: ProducerContext + 'static> Deref for Polled<C> {
    type Target = BaseProducer<Once<C>>;

    fn deref(&self) -> &BaseProducer<Once<C>> {
        &self.producer
    }
}

impl<C: ProducerContext + 'static> FromClientConfigAndContext<C> for Polled<C> {
    /// # Errors
    /// A configuration that librdkafka refuses, or a thread that cannot be had.
    fn from_config_and_context(config: &ClientConfig, context: C) -> KafkaResult<Self> {
        let context = Once { context, is_told: AtomicBool::new(false) };
        let producer = Arc::new(BaseProducer::from_config_and_context(config, context)?);
        let events = Arc::new(Events::of(&producer)?);
        let is_over = Arc::<AtomicBool>::default();
        let serve = {
            let (producer, events, is_over) =
                (Arc::clone(&producer), Arc::clone(&events), Arc::clone(&is_over));
            move || {
                loop {
                    while events.any() {
                        producer.context().is_told.store(false, Ordering::Relaxed);
                        // One event at most.
                        producer.poll(Duration::ZERO);
                    }
                    // What is told of an event may have parked, and spent the wake-up of the end.
                    if is_over.load(Ordering::Acquire) {
                        break;
                    }
                    thread::park();
                }
            }
        };
        let thread = thread::Builder::new()
            .name("producer".to_owned())
            .spawn(serve)
            .map_err(|error| KafkaError::ClientCreation(format!("a thread for its events: {error}")))?;
        let woken = Arc::new(thread.thread().clone());
        // SAFETY: the thread's handle lives as long as the producer, which wakes nobody any more before it goes.
        unsafe { events.wake(Some(&woken)) };
        // librdkafka says only that there is one where there was none: what came before is seen now.
        woken.unpark();
        Ok(Self { thread: Some(thread), woken, is_over, events, producer })
    }
}

impl<C: ProducerContext + 'static> Drop for Polled<C> {
    fn drop(&mut self) {
        // SAFETY: without a thread there is nothing to keep.
        unsafe { self.events.wake(None) };
        self.is_over.store(true, Ordering::Release);
        self.woken.unpark();
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the thread of a producer's events has panicked");
        }
    }
}

/// Hands on all that it is told, but of each event one error.
pub struct Once<C> {
    context: C,
    /// Whether an error of this event was handed on.
    is_told: AtomicBool,
}

impl<C: ClientContext> ClientContext for Once<C> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = C::ENABLE_REFRESH_OAUTH_TOKEN;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.context.stats_raw(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            self.context.error(error, reason);
        }
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.context.generate_oauth_token(config)
    }
}

impl<C: ProducerContext> ProducerContext for Once<C> {
    type DeliveryOpaque = C::DeliveryOpaque;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: C::DeliveryOpaque) {
        self.context.delivery(result, opaque);
    }
}

/// The queue of a producer's events: deliveries, errors, statistics.
struct Events(Guard<sys::rd_kafka_queue_t>);

// SAFETY: a queue of librdkafka has a lock of its own; no call depends on the thread that makes it.
unsafe impl Send for Events {}
// SAFETY: as above.
unsafe impl Sync for Events {}

impl Events {
    fn of<C: ProducerContext>(producer: &BaseProducer<C>) -> KafkaResult<Self> {
        // SAFETY: the client outlives the call, and counts the reference.
        let queue = unsafe { sys::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        Ok(Self(Guard::new(queue, sys::rd_kafka_queue_destroy)?))
    }

    /// Whether there are any.
    fn any(&self) -> bool {
        // SAFETY: the queue is alive.
        unsafe { sys::rd_kafka_queue_length(self.0.as_ptr()) > 0 }
    }

    /// Has a thread woken whenever there is one and there was none; or nobody, from now on.
    ///
    /// # Safety
    /// The thread's handle lives until nobody is woken.
    unsafe fn wake(&self, thread: Option<&Arc<Thread>>) {
        let address = thread.map_or(ptr::null(), Arc::as_ptr);
        let unpark = thread.map(|_| unpark as unsafe extern "C" fn(_, _));
        // SAFETY: the queue is alive. The callback is made, and forgotten, under the queue's lock: it is not
        // running any more, and will not, when this returns without a thread.
        unsafe { sys::rd_kafka_queue_cb_event_enable(self.0.as_ptr(), unpark, address.cast_mut().cast()) }
    }
}

/// # Safety
/// `thread` points to a [`Thread`] that is alive.
unsafe extern "C" fn unpark(_: *mut sys::rd_kafka_t, thread: *mut c_void) {
    // SAFETY: by the caller's word.
    unsafe { (*thread.cast::<Thread>()).unpark() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::sync::mpsc::{SyncSender, sync_channel};
    use std::time::Instant;

    use rdkafka::message::Message as _;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseRecord, DefaultProducerContext};

    use super::super::flush;
    use super::*;

    const WAIT: Duration = Duration::from_secs(20);

    /// What it was told.
    #[derive(Default)]
    struct Told {
        offsets: Mutex<Vec<i64>>,
        errors: Mutex<Vec<String>>,
        statistics: AtomicBool,
    }

    impl ClientContext for Told {
        fn stats_raw(&self, _: &[u8]) {
            self.statistics.store(true, Ordering::Relaxed);
        }

        fn error(&self, _: KafkaError, reason: &str) {
            self.errors.lock().unwrap().push(reason.to_owned());
        }
    }

    impl ProducerContext for Told {
        type DeliveryOpaque = ();

        fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
            let offset = result.as_ref().map_or(-1, |message| message.offset());
            self.offsets.lock().unwrap().push(offset);
        }
    }

    type Cluster = MockCluster<'static, DefaultProducerContext>;

    fn settings() -> (ClientConfig, Cluster) {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 1, 1).unwrap();
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", cluster.bootstrap_servers()).set("statistics.interval.ms", "20");
        (settings, cluster)
    }

    fn open() -> (Polled<Told>, Cluster) {
        let (settings, cluster) = settings();
        (settings.create_with_context(Told::default()).unwrap(), cluster)
    }

    fn send(producer: &Polled<Told>) {
        producer.send(BaseRecord::<(), [u8]>::to("t").partition(0).payload(b"v")).unwrap();
    }

    /// Whether this becomes so, in time.
    fn comes(is_so: impl Fn() -> bool) -> bool {
        let until = Instant::now() + WAIT;
        while !is_so() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        is_so()
    }

    #[test]
    fn each_delivery_is_told_as_it_comes() {
        let (producer, _cluster) = open();
        for number in 0..100 {
            send(&producer);
            flush(producer.client(), WAIT).unwrap();
            let told: Vec<i64> = (0..=number).collect();
            assert!(comes(|| *producer.context().offsets.lock().unwrap() == told));
        }
    }

    #[test]
    fn statistics_wake_it_too() {
        let (producer, _cluster) = open();
        assert!(comes(|| producer.context().statistics.load(Ordering::Relaxed)));
    }

    #[test]
    fn each_error_is_told_once() {
        let mut settings = ClientConfig::new();
        // Each fails once, and then all are down.
        settings.set("bootstrap.servers", "127.0.0.1:1,127.0.0.2:1").set("reconnect.backoff.ms", "60000");
        settings.set("reconnect.backoff.max.ms", "60000");
        let producer: Polled<Told> = settings.create_with_context(Told::default()).unwrap();
        let errors = || producer.context().errors.lock().unwrap().clone();
        assert!(comes(|| errors().iter().any(|error| error.contains("brokers are down"))));
        let (told, once) = (errors(), BTreeSet::from_iter(errors()));
        assert_eq!(told.len(), once.len(), "{told:?}");
    }

    /// As a bounded channel does, whose sender waits for room.
    struct Parks(SyncSender<()>);

    impl ClientContext for Parks {}

    impl ProducerContext for Parks {
        type DeliveryOpaque = ();

        fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {
            self.0.send(()).unwrap();
            thread::park();
        }
    }

    #[test]
    fn one_whose_context_has_spent_the_wake_up_of_its_end_ends_all_the_same() {
        let (parks, parked) = sync_channel(1);
        let (settings, _cluster) = settings();
        let producer: Polled<Parks> = settings.create_with_context(Parks(parks)).unwrap();
        producer.send(BaseRecord::<(), [u8]>::to("t").partition(0).payload(b"v")).unwrap();
        parked.recv().unwrap();
        drop(producer);
    }

    #[test]
    fn one_that_is_dropped_ends_its_thread_and_with_it_its_client() {
        let (producer, _cluster) = open();
        send(&producer);
        let client = Arc::downgrade(&producer.producer);
        drop(producer);
        assert_eq!(client.strong_count(), 0);
    }
}
