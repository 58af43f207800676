use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use super::*;
use crate::core::control::Scope;
use crate::core::entry::{Body, Cursors, Decision, Entry, Input, RawRecord, Ruling};
use crate::core::halt::{Halt, HaltCode};
use crate::core::ids::Digest;
use crate::core::lane::Stage;
use crate::core::ledger::usage::Measured;
use crate::core::time::Time;
use crate::core::verdict::Verdict;
use crate::shell::config::{Config, HTTP_DEFAULT};
use crate::shell::metrics::laps::Laps;
use crate::shell::metrics::tally::Tally;
use crate::shell::risk::tests::half_used;
use crate::shell::status::{Backlog, Holdings, LagView};
use crate::wire::schema::Schemas;

fn shared() -> Arc<Shared> {
    let config = Config { http: SocketAddr::from(([127, 0, 0, 1], 0)), ..Config::default() };
    Arc::new(Shared::new(config, Schemas::compiled()))
}

/// Status code, headers, body.
fn ask(server: &Server, path: &str) -> (u16, String, String) {
    ask_by("GET", server, path)
}

/// The same, by any method.
fn ask_by(method: &str, server: &Server, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, head.to_lowercase(), body.to_owned())
}

/// The part of JSON Schema that the published schema uses, and stricter: every field is described.
fn check(schema: &Value, value: &Value, at: &str) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        one => one == kind,
    };
    assert!(allowed, "{at} is of type {kind}");
    if let Value::Array(symbols) = &schema["enum"] {
        assert!(symbols.contains(value), "{at} is {value}");
    }
    if let Value::Array(items) = value {
        items.iter().for_each(|item| check(&schema["items"], item, &format!("{at}[]")));
    }
    let Value::Object(fields) = value else { return };
    for name in schema["required"].as_array().unwrap() {
        assert!(fields.contains_key(name.as_str().unwrap()), "{at} has no {name}");
    }
    for (name, field) in fields {
        let described = &schema["properties"][name];
        assert!(described.is_object(), "{at}.{name} is not described");
        check(described, field, &format!("{at}.{name}"));
    }
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../schemas/status.schema.json")).unwrap()
}

/// A batch with one intent that could not be read has committed.
fn decide_one(shared: &Shared) {
    let raw = RawRecord { key: None, sha256: Digest::of(b"") };
    let input = Input { topic: "t", partition: 3, offset: 7, timestamp: Time(0) };
    let ruling = Ruling::Malformed { raw, detail: "short".into() };
    let mut tally = Tally::default();
    tally.entry(&Entry {
        seq: 41,
        prev: Digest::ZERO,
        as_of: Cursors::default(),
        decided_at: Time(9),
        limits_version: -1,
        body: Body::Decision(Decision { input, ruling }),
    });
    shared.metrics.committed(&tally, &Laps::start(), Time(9));
}

#[test]
fn the_schema_knows_every_symbol() {
    let schema = schema();
    let lane = &schema["properties"]["lanes"]["items"]["properties"];
    let symbols = |field: &str| -> Vec<String> {
        let symbols = lane[field]["enum"].as_array().unwrap().iter();
        symbols.filter_map(|symbol| symbol.as_str().map(str::to_owned)).collect()
    };
    assert_eq!(symbols("stage"), Stage::ALL.iter().map(|stage| stage.name()).collect::<Vec<_>>());
    let risk = &lane["risk"]["properties"];
    let row = |table: &str, field: &str| risk[table]["items"]["properties"][field]["enum"].clone();
    let names = |all: &[&str]| serde_json::to_value(all).unwrap();
    let fields: Vec<_> = Measured::ALL.iter().map(|field| field.name()).collect();
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    assert_eq!((row("limits", "field"), row("states", "scope")), (names(&fields), names(&scopes)));
    let verdicts = &schema["properties"]["decisions"]["items"]["properties"]["verdict"]["enum"];
    assert_eq!(*verdicts, names(&Verdict::ALL.iter().map(|verdict| verdict.name()).collect::<Vec<_>>()));
    assert_eq!(symbols("halt"), HaltCode::ALL.iter().map(|code| code.name()).collect::<Vec<_>>());
}

