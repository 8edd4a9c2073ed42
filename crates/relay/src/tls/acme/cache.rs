//! What of ACME outlives the process: the account's key and the certificate with its key, each a
//! file of the owner's alone, named by what it is for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_acme::{AccountCache, CertCache};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tracing::warn;

use super::Current;
use crate::error::RelayError;
use crate::tls::self_signed::write;

/// The folder of these files, and the certificate in use, which whatever passes here becomes.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: PathBuf,
    current: Arc<Current>,
}

/// A file that could not be read or written.
#[derive(Debug, Error)]
#[error(transparent)]
pub(super) struct CacheError(#[from] RelayError);

impl Cache {
    /// The folder `acme` in this one, made if it is absent.
    pub(super) fn new(data: &Path, current: Arc<Current>) -> Result<Self, RelayError> {
        let folder = data.join("acme");
        let made = fs::create_dir_all(&folder);
        made.map_err(|source| failed("make the folder", &folder, source))?;
        Ok(Self { folder, current })
    }

    /// The file of one kind for one directory and what else it is for.
    fn file(&self, kind: &str, names: &[String], directory: &str) -> PathBuf {
        let mut hash = Sha256::new();
        for part in names.iter().map(String::as_str).chain([directory]) {
            hash.update(part);
            hash.update([0]);
        }
        let hash: String = hash.finalize()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.folder.join(format!("{kind}-{hash}.pem"))
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> RelayError {
    RelayError::File {
        what,
        path: path.to_owned(),
        source,
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, CacheError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, error).into()),
    }
}

#[async_trait::async_trait]
impl CertCache for Cache {
    type EC = CacheError;

    async fn load_cert(
        &self,
        names: &[String],
        directory: &str,
    ) -> Result<Option<Vec<u8>>, CacheError> {
        let path = self.file("certificate", names, directory);
        let Some(pem) = read(&path)? else {
            return Ok(None);
        };
        match self.current.take(&pem) {
            Ok(()) => Ok(Some(pem)),
            Err(cause) => {
                warn!(file = %path.display(), %cause, "the certificate that was kept is of no use");
                Ok(None)
            }
        }
    }

    async fn store_cert(
        &self,
        names: &[String],
        directory: &str,
        pem: &[u8],
    ) -> Result<(), CacheError> {
        if let Err(cause) = self.current.take(pem) {
            warn!(%cause, "the new certificate is of no use");
        }
        Ok(write(&self.file("certificate", names, directory), pem)?)
    }
}

#[async_trait::async_trait]
impl AccountCache for Cache {
    type EA = CacheError;

    async fn load_account(
        &self,
        contact: &[String],
        directory: &str,
    ) -> Result<Option<Vec<u8>>, CacheError> {
        read(
            &self
                .file("account", contact, directory)
                .with_extension("key"),
        )
    }

    async fn store_account(
        &self,
        contact: &[String],
        directory: &str,
        key: &[u8],
    ) -> Result<(), CacheError> {
        Ok(write(
            &self
                .file("account", contact, directory)
                .with_extension("key"),
            key,
        )?)
    }
}
