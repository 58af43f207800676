//! What the `[kafka]` table may hold: anything of librdkafka, but what the guarantees depend on.
//!
//! A refused setting is named with the reason and with the setting of onefill that serves instead,
//! where there is one. Secrets come from files and variables only, and are never printed. Those of files
//! are read again for each client that is made, for passwords are renewed while the process runs; what they held
//! before is never used again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult};

use super::ConfigError;

/// What goes to librdkafka as it is. Prints the names, and of secrets no values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KafkaSettings {
    values: BTreeMap<String, String>,
    /// Where the secrets come from that stand in files.
    secrets: BTreeMap<String, PathBuf>,
}

/// librdkafka's settings that are secrets, or can hold one.
const SECRETS: &[&str] = &[
    "sasl.password",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// librdkafka's settings that name a file which it reads when a client is made.
const FILES: &[&str] = &[
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.keystore.location",
];

/// Names (ending in `.` or `_`: their beginnings) that are refused, and why.
const REFUSED: &[(&[&str], &str)] = &[
    (&["bootstrap.servers", "metadata.broker.list"], "every client must ask one cluster; set `bootstrap`"),
    (&["group.id"], "the group is recorded in the trail and proved; set `group`"),
    (&["group.instance.id"], "static membership decides who may open a lane; set `instance_id`"),
    (&["session.timeout.ms"], "set `session_timeout_ms`"),
    (
        &["group.protocol", "group.protocol.type", "group.remote.assignor"],
        "under the newer group protocol a transaction's offsets can be fenced without cause",
    ),
    (
        &["partition.assignment.strategy"],
        "only `range` gives partition p of both inputs to one owner; with another, a lane sees half of them",
    ),
    (
        &[
            "enable.auto.commit",
            "auto.commit.enable",
            "auto.commit.interval.ms",
            "enable.auto.offset.store",
            "offset.store.",
        ],
        "offsets are committed in the transaction that answers the records, and nowhere else",
    ),
    (
        &["auto.offset.reset"],
        "an offset that is gone means lost records; skipping them must be an operator's word",
    ),
    (
        &["isolation.level"],
        "each reader has the level that its proof needs; orders that were aborted are not orders",
    ),
    (&["check.crcs"], "a bit that flips on the way is an order nobody placed"),
    (&["enable.partition.eof"], "restoring and following tell the end of a partition by it"),
    (&["transactional.id"], "the ids of a lane are stable so that a new owner fences the former one"),
    (&["transaction.timeout.ms"], "set `transaction_timeout_ms`"),
    (
        &["message.timeout.ms", "delivery.timeout.ms"],
        "a message lives as long as its transaction; set `transaction_timeout_ms`",
    ),
    (
        &[
            "enable.idempotence",
            "enable.gapless.guarantee",
            "retries",
            "message.send.max.retries",
            "max.in.flight",
            "max.in.flight.requests.per.connection",
            "queuing.strategy",
        ],
        "without the idempotent producer a retry inside the client is a second order",
    ),
    (&["acks", "request.required.acks"], "a record that one broker holds can be lost with it"),
    (
        &["partitioner", "partitioner_cb"],
        "keys are placed as Java does it, by murmur2; elsewhere they are refused",
    ),
    (&["message.max.bytes"], "every input must be answerable, and answers may be 1 MiB"),
    (&["delivery.report.only.error", "enabled_events"], "each delivery is accounted for"),
    (
        &["log_level", "log.queue", "statistics.interval.ms", "log.connection.close", "log_cb"],
        "disconnects, timeouts and retries that librdkafka tells of decide whether a commit can be trusted; set `log` for what is shown",
    ),
    (
        &["allow.auto.create.topics"],
        "a topic made by accident has none of the required settings; run `onefill init`",
    ),
    (&["topic.blacklist"], "a topic that is hidden cannot be read"),
    (&["plugin.library.paths", "interceptors"], "foreign code could change records after they were hashed"),
    (&["test."], "a simulated broker does not hold back aborted records"),
];

/// Settings that only consumers know, by their beginnings; producers would warn about them.
const CONSUMERS_ONLY: &[&str] =
    &["fetch.", "queued.", "heartbeat.", "max.poll.", "max.partition.", "coordinator."];
/// Settings that only producers know, by their beginnings.
const PRODUCERS_ONLY: &[&str] =
    &["linger.", "queue.buffering.", "batch.", "compression.", "request.timeout.", "sticky."];

/// Which kind of client a setting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// It reads.
    Consumer,
    /// It writes, or administers.
    Producer,
}

