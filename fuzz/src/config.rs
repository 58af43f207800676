//! The configuration: whatever stands in file, variables and flags gives a configuration, or an error that a person
//! can act on; and no secret is ever repeated.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use arbitrary::{Arbitrary, Unstructured};
use onefill::shell::config::{Config, ConfigError, Flag, Sources, load};
use onefill::shell::topics::Role;

/// What nobody may see again. It is in no key, and libFuzzer does not find it by chance.
const SECRET: &str = "Tr0ub4dor&3-hunter2";

/// Keys that a variable or a flag may set, and some that none may.
const KEYS: &[&str] = &[
    "bootstrap",
    "prefix",
    "dev",
    "log",
    "group",
    "http",
    "instance_id",
    "router_id",
    "session_timeout_ms",
    "exit_on_halt",
    "transaction_timeout_ms",
    "topics.audit",
    "topics.orders",
    "decide.skew_ms",
    "batch.records",
    "batch.bytes",
    "batch.time_ms",
    "schemas.extra",
    "schemas.output",
    "schemas.registry",
    "schemas.registry_auth_file",
    "kafka.client.id",
    "kafka.linger.ms",
    "kafka.acks",
    "kafka.debug",
    "kafka.sasl.mechanism",
    "kafka.security.protocol",
    "nothing",
];

/// librdkafka's secrets, as they stand under `kafka.`.
const SECRETS: &[&str] = &[
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// How a secret comes in.
#[derive(Arbitrary, Debug)]
enum Place {
    Variable,
    /// Where it does not belong: a line of the file, well formed or not.
    Line {
        closed: bool,
    },
    /// The same under a name that is none, or in a variable that is none.
    Misspelt {
        variable: bool,
    },
    File,
}

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    secret: Option<(Place, u8)>,
    variables: Vec<(u8, &'a str)>,
    flags: Vec<(u8, &'a str)>,
    file: &'a str,
}

/// Files of this process, in the folder for what is temporary.
struct Scratch {
    config: PathBuf,
    secret: PathBuf,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

impl Scratch {
    fn new() -> Self {
        let folder = std::env::temp_dir();
        let path = |what: &str| folder.join(format!("onefill-fuzz-{}-{what}", std::process::id()));
        let scratch = Self { config: path("config.toml"), secret: path("secret") };
        fs::write(&scratch.secret, format!("{SECRET}\n"))
            .expect("the folder for what is temporary is writable");
        scratch
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for path in [&self.config, &self.secret] {
            // It may have been removed by whoever cleans that folder.
            let _ = fs::remove_file(path);
        }
    }
}

/// A configuration, layer by layer.
pub fn check(data: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) else { return };
    SCRATCH.with_borrow(|scratch| check_case(scratch, &case));
}

fn check_case(scratch: &Scratch, case: &Case<'_>) {
    let mut sources = sources(scratch, case);
    let mut file = case.file.to_owned();
    if let Some((place, which)) = &case.secret {
        let name = SECRETS[usize::from(*which) % SECRETS.len()];
        put(scratch, place, name, &mut sources, &mut file);
    }
    fs::write(&scratch.config, &file).expect("the folder for what is temporary is writable");
    match load(&sources) {
        Ok(config) => assert_is_usable(&config),
        Err(error) => assert_can_be_mended(&error, &scratch.config),
    }
}

fn sources(scratch: &Scratch, case: &Case<'_>) -> Sources {
    let key = |index: &u8| KEYS[usize::from(*index) % KEYS.len()];
    let variable = |(index, value): &(u8, &str)| {
        (format!("ONEFILL_{}", key(index).to_uppercase().replace('.', "_")), (*value).to_owned())
    };
    let flag =
        |(index, value): &(u8, &str)| Flag { name: "--flag", key: key(index), value: (*value).to_owned() };
    Sources {
        file: Some(scratch.config.clone()),
        variables: case.variables.iter().map(variable).collect::<BTreeMap<_, _>>(),
        flags: case.flags.iter().map(flag).collect(),
    }
}

fn put(scratch: &Scratch, place: &Place, name: &str, sources: &mut Sources, file: &mut String) {
    // A line is one only where no string of several lines is open.
    if matches!(place, Place::Line { .. } | Place::Misspelt { .. }) && file.parse::<toml::Table>().is_err() {
        file.clear();
    }
    let variable = format!("ONEFILL_KAFKA_{}", name.to_uppercase().replace('.', "_"));
    match place {
        Place::Variable => drop(sources.variables.insert(variable, SECRET.to_owned())),
        Place::Line { closed } => {
            let end = if *closed { "'" } else { "" };
            file.push_str(&format!("\n[kafka]\n{name} = '{SECRET}{end}\n"));
        }
        Place::Misspelt { variable: true } => {
            sources.variables.insert(format!("{variable}S"), SECRET.to_owned());
        }
        Place::Misspelt { variable: false } => {
            file.push_str(&format!("\n[kafka]\n{name}s = '{SECRET}'\n"));
        }
        Place::File => file.push_str(&format!("\n[kafka]\n{name}.file = '{}'\n", scratch.secret.display())),
    }
}

fn assert_is_usable(config: &Config) {
    let shown = format!("{config:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(!config.group.is_empty() && !config.router_id.is_empty(), "{shown}");
    let names: BTreeSet<_> = Role::ALL.iter().map(|role| config.topics.name(*role)).collect();
    assert_eq!(names.len(), Role::ALL.len(), "{shown}");
}

/// It says where, what, and what to do.
fn assert_can_be_mended(error: &ConfigError, file: &std::path::Path) {
    let said = format!("{error}\n{}\n{error:?}", error.remedy);
    assert!(!said.contains(SECRET), "{said}");
    assert!(!error.fault.trim().is_empty() && !error.remedy.trim().is_empty(), "{said}");
    let place = &error.source_of_it;
    let known = place.starts_with(&*file.to_string_lossy())
        || place.starts_with("ONEFILL_")
        || place.starts_with("topic ")
        || place == "--flag";
    assert!(known, "{place} is no place");
}
