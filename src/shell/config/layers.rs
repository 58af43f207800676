//! The three layers, read one after the other; each value remembers where it came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use toml::{Table, Value};

use super::settings::{self, Draft, SETTINGS, Setting};
use super::{Config, ConfigError, OutputFormat};
use crate::shell::topics::{Role, Topics};

/// Where the layers come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that the command line names; else `ONEFILL_CONFIG` may name one.
    pub file: Option<PathBuf>,
    /// The environment, or what a test says it is.
    pub variables: BTreeMap<String, String>,
    /// What the command line says.
    pub flags: Vec<Flag>,
}

/// A flag that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// As it was typed, such as `--bootstrap`.
    pub name: &'static str,
    /// The key that it sets.
    pub key: &'static str,
    /// The value.
    pub value: String,
}

/// Where one value stands.
#[derive(Clone, Copy)]
enum Place<'a> {
    File(&'a Path, &'a str),
    Variable(&'a str),
    Flag(&'a str),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, key) => write!(out, "{}: {key}", path.display()),
            Self::Variable(name) | Self::Flag(name) => out.write_str(name),
        }
    }
}

impl Sources {
    /// The process's own environment, and these flags.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { file, variables: std::env::vars_os().filter_map(text).collect(), flags }
    }
}

/// The configuration that the layers make.
///
/// # Errors
/// The first value that cannot be used, with its place and a remedy.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut draft = Draft::default();
    let named = sources.variables.get(FILE_VARIABLE).map(PathBuf::from);
    if let Some(path) = sources.file.clone().or(named) {
        read_file(&mut draft, &path)?;
    }
    for (name, value) in &sources.variables {
        read_variable(&mut draft, name, value)?;
    }
    for flag in &sources.flags {
        let setting = settings::of_key(flag.key).ok_or_else(|| {
            let fault = format!("there is no setting `{}`", flag.key);
            ConfigError::new(Place::Flag(flag.name), fault, "leave the flag out, and report this")
        })?;
        apply(&mut draft, setting, Place::Flag(flag.name), &flag.value)?;
    }
    finish(draft, &sources.variables)
}

const FILE_VARIABLE: &str = "ONEFILL_CONFIG";
const KAFKA_VARIABLES: &str = "ONEFILL_KAFKA_";

fn read_file(draft: &mut Draft, path: &Path) -> Result<(), ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| {
        let remedy = "name a readable TOML file with --config or ONEFILL_CONFIG";
        ConfigError::new(path.display(), error.to_string(), remedy)
    })?;
    let table: Table = text.parse().map_err(|error| no_toml(path, &text, &error))?;
    let mut values = Vec::new();
    flatten("", &table, &mut values);
    for (key, value) in values {
        let place = Place::File(path, &key);
        if let Some(name) = key.strip_prefix("kafka.") {
            draft.config.kafka.put(&place, name, text_of(&place, value)?, false)?;
        } else {
            let setting = settings::of_key(&key).ok_or_else(|| unknown_key(&place, &key))?;
            apply(draft, setting, place, &text_of(&place, value)?)?;
        }
    }
    Ok(())
}

fn read_variable(draft: &mut Draft, name: &str, value: &str) -> Result<(), ConfigError> {
    let place = Place::Variable(name);
    if let Some(key) = name.strip_prefix(KAFKA_VARIABLES).filter(|_| !made_by_kubernetes(name)) {
        let key = key.to_lowercase().replace('_', ".");
        return draft.config.kafka.put(&place, &key, value.to_owned(), true);
    }
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) {
        return apply(draft, setting, place, value);
    }
    let ours = name.starts_with("ONEFILL_") && name != FILE_VARIABLE && !made_by_kubernetes(name);
    if ours { Err(unknown_variable(name)) } else { Ok(()) }
}

/// Whether Kubernetes puts this variable into every pod beside a service whose name begins with
/// `onefill`: nobody wrote it, so it is no typing error.
fn made_by_kubernetes(name: &str) -> bool {
    let ends = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_TCP", "_TCP_ADDR", "_TCP_PORT", "_TCP_PROTO"];
    ends.iter().any(|end| name.ends_with(end)) || name.contains("_SERVICE_PORT_")
}

