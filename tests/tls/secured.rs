//! A broker behind TLS: one listener that asks for a password, one that asks for a certificate, and the plain one by
//! which the tests themselves look at topics.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::authority::{Authority, Identity};
use crate::broker::Cluster;
use crate::loud::{Expected, expect};
use crate::world::{Place, World};

/// What is said of connections that one side refuses, or that end while they are being made.
pub const CONNECTIONS: &[Expected] = &[
    expect("facility=\"FAIL\"", "each connection that comes to nothing is named"),
    expect("do not trust each other", "a router says why it waits, before it ends"),
    expect("are not used yet", "what the brokers do not take is said, once"),
];

/// Who the router is, and how it proves it.
pub const USER: &str = "router";
pub const PASSWORD: &str = "correct-horse-battery-staple";

const MODULES: &str = "org.apache.kafka.common.security";

/// The broker, and who signed it and its clients.
pub struct Secured {
    pub cluster: Cluster,
    pub authority: Authority,
}

impl Secured {
    /// The one that tests share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Secured> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// One for a test alone, with further lines of its configuration.
    pub fn start(lines: &[&str]) -> Self {
        let mut signer = None;
        let cluster = Cluster::start_told(1, |dir| {
            let authority = signer.insert(Authority::new(&dir.join("authority")));
            authority.sign("broker", "10 years").keystore(&keystore(dir));
            let lines =
                configuration(dir, authority).into_iter().chain(lines.iter().map(|line| (*line).to_owned()));
            let set = lines.flat_map(|line| ["--set".to_owned(), line]);
            let listeners = ["LOGIN:SASL_SSL", "MUTUAL:SSL"].map(str::to_owned);
            listeners.into_iter().flat_map(|one| ["--listener".to_owned(), one]).chain(set).collect()
        });
        let it = Self { cluster, authority: signer.expect("it was made") };
        it.set_password(PASSWORD);
        it
    }

    /// Gives the router another password, by mechanism one after the other, as Kafka has it.
    pub fn set_password(&self, password: &str) {
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            self.alter("users", USER, &format!("{mechanism}=[password={password}]"));
        }
    }

    /// Lets the broker show another certificate from its next start on.
    pub fn renew_broker(&self) {
        self.authority.sign("broker-renewed", "10 years").keystore(&keystore(self.cluster.dir()));
    }

    fn alter(&self, kind: &str, name: &str, setting: &str) {
        let at = ["kafka-configs.sh", "--bootstrap-server", self.cluster.bootstrap()];
        let what = ["--alter", "--entity-type", kind, "--entity-name", name, "--add-config", setting];
        self.cluster.tool(&[&at[..], &what].concat());
    }

    /// A world whose routers and commands come by this listener, told so much of `[kafka]`.
    pub fn world(&self, name: &str, listener: &str, kafka: String) -> World {
        World::made_on(self.place(listener, kafka), name, 1, &[])
    }

    pub fn place(&self, listener: &str, kafka: String) -> Place {
        let (bootstrap, routers) = (self.cluster.bootstrap().to_owned(), self.cluster.address_of(listener));
        Place { bootstrap, routers, dev: true, kafka }
    }

    /// A file with this password.
    pub fn password_file(&self, name: &str, password: &str) -> PathBuf {
        let path = self.cluster.dir().join(name);
        crate::authority::replace(&path, &format!("{password}\n"));
        path
    }
}

/// The settings for a user and a password behind TLS.
pub fn login(mechanism: &str, password: &Path, authority: &Path) -> String {
    format!(
        "security.protocol = \"SASL_SSL\"\nsasl.mechanism = \"{mechanism}\"\nsasl.username = \"{USER}\"\n\
         sasl.password.file = {password:?}\nssl.ca.location = {authority:?}\n"
    )
}

/// The settings for TLS in which both sides show a certificate.
pub fn mutual(own: &Identity, authority: &Path) -> String {
    format!(
        "{}ssl.certificate.location = {:?}\nssl.key.location = {:?}\n",
        nameless(authority),
        own.certificate,
        own.key
    )
}

/// The same, for a key whose password is in this file.
pub fn locked(own: &Identity, password: &Path, authority: &Path) -> String {
    format!("{}ssl.key.password.file = {password:?}\n", mutual(own, authority))
}

/// The settings for TLS in which only the broker shows one.
pub fn nameless(authority: &Path) -> String {
    format!("security.protocol = \"SSL\"\nssl.ca.location = {authority:?}\n")
}

fn keystore(dir: &Path) -> PathBuf {
    dir.join("broker.pem")
}

/// What the broker is told of its listeners.
fn configuration(dir: &Path, authority: &Authority) -> Vec<String> {
    let scram = format!("{MODULES}.scram.ScramLoginModule required;");
    let of_all = ["login", "mutual"].iter().flat_map(|listener| {
        [
            format!("listener.name.{listener}.ssl.keystore.type=PEM"),
            format!("listener.name.{listener}.ssl.keystore.location={}", keystore(dir).display()),
            format!("listener.name.{listener}.ssl.truststore.type=PEM"),
            format!("listener.name.{listener}.ssl.truststore.location={}", authority.certificate().display()),
        ]
    });
    let own = [
        "listener.name.mutual.ssl.client.auth=required".to_owned(),
        "listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512".to_owned(),
        format!("listener.name.login.scram-sha-256.sasl.jaas.config={scram}"),
        format!("listener.name.login.scram-sha-512.sasl.jaas.config={scram}"),
        format!(
            "listener.name.login.plain.sasl.jaas.config={MODULES}.plain.PlainLoginModule required \
             user_{USER}=\"{PASSWORD}\";"
        ),
    ];
    of_all.chain(own).collect()
}
