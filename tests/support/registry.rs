//! A schema registry as far as anybody asks it: `GET /schemas/ids/{id}`, by HTTP, on a port of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

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

/// A connection that breaks off is its client's concern.
fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let (status, body) = answer(&head, &mut state.lock().expect("nobody panicked"));
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn answer(head: &[String], state: &mut State) -> (u16, String) {
    state.asked.push(head.join("\n"));
    if let Some(status) = state.ill {
        return (status, json!({"error_code": 50_001, "message": "ill"}).to_string());
    }
    let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let id = target.strip_prefix("/schemas/ids/").and_then(|id| id.parse::<u32>().ok());
    match id.map(|id| state.schemas.get(&id)) {
        Some(Some(schema)) => (200, json!({"schema": schema}).to_string()),
        Some(None) => (404, json!({"error_code": 40_403, "message": "Schema not found"}).to_string()),
        None => (404, json!({"error_code": 404, "message": "HTTP 404 Not Found"}).to_string()),
    }
}