impl KafkaSettings {
    /// Takes one setting. `secret_allowed` says whether a secret may stand here in clear.
    ///
    /// # Errors
    /// When it is refused, is a secret in the wrong place, names a file that cannot be read, or is
    /// nothing that librdkafka knows.
    pub(in crate::shell) fn put(
        &mut self,
        source: &impl fmt::Display,
        key: &str,
        value: String,
        secret_allowed: bool,
    ) -> Result<(), ConfigError> {
        if let Some(secret) = key.strip_suffix(".file").filter(|key| SECRETS.contains(key)) {
            let content = secret_of(source, &value)?;
            self.accept(source, secret, content)?;
            self.secrets.insert(secret.to_owned(), value.into());
            Ok(())
        } else if SECRETS.contains(&key) && !secret_allowed {
            let variable = format!("ONEFILL_KAFKA_{}", key.to_uppercase().replace('.', "_"));
            let remedy = format!("put it into a file of its own and set `{key}.file`, or set {variable}");
            Err(ConfigError::new(source, "a secret does not belong here", remedy))
        } else {
            self.accept(source, key, value)
        }
    }

    fn accept(&mut self, source: &impl fmt::Display, key: &str, value: String) -> Result<(), ConfigError> {
        if let Some(reason) = refusal(key) {
            let fault = format!("`{key}` cannot be set: {reason}");
            return Err(ConfigError::new(source, fault, "remove it"));
        }
        let native = ClientConfig::from_iter([(key.to_owned(), value.clone())]);
        match native.create_native_config() {
            Ok(_) => {
                self.values.insert(key.to_owned(), value);
                self.secrets.remove(key);
                Ok(())
            }
            // Its fourth field is the value, which may be a secret: it stays out of the message.
            Err(KafkaError::ClientConfig(_, fault, ..)) => {
                let remedy = "see librdkafka's CONFIGURATION.md for names and values; TLS needs a build with `--features tls`";
                Err(ConfigError::new(source, fault, remedy))
            }
            Err(error) => Err(ConfigError::new(source, error.to_string(), "mend the value")),
        }
    }

    /// These settings, as if they had been accepted.
    #[cfg(test)]
    pub fn given<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let values = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self { values, secrets: BTreeMap::new() }
    }

    /// What a client of this kind is given now: of secrets what their files hold, or an error where one cannot be
    /// read, as for a certificate that is gone. What it held once may be no secret any more: brokers would
    /// take it for a wrong password, lock its user out for it, and the log would not say what is amiss.
    pub fn of(&self, kind: ClientKind) -> impl Iterator<Item = KafkaResult<(&str, String)>> {
        let foreign = match kind {
            ClientKind::Consumer => PRODUCERS_ONLY,
            ClientKind::Producer => CONSUMERS_ONLY,
        };
        let known = move |key: &str| !foreign.iter().any(|beginning| key.starts_with(beginning));
        let given = self.values.iter().filter(move |(key, _)| known(key));
        given.map(|(key, value)| {
            let now = match self.secrets.get(key) {
                Some(path) => without_end(path).map_err(|error| unreadable(key, path, &error))?,
                None => value.clone(),
            };
            Ok((key.as_str(), now))
        })
    }

    /// The files that are read whenever a client is made: certificates, keys, secrets.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let named = FILES.iter().filter_map(|key| self.value(key)).map(Path::new);
        named.chain(self.secrets.values().map(PathBuf::as_path))
    }

    /// The value of a setting that was given.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |key: &String, value: &String| {
            let text = if SECRETS.contains(&key.as_str()) { "(secret)".to_owned() } else { value.clone() };
            (key.clone(), text)
        };
        out.debug_map().entries(self.values.iter().map(|(key, value)| shown(key, value))).finish()
    }
}

/// Why a setting is refused; `None` when it passes through.
pub fn refusal(key: &str) -> Option<&'static str> {
    let named = |name: &&str| key == *name || (name.ends_with('.') && key.starts_with(*name));
    REFUSED.iter().find(|(names, _)| names.iter().any(named)).map(|(_, reason)| *reason)
}

/// The secret in a file.
fn secret_of(source: &impl fmt::Display, path: &str) -> Result<String, ConfigError> {
    without_end(Path::new(path)).map_err(|error| {
        let fault = format!("the secret's file {path} cannot be read: {error}");
        ConfigError::new(source, fault, "check that it exists and that this user may read it")
    })
}

