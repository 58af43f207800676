//! What a client of librdkafka says while it asks: why connections fail, what brokers speak, and how
//! they slow it down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;

use super::client;
use super::preflight::Versions;

/// How long a client is listened to at least: what it said last may still be on its way.
const LISTENING: Duration = Duration::from_millis(100);

/// And at most, however much it has to say.
const LISTENING_MAX: Duration = Duration::from_secs(5);

/// As many different complaints as help.
const COMPLAINTS_MAX: usize = 3;

/// The context of a client that is listened to. Its clones hear the same.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<Said>>);

/// What keeps a process and brokers apart that reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistrust {
    /// The brokers do not take the user, the password or the mechanism.
    Login,
    /// One side does not take the other's certificate.
    Certificate,
}

#[derive(Debug, Default)]
struct Said {
    /// How often anything was said.
    times: u64,
    complaints: Vec<String>,
    mistrust: Option<Mistrust>,
    is_turned_away: bool,
    /// Each with what stands before it, which names the broker.
    spoken: Vec<(String, Spoken)>,
    throttle_ms_max: Option<i64>,
}

/// A request and the lowest and highest version of it.
type Spoken = (String, (i16, i16));

impl Said {
    fn complain(&mut self, reason: &str) {
        self.is_turned_away |= turns_away(reason);
        let plain = reason.split(" (after ").next().unwrap_or(reason).to_owned();
        if self.complaints.len() < COMPLAINTS_MAX && !self.complaints.contains(&plain) {
            self.complaints.push(plain);
        }
    }
}

impl Heard {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why connections failed, in the client's own words; may be empty.
    pub fn complaints(&self) -> String {
        self.said().complaints.join("; ")
    }

    /// Why whoever answered was not trusted, or did not trust, if that was so.
    pub fn mistrust(&self) -> Option<Mistrust> {
        self.said().mistrust
    }

    /// Whether a broker closed a connection right after its TLS handshake, and answered nothing.
    pub fn is_turned_away(&self) -> bool {
        self.said().is_turned_away
    }

    /// What the broker at this address speaks; empty where it was not heard. Only a client with
    /// `debug=feature` says it.
    pub fn versions_of(&self, address: &str) -> Versions {
        let said = self.said();
        let its = said.spoken.iter().filter(|(broker, _)| broker.contains(address));
        its.map(|(_, spoken)| spoken.clone()).collect()
    }

    /// The longest delay that a broker put on an answer, in milliseconds; `None` where none was told.
    /// Only a client with `statistics.interval.ms` says it.
    pub fn throttle_ms_max(&self) -> Option<i64> {
        self.said().throttle_ms_max
    }
}

/// Hears what waits in the client's queue, where it lies until somebody polls.
pub fn listen(client: &BaseConsumer<Heard>) {
    listen_until(client, || false);
}

/// The same, but not longer than until this holds.
pub fn listen_until(client: &BaseConsumer<Heard>, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        // Looked up before it is heard: on a busy machine time passes, and nothing of what waits was heard in it.
        let listened = began.elapsed();
        let is_silent = !hears(client);
        if (is_silent && listened >= LISTENING) || listened >= LISTENING_MAX {
            return;
        }
    }
}

/// Whether the client says anything in a short while.
fn hears(client: &BaseConsumer<Heard>) -> bool {
    let times = client.context().said().times;
    // What it would hand out is not what is waited for.
    let hands_out = client.poll(LISTENING / 10).is_some();
    hands_out || client.context().said().times > times
}

impl ClientContext for Heard {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
        let mut said = self.said();
        said.times += 1;
        // A connection that a broker closes is no error to librdkafka: only its log tells of it.
        if facility == "FAIL" {
            said.complain(message.split_once("]: ").map_or(message, |(_, told)| told));
        }
        if let Some(spoken) = spoken(message).filter(|_| facility == "APIVERSION") {
            said.spoken.push(spoken);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        client::log_error(&error, reason);
        let mut said = self.said();
        said.times += 1;
        said.mistrust = said.mistrust.or(mistrust(&error, reason));
        // "All brokers are down" is what the caller says already.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            said.complain(reason);
        }
    }

    fn stats(&self, statistics: Statistics) {
        let windows = statistics.brokers.values().filter_map(|broker| broker.throttle.as_ref());
        let longest = windows.map(|window| window.max).max();
        let mut said = self.said();
        said.times += 1;
        said.throttle_ms_max = said.throttle_ms_max.max(longest);
    }
}

