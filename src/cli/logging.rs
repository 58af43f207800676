//! Where the logs go: to the standard error, for people on a terminal, as JSON otherwise.
//!
//! Nothing floods: of lines that say the same, the first few are written, the others are counted. No kept
//! crate does this without an async runtime beside it, so it is done here, in one small layer.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::shell::config::{Config, LogFormat};
use crate::shell::log_events::LogEvents;

/// Writes logs from this level on unless the configuration says otherwise, and counts them. A second call
/// changes nothing.
pub fn log(config: &Config, level: &str, events: &LogEvents) {
    let filter = EnvFilter::new(config.log.as_deref().unwrap_or(level));
    let all = tracing_subscriber::registry().with(filter).with(Repeats::new(events.clone()));
    let is_terminal = io::stderr().is_terminal();
    // A span that is asked for is a step whose length is wanted.
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_span_events(FmtSpan::CLOSE);
    // Somebody who embeds the library may have set another subscriber, which then stays.
    let _ = match config.log_format {
        LogFormat::Auto if is_terminal => all.with(lines.with_ansi(true)).try_init(),
        LogFormat::Text => all.with(lines.with_ansi(is_terminal)).try_init(),
        LogFormat::Auto | LogFormat::Json => all.with(lines.json().flatten_event(true)).try_init(),
    };
}

/// So many lines that say the same are written within [`WINDOW`].
const WRITTEN_MAX: u32 = 5;
/// When as many may be written again.
const WINDOW: Duration = Duration::from_secs(10);
/// Where this layer's own lines come from; they are let through.
const OWN: &str = "onefill::log";

/// Counts lines, and holds repeated ones back.
struct Repeats {
    events: LogEvents,
    lines: Mutex<Lines>,
}

/// The lines of late, by what they say.
struct Lines {
    known: HashMap<String, Line>,
    swept: Instant,
}

struct Line {
    since: Instant,
    written: u32,
    held: Held,
}

/// Lines that were not written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    count: u64,
    level: Level,
    /// What the last of them says.
    text: String,
}

impl Repeats {
    fn new(events: LogEvents) -> Self {
        Self { events, lines: Mutex::new(Lines::new(Instant::now())) }
    }
}

impl<S: Subscriber> Layer<S> for Repeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        if target == OWN {
            return true;
        }
        self.events.count(level);
        let mut words = Words { key: target.to_owned(), text: String::new() };
        event.record(&mut words);
        let (is_written, due) = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.take(words, level, Instant::now())
        };
        // Without the lock: these lines come here, too.
        due.iter().for_each(Held::say);
        is_written
    }
}

impl Lines {
    fn new(now: Instant) -> Self {
        Self { known: HashMap::new(), swept: now }
    }

    /// Whether this line is written, and what was held back and is due to be told.
    fn take(&mut self, words: Words, level: Level, now: Instant) -> (bool, Vec<Held>) {
        let due = self.sweep(now);
        let fresh = || Line { since: now, written: 0, held: Held { count: 0, level, text: String::new() } };
        let line = self.known.entry(words.key).or_insert_with(fresh);
        if line.written < WRITTEN_MAX {
            line.written += 1;
            return (true, due);
        }
        line.held.count += 1;
        line.held.text = words.text;
        (false, due)
    }

    /// Forgets the lines whose time is over; what was held back of them is due.
    fn sweep(&mut self, now: Instant) -> Vec<Held> {
        if now.duration_since(self.swept) < WINDOW / 10 {
            return Vec::new();
        }
        self.swept = now;
        let mut due = Vec::new();
        self.known.retain(|_, line| {
            let is_over = now.duration_since(line.since) >= WINDOW;
            if is_over && line.held.count > 0 {
                due.push(line.held.clone());
            }
            !is_over
        });
        // The order of a map is nobody's; what was said most often comes first.
        due.sort_by(|one, other| (other.count, &one.text).cmp(&(one.count, &other.text)));
        due
    }
}

