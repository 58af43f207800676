//! A schema registry as far as anybody asks it: `GET /schemas/ids/{id}` and `POST /subjects/{subject}/versions`, by
//! HTTP, on a port of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value as Json, json};

/// A registry; its thread ends with the process.
pub struct Registry {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    schemas: BTreeMap<u32, String>,
    /// It answers every request so, whatever was asked.
    ill: Option<u16>,
    /// The heads of all requests.
    asked: Vec<String>,
}

impl Registry {
    /// One that has no schema yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::<Mutex<State>>::default();
        let served = Arc::clone(&state);
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| serve(stream, &served)));
        Self { address, state }
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on this id has this schema.
    pub fn register(&self, id: u32, schema: &str) {
        self.state.lock().expect("nobody panicked").schemas.insert(id, schema.to_owned());
    }

    /// From now on it answers all requests with this status, or as it should.
    pub fn answer_all(&self, ill: Option<u16>) {
        self.state.lock().expect("nobody panicked").ill = ill;
    }

    /// The requests so far, with their headers.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().expect("nobody panicked").asked.clone()
    }
}

/// The least id that it gives by itself.
const FIRST_ID: u32 = 100;

/// A connection that breaks off is its client's concern.
fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(&stream);
    let lines = reader.by_ref().lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let length =
        head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut posted = Vec::new();
    let _ = reader.take(length.unwrap_or(0)).read_to_end(&mut posted);
    let (status, body) = answer(&head, &posted, &mut state.lock().expect("nobody panicked"));
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// The id of a schema that is registered here is its number, from 100 on.
fn answer(head: &[String], posted: &[u8], state: &mut State) -> (u16, String) {
    state.asked.push(head.join("\n"));
    if let Some(status) = state.ill {
        return (status, json!({"error_code": 50_001, "message": "ill"}).to_string());
    }
    let mut request = head.first().map(|line| line.split(' ')).into_iter().flatten();
    let (method, target) = (request.next(), request.next().unwrap_or_default());
    if method == Some("POST") && target.starts_with("/subjects/") && target.ends_with("-value/versions") {
        let posted: Json = serde_json::from_slice(posted).expect("JSON");
        let schema = posted["schema"].as_str().expect("a schema").to_owned();
        let known = state.schemas.iter().find(|(id, known)| **id >= FIRST_ID && **known == schema);
        let id = known.map_or(FIRST_ID + state.schemas.len() as u32, |(id, _)| *id);
        state.schemas.insert(id, schema);
        return (200, json!({"id": id}).to_string());
    }
    let id = target.strip_prefix("/schemas/ids/").and_then(|id| id.parse::<u32>().ok());
    match id.map(|id| state.schemas.get(&id)) {
        Some(Some(schema)) => (200, json!({"schema": schema}).to_string()),
        Some(None) => (404, json!({"error_code": 40_403, "message": "Schema not found"}).to_string()),
        None => (404, json!({"error_code": 404, "message": "HTTP 404 Not Found"}).to_string()),
    }
}
