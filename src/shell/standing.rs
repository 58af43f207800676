//! How the lanes stand, as the topics tell it, and as a router says it over HTTP.
//!
//! Nothing is judged or changed. What the topics tell is where trail, group and inputs stand; what a
//! lane does, and why it halted, only its router can say.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaResult;
use serde_json::Value;

use super::audit::find::{Filter, Search};
use super::audit::head::Head;
use super::audit::records::Range;
use super::client::{self, Isolation, Logged};
use super::config::Config;
use super::librdkafka;
use super::trail::{Probe, REQUEST_WAIT};
use crate::core::entry::{Body, Cursors, Entry};
use crate::core::proof::Offsets;
use crate::core::time::Time;
use crate::wire::schema::Schemas;

/// How long a router may take to answer.
const HTTP_WAIT: Duration = Duration::from_secs(2);
/// Longest answer that is read: every lane of a large router, many times over.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// One lane, as the topics tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The partition number.
    pub partition: i32,
    /// The last entry; `None` where the trail is empty.
    pub last: Option<Last>,
    /// Why the last record of the trail is no entry.
    pub unreadable: Option<String>,
    /// What the group has committed, with `None` for nothing; not known while a transaction is open on it.
    pub committed: Option<Offsets<Option<i64>>>,
    /// What the inputs hold.
    pub inputs: Offsets<Range>,
    /// What the trail holds.
    pub audit: Range,
    /// High watermark of the trail: where it is beyond the range, a transaction is open.
    pub audit_end: i64,
}

/// The last entry of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its number and leaf hash.
    pub head: Head,
    /// When it was decided.
    pub decided_at: Time,
    /// Where it leaves the inputs.
    pub cursors: Cursors,
}

/// The router's group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `Stable`, `Empty`, …, as Kafka says it.
    pub state: String,
    /// How many members it has.
    pub members: usize,
}

impl Standing {
    /// Looks at one partition.
    ///
    /// # Errors
    /// Brokers that do not answer, topics that are not there.
    pub fn of(config: &Config, schemas: &Schemas, probe: &Probe, partition: i32) -> KafkaResult<Self> {
        let topics = &config.topics;
        let search = Search::new(config, schemas, probe, partition)?;
        let audit_end = probe.extent(&topics.audit, partition)?.end;
        let record = search.last(&Filter::default(), 1)?.pop_back();
        let (mut last, mut unreadable) = (None, None);
        if let Some(record) = record {
            match record.entry() {
                Ok(entry) => {
                    last = Some(Last::of(&entry, Head { partition, seq: entry.seq, link: record.leaf }));
                }
                Err(detail) => unreadable = Some(format!("offset {}: {detail}", record.offset)),
            }
        }
        let range = |topic: &str| Range::stable(probe, topic, partition);
        Ok(Self {
            partition,
            last,
            unreadable,
            committed: probe.committed(topics, partition)?,
            inputs: Offsets { intents: range(&topics.intents)?, executions: range(&topics.executions)? },
            audit: search.range,
            audit_end,
        })
    }

    /// Records that wait, markers and aborted ones counted; `None` where no cursor is known.
    pub fn lag(&self) -> Option<Offsets<i64>> {
        let cursors = self.last?.cursors;
        Some(Offsets {
            intents: (self.inputs.intents.end - cursors.intents).max(0),
            executions: (self.inputs.executions.end - cursors.executions).max(0),
        })
    }
}

impl Last {
    fn of(entry: &Entry<'_>, head: Head) -> Self {
        let mut cursors = entry.as_of;
        match &entry.body {
            Body::Decision(decision) => cursors.intents = decision.input.offset + 1,
            Body::Execution(taken) => cursors.executions = taken.input.offset + 1,
            Body::Control(taken) => cursors.control = taken.input.offset + 1,
            Body::Genesis(_) | Body::LaneOpened(_) | Body::OwedCancel(_) | Body::Recovery(_) => {}
        }
        Self { head, decided_at: entry.decided_at, cursors }
    }
}

/// The router's group; `None` where nobody has ever joined it.
///
/// # Errors
/// A coordinator that does not answer.
pub fn group(config: &Config) -> KafkaResult<Option<Group>> {
    let reader: BaseConsumer<Logged> =
        client::reader(config, Isolation::Committed)?.create_with_context(Logged)?;
    let found = librdkafka::group_members(reader.client(), &config.group, REQUEST_WAIT)?;
    let group = found.map(|found| Group { state: found.state, members: found.members.len() });
    Ok(group.filter(|group| group.state != "Dead"))
}

/// What a router at this address answers to `/status`, as its schema says it.
///
/// # Errors
/// Nobody there, or an answer that is none.
pub fn ask(address: &str) -> io::Result<Value> {
    let other = |detail: String| io::Error::new(io::ErrorKind::InvalidData, detail);
    let found = address.to_socket_addrs()?.next().ok_or_else(|| other("no such address".to_owned()))?;
    let mut stream = TcpStream::connect_timeout(&found, HTTP_WAIT)?;
    stream.set_read_timeout(Some(HTTP_WAIT))?;
    stream.set_write_timeout(Some(HTTP_WAIT))?;
    // The older protocol: one answer, whole, ended by the end of the connection.
    write!(stream, "GET /status HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| other("no HTTP answer".to_owned()))?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(other(format!("it answers {status}")));
    }
    serde_json::from_str(body).map_err(|error| other(format!("its answer is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn answered(answer: &'static str) -> io::Result<Value> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // To the end of the request: a stream that is closed with bytes unread resets the answer.
            let (mut asked, mut chunk) = (Vec::new(), [0; 1024]);
            while !asked.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut chunk).unwrap();
                assert!(length > 0, "the request ends before its headers do");
                asked.extend_from_slice(&chunk[..length]);
            }
            assert!(asked.starts_with(b"GET /status HTTP/1.0\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let found = ask(&address);
        server.join().unwrap();
        found
    }

    #[test]
    fn a_router_is_asked_over_http() {
        let found = answered("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"lanes\":[]}").unwrap();
        assert_eq!(found, serde_json::json!({ "lanes": [] }));
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        assert!(answered("HTTP/1.1 404 Not Found\r\n\r\n").unwrap_err().to_string().contains("404"));
        assert!(answered("HTTP/1.1 200 OK\r\n\r\nhello").is_err());
        assert!(answered("hello").is_err());
    }
}
