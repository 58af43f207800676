//! A schema registry behind TLS: asked by what the system trusts, or `SSL_CERT_FILE` says, and by nobody else.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::authority::{Authority, Identity};
use crate::loud::expect;
use crate::reader::{Isolation, eventually};
use crate::records::{INTENT, new_intent};
use crate::world::World;

/// OpenSSL as a server of files, each of which is an answer of HTTP as it goes over the wire.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(dir: &Path, identity: &Identity) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let address = format!("127.0.0.1:{port}");
        let process = Command::new("openssl")
            .args(["s_server", "-HTTP", "-quiet", "-accept", &address])
            .arg("-cert")
            .arg(&identity.certificate)
            .arg("-key")
            .arg(&identity.key)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Self { process: process.expect("there is an openssl"), address };
        eventually("the registry listens", || TcpStream::connect(&server.address).ok());
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = (self.process.kill(), self.process.wait());
    }
}

#[test]
fn a_registry_is_asked_behind_tls_and_must_be_trusted() {
    let world = World::new("registry-tls", 1);
    let authority = Authority::new(&world.dir().join("authority"));
    let schemas = world.dir().join("schemas/ids");
    fs::create_dir_all(&schemas).expect("a folder");
    let said = json!({"schema": include_str!("../../schemas/OrderIntent.v1.avsc")}).to_string();
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}", said.len());
    fs::write(schemas.join("7"), answer).expect("a file");
    let server = Server::start(world.dir(), &authority.sign("registry", "10 years"));
    let registry = format!("https://{}", server.address);
    world.configure(&format!("[decide]\nmax_intent_age_ms = 0\n[schemas]\nregistry = {registry:?}\n"));
    let value = INTENT.encode_by(7, &new_intent("A1", "I1", "C1"));
    world.produce("intents", 0, Some(b"A1"), Some(&value));
    let waits = expect("waiting for the schema registry to say what its schema 7 is", "nobody trusts it");
    let stranger = world.router(&[]).saying(&[waits]);
    stranger.wait_logged("waiting for the schema registry to say what its schema 7 is: https://127.0.0.1:");
    assert!(stranger.log().contains("certificate verify failed"), "{}", stranger.log());
    stranger.end_cleanly();
    assert_eq!(world.read("orders", Isolation::Committed).len(), 0);
    let trusted = authority.certificate().display().to_string();
    let router = world.router_with("127.0.0.1:0", &[], &[("SSL_CERT_FILE", &trusted)]);
    world.wait_answered(&router);
    router.end_cleanly();
    assert_eq!(world.read("orders", Isolation::Committed).len(), 1);
}
