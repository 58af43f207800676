//! A certificate authority, by the command line of OpenSSL: what an operator would do, and none of onefill's code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

const CONFIGURATION: &str = "\
[ca]
default_ca = it
[it]
database = index.txt
serial = serial
new_certs_dir = .
private_key = ca.key
certificate = ca.crt
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
";

/// Who signs certificates.
pub struct Authority {
    dir: PathBuf,
    /// Its records are files, which one may write at a time.
    records: Mutex<()>,
}

/// A certificate and its key, as PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// A new one, with all that it signs in this folder.
    pub fn new(dir: &Path) -> Self {
        fs::create_dir_all(dir).expect("a folder");
        let it = Self { dir: dir.to_owned(), records: Mutex::new(()) };
        for (file, text) in [("ca.cnf", CONFIGURATION), ("index.txt", ""), ("serial", "01\n")] {
            fs::write(dir.join(file), text).expect("a file");
        }
        it.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=authority -keyout ca.key -out ca.crt");
        it
    }

    /// Its own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.dir.join("ca.crt")
    }

    /// A certificate for this name, at 127.0.0.1, that lives as long as `date` understands: `30 seconds`.
    pub fn sign(&self, name: &str, lives: &str) -> Identity {
        let _alone = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        self.openssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} \
             -addext subjectAltName=IP:127.0.0.1 -keyout {name}.key -out {name}.csr"
        ));
        let end = Command::new("date").args(["-u", "-d", lives, "+%Y%m%d%H%M%SZ"]).output().expect("a date");
        let end = String::from_utf8(end.stdout).expect("a date in ASCII");
        self.openssl(&format!(
            "ca -batch -notext -config ca.cnf -in {name}.csr -out {name}.crt -startdate 20200101000000Z -enddate {}",
            end.trim()
        ));
        let at = |ending: &str| self.dir.join(format!("{name}.{ending}"));
        Identity { certificate: at("crt"), key: at("key") }
    }

    /// The same certificate, and its key behind a password.
    pub fn lock(&self, identity: &Identity, password: &str) -> Identity {
        let (key, locked) = (&identity.key, identity.key.with_extension("locked.key"));
        let (from, to) = (key.display(), locked.display());
        self.openssl(&format!("pkcs8 -topk8 -v2 aes-256-cbc -in {from} -out {to} -passout pass:{password}"));
        Identity { certificate: identity.certificate.clone(), key: locked }
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        let done = command.args(arguments.split_whitespace()).current_dir(&self.dir).output();
        let done = done.expect("there is an openssl (Debian: apt-get install openssl)");
        assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Identity {
    /// Both in one file, as brokers take it.
    pub fn keystore(&self, path: &Path) {
        let read = |path: &Path| fs::read_to_string(path).expect("a file in PEM");
        replace(path, &[read(&self.key), read(&self.certificate)].concat());
    }

    /// Puts both where they are looked for: the key first, so that for a moment they do not fit.
    pub fn install(&self, place: &Identity) {
        for (from, to) in [(&self.key, &place.key), (&self.certificate, &place.certificate)] {
            replace(to, &fs::read_to_string(from).expect("a file in PEM"));
        }
    }
}

/// A file with other contents, at once.
pub fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).expect("a file");
    fs::rename(beside, path).expect("the file is replaced");
}
