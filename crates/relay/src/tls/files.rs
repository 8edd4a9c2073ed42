//! A certificate from files, read again when they change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tracing::{error, info};

use super::{certified, expiry, unusable};
use crate::error::RelayError;
use crate::limits::CERTIFICATE_CHECK;

/// The certificate in use, with the files it came from.
#[derive(Debug)]
pub(crate) struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    /// What they were like then.
    read_at: Stamp,
    pub(super) current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// The certificate in these files.
    pub(super) fn read(cert: PathBuf, key: PathBuf) -> Result<Arc<Self>, RelayError> {
        // Before they are read, so that a change in between is not missed.
        let read_at = stamp(&cert, &key);
        let current = RwLock::new(Arc::new(read(&cert, &key)?));
        Ok(Arc::new(Self {
            cert,
            key,
            read_at,
            current,
        }))
    }

    /// The file clients may trust it by.
    pub(super) fn path(&self) -> &Path {
        &self.cert
    }

    /// When it ends, in seconds since 1970.
    pub(super) fn expires_at(&self) -> Option<i64> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        expiry(current.cert.first()?)
    }

    /// Looks at the files for ever and takes a changed certificate into use. A bad one is told
    /// of and left; connections go on with the last good one.
    pub(crate) async fn keep_fresh(self: Arc<Self>) {
        let mut seen = self.read_at;
        let mut look = tokio::time::interval(CERTIFICATE_CHECK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let now = stamp(&self.cert, &self.key);
            if now == seen {
                continue;
            }
            seen = now;
            match read(&self.cert, &self.key) {
                Ok(fresh) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
                    info!(file = %self.cert.display(), "the certificate was read again");
                }
                Err(error) => {
                    error!(%error, "the changed certificate can't be used; the last one stays");
                }
            }
        }
    }
}

/// What of two files shows that they have changed: their times, and their sizes, since the clock
/// of a file system can be too coarse for a file that is written in pieces.
type Stamp = [Option<(SystemTime, u64)>; 2];

fn stamp(cert: &Path, key: &Path) -> Stamp {
    [cert, key].map(|path| {
        let file = fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len()))
    })
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(
            self.current
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
    }
}

fn read(cert: &Path, key: &Path) -> Result<CertifiedKey, RelayError> {
    let text = |path: &Path| fs::read(path).map_err(|error| unusable(path, error));
    let (chain, private) = (text(cert)?, text(key)?);
    certified(&chain, &private)
        .map_err(|(of_key, cause)| unusable(if of_key { key } else { cert }, cause))
}