fn apply(
    draft: &mut Draft,
    setting: &'static Setting,
    place: Place<'_>,
    text: &str,
) -> Result<(), ConfigError> {
    draft.places.insert(setting.key, place.to_string());
    (setting.apply)(draft, text).map_err(|fault| {
        let remedy = format!("mend `{}`, or leave it out for the default", setting.key);
        ConfigError::new(place, fault, remedy)
    })
}

/// Where the text ends being TOML, and why. The line itself is not repeated: a secret may stand in it.
fn no_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    let fault = format!("line {line}, column {column} is no TOML: {}", error.message());
    ConfigError::new(path.display(), fault, "mend the file's TOML there")
}

/// Every value with its dotted key; of `[kafka]` the dots are part of the name.
fn flatten<'a>(prefix: &str, table: &'a Table, out: &mut Vec<(String, &'a Value)>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, out),
            value => out.push((key, value)),
        }
    }
}

fn text_of(place: &Place<'_>, value: &Value) -> Result<String, ConfigError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(truth) => Ok(truth.to_string()),
        Value::Array(values) => {
            let texts: Result<Vec<_>, _> = values.iter().map(|value| text_of(place, value)).collect();
            Ok(texts?.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => {
            Err(ConfigError::new(place, "has a value of the wrong kind", "give text, a number or true/false"))
        }
    }
}

fn unknown_key(place: &Place<'_>, key: &str) -> ConfigError {
    let keys = SETTINGS.iter().map(|setting| setting.key.to_owned()).chain(["kafka".to_owned()]);
    let remedy = "remove it; settings of librdkafka belong under [kafka]";
    ConfigError::new(place, "no such key", meant(key, keys).unwrap_or_else(|| remedy.to_owned()))
}

fn unknown_variable(name: &str) -> ConfigError {
    let known = SETTINGS.iter().map(Setting::variable).chain([FILE_VARIABLE.to_owned()]);
    let remedy = meant(name, known).unwrap_or_else(|| "unset it".to_owned());
    ConfigError::new(name, "no such variable", remedy)
}

/// What was meant, if something known is close enough.
fn meant(word: &str, known: impl Iterator<Item = String>) -> Option<String> {
    crate::shell::closest(word, known).map(|close| format!("did you mean `{close}`?"))
}

/// Fills in what depends on other keys, and checks what must go together.
fn finish(draft: Draft, variables: &BTreeMap<String, String>) -> Result<Config, ConfigError> {
    let mut config = draft.config;
    config.topics = Topics::under(&config.prefix);
    for (role, name) in draft.topics {
        *config.topics.name_mut(role) = name;
    }
    config.group = draft.group.unwrap_or_else(|| format!("{}router", config.prefix));
    let host = variables.get("HOSTNAME").cloned().or_else(|| fs::read_to_string("/etc/hostname").ok());
    let named = draft.router_id.or_else(|| config.instance_id.clone());
    config.router_id = named.or_else(|| host.as_deref().and_then(as_id)).unwrap_or(config.router_id);
    all_different(&config.topics)?;
    let needs_registry = [
        (
            config.output == OutputFormat::Confluent,
            "schemas.output",
            "orders in the Confluent format need a registry",
        ),
        (
            config.registry.auth_file.is_some(),
            "schemas.registry_auth_file",
            "there is no registry to show it to",
        ),
    ];
    let unmet = needs_registry.iter().find(|(is_set, ..)| *is_set && config.registry.urls.is_empty());
    if let Some((_, key, fault)) = unmet {
        let place = draft.places.get(key).map_or(*key, String::as_str);
        return Err(ConfigError::new(place, *fault, "name one in `schemas.registry`"));
    }
    Ok(config)
}

/// As much of a host's name as an id may hold.
fn as_id(host: &str) -> Option<String> {
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || "_.:-".contains(*letter);
    let id: String = host.trim().chars().filter(allowed).take(crate::core::ids::ID_LEN_MAX).collect();
    (!id.is_empty()).then_some(id)
}

/// Two roles on one topic would read each other's records as malformed, or cut each other's trail.
fn all_different(topics: &Topics) -> Result<(), ConfigError> {
    for (index, role) in Role::ALL.iter().enumerate() {
        if let Some(other) =
            Role::ALL[index + 1..].iter().find(|other| topics.name(**other) == topics.name(*role))
        {
            let fault = format!("is the name of {} and of {}", role.name(), other.name());
            let place = format!("topic {}", topics.name(*role));
            return Err(ConfigError::new(place, fault, "give each its own under [topics]"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(
        file: &str,
        variables: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> (Sources, tempfile::NamedTempFile) {
        let path = tempfile::NamedTempFile::new().unwrap();
        fs::write(path.path(), file).unwrap();
        let flag =
            |(key, value): &(&'static str, &str)| Flag { name: "--flag", key, value: (*value).to_owned() };
        let sources = Sources {
            file: Some(path.path().to_owned()),
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            flags: flags.iter().map(flag).collect(),
        };
        (sources, path)
    }

    fn load_all(
        file: &str,
        variables: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> Result<Config, ConfigError> {
        load(&sources(file, variables, flags).0)
    }

    #[test]
    fn flags_are_over_variables_over_the_file_over_defaults() {
        let file = "bootstrap = 'file:1'\nprefix = 'file.'\ngroup = 'file'\n";
        let variables = [("ONEFILL_BOOTSTRAP", "variable:1"), ("ONEFILL_PREFIX", "variable.")];
        let config = load_all(file, &variables, &[("bootstrap", "flag:1")]).unwrap();
        assert_eq!((config.bootstrap.as_str(), config.prefix.as_str()), ("flag:1", "variable."));
        assert_eq!((config.group.as_str(), config.session_timeout_ms), ("file", 10_000));
        assert_eq!(config.topics.audit, "variable.audit");
    }

    #[test]
    fn what_init_makes_has_its_variables() {
        let variables = [("ONEFILL_PARTITIONS", "5"), ("ONEFILL_REPLICATION", "4")];
        let made = |flags: &[(&'static str, &str)]| {
            let config = load_all("", &variables, flags).unwrap();
            (config.partitions, config.replication)
        };
        assert_eq!(made(&[]), (Some(5), Some(4)));
        assert_eq!(made(&[("partitions", "6")]), (Some(6), Some(4)));
        let error = load_all("", &[("ONEFILL_PARTITIONS", "many")], &[]).unwrap_err();
        assert_eq!(error.to_string(), "ONEFILL_PARTITIONS: `many` is no whole number");
    }

    #[test]
    fn the_group_and_the_topics_follow_the_prefix() {
        let config = load_all("prefix = 'eu.'\n[topics]\norders = 'street'", &[], &[]).unwrap();
        assert_eq!(config.group, "eu.router");
        assert_eq!((config.topics.orders.as_str(), config.topics.intents.as_str()), ("street", "eu.intents"));
    }

    #[test]
    fn an_unknown_key_names_the_file_and_the_closest_known_one() {
        let (sources, file) = sources("[decide]\nmax_intent_age = 5\n", &[], &[]);
        let error = load(&sources).unwrap_err();
        assert_eq!(error.source_of_it, format!("{}: decide.max_intent_age", file.path().display()));
        assert_eq!(error.remedy, "did you mean `decide.max_intent_age_ms`?");
    }

    #[test]
    fn an_unknown_variable_is_an_error_unless_kubernetes_made_it() {
        let error = load_all("", &[("ONEFILL_BOTSTRAP", "a:1")], &[]).unwrap_err();
        assert_eq!(error.source_of_it, "ONEFILL_BOTSTRAP");
        assert_eq!(error.remedy, "did you mean `ONEFILL_BOOTSTRAP`?");
        let links = [
            ("ONEFILL_PORT", "tcp://10.0.0.1:80"),
            ("ONEFILL_KAFKA_SERVICE_HOST", "10.0.0.1"),
            ("ONEFILL_SERVICE_PORT_HTTP", "80"),
            ("ONEFILL_PORT_80_TCP_ADDR", "10.0.0.1"),
        ];
        assert!(load_all("", &links, &[]).is_ok());
    }

    #[test]
    fn dotted_names_under_kafka_are_librdkafkas() {
        let file = "[kafka]\nclient.id = 'desk'\n'fetch.min.bytes' = 10\nsocket.keepalive.enable = true\n";
        let config = load_all(file, &[("ONEFILL_KAFKA_CLIENT_RACK", "b")], &[]).unwrap();
        for (key, value) in [
            ("client.id", "desk"),
            ("fetch.min.bytes", "10"),
            ("socket.keepalive.enable", "true"),
            ("client.rack", "b"),
        ] {
            assert_eq!(config.kafka.value(key), Some(value));
        }
    }

    #[test]
    fn a_secret_is_taken_from_a_variable_and_not_from_the_file() {
        let secret = [("ONEFILL_KAFKA_SASL_PASSWORD", "hunter2")];
        let config = load_all("", &secret, &[]).unwrap();
        assert_eq!(config.kafka.value("sasl.password"), Some("hunter2"));
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(load_all("[kafka]\nsasl.password = 'hunter2'", &[], &[]).is_err());
    }

    #[test]
    fn a_file_that_is_no_toml_names_the_place_and_repeats_no_line() {
        let (sources, file) = sources("dev = true\n[kafka]\nsasl.password = 'hunter2\n", &[], &[]);
        let error = load(&sources).unwrap_err();
        assert_eq!(error.source_of_it, file.path().display().to_string());
        assert!(error.fault.starts_with("line 3, column 25 is no TOML: "), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }

    #[test]
    fn a_bad_value_names_its_place() {
        for (file, place) in [
            ("batch.records = 0", "batch.records"),
            ("http = 'nowhere'", "http"),
            ("dev = 'perhaps'", "dev"),
            ("session_timeout_ms = 10", "session_timeout_ms"),
            ("prefix = 'a b'", "prefix"),
            ("topics.audit = 'x'\ntopics.orders = 'x'", "topic x"),
            ("bootstrap = ", "TOML"),
            ("dev = 1979-05-27", "dev"),
        ] {
            let error = load_all(file, &[], &[]).unwrap_err();
            assert!(format!("{error} {}", error.remedy).contains(place), "{file}: {error}");
        }
    }

    #[test]
    fn a_router_is_named_by_itself_its_instance_or_its_host() {
        let host = ("HOSTNAME", "node 7");
        assert_eq!(load_all("", &[host], &[]).unwrap().router_id, "node7");
        assert_eq!(load_all("instance_id = 'i-1'", &[host], &[]).unwrap().router_id, "i-1");
        assert_eq!(load_all("instance_id = 'i-1'\nrouter_id = 'r'", &[host], &[]).unwrap().router_id, "r");
    }

    #[test]
    fn orders_in_the_confluent_format_need_a_registry() {
        let error = load_all("", &[("ONEFILL_SCHEMAS_OUTPUT", "confluent")], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ONEFILL_SCHEMAS_OUTPUT: orders in the Confluent format need a registry"
        );
        let registry = [("ONEFILL_SCHEMAS_REGISTRY", "http://registry:8081")];
        let config = load_all("[schemas]\noutput = 'confluent'\n", &registry, &[]).unwrap();
        assert_eq!(config.output, OutputFormat::Confluent);
        assert!(load_all("[schemas]\noutput = 'avro'\n", &registry, &[]).is_err());
        let error = load_all("[schemas]\nregistry_auth_file = '/secret'\n", &[], &[]).unwrap_err();
        assert!(error.source_of_it.ends_with(": schemas.registry_auth_file"), "{error}");
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let sources = Sources { file: Some("/nowhere/onefill.toml".into()), ..Sources::default() };
        assert!(load(&sources).unwrap_err().to_string().contains("/nowhere/onefill.toml"));
    }
}
