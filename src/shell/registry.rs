//! A schema registry, asked by HTTP what an id of the Confluent format stands for.
//!
//! `GET /schemas/ids/{id}` of Confluent's API, which other registries answer too. What it says for certain is an
//! answer, that it has no such schema among them; everything else, a proxy's error say, is none.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use serde_json::Value;
use ureq::Agent;

use super::config::RegistrySettings;
use crate::wire::schema::{Registry, Unregistered};

/// How long one registry may take to answer.
const REQUEST_MAX: Duration = Duration::from_secs(3);
/// Longest answer, in bytes.
const ANSWER_LEN_MAX: u64 = 4 * 1024 * 1024;
/// What the registry's API calls a schema that it does not have.
const SCHEMA_NOT_FOUND: u64 = 40_403;

/// A registry at one or several addresses, which are asked in turn until one answers.
#[derive(Debug)]
pub(super) struct HttpRegistry {
    agent: Agent,
    urls: Vec<String>,
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
        Self { agent: agent.into(), urls, auth_file }
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

    /// Status and body of the answer to one request.
    fn get(&self, url: &str) -> Result<(u16, Vec<u8>), String> {
        let mut request =
            self.agent.get(url).header("accept", "application/vnd.schemaregistry.v1+json, application/json");
        if let Some(authorization) = self.authorization()? {
            request = request.header("authorization", authorization);
        }
        let mut response = request.call().map_err(|error| error.to_string())?;
        let body = response.body_mut().with_config().limit(ANSWER_LEN_MAX).read_to_vec();
        Ok((response.status().as_u16(), body.map_err(|error| error.to_string())?))
    }
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
        let mut unsaid = Vec::new();
        for url in &self.urls {
            match self.get(&format!("{url}/schemas/ids/{id}")).map(|(status, body)| read(status, &body)) {
                Ok(Err(Unregistered::Unsaid(why))) | Err(why) => unsaid.push(format!("{url}: {why}")),
                Ok(said) => return said,
            }
        }
        Err(Unregistered::Unsaid(unsaid.join("; ")))
    }
}

/// What an answer says.
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
        _ if is_absent => no_use("is unknown to it"),
        _ => Err(Unregistered::Unsaid(format!("answered with HTTP status {status}, and no schema"))),
    }
}

#[cfg(test)]
mod tests {
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
            no_use("is unknown to it")
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
