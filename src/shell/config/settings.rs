//! Every key that onefill knows, in one table: its name, its flag, and what it sets.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::{Config, LogFormat, OutputFormat};
use crate::shell::topics::{self, Role};

/// One key of the configuration.
pub(super) struct Setting {
    /// As it stands in the file, tables before a dot.
    pub key: &'static str,
    /// The variable's name without `ONEFILL_`, where it is not the key in capitals.
    variable: Option<&'static str>,
    /// Parses and sets.
    pub apply: fn(&mut Draft, &str) -> Result<(), String>,
}

/// A configuration in the making: what depends on other keys is filled in at the end.
#[derive(Default)]
pub(super) struct Draft {
    pub config: Config,
    pub topics: Vec<(Role, String)>,
    pub group: Option<String>,
    pub router_id: Option<String>,
    /// Where each key was set last.
    pub places: BTreeMap<&'static str, String>,
}

impl Setting {
    /// The environment variable of this key.
    pub fn variable(&self) -> String {
        let name = self.variable.map_or_else(|| self.key.to_uppercase().replace('.', "_"), str::to_owned);
        format!("ONEFILL_{name}")
    }
}

/// The setting of a key.
pub(super) fn of_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

const fn plain(key: &'static str, apply: fn(&mut Draft, &str) -> Result<(), String>) -> Setting {
    Setting { key, variable: None, apply }
}

/// Every key.
pub(super) const SETTINGS: &[Setting] = &[
    plain("bootstrap", |draft, text| set(&mut draft.config.bootstrap, brokers(text))),
    plain("prefix", |draft, text| set(&mut draft.config.prefix, prefix(text))),
    plain("dev", |draft, text| set(&mut draft.config.dev, truth(text))),
    plain("log", |draft, text| set(&mut draft.config.log, filled(text).map(Some))),
    plain("log_format", |draft, text| set(&mut draft.config.log_format, log_format(text))),
    plain("group", |draft, text| set(&mut draft.group, filled(text).map(Some))),
    plain("http", |draft, text| set(&mut draft.config.http, address(text))),
    plain("instance_id", |draft, text| set(&mut draft.config.instance_id, id(text).map(Some))),
    plain("router_id", |draft, text| set(&mut draft.router_id, id(text).map(Some))),
    Setting {
        key: "session_timeout_ms",
        variable: Some("SESSION_TIMEOUT"),
        apply: |draft, text| set(&mut draft.config.session_timeout_ms, within(millis(text), 1_000, 300_000)),
    },
    plain("exit_on_halt", |draft, text| set(&mut draft.config.exit_on_halt, truth(text))),
    plain("partitions", |draft, text| {
        set(&mut draft.config.partitions, within(number(text), 1, 4_096).map(Some))
    }),
    plain("replication", |draft, text| {
        set(&mut draft.config.replication, within(number(text), 1, 32).map(Some))
    }),
    plain("transaction_timeout_ms", |draft, text| {
        set(&mut draft.config.transaction_timeout_ms, within(millis(text), 1_000, 900_000))
    }),
    plain("topics.intents", |draft, text| topic(draft, Role::Intents, text)),
    plain("topics.executions", |draft, text| topic(draft, Role::Executions, text)),
    plain("topics.orders", |draft, text| topic(draft, Role::Orders, text)),
    plain("topics.audit", |draft, text| topic(draft, Role::Audit, text)),
    plain("topics.control", |draft, text| topic(draft, Role::Control, text)),
    plain("topics.prices", |draft, text| topic(draft, Role::Prices, text)),
    plain("topics.quarantine", |draft, text| topic(draft, Role::Quarantine, text)),
    plain("decide.max_intent_age_ms", |draft, text| {
        set(&mut draft.config.decide.max_intent_age_ms, age(text))
    }),
    plain("decide.skew_ms", |draft, text| set(&mut draft.config.decide.skew_ms, age(text))),
    plain("decide.ref_max_age_ms", |draft, text| set(&mut draft.config.decide.ref_max_age_ms, age(text))),
    plain("batch.records", |draft, text| {
        set(&mut draft.config.batch.records, within(number(text), 1, 1_000_000))
    }),
    plain("batch.bytes", |draft, text| set(&mut draft.config.batch.bytes, within(number(text), 1, 1 << 30))),
    plain("batch.time_ms", |draft, text| {
        set(&mut draft.config.batch.time_ms, within(millis(text), 1, 5_000))
    }),
    plain("checkpoint.dir", |draft, text| {
        draft.config.checkpoint.dir = path(text);
        Ok(())
    }),
    plain("checkpoint.every_entries", |draft, text| {
        set(&mut draft.config.checkpoint.every_entries, within(number(text), 1, 1 << 40))
    }),
    plain("schemas.extra", |draft, text| {
        let paths = text.split(',').filter(|path| !path.trim().is_empty());
        draft.config.schemas_extra = paths.map(|path| PathBuf::from(path.trim())).collect();
        Ok(())
    }),
    plain("schemas.registry", |draft, text| set(&mut draft.config.registry.urls, registries(text))),
    plain("schemas.output", |draft, text| set(&mut draft.config.output, output_format(text))),
    plain("schemas.registry_auth_file", |draft, text| {
        draft.config.registry.auth_file = path(text);
        Ok(())
    }),
];

fn set<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