#[test]
fn the_status_is_what_its_schema_says() {
    let shared = shared();
    let server = Server::start(Arc::clone(&shared)).unwrap();
    let (code, head, body) = ask(&server, "/status");
    assert_eq!(code, 200);
    assert!(head.contains("content-type: application/json"), "{head}");
    let empty: Value = serde_json::from_str(&body).unwrap();
    check(&schema(), &empty, "status");
    assert_eq!(empty["lanes"], Value::Array(Vec::new()));

    shared.status.begin(0);
    shared.status.begin(3);
    shared.status.halt(0, &Halt::new(HaltCode::InputLost, "the log starts at 9"));
    shared.status.enter(3, Stage::Running);
    shared.status.stand(3, 42, Cursors { intents: 7, executions: 8, control: 9 }, Default::default());
    shared.status.hold_intents(3, Some("control cannot be read".to_owned()));
    let lag = Some(LagView { intents: 1, executions: 0 });
    shared.status.observe(3, Backlog { lag, blocked: Some(vec!["intents"]), ..Backlog::default() });
    shared.status.hold(3, Holdings::default(), half_used());
    decide_one(&shared);
    let full: Value = serde_json::from_str(&ask(&server, "/status").2).unwrap();
    check(&schema(), &full, "status");
    assert_eq!(full["lanes"][0]["halt"], "INPUT_LOST");
    assert_eq!(full["decisions"][0]["reason"], "MALFORMED_INTENT");
    assert_eq!(full["decisions"][0]["seq"], 41);
    assert!(full["lanes"][0]["remedy"].as_str().unwrap().contains("1. "), "{full}");
    assert_eq!(full["lanes"][1]["remedy"], Value::Null);
    assert_eq!(full["lanes"][0]["lag"], Value::Null);
    assert_eq!(full["lanes"][0]["intents_held"], Value::Null);
    assert_eq!(full["lanes"][1]["intents_held"], "control cannot be read");
    assert_eq!(full["lanes"][0]["risk"], Value::Null);
    assert_eq!(full["lanes"][1]["risk"]["limits"][0]["ratio"], 0.5);
    assert_eq!(full["lanes"][1]["risk"]["states"][0]["holder"], "anomaly-3-7");
    assert_eq!(full["lanes"][1]["seq"], 42);
    assert_eq!(full["lanes"][1]["cursors"]["executions"], 8);
    assert_eq!(full["lanes"][1]["lag"]["intents"], 1);
    assert_eq!(full["lanes"][1]["input_blocked"][0], "intents");
}

#[test]
fn ready_follows_the_lanes_and_alive_does_not() {
    let shared = shared();
    let server = Server::start(Arc::clone(&shared)).unwrap();
    assert_eq!(ask(&server, "/readyz").0, 503);
    shared.status.begin(0);
    shared.status.enter(0, Stage::Running);
    assert_eq!(ask(&server, "/readyz").0, 200);
    shared.status.halt(0, &Halt::new(HaltCode::ChainBroken, "entry 7"));
    let (code, _, body) = ask(&server, "/readyz");
    assert_eq!((code, body.as_str()), (503, "lane 0: HALTED CHAIN_BROKEN\n"));
    assert_eq!(ask(&server, "/livez").0, 200);
    assert_eq!(ask(&server, "/nowhere").0, 404);
}

#[test]
fn metrics_are_in_the_text_format() {
    let server = Server::start(shared()).unwrap();
    let (code, head, body) = ask(&server, "/metrics");
    assert_eq!(code, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(body.contains("\nonefill_assigned_lanes 0\n"), "{body}");
}

#[test]
fn whoever_asks_can_change_nothing() {
    let server = Server::start(shared()).unwrap();
    for path in ["/", "/metrics", "/livez", "/readyz", "/status"] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"] {
            assert_eq!(ask_by(method, &server, path).0, 405, "{method} {path}");
        }
        let (code, _, body) = ask_by("HEAD", &server, path);
        assert_eq!((code, body.as_str()), (ask(&server, path).0, ""), "HEAD {path}");
    }
}

#[test]
fn only_this_machine_may_ask_unless_something_else_was_said() {
    let address = Config::default().http;
    assert_eq!(address.to_string(), "127.0.0.1:9464");
    let server = Server::start(Arc::new(Shared::new(Config::default(), Schemas::compiled()))).unwrap();
    assert_eq!(server.address().ip(), address.ip());
}

#[test]
fn the_page_may_load_nothing_but_itself() {
    let server = Server::start(shared()).unwrap();
    let (code, head, body) = ask(&server, "/");
    assert_eq!(code, 200);
    assert!(head.contains("content-type: text/html"), "{head}");
    let policy = head.lines().find(|line| line.starts_with("content-security-policy: ")).unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(body.ends_with("</html>\n"), "it is whole");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let config = Config { http: address, ..Config::default() };
    let error = Server::start(Arc::new(Shared::new(config, Schemas::compiled()))).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn a_second_router_on_one_machine_gets_another_port_unless_one_was_chosen() {
    let servers = [(); 2].map(|()| {
        let config = Config { http: HTTP_DEFAULT, ..Config::default() };
        Server::start(Arc::new(Shared::new(config, Schemas::compiled()))).unwrap()
    });
    assert_ne!(servers[0].address(), servers[1].address());
    assert!(servers.iter().all(|server| server.address().ip().is_loopback()));
}

#[test]
fn it_stops_promptly_and_frees_its_port() {
    let server = Server::start(shared()).unwrap();
    let address = server.address();
    let idle = TcpStream::connect(address).unwrap();
    let began = std::time::Instant::now();
    drop(server);
    assert!(began.elapsed() < CLOSE_WAIT * 3);
    drop(idle);
    assert!(TcpStream::connect(address).is_err());
}
