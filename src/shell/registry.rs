//! A schema registry, asked by HTTP what an id of the Confluent format stands for.
//!
//! `GET /schemas/ids/{id}` of Confluent's API, and where orders are written in that format
//! `POST /subjects/{subject}/versions`, which other registries answer too. What it says for certain is an answer, that
//! it has no such schema among them; everything else, a proxy's error say, is none.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fmt, fs};

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

use super::config::RegistrySettings;
use crate::wire::schema::{Registry, Unregistered};

/// How long one registry may take to answer.
const REQUEST_MAX: Duration = Duration::from_secs(3);
/// Longest answer, in bytes.
const ANSWER_LEN_MAX: u64 = 4 * 1024 * 1024;
/// The media type of its API.
const CONTENT: &str = "application/vnd.schemaregistry.v1+json";
/// What the registry's API calls a schema that it does not have.
const SCHEMA_NOT_FOUND: u64 = 40_403;

/// A registry at one or several addresses, which are asked in turn until one answers.
#[derive(Debug)]
pub(super) struct HttpRegistry {
    agent: Agent,
    urls: Vec<String>,
    /// Which of them has answered last: the first to be asked.
    answered: AtomicUsize,
    auth_file: Option<PathBuf>,
}

impl HttpRegistry {
    pub(super) fn new(settings: &RegistrySettings) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(REQUEST_MAX))
            .http_status_as_error(false)
            .max_redirects(0)
            // As brokers are: reached directly.
            .proxy(None)
            .user_agent(concat!("onefill/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "tls")]
        let config = config.tls_config(system_tls());
        let agent = config.build();
        let RegistrySettings { urls, auth_file } = settings.clone();
        Self { agent: agent.into(), urls, answered: AtomicUsize::new(0), auth_file }
    }

    /// `Basic …`, read anew for each request, for passwords are renewed.
    fn authorization(&self) -> Result<Option<String>, String> {
        let Some(path) = &self.auth_file else { return Ok(None) };
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        match text.trim_end_matches(['\r', '\n']) {
            credentials if credentials.contains(':') => {
                Ok(Some(format!("Basic {}", Base64::encode_string(credentials.as_bytes()))))
            }
            _ => Err(format!("{} holds no USER:PASSWORD", path.display())),
        }
    }

    /// What the first address says that says something: to a POST of this body, or to a GET. One that has not got a
    /// schema may only be behind the others: all must say so.
    fn ask<T>(
        &self,
        path: &str,
        posted: Option<&str>,
        read: impl Fn(u16, &[u8]) -> Result<T, Unregistered>,
    ) -> Result<T, Unregistered> {
        let (mut unsaid, first) = (Vec::new(), self.answered.load(Ordering::Relaxed));
        for at in (first..self.urls.len()).chain(0..first) {
            let url = &self.urls[at];
            let answer = self.request(&format!("{url}{path}"), posted);
            match answer.map(|(status, body)| read(status, &body)) {
                Ok(Err(Unregistered::Unsaid(why))) | Err(why) => unsaid.push(format!("{url}: {why}")),
                Ok(Err(Unregistered::Absent)) => {}
                Ok(said) => {
                    self.answered.store(at, Ordering::Relaxed);
                    return said;
                }
            }
        }
        Err(if unsaid.is_empty() { Unregistered::Absent } else { Unregistered::Unsaid(unsaid.join("; ")) })
    }

    /// Status and body of the answer to one request.
    fn request(&self, url: &str, posted: Option<&str>) -> Result<(u16, Vec<u8>), String> {
        let mut request = Request::builder().uri(url).header("accept", CONTENT);
        if let Some(authorization) = self.authorization()? {
            request = request.header("authorization", authorization);
        }
        let answered = match posted {
            None => self.agent.run(request.body(()).map_err(in_words)?),
            Some(body) => {
                let request = request.method("POST").header("content-type", CONTENT);
                self.agent.run(request.body(body).map_err(in_words)?)
            }
        };
        let mut response = answered.map_err(in_words)?;
        let body = response.body_mut().with_config().limit(ANSWER_LEN_MAX).read_to_vec();
        Ok((response.status().as_u16(), body.map_err(in_words)?))
    }
}

fn in_words(error: impl fmt::Display) -> String {
    error.to_string()
}

