//! When TLS to Kafka ends working: the end of the configured certificates.
//!
//! Files are read again when they have changed, for certificates are renewed while the process runs. A
//! keystore (PKCS #12) is not looked into.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use std::{fs, io};

use x509_cert::Certificate;

use crate::shell::config::KafkaSettings;

/// The certificates that librdkafka is told of.
pub(super) struct Certificates {
    /// What this process shows: every one of the chain must hold.
    own: Vec<Place>,
    /// Whom it trusts: one that holds is enough, and which of a bundle is needed is not known.
    trusted: Vec<Place>,
}

/// Where certificates stand.
enum Place {
    /// In the configuration.
    Text(String),
    /// In a file.
    File { path: PathBuf, read: Mutex<Option<Read>> },
}

/// What a file said, and when it was changed.
#[derive(Clone)]
struct Read {
    changed: SystemTime,
    ends: Vec<u64>,
}

impl Certificates {
    pub(super) fn of(settings: &KafkaSettings) -> Self {
        let file = |key: &str| {
            // `probe` is librdkafka's word for the system's own bundle.
            let path = settings.value(key).filter(|path| *path != "probe")?;
            Some(Place::File { path: path.into(), read: Mutex::default() })
        };
        let text = |key: &str| settings.value(key).map(|text| Place::Text(text.to_owned()));
        Self {
            own: [file("ssl.certificate.location"), text("ssl.certificate.pem")]
                .into_iter()
                .flatten()
                .collect(),
            trusted: [file("ssl.ca.location"), text("ssl.ca.pem")].into_iter().flatten().collect(),
        }
    }

    /// Unix time in seconds at which the first of our own, or the last of the trusted ones, expires.
    pub(super) fn end(&self) -> Option<u64> {
        let own = self.own.iter().flat_map(Place::ends).min();
        let trusted = self.trusted.iter().flat_map(Place::ends).max();
        own.into_iter().chain(trusted).min()
    }
}

impl Place {
    /// When each certificate here expires. What cannot be read is not known; librdkafka says so itself.
    fn ends(&self) -> Vec<u64> {
        match self {
            Self::Text(text) => ends(text.as_bytes()),
            Self::File { path, read } => {
                let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
                let known = |changed: &SystemTime| read.clone().filter(|read| read.changed == *changed);
                let now = changed.and_then(|changed| match known(&changed) {
                    Some(known) => Ok(known),
                    None => Ok::<_, io::Error>(Read { changed, ends: ends(&fs::read(path)?) }),
                });
                *read = now.inspect_err(|error| tracing::debug!("{}: {error}", path.display())).ok();
                read.as_ref().map(|read| read.ends.clone()).unwrap_or_default()
            }
        }
    }
}

fn ends(pem: &[u8]) -> Vec<u64> {
    let read = Certificate::load_pem_chain(pem);
    let chain = read.inspect_err(|error| tracing::debug!("a certificate cannot be read: {error}"));
    let end = |one: &Certificate| one.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    chain.unwrap_or_default().iter().map(end).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Made by `openssl req -x509 -newkey ed25519 -nodes -subj /CN=soon`.
    pub const SOON: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBMjCB5aADAgECAhRHl41n3Mh4KX3dz4wtrKnZF3H2rjAFBgMrZXAwDzENMAsG\n\
A1UEAwwEc29vbjAeFw0yNjExMjYxNjA4MzlaFw0zNjExMjMxNjA4MzlaMA8xDTAL\n\
BgNVBAMMBHNvb24wKjAFBgMrZXADIQCsPZoZS3i3D47maz6CKhBc8vYhe4O9VpS0\n\
pYHnmxj6y6NTMFEwHQYDVR0OBBYEFMbnAQJ/DEuThvrc2NjX8mGCK890MB8GA1Ud\n\
IwQYMBaAFMbnAQJ/DEuThvrc2NjX8mGCK890MA8GA1UdEwEB/wQFMAMBAf8wBQYD\n\
K2VwA0EANbK7GVdNkd2qHigBO+MQbTLulAnTKuEfPmi8V7V5q96iWAxluuqt+h8X\n\
20zmLYLC3L4PtqTwbBB6r0kRw5SRBA==\n\
-----END CERTIFICATE-----\n\
";
    const SOON_ENDS: u64 = 2111069319;
    /// Made by `openssl req -x509 -newkey ed25519 -nodes -subj /CN=late`.
    pub const LATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBMjCB5aADAgECAhQZerMrEzcQcZMUnY0bGGIInKVFoDAFBgMrZXAwDzENMAsG\n\
A1UEAwwEbGF0ZTAeFw0yNjExMjYxNjA4MzlaFw00NjExMjExNjA4MzlaMA8xDTAL\n\
BgNVBAMMBGxhdGUwKjAFBgMrZXADIQBkIzD44+rcdn9Z2kDre6cXtlH7PcHdVqYy\n\
8pBCF6kEDKNTMFEwHQYDVR0OBBYEFK6mIPGNLavIgJnkRaTj2TmviqOxMB8GA1Ud\n\
IwQYMBaAFK6mIPGNLavIgJnkRaTj2TmviqOxMA8GA1UdEwEB/wQFMAMBAf8wBQYD\n\
K2VwA0EARaNUOWpXUwKBSsc9x6DfXHq4sbUAaUPgHIasv687X3iofKndeu7n4Wae\n\
VtoWrVMmURLQqotEsTto70NP2PD4Dw==\n\
-----END CERTIFICATE-----\n\
";
    const LATE_ENDS: u64 = 2426429319;

    fn texts(texts: &[&str]) -> Vec<Place> {
        texts.iter().map(|text| Place::Text((*text).to_owned())).collect()
    }

    #[test]
    fn the_first_of_our_own_ends_it_or_the_last_of_the_trusted() {
        let end =
            |own: &[&str], trusted: &[&str]| Certificates { own: texts(own), trusted: texts(trusted) }.end();
        let both = format!("{LATE}{SOON}");
        assert_eq!(end(&[], &[]), None);
        assert_eq!(end(&[LATE], &[]), Some(LATE_ENDS));
        assert_eq!(end(&[&both], &[LATE]), Some(SOON_ENDS));
        assert_eq!(end(&[], &[&both]), Some(LATE_ENDS));
        assert_eq!(end(&[LATE], &[SOON]), Some(SOON_ENDS));
        assert_eq!(end(&["no certificate"], &[]), None);
    }

    #[test]
    fn a_certificate_that_was_renewed_is_read_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let place = Place::File { path: file.path().to_owned(), read: Mutex::default() };
        let certificates = Certificates { own: vec![place], trusted: Vec::new() };
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
        fs::write(file.path(), SOON).unwrap();
        file.as_file().set_modified(long_ago).unwrap();
        assert_eq!([certificates.end(), certificates.end()], [Some(SOON_ENDS); 2]);
        fs::write(file.path(), LATE).unwrap();
        assert_eq!(certificates.end(), Some(LATE_ENDS));
        drop(file);
        assert_eq!(certificates.end(), None);
    }
}
