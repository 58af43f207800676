//! Logins at brokers that have an authorizer: the name is the password.

use std::io::Write as _;

use rdkafka::ClientConfig;
use tempfile::NamedTempFile;

/// A user, and the configuration files by which onefill comes as him.
pub struct Login {
    name: String,
    bootstrap: String,
    config: NamedTempFile,
    _secret: NamedTempFile,
}

impl Login {
    /// A user of the brokers at this address.
    pub fn new(bootstrap: &str, name: &str) -> Self {
        let secret = file(name);
        let config = file(&format!(
            "[kafka]\n\"security.protocol\" = \"sasl_plaintext\"\n\"sasl.mechanism\" = \"PLAIN\"\n\
             \"sasl.username\" = \"{name}\"\n\"sasl.password.file\" = {:?}\n",
            secret.path()
        ));
        Self { name: name.to_owned(), bootstrap: bootstrap.to_owned(), config, _secret: secret }
    }

    /// As brokers know him.
    pub fn principal(&self) -> String {
        format!("User:{}", self.name)
    }

    /// The file that `--config` takes.
    pub fn config(&self) -> &str {
        self.config.path().to_str().expect("a path in UTF-8")
    }

    /// A client of his that has nothing to do with onefill.
    pub fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.bootstrap)
            .set("security.protocol", "sasl_plaintext")
            .set("sasl.mechanism", "PLAIN")
            .set("sasl.username", &self.name)
            .set("sasl.password", &self.name);
        client
    }
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a file");
    file.write_all(text.as_bytes()).expect("it can be written");
    file
}