impl Held {
    fn say(&self) {
        let (repeated, text) = (self.count, &self.text);
        match self.level {
            Level::ERROR => tracing::error!(target: OWN, repeated, "repeated {repeated} times: {text}"),
            Level::WARN => tracing::warn!(target: OWN, repeated, "repeated {repeated} times: {text}"),
            Level::INFO => tracing::info!(target: OWN, repeated, "repeated {repeated} times: {text}"),
            Level::DEBUG => tracing::debug!(target: OWN, repeated, "repeated {repeated} times: {text}"),
            Level::TRACE => tracing::trace!(target: OWN, repeated, "repeated {repeated} times: {text}"),
        }
    }
}

/// What a line says: as text, and without the numbers in which lines of one kind differ. Lanes are told
/// apart.
struct Words {
    key: String,
    text: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let (name, begin) = (field.name(), self.text.len());
        let separator = if begin == 0 { "" } else { " " };
        // Writing to a string does not fail.
        let _ = match name {
            "message" => write!(self.text, "{separator}{value:?}"),
            _ => write!(self.text, "{separator}{name}={value:?}"),
        };
        let mut in_number = false;
        for letter in self.text[begin..].chars() {
            let is_digit = letter.is_ascii_digit() && name != "partition";
            if !(is_digit && in_number) {
                self.key.push(if is_digit { '0' } else { letter });
            }
            in_number = is_digit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        Words { key: text.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_first_few_are_written_and_the_others_counted() {
        let began = Instant::now();
        let mut lines = Lines::new(began);
        for index in 0..8 {
            let (is_written, due) = lines.take(words("a"), Level::WARN, began);
            assert_eq!((is_written, due), (index < 5, Vec::new()), "{index}");
        }
        assert_eq!(lines.take(words("b"), Level::INFO, began), (true, Vec::new()));
        let held = Held { count: 3, level: Level::WARN, text: "a".to_owned() };
        assert_eq!(lines.take(words("a"), Level::WARN, began + WINDOW), (true, vec![held]));
        assert_eq!(lines.take(words("a"), Level::WARN, began + 2 * WINDOW), (true, Vec::new()));
    }

    #[test]
    fn what_is_held_back_is_told_when_anything_else_is_said() {
        let began = Instant::now();
        let mut lines = Lines::new(began);
        (0..7).for_each(|_| drop(lines.take(words("a"), Level::ERROR, began)));
        let (is_written, due) = lines.take(words("b"), Level::INFO, began + WINDOW);
        assert!(is_written);
        assert_eq!(due, [Held { count: 2, level: Level::ERROR, text: "a".to_owned() }]);
        assert_eq!(lines.known.len(), 1);
    }

    /// Lines as a subscriber gets them.
    struct Heard(Mutex<Vec<(String, String)>>);

    impl<S: Subscriber> Layer<S> for &'static Heard {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut words = Words { key: String::new(), text: String::new() };
            event.record(&mut words);
            self.0.lock().unwrap().push((words.key, words.text));
        }
    }

    #[test]
    fn lines_that_differ_in_numbers_are_the_same_but_lanes_are_not() {
        let heard: &'static Heard = Box::leak(Box::new(Heard(Mutex::default())));
        let events = LogEvents::default();
        let all = tracing_subscriber::registry().with(Repeats::new(events.clone())).with(heard);
        tracing::subscriber::with_default(all, || {
            for index in 0..7 {
                tracing::warn!(partition = 31, "connection lost after {index} ms");
            }
            tracing::warn!(partition = 32, "connection lost after 17 ms");
        });
        let lines = heard.0.lock().unwrap();
        assert_eq!(lines.len(), 5 + 1);
        assert_eq!(lines[5].1, "connection lost after 17 ms partition=32");
        assert_eq!(lines[5].0, "connection lost after 0 ms partition=32");
        assert_eq!(events.counts()[1], 8);
    }
}
