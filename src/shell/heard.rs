//! What a client of librdkafka says while it asks: why connections fail, what brokers speak, and how
//! they slow it down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;

use super::client;
use super::preflight::Versions;

/// How long a client is listened to once it has nothing more to say.
const LISTENING: Duration = Duration::from_millis(100);

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
    complaints: Vec<String>,
    mistrust: Option<Mistrust>,
    /// Each with what stands before it, which names the broker.
    spoken: Vec<(String, Spoken)>,
    throttle_ms_max: Option<i64>,
}

/// A request and the lowest and highest version of it.
type Spoken = (String, (i16, i16));

impl Said {
    fn complain(&mut self, reason: &str) {
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
    let end = Instant::now() + LISTENING;
    while Instant::now() < end && !holds() {
        // What it would hand out is not what is waited for.
        let _heard = client.poll(LISTENING / 10);
    }
}

impl ClientContext for Heard {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
        // A connection that a broker closes is no error to librdkafka: only its log tells of it.
        if facility == "FAIL" {
            self.said().complain(message.split_once("]: ").map_or(message, |(_, said)| said));
        }
        if let Some(spoken) = spoken(message).filter(|_| facility == "APIVERSION") {
            self.said().spoken.push(spoken);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        client::log_error(&error, reason);
        let mut said = self.said();
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
    use rdkafka::statistics::{Broker, Window};

    use super::*;

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
}