/// By OpenSSL, with the authorities of the system, or of `SSL_CERT_FILE`.
#[cfg(feature = "tls")]
fn system_tls() -> ureq::tls::TlsConfig {
    use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
    let config = TlsConfig::builder().provider(TlsProvider::NativeTls);
    config.root_certs(RootCerts::PlatformVerifier).build()
}

impl Registry for HttpRegistry {
    fn schema(&self, id: u32) -> Result<String, Unregistered> {
        self.ask(&format!("/schemas/ids/{id}"), None, read)
    }

    fn register(&self, subject: &str, schema: &str) -> Result<u32, Unregistered> {
        let posted = json!({ "schema": schema }).to_string();
        self.ask(&format!("/subjects/{subject}/versions"), Some(&posted), read_id)
    }

    fn reach(&self) -> Result<(), Unregistered> {
        // Of a registry that has rights, anybody may ask this; one that does not know the question answers too.
        self.ask("/schemas/types", None, |status, _| match status {
            401 | 407 | 500.. => Err(silent(status)),
            _ => Ok(()),
        })
    }
}

/// The id that a schema was registered by.
fn read_id(status: u16, body: &[u8]) -> Result<u32, Unregistered> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    // Ids have 31 bits.
    let id = answer["id"].as_u64().and_then(|id| i32::try_from(id).ok()).filter(|_| status == 200);
    let why = answer["message"].as_str().unwrap_or("no id");
    id.map(i32::unsigned_abs)
        .ok_or_else(|| Unregistered::Unsaid(format!("answered with HTTP status {status}: {why}")))
}

/// What an answer says of an id.
fn read(status: u16, body: &[u8]) -> Result<String, Unregistered> {
    let no_use = |why: &str| Err(Unregistered::NoUse(why.to_owned()));
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let is_absent = status == 404 && answer["error_code"].as_u64() == Some(SCHEMA_NOT_FOUND);
    let has_references = answer["references"].as_array().is_some_and(|references| !references.is_empty());
    match (status, &answer["schema"], &answer["schemaType"]) {
        (200, Value::String(_), Value::String(kind)) if kind != "AVRO" => {
            no_use(&format!("is no Avro schema, but of type {kind:?}"))
        }
        (200, Value::String(_), _) if has_references => {
            no_use("refers to other schemas: the published ones are self-contained")
        }
        (200, Value::String(schema), _) => Ok(schema.clone()),
        _ if is_absent => Err(Unregistered::Absent),
        _ => Err(silent(status)),
    }
}

