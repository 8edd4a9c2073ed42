//! The relay's certificate: made here or read from files, and read again when they change.
//!
//! TLS 1.2 and 1.3 with the hybrid post-quantum key exchange first, as rustls orders it.

mod self_signed;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use tracing::{error, info};

use crate::config::{Config, Tls};
use crate::error::RelayError;
use crate::limits::CERTIFICATE_CHECK;

/// The certificate in use, with the files it came from.
#[derive(Debug)]
pub(crate) struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    /// What they were like then.
    read_at: Stamp,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// The certificate this configuration asks for; none if TLS is off.
    pub(crate) fn load(config: &Config) -> Result<Option<Arc<Self>>, RelayError> {
        let (cert, key) = match &config.tls {
            Tls::Off => return Ok(None),
            Tls::SelfSigned => self_signed::ensure(&config.data, &names(config))?,
            Tls::Files { cert, key } => (cert.clone(), key.clone()),
        };
        // Before they are read, so that a change in between is not missed.
        let read_at = stamp(&cert, &key);
        let current = RwLock::new(Arc::new(read(&cert, &key)?));
        Ok(Some(Arc::new(Self {
            cert,
            key,
            read_at,
            current,
        })))
    }

    /// The file clients may trust it by.
    pub(crate) fn path(&self) -> &Path {
        &self.cert
    }

    /// What turns a TCP connection into a TLS one.
    pub(crate) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, RelayError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&self.cert, error))?;
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
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

/// What clients and senders may call this relay.
fn names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if let Some(domain) = &config.domain {
        names.extend([domain.clone(), format!("*.{domain}")]);
    }
    let listen = config.listen.ip();
    if !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    let public = config
        .public_url
        .as_deref()
        .and_then(|url| url.parse::<http::Uri>().ok());
    if let Some(host) = public.as_ref().and_then(http::Uri::host) {
        names.push(host.trim_matches(['[', ']']).to_owned());
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn read(cert: &Path, key: &Path) -> Result<CertifiedKey, RelayError> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(cert, error))?;
    if chain.is_empty() {
        return Err(unusable(cert, "there is no certificate in it"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
    let certified = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider());
    certified.map_err(|error| unusable(cert, error))
}

fn unusable(path: &Path, cause: impl std::fmt::Display) -> RelayError {
    RelayError::Certificate {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

#[cfg(test)]
mod tests;
