//! What happens to a producer besides the answers to its calls: lost connections, requests without an
//! answer, requests made again.
//!
//! With the protocol that librdkafka speaks, a request that was delayed on the way may end a *later*
//! transaction of the same producer. So whatever may leave a request on the way is a disturbance, and a
//! producer that was disturbed is replaced, even though its commit returned OK (`G4`). Between two
//! transactions no request is on the way: a connection that ends then disturbs nothing.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::client;
use super::failure::{Failure, failure};
use super::metrics::kafka::{Api, Kafka, Teller};

/// What happened to the producers of a lane, or what one of them has to say of it.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<Seen>,
    /// How often this producer was told to add offsets to a transaction, and has answered.
    offsets_begun: AtomicU64,
    offsets_ended: AtomicU64,
    /// Requests made again that nothing explained when they were last counted.
    unexplained: AtomicU64,
    /// The requests of this producer that may be on their way twice, as last counted.
    doubled: AtomicU64,
}

#[derive(Debug)]
struct Seen {
    /// Since the last transaction began, a request may have been left without an answer.
    lost: AtomicBool,
    /// A request was made again, at some time: it is told late.
    repeated: AtomicBool,
    audit: String,
    audit_end: AtomicI64,
    /// The lowest offset of an audit record that was acknowledged since the last transaction began.
    audit_low: AtomicI64,
    oversized: OnceLock<String>,
    /// Where errors and round trips are counted; `None` where nobody looks.
    kafka: Option<Arc<Kafka>>,
}

impl Watch {
    /// Nothing has happened yet to the producers that write this audit topic.
    pub fn of(audit: &str, kafka: Option<Arc<Kafka>>) -> Self {
        let seen = Seen {
            lost: AtomicBool::new(false),
            repeated: AtomicBool::new(false),
            audit: audit.to_owned(),
            audit_end: AtomicI64::new(0),
            audit_low: AtomicI64::new(i64::MAX),
            oversized: OnceLock::new(),
            kafka,
        };
        Self::new(Arc::new(seen))
    }

    const fn new(seen: Arc<Seen>) -> Self {
        let [offsets_begun, offsets_ended, unexplained, doubled] = [const { AtomicU64::new(0) }; 4];
        Self { seen, offsets_begun, offsets_ended, unexplained, doubled }
    }

    /// The same watch, for one more producer.
    #[must_use]
    pub fn of_another(&self) -> Self {
        Self::new(Arc::clone(&self.seen))
    }

    /// Whether anything has disturbed them since their transaction began, or was told since.
    pub fn is_disturbed(&self) -> bool {
        self.seen.lost.load(Ordering::Relaxed) || self.was_repeated()
    }

    /// Whether a request was made again.
    pub fn was_repeated(&self) -> bool {
        self.seen.repeated.load(Ordering::Relaxed)
    }

    /// A transaction begins.
    pub fn begin(&self) {
        self.seen.lost.store(false, Ordering::Relaxed);
        self.seen.audit_low.store(i64::MAX, Ordering::Relaxed);
    }

    /// The producers have just been initialised: what happened before can harm nobody.
    pub fn calm(&self) {
        self.begin();
        self.seen.repeated.store(false, Ordering::Relaxed);
    }

    /// This producer is about to be told to add offsets to its transaction.
    pub fn begin_offsets(&self) {
        self.offsets_begun.fetch_add(1, Ordering::Relaxed);
    }

    /// It has added them, or has not.
    pub fn end_offsets(&self) {
        // Whoever sees this has seen the beginning, too.
        self.offsets_ended.fetch_add(1, Ordering::Release);
    }

    /// How many of this producer's requests may be on their way twice, by its statistics.
    ///
    /// Offsets that are added again and wait for their turn are counted as made again, and not yet as made. So while
    /// some are under way, as many as them are believed only when the next statistics tell of them, too.
    fn count_doubled(&self, counts: Counts) -> u64 {
        let ended = self.offsets_ended.load(Ordering::Acquire);
        let begun = self.offsets_begun.load(Ordering::Relaxed);
        let now = counts.unexplained(begun);
        let before = self.unexplained.swap(now, Ordering::Relaxed);
        let believed = now.saturating_sub(begun - ended).max(now.min(before));
        believed + counts.unanswered
    }