/// Nothing is no path.
fn path(text: &str) -> Option<PathBuf> {
    Some(text.trim()).filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn filled(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// `host:port,…`, each with a port: librdkafka would guess 9092, and a typing error would surface as
/// a broker that does not answer.
fn brokers(text: &str) -> Result<String, String> {
    let has_port = |broker: &str| {
        let port = broker.trim().rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
        port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
    };
    match text.split(',').find(|broker| !has_port(broker)) {
        None => Ok(text.to_owned()),
        Some(broker) => Err(format!("`{broker}` is no HOST:PORT; separate several by commas")),
    }
}

/// `http://host:port,…`, none for no registry.
fn registries(text: &str) -> Result<Vec<String>, String> {
    // It would be shown with the address.
    if text.contains('@') {
        return Err("holds a user or a password: set `schemas.registry_auth_file`".to_owned());
    }
    let schemes: &[&str] = if cfg!(feature = "tls") { &["http://", "https://"] } else { &["http://"] };
    let urls = text.split(',').map(str::trim).filter(|url| !url.is_empty());
    let checked = urls.map(|url| {
        let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or_default();
        let authority = rest.split('/').next().unwrap_or_default();
        // Only an address of IPv6 has colons of its own, in brackets.
        let (host, port) = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
            Some(Some((host, ""))) => (host, None),
            Some(Some((host, port))) => (host, Some(port.strip_prefix(':').unwrap_or_default())),
            Some(None) => ("", None),
        };
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
        if !host.is_empty() && port.is_none_or(is_port) && !rest.contains(['?', '#']) {
            Ok(url.trim_end_matches('/').to_owned())
        } else {
            Err(format!("`{url}` is no address of a registry: {}HOST:PORT", schemes.join("HOST:PORT or ")))
        }
    });
    checked.collect()
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is none of auto, text, json")),
    }
}

fn output_format(text: &str) -> Result<OutputFormat, String> {
    match text {
        "single-object" => Ok(OutputFormat::SingleObject),
        "confluent" => Ok(OutputFormat::Confluent),
        _ => Err(format!("`{text}` is neither single-object nor confluent")),
    }
}

fn prefix(text: &str) -> Result<String, String> {
    match topics::name_fault(&format!("{text}{}", Role::Quarantine.name())) {
        None => Ok(text.to_owned()),
        Some(fault) => Err(format!("`{text}` cannot begin a topic name: {fault}")),
    }
}

fn topic(draft: &mut Draft, role: Role, text: &str) -> Result<(), String> {
    if let Some(fault) = topics::name_fault(text) {
        return Err(format!("`{text}` is no topic name: {fault}"));
    }
    draft.topics.push((role, text.to_owned()));
    Ok(())
}

fn id(text: &str) -> Result<String, String> {
    let parsed = crate::core::ids::Id::parse(text);
    parsed
        .map(|id| id.as_str().to_owned())
        .ok_or_else(|| format!("`{text}` is no id: 1 to 64 letters, digits and _ . : - are"))
}

fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is no address and port, such as 127.0.0.1:9464 or [::1]:9464"))
}

fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" | "" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| format!("`{text}` is no whole number"))
}

/// Milliseconds, bare or with a unit: `10000`, `10000ms`, `10s`.
fn millis(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => text.strip_suffix('s').map_or((text, 1), |digits| (digits, 1_000)),
    };
    let parsed = number(digits).ok().and_then(|count| count.checked_mul(factor));
    parsed.ok_or_else(|| format!("`{text}` is no time, such as 10s or 500ms"))
}

fn age(text: &str) -> Result<i64, String> {
    within(millis(text), 0, 365 * 24 * 60 * 60 * 1000)
}

fn within<T>(value: Result<u64, String>, least: u64, most: u64) -> Result<T, String>
where
    T: TryFrom<u64>,
    T::Error: fmt::Debug,
{
    let value = value?;
    let fits = (least..=most).contains(&value).then(|| T::try_from(value).ok()).flatten();
    fits.ok_or_else(|| format!("{value} is not between {least} and {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_milliseconds_or_has_a_unit() {
        assert_eq!(millis("10000"), Ok(10_000));
        assert_eq!(millis("10s"), Ok(10_000));
        assert_eq!(millis("500ms"), Ok(500));
        for text in ["", "s", "10m", "-1", "1.5s", "99999999999999999999s"] {
            assert!(millis(text).is_err(), "{text}");
        }
    }

    #[test]
    fn brokers_are_named_with_their_ports() {
        assert!(brokers("a:9092,b.c:1").is_ok() && brokers("[::1]:9092").is_ok());
        for text in ["", "a", "a:", ":1", "a:0", "a:9092,", "a:99999"] {
            assert!(brokers(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_registry_is_named_by_its_address_without_a_password() {
        let urls = |text| registries(text);
        assert_eq!(
            urls(" http://a:8081/ ,http://b/apis/"),
            Ok(vec!["http://a:8081".to_owned(), "http://b/apis".to_owned()])
        );
        assert_eq!(urls(""), Ok(vec![]));
        assert_eq!(urls("https://a").is_ok(), cfg!(feature = "tls"));
        assert!(urls("http://[::1]:8081,http://[::1]").is_ok());
        for text in [
            "a:8081",
            "ftp://a",
            "http://",
            "http:///a",
            "http://:1",
            "http://a:b",
            "http://a:0",
            "http://a,b",
            "http://a?b",
            "http://[::1",
            "http://[::1]8081",
            "http://fe80::1:8081",
        ] {
            assert!(urls(text).is_err(), "{text}");
        }
        for text in ["http://desk:hunter2@a", "desk:hunter2@a:8081", "https://desk:hun,hunter2@a"] {
            let refused = urls(text).unwrap_err();
            assert!(refused.contains("registry_auth_file") && !refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn no_two_settings_share_a_key_or_a_variable() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            for other in &SETTINGS[index + 1..] {
                assert_ne!(setting.key, other.key);
                assert_ne!(setting.variable(), other.variable());
            }
        }
    }
}