/// Why a client cannot be made without this secret.
fn unreadable(key: &str, path: &Path, error: &io::Error) -> KafkaError {
    KafkaError::ClientCreation(format!("`{key}.file` {} cannot be read: {error}", path.display()))
}

/// What a file holds, without its end of line.
fn without_end(path: &Path) -> io::Result<String> {
    Ok(fs::read_to_string(path)?.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: &str, secret_allowed: bool) -> Result<KafkaSettings, ConfigError> {
        let mut settings = KafkaSettings::default();
        settings.put(&"here", key, value.to_owned(), secret_allowed).map(|()| settings)
    }

    #[test]
    fn what_the_guarantees_depend_on_is_refused_by_name() {
        for key in [
            "enable.auto.commit",
            "isolation.level",
            "transactional.id",
            "group.id",
            "enable.idempotence",
            "acks",
            "request.required.acks",
            "auto.offset.reset",
            "partition.assignment.strategy",
            "transaction.timeout.ms",
            "group.instance.id",
            "enable.partition.eof",
            "bootstrap.servers",
            "log_level",
            "test.mock.num.brokers",
            "offset.store.method",
            "max.in.flight",
            "partitioner",
            "group.protocol",
            "check.crcs",
        ] {
            let error = put(key, "1", true).unwrap_err();
            assert!(error.fault.contains(key), "{error}");
        }
    }

    #[test]
    fn the_rest_passes_through_to_the_clients_that_know_it() {
        let mut settings = put("client.id", "x", false).unwrap();
        settings.put(&"here", "fetch.min.bytes", "2".to_owned(), false).unwrap();
        settings.put(&"here", "linger.ms", "3".to_owned(), false).unwrap();
        let of = |kind| settings.of(kind).collect::<KafkaResult<Vec<_>>>().unwrap();
        assert_eq!(of(ClientKind::Producer), [("client.id", "x".to_owned()), ("linger.ms", "3".to_owned())]);
        assert_eq!(
            of(ClientKind::Consumer),
            [("client.id", "x".to_owned()), ("fetch.min.bytes", "2".to_owned())]
        );
    }

    #[test]
    fn what_librdkafka_does_not_know_is_an_error() {
        assert!(put("clinet.id", "x", false).unwrap_err().fault.contains("clinet.id"));
        assert!(put("fetch.min.bytes", "many", false).is_err());
    }

    #[test]
    fn a_secret_comes_from_a_file_or_a_variable_and_is_never_printed() {
        let error = put("sasl.password", "hunter2", false).unwrap_err();
        assert!(
            error.remedy.contains("ONEFILL_KAFKA_SASL_PASSWORD") && !error.to_string().contains("hunter2")
        );

        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "hunter2\n").unwrap();
        let settings = put("sasl.password.file", file.path().to_str().unwrap(), false).unwrap();
        assert_eq!(settings.value("sasl.password"), Some("hunter2"));
        assert!(!format!("{settings:?}").contains("hunter2"));

        let of = |settings: &KafkaSettings| settings.of(ClientKind::Producer).next().unwrap().unwrap().1;
        fs::write(file.path(), "hunter3").unwrap();
        assert_eq!(of(&settings), "hunter3", "it was renewed");
        assert_eq!(settings.files().collect::<Vec<_>>(), [file.path()]);
        let mut replaced = settings.clone();
        replaced.put(&"here", "sasl.password", "hunter4".to_owned(), true).unwrap();
        assert_eq!((of(&replaced), replaced.files().count()), ("hunter4".to_owned(), 0));

        let missing = put("sasl.password.file", "/nowhere/at/all", false).unwrap_err();
        assert!(missing.fault.contains("/nowhere/at/all"));
    }

    #[test]
    fn without_its_file_a_secret_is_not_what_it_was_before() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_owned();
        fs::write(&path, "hunter2").unwrap();
        let settings = put("sasl.password.file", path.to_str().unwrap(), false).unwrap();
        let of = || settings.of(ClientKind::Consumer).collect::<KafkaResult<Vec<_>>>();
        drop(file);
        let error = of().unwrap_err().to_string();
        let names_it = error.contains("`sasl.password.file`") && error.contains(path.to_str().unwrap());
        assert!(names_it && !error.contains("hunter2"), "{error}");
        fs::write(&path, "hunter3").unwrap();
        assert_eq!(of().unwrap(), [("sasl.password", "hunter3".to_owned())]);
        fs::remove_file(path).unwrap();
    }
}