    /// The offset after the last audit record that was acknowledged; 0 before the first.
    pub fn audit_end(&self) -> i64 {
        self.seen.audit_end.load(Ordering::Relaxed)
    }

    /// The lowest offset of an audit record that was acknowledged since the transaction began; `None`
    /// when none was.
    pub fn audit_low(&self) -> Option<i64> {
        let low = self.seen.audit_low.load(Ordering::Relaxed);
        (low != i64::MAX).then_some(low)
    }

    /// The record that a broker refused for its size, if there was one: its topic and size.
    pub fn oversized(&self) -> Option<&str> {
        self.seen.oversized.get().map(String::as_str)
    }

    /// A record is larger than its topic, or the client, takes.
    pub fn refuse_size(&self, topic: &str, bytes: usize) {
        self.seen.oversized.get_or_init(|| format!("a record of {bytes} bytes for {topic}"));
    }

    /// A line of a producer's log.
    pub fn hear(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if is_disturbance(level, facility, line) {
            self.lose();
        }
        client::log(level, facility, line);
    }

    fn count(&self, api: Api, error: &KafkaError) {
        if let Some(kafka) = &self.seen.kafka {
            kafka.failed(api, error);
        }
    }

    fn lose(&self) {
        self.seen.lost.store(true, Ordering::Relaxed);
    }
}

/// Whether this line tells of a request that may be on its way without an answer.
///
/// Requests that time out, and connections that end, are logged as warnings or errors, or say so in
/// words. A connection that was never made has carried no request: as long as one broker is down, its
/// neighbours' producers are not to be replaced again and again.
fn is_disturbance(level: RDKafkaLogLevel, facility: &str, line: &str) -> bool {
    let grave = (level as i32) <= (RDKafkaLogLevel::Warning as i32);
    let lost = ["REQTMOUT", "FAIL"].contains(&facility);
    (grave || lost) && !never_connected(line)
}

fn never_connected(line: &str) -> bool {
    line.contains("in state CONNECT)") || line.contains("in state CONNECT,")
}

/// What librdkafka's statistics say of requests, over all brokers.
#[derive(Clone, Copy)]
struct Counts {
    /// Those that were made again.
    again: u64,
    /// Those that nobody answered in time.
    unanswered: u64,
    /// Those that add offsets to a transaction, each time that they were made.
    adding: u64,
}