impl ConsumerContext for Heard {}

/// A broker that misses a certificate says so in an alert when all else is done: to librdkafka that is a
/// connection that broke, and only its words tell more.
fn mistrust(error: &KafkaError, reason: &str) -> Option<Mistrust> {
    match error.rdkafka_error_code()? {
        RDKafkaErrorCode::Authentication => Some(Mistrust::Login),
        RDKafkaErrorCode::SSL => Some(Mistrust::Certificate),
        RDKafkaErrorCode::BrokerTransportFailure if reason.contains(" alert ") => Some(Mistrust::Certificate),
        _ => None,
    }
}

/// The first request on a secured connection is the one that asks for versions. Who closes it there takes no client
/// of this kind: a broker that misses a certificate, where its alert was lost or it sends none.
fn turns_away(reason: &str) -> bool {
    let is_secured = ["ssl://", "sasl_ssl://"].iter().any(|scheme| reason.starts_with(scheme));
    is_secured && reason.contains(" in state APIVERSION_QUERY") && !reason.contains("timed out")
}

/// A line such as `[thrd:HOST:PORT/1]: HOST:PORT/1:   ApiKey Produce (0) Versions 0..12`.
fn spoken(line: &str) -> Option<(String, Spoken)> {
    let (broker, rest) = line.split_once("ApiKey ")?;
    let (request, rest) = rest.split_once(" (")?;
    let (_, versions) = rest.split_once(") Versions ")?;
    let (lowest, highest) = versions.trim().split_once("..")?;
    Some((broker.to_owned(), (request.to_owned(), (lowest.parse().ok()?, highest.parse().ok()?))))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rdkafka::statistics::{Broker, Window};
    use tracing::{Event, Metadata, span};

    use super::client::Isolation;
    use super::*;
    use crate::shell::config::Config;

    /// Whoever takes down the log, and takes his time.
    struct Slow;

    impl tracing::Subscriber for Slow {
        fn enabled(&self, line: &Metadata<'_>) -> bool {
            line.target() == "librdkafka"
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {
            thread::sleep(Duration::from_millis(3));
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_client_that_has_much_to_say_is_heard_to_the_end() {
        let heard = Heard::default();
        let config = Config { bootstrap: "127.0.0.1:1,127.0.0.1:2".to_owned(), ..Config::default() };
        let client: BaseConsumer<Heard> = client::reader(&config, Isolation::Uncommitted)
            .unwrap()
            .set("debug", "all")
            // Who connects again and again has no end.
            .set("reconnect.backoff.ms", "10000")
            .set_log_level(RDKafkaLogLevel::Debug)
            .create_with_context(heard.clone())
            .unwrap();
        assert!(client.fetch_metadata(None, Duration::from_secs(1)).is_err());
        let began = Instant::now();
        tracing::subscriber::with_default(Slow, || listen(&client));
        assert!(began.elapsed() > LISTENING, "it said more than that");
        let complaints = heard.complaints();
        assert!(["127.0.0.1:1/", "127.0.0.1:2/"].iter().all(|one| complaints.contains(one)), "{complaints}");
    }

    #[test]
    fn what_a_broker_speaks_is_heard_of_that_broker() {
        let heard = Heard::default();
        for line in [
            "[thrd:h:1/bootstrap]: h:1/bootstrap: Broker API support:",
            "[thrd:h:1/bootstrap]: h:1/bootstrap:   ApiKey TxnOffsetCommit (28) Versions 0..5",
            "[thrd:h:2/2]: h:2/2:   ApiKey Fetch (1) Versions 4..18",
        ] {
            heard.log(RDKafkaLogLevel::Debug, "APIVERSION", line);
        }
        let first = Versions::from([("TxnOffsetCommit".to_owned(), (0, 5))]);
        assert_eq!(heard.versions_of("h:1/"), first);
        assert_eq!(heard.versions_of("h:2/"), Versions::from([("Fetch".to_owned(), (4, 18))]));
        assert_eq!(heard.versions_of("h:3/"), Versions::new());
    }

    #[test]
    fn a_line_of_another_form_says_nothing() {
        for line in
            ["", "ApiKey", "ApiKey X (1) Versions 1", "ApiKey X (1) Versions a..b", "ApiKey X Versions 1..2"]
        {
            assert_eq!(spoken(line), None, "{line}");
        }
    }

    #[test]
    fn the_longest_delay_of_any_broker_is_remembered() {
        let heard = Heard::default();
        assert_eq!(heard.throttle_ms_max(), None);
        for (broker, max) in [("a", 7), ("b", 9), ("c", 0)] {
            let window = Window { max, ..Window::default() };
            let said = Broker { throttle: Some(window), ..Broker::default() };
            heard.stats(Statistics { brokers: [(broker.to_owned(), said)].into(), ..Statistics::default() });
        }
        assert_eq!(heard.throttle_ms_max(), Some(9));
    }

    #[test]
    fn complaints_are_few_and_said_once() {
        let heard = Heard::default();
        let fail = |code, reason: &str| heard.error(KafkaError::Global(code), reason);
        fail(RDKafkaErrorCode::BrokerTransportFailure, "a: refused (after 1ms)");
        fail(RDKafkaErrorCode::BrokerTransportFailure, "a: refused (after 2ms)");
        fail(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert_eq!((heard.complaints().as_str(), heard.mistrust()), ("a: refused", None));
    }

    #[test]
    fn who_is_not_trusted_is_told_from_who_is_not_there() {
        let after = |code, reason: &str| {
            let heard = Heard::default();
            heard.error(KafkaError::Global(code), reason);
            heard.mistrust()
        };
        assert_eq!(after(RDKafkaErrorCode::Authentication, "x"), Some(Mistrust::Login));
        assert_eq!(after(RDKafkaErrorCode::SSL, "x"), Some(Mistrust::Certificate));
        let alert = "Receive failed: tlsv13 alert certificate required";
        assert_eq!(after(RDKafkaErrorCode::BrokerTransportFailure, alert), Some(Mistrust::Certificate));
        assert_eq!(after(RDKafkaErrorCode::BrokerTransportFailure, "Disconnected"), None);
    }

    #[test]
    fn who_closes_a_connection_that_has_just_been_secured_turns_this_client_away() {
        let after = |reason: &str| {
            let heard = Heard::default();
            heard.log(RDKafkaLogLevel::Info, "FAIL", &format!("[thrd:x]: {reason}"));
            assert_eq!(heard.mistrust(), None);
            heard.is_turned_away()
        };
        let closed = "Disconnected: SSL connection closed by peer (after 1ms in state";
        assert!(after(&format!("ssl://h:1/bootstrap: {closed} APIVERSION_QUERY)")));
        assert!(after(&format!("sasl_ssl://h:1/bootstrap: {closed} APIVERSION_QUERY)")));
        assert!(!after(&format!("ssl://h:1/bootstrap: {closed} UP)")), "it had been answered");
        let unsecured = "Disconnected: connection reset by peer (after 1ms in state APIVERSION_QUERY)";
        assert!(!after(&format!("h:1/bootstrap: {unsecured}")));
        let early = "SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener? (after 1ms in state SSL_HANDSHAKE)";
        assert!(!after(&format!("ssl://h:1/bootstrap: {early}")));
        let late =
            "Connection setup timed out in state APIVERSION_QUERY (after 30002ms in state APIVERSION_QUERY)";
        assert!(!after(&format!("ssl://h:1/bootstrap: {late}")), "it was not closed by the broker");
    }
}
