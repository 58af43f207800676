//! Who is not let in, or does not trust the broker: a status, a sentence that says what to do, and no secret.

use std::path::PathBuf;
use std::process::Command;

use crate::authority::Authority;
use crate::loud::{Expected, expect};
use crate::reader::eventually;
use crate::router::Router;
use crate::secured::{CONNECTIONS, PASSWORD, Secured, locked, login, mutual, nameless};

const WRONG: &str = "tomorrow-another-secret";

/// What a router says before it ends, whose files make no client.
const UNMADE: &[Expected] = &[expect(
    "waiting for Kafka: a client cannot be made: ",
    "files that may be renewed just now are read again for a while",
)];

/// What a command is told.
struct Told {
    dir: tempfile::TempDir,
    address: String,
}

impl Told {
    /// With all that librdkafka can say, so that nothing of what is secret is in any of it.
    fn of(listener: &str, kafka: &str) -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("target/tmp can be written");
        let text = format!("log = \"trace\"\n[kafka]\ndebug = \"all\"\n{kafka}");
        std::fs::write(dir.path().join("onefill.toml"), text).expect("a configuration");
        Self { dir, address: Secured::shared().cluster.address_of(listener) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onefill"));
        command.args(arguments).args(["--bootstrap", &self.address, "--prefix", "refused.", "--dev"]);
        command.arg("--config").arg(self.dir.path().join("onefill.toml")).env("ONEFILL_LOG_FORMAT", "text");
        command
    }

    /// Its exit status and all that it says, when it ends by itself, as it must.
    fn call(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let done = self.command(arguments).output().expect("the binary can be run");
        (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    }

    /// The same of a router.
    fn run(&self) -> (Option<i32>, String) {
        let router = Router::start(self.command(&["run", "--http", "127.0.0.1:0"]), self.log());
        let mut router = router.saying(CONNECTIONS).saying(UNMADE);
        (router.exited("by itself").code(), router.log())
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("router.log")
    }
}

/// Every command ends with status 1, and says all of this, the first time that it is called.
fn is_refused(listener: &str, kafka: &str, said: &[&str]) {
    let told = Told::of(listener, kafka);
    let ends = |what: &str, (status, text): (Option<i32>, String)| {
        let ending = text.lines().rev().take(5).collect::<Vec<_>>();
        assert_eq!(status, Some(1), "{what}: {ending:?}");
        assert!([WRONG, PASSWORD].iter().all(|secret| !text.contains(secret)), "{what} tells no secret");
        let text = format!("\n{text}");
        let (_, error) = text.rsplit_once("\nerror: ").expect("it says why it ends");
        assert!(said.iter().all(|words| error.contains(words)), "{what} says {said:?}: {error}");
    };
    ["init", "check"].iter().for_each(|command| ends(command, told.call(&[command])));
    ends("run", told.run());
}

#[test]
fn a_wrong_password_is_refused_by_each_mechanism() {
    let secured = Secured::shared();
    let wrong = secured.password_file("wrong", WRONG);
    for mechanism in ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] {
        let kafka = login(mechanism, &wrong, &secured.authority.certificate());
        is_refused("login", &kafka, &["do not trust each other", "uthentication failed", "sasl.username"]);
    }
}

#[test]
fn a_broker_that_another_authority_signed_is_not_trusted() {
    let secured = Secured::shared();
    let stranger = Authority::new(&secured.cluster.dir().join("stranger"));
    let right = secured.password_file("right", PASSWORD);
    let said = ["do not trust each other", "certificate verify failed", "ssl.ca.location"];
    is_refused("login", &login("SCRAM-SHA-512", &right, &stranger.certificate()), &said);
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    let authority = Secured::shared().authority.certificate();
    is_refused("mutual", &nameless(&authority), &["do not trust each other", "ssl.certificate.location"]);
}

#[test]
fn a_client_whose_certificate_another_authority_signed_is_refused() {
    let secured = Secured::shared();
    let stranger = Authority::new(&secured.cluster.dir().join("strangers-client"));
    let own = stranger.sign("router", "10 years");
    let kafka = mutual(&own, &secured.authority.certificate());
    is_refused("mutual", &kafka, &["do not trust each other", "ssl.certificate.location"]);
}

#[test]
fn a_key_is_not_opened_by_a_wrong_password_nor_without_one() {
    let secured = Secured::shared();
    let own = secured.authority.lock(&secured.authority.sign("closed", "10 years"), PASSWORD);
    let (wrong, authority) =
        (secured.password_file("wrong-key-password", WRONG), secured.authority.certificate());
    for kafka in [locked(&own, &wrong, &authority), mutual(&own, &authority)] {
        is_refused(
            "mutual",
            &kafka,
            &["a client cannot be made", "ssl.key.location", "ssl.key.password.file"],
        );
    }
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let secured = Secured::shared();
    let own = secured.authority.sign("expired", "1 second");
    let kafka = mutual(&own, &secured.authority.certificate());
    let told = Told::of("mutual", &kafka);
    eventually("the certificate has expired", || (told.call(&["check"]).0 == Some(1)).then_some(()));
    is_refused("mutual", &kafka, &["do not trust each other", "has not expired"]);
}

#[test]
fn plain_text_to_a_secured_listener_is_refused_and_does_not_hang() {
    let told = Told::of("login", "");
    let (status, text) = told.call(&["check"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("error: no broker answers at"), "{text}");
}