impl Counts {
    fn of(statistics: &[u8]) -> Self {
        let sum = |name: &str| sum_of(statistics, name.as_bytes());
        Self {
            again: sum(r#""txretries":"#),
            unanswered: sum(r#""req_timeouts":"#),
            adding: sum(r#""AddOffsetsToTxn": "#),
        }
    }

    /// Requests made again, but for those that add offsets, beyond the `begun` ones. A coordinator that still writes
    /// the markers of the id's last transaction refuses them, and they are made again after some
    /// milliseconds. One that comes late changes nothing: offsets have a place in every transaction of a lane.
    const fn unexplained(self, begun: u64) -> u64 {
        self.again.saturating_sub(self.adding.saturating_sub(begun))
    }
}

fn sum_of(statistics: &[u8], name: &[u8]) -> u64 {
    let mut sum = 0_u64;
    let mut rest = statistics;
    while let Some(at) = rest.windows(name.len()).position(|window| window == name) {
        rest = &rest[at + name.len()..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
        sum += digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    }
    sum
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.hear(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if !never_connected(reason) {
            self.lose();
        }
        self.count(Api::Connection, &error);
        client::log_error(&error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        let now = self.count_doubled(Counts::of(statistics));
        if now > self.doubled.fetch_max(now, Ordering::Relaxed) {
            self.seen.repeated.store(true, Ordering::Relaxed);
        }
        if let Some(kafka) = &self.seen.kafka {
            kafka.told(Teller::Producer, statistics);
        }
    }
}

impl ProducerContext for Watch {
    type DeliveryOpaque = ();

    /// Where the trail ends is learned here; a failed delivery fails the commit by itself.
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) if message.topic() == self.seen.audit => {
                self.seen.audit_end.fetch_max(message.offset() + 1, Ordering::Relaxed);
                self.seen.audit_low.fetch_min(message.offset(), Ordering::Relaxed);
            }
            Ok(_) => {}
            Err((error, message)) => {
                self.lose();
                self.count(Api::Delivery, error);
                if error.rdkafka_error_code().and_then(failure) == Some(Failure::Oversized) {
                    self.refuse_size(message.topic(), message.payload_len() + message.key_len());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;
    use std::time::{Duration, Instant};

    use rdkafka::consumer::{BaseConsumer, Consumer as _};
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::Producer as _;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
    use rdkafka::{ClientConfig, Offset, TopicPartitionList};

    use super::*;
    use crate::shell::librdkafka::Polled;

    const WAIT: Duration = Duration::from_secs(20);

    /// Lines as librdkafka writes them.
    #[test]
    fn a_request_that_may_be_on_its_way_is_a_disturbance() {
        use RDKafkaLogLevel::{Error, Info, Notice, Warning};
        for (level, facility, line, disturbs) in [
            (Info, "FAIL", "127.0.0.1:9092/1: Disconnected (after 5012ms in state UP)", true),
            (
                Error,
                "FAIL",
                "127.0.0.1:9092/1: Receive failed: Connection reset (after 3ms in state UP)",
                true,
            ),
            (Notice, "REQTMOUT", "Timed out EndTxnRequest in flight (after 5000ms, timeout #0)", true),
            (Warning, "REQTMOUT", "Timed out 1 in-flight, 0 retry-queued, 0 out-queue requests", true),
            (Warning, "TXNERR", "Fatal transaction error", true),
            (
                Error,
                "FAIL",
                "Connect to ipv4#127.0.0.1:1 failed: refused (after 0ms in state CONNECT)",
                false,
            ),
            (
                Error,
                "FAIL",
                "Connect to ipv4#127.0.0.1:1 failed: refused (after 0ms in state CONNECT, 9 identical error(s) suppressed)",
                false,
            ),
            (Info, "BROKER", "a new broker", false),
        ] {
            let watch = Watch::of("audit", None);
            watch.hear(level, facility, line);
            assert_eq!(watch.is_disturbed(), disturbs, "{line}");
        }
    }

    #[test]
    fn what_was_lost_before_a_transaction_began_disturbs_it_no_more_but_what_was_repeated_does() {
        let watch = Watch::of("audit", None);
        watch.hear(RDKafkaLogLevel::Info, "FAIL", "Disconnected (after 600001ms in state UP)");
        watch.begin();
        assert!(!watch.is_disturbed());
        watch.stats_raw(br#"{"txretries":1}"#);
        watch.begin();
        assert!(watch.is_disturbed() && watch.was_repeated());
        watch.calm();
        assert!(!watch.is_disturbed());
    }

    #[test]
    fn retries_and_timeouts_of_all_brokers_are_counted() {
        let statistics = br#"{"tx":9,"brokers":{"a":{"txretries":3,"req_timeouts":1},"b":{"txretries":40,"req_timeouts":0}}}"#;
        let count = |statistics: &[u8]| Watch::of("audit", None).count_doubled(Counts::of(statistics));
        assert_eq!([count(statistics), count(b"{}")], [44, 0]);
    }

    /// A producer that was told to add offsets so often, and has answered so often.
    fn adding(begun: usize, ended: usize) -> Watch {
        let watch = Watch::of("audit", None);
        (0..begun).for_each(|_| watch.begin_offsets());
        (0..ended).for_each(|_| watch.end_offsets());
        watch
    }

    #[test]
    fn offsets_that_were_added_again_are_no_requests_on_their_way_twice() {
        let doubled = |adding_made, begun| {
            adding(begun, begun).count_doubled(Counts { again: 3, unanswered: 1, adding: adding_made })
        };
        assert_eq!([doubled(9, 9), doubled(11, 9), doubled(12, 9), doubled(9, 10)], [4, 2, 1, 4]);
    }

    #[test]
    fn what_may_be_offsets_that_wait_for_their_turn_is_believed_when_it_is_told_twice() {
        let watch = adding(9, 8);
        let doubled = |again, adding| watch.count_doubled(Counts { again, unanswered: 0, adding });
        // They waited, and were added again: that explains it.
        assert_eq!([doubled(1, 9), doubled(1, 10)], [0, 0]);
        // One more does not go away, although offsets are always under way.
        assert_eq!([doubled(2, 10), doubled(2, 10)], [0, 1]);
        // Timeouts are never explained by them, nor is more than can wait.
        assert_eq!(adding(9, 8).count_doubled(Counts { again: 3, unanswered: 2, adding: 9 }), 4);
        // None are under way: it is believed at once.
        assert_eq!(adding(9, 9).count_doubled(Counts { again: 1, unanswered: 0, adding: 9 }), 1);
    }

    /// A producer's newest statistics.
    #[derive(Default)]
    struct Newest(Mutex<Vec<u8>>);

    impl ClientContext for Newest {
        fn stats_raw(&self, statistics: &[u8]) {
            *self.0.lock().unwrap() = statistics.to_vec();
        }
    }

    impl ProducerContext for Newest {
        type DeliveryOpaque = ();

        fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
    }

    /// Commits offsets, whose first two requests are refused; the statistics once they tell of it.
    fn statistics_of_offsets_added_thrice() -> Vec<u8> {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 1, 1).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "g");
        let member: BaseConsumer = config.create().unwrap();
        config.remove("group.id");
        config.set("transactional.id", "x").set("statistics.interval.ms", "20").set("retry.backoff.ms", "5");
        let producer: Polled<Newest> = config.create_with_context(Newest::default()).unwrap();
        producer.init_transactions(WAIT).unwrap();
        producer.begin_transaction().unwrap();
        let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS;
        cluster.request_errors(RDKafkaApiKey::AddOffsetsToTxn, &[refused; 2]);
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset("t", 0, Offset::Offset(1)).unwrap();
        producer.send_offsets_to_transaction(&offsets, &member.group_metadata().unwrap(), WAIT).unwrap();
        producer.commit_transaction(WAIT).unwrap();
        let until = Instant::now() + WAIT;
        loop {
            let statistics = producer.context().0.lock().unwrap().clone();
            if sum_of(&statistics, b"\"EndTxn\": ") == 1 {
                return statistics;
            }
            assert!(Instant::now() < until, "{}", String::from_utf8_lossy(&statistics));
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn librdkafka_counts_offsets_that_wait_for_the_last_markers_among_what_it_repeats() {
        let counts = Counts::of(&statistics_of_offsets_added_thrice());
        assert_eq!([counts.unexplained(3), counts.unexplained(1)], [2, 0]);
    }

    #[test]
    fn a_count_that_grows_is_a_disturbance_and_one_that_stands_is_none() {
        let watch = Watch::of("audit", None);
        let other = watch.of_another();
        let told =
            |watch: &Watch, count: u32| watch.stats_raw(format!(r#"{{"txretries":{count}}}"#).as_bytes());
        told(&watch, 0);
        assert!(!watch.is_disturbed());
        told(&watch, 2);
        assert!(watch.is_disturbed());
        watch.calm();
        told(&watch, 2);
        assert!(!watch.is_disturbed());
        // Each producer has counts of its own.
        told(&other, 1);
        assert!(watch.is_disturbed());
    }
}
