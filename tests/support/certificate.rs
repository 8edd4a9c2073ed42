//! Certificates made for a story, as files.

use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

/// A certificate that is its own authority, and its key.
#[derive(Debug)]
pub(crate) struct Certificate {
    folder: TempDir,
}

impl Certificate {
    /// For these names and addresses.
    pub(crate) fn of(names: &[&str]) -> Self {
        let certificate = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        certificate.renew(names);
        certificate
    }

    /// For a relay on loopback.
    pub(crate) fn of_loopback() -> Self {
        Self::of(&["127.0.0.1", "localhost"])
    }

    /// For a relay on loopback, and out of date since long ago.
    pub(crate) fn expired() -> Self {
        let certificate = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let mut params = params(&["127.0.0.1"]);
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        certificate.write(params);
        certificate
    }

    /// Puts another one in its place, with another key.
    pub(crate) fn renew(&self, names: &[&str]) {
        self.write(params(names));
    }

    /// Its PEM file, which is also what to trust it by.
    pub(crate) fn cert(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The PEM file of its key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn write(&self, params: CertificateParams) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        replace(&self.cert(), &certificate.pem());
        replace(&self.key(), &key.serialize_pem());
    }
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>(),
    )
    .unwrap()
}

/// As whoever renews certificates does: nobody reads half of one.
fn replace(path: &Path, text: &str) {
    let fresh = path.with_extension("fresh");
    std::fs::write(&fresh, text).unwrap();
    std::fs::rename(fresh, path).unwrap();
}