/// An answer that is none.
fn silent(status: u16) -> Unregistered {
    Unregistered::Unsaid(format!("answered with HTTP status {status}, and no schema"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn no_use(why: &str) -> Result<String, Unregistered> {
        Err(Unregistered::NoUse(why.to_owned()))
    }

    #[test]
    fn what_is_certain_is_told_from_what_is_not_known() {
        let said = |status, body: &str| read(status, body.as_bytes());
        assert_eq!(said(200, r#"{"schema":"\"int\""}"#), Ok("\"int\"".to_owned()));
        assert_eq!(
            said(200, r#"{"schema":"\"int\"","schemaType":"AVRO","references":[]}"#),
            Ok("\"int\"".to_owned())
        );
        assert_eq!(
            said(200, r#"{"schema":"{}","schemaType":"JSON"}"#),
            no_use("is no Avro schema, but of type \"JSON\"")
        );
        assert_eq!(
            said(200, r#"{"schema":"{}","references":[{"name":"a"}]}"#),
            no_use("refers to other schemas: the published ones are self-contained")
        );
        assert_eq!(
            said(404, r#"{"error_code":40403,"message":"Schema not found"}"#),
            Err(Unregistered::Absent)
        );
        // Not the registry's own word: a wrong path, somebody in between, a login.
        for (status, body) in [
            (404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#),
            (404, "<html>"),
            (200, "<html>"),
            (200, r#"{"schema":7}"#),
            (401, r#"{"error_code":401,"message":"Unauthorized"}"#),
            (500, r#"{"error_code":40403}"#),
            (503, ""),
        ] {
            let unsaid = format!("answered with HTTP status {status}, and no schema");
            assert_eq!(said(status, body), Err(Unregistered::Unsaid(unsaid)), "{body}");
        }
    }

    #[test]
    fn who_does_not_answer_has_said_nothing() {
        // Nobody listens on port 1.
        let urls = vec!["http://127.0.0.1:1".to_owned(), "http://127.0.0.1:1/second".to_owned()];
        let asked = HttpRegistry::new(&RegistrySettings { urls, auth_file: None }).schema(7);
        let Err(Unregistered::Unsaid(why)) = asked else { panic!("{asked:?}") };
        assert!(why.contains("http://127.0.0.1:1: ") && why.contains("http://127.0.0.1:1/second: "), "{why}");
    }

    /// An address that always gives this answer.
    fn serving(status: u16, body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head = BufReader::new(&stream).lines().map_while(Result::ok);
                assert!(head.take_while(|line| !line.is_empty()).count() > 1);
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        address
    }

    /// A registry that follows another may be behind it: one that has a schema is believed, absence is only all of theirs.
    #[test]
    fn all_addresses_must_say_that_there_is_none() {
        const ABSENT: (u16, &str) = (404, r#"{"error_code":40403}"#);
        const THERE: (u16, &str) = (200, r#"{"schema":"\"int\""}"#);
        const ILL: (u16, &str) = (503, "");
        const OTHER: (u16, &str) = (200, r#"{"schema":"{}","schemaType":"JSON"}"#);
        let asked = |answers: &[(u16, &'static str)]| {
            let urls = answers.iter().map(|(status, body)| serving(*status, body)).collect();
            let registry = HttpRegistry::new(&RegistrySettings { urls, auth_file: None });
            let said = [registry.schema(7), registry.schema(7)];
            assert_eq!(said[0].is_ok(), said[1].is_ok());
            (said[0].clone(), registry.answered.into_inner())
        };
        let int = Ok("\"int\"".to_owned());
        assert_eq!(asked(&[ABSENT, THERE]), (int.clone(), 1));
        assert_eq!(asked(&[ILL, ABSENT, THERE]), (int.clone(), 2));
        assert_eq!(asked(&[THERE, ILL]), (int, 0));
        assert_eq!(asked(&[ABSENT, ABSENT]), (Err(Unregistered::Absent), 0));
        assert!(matches!(asked(&[ABSENT, ILL]), (Err(Unregistered::Unsaid(_)), 0)));
        assert!(matches!(asked(&[ILL, OTHER]), (Err(Unregistered::NoUse(_)), 1)));
    }

    #[test]
    fn a_registry_that_does_not_know_the_question_answers() {
        let reached = |statuses: &[u16]| {
            let urls = statuses.iter().map(|status| serving(*status, "[]")).collect();
            HttpRegistry::new(&RegistrySettings { urls, auth_file: None }).reach().is_ok()
        };
        assert!(reached(&[200]) && reached(&[404]) && reached(&[403]) && reached(&[503, 200]));
        assert!(!reached(&[401]) && !reached(&[500]) && !reached(&[502, 503]));
    }

    #[test]
    fn an_id_is_given_or_the_registry_says_why_not() {
        assert_eq!(read_id(200, br#"{"id":7}"#), Ok(7));
        let unsaid = |status, why: &str| {
            Err(Unregistered::Unsaid(format!("answered with HTTP status {status}: {why}")))
        };
        let incompatible = br#"{"error_code":409,"message":"Schema being registered is incompatible"}"#;
        assert_eq!(read_id(409, incompatible), unsaid(409, "Schema being registered is incompatible"));
        assert_eq!(read_id(200, br#"{"id":-1}"#), unsaid(200, "no id"));
        assert_eq!(read_id(200, br#"{"id":2147483648}"#), unsaid(200, "no id"));
        assert_eq!(read_id(500, br#"{"id":7}"#), unsaid(500, "no id"));
        assert_eq!(read_id(502, b"<html>"), unsaid(502, "no id"));
    }

    #[test]
    fn credentials_are_read_for_each_request_and_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let settings = RegistrySettings { urls: vec![], auth_file: Some(file.path().to_owned()) };
        let registry = HttpRegistry::new(&settings);
        let refused = registry.authorization().unwrap_err();
        assert_eq!(refused, format!("{} holds no USER:PASSWORD", file.path().display()));
        fs::write(file.path(), "desk:hunter2\n").unwrap();
        assert_eq!(registry.authorization(), Ok(Some("Basic ZGVzazpodW50ZXIy".to_owned())));
        assert!(!format!("{registry:?}").contains("hunter2"));
        fs::remove_file(file.path()).unwrap();
        assert!(registry.authorization().unwrap_err().contains("No such file"));
    }
}
