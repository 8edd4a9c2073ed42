//! The relay's certificate: made here, read from files, or got by ACME, and kept fresh.
//!
//! TLS 1.2 and 1.3 with the hybrid post-quantum key exchange first, as rustls orders it.

mod acme;
mod files;
mod self_signed;

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

pub(crate) use self::acme::{ACME_ALPN, Acme, Challenges, check as check_authority};
use self::files::Certificate;
use crate::config::{Config, Tls};
use crate::error::RelayError;
use crate::own_address;

/// What the relay proves who it is by.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// A certificate in files, the relay's own or others.
    Files(Arc<Certificate>),
    /// One that a certificate authority gives, and renews.
    Acme(Arc<Acme>),
}

impl Identity {
    /// What this configuration asks for; none if TLS is off.
    pub(crate) fn load(config: &Config) -> Result<Option<Self>, RelayError> {
        let (cert, key) = match &config.tls {
            Tls::Off => return Ok(None),
            Tls::Acme(acme) => return Ok(Some(Self::Acme(Acme::new(acme, &config.data)?))),
            Tls::SelfSigned => self_signed::ensure(&config.data, &names(config))?,
            Tls::Files { cert, key } => (cert.clone(), key.clone()),
        };
        Certificate::read(cert, key).map(|files| Some(Self::Files(files)))
    }

    /// The file clients may trust it by, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Files(files) => Some(files.path()),
            Self::Acme(_) => None,
        }
    }

    /// When the certificate in use ends, in seconds since 1970; none if there is none yet.
    pub(crate) fn expires_at(&self) -> Option<i64> {
        match self {
            Self::Files(files) => files.expires_at(),
            Self::Acme(acme) => acme.expires_at(),
        }
    }

    /// Whether there is a certificate.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::Files(_) => true,
            Self::Acme(acme) => acme.expires_at().is_some(),
        }
    }

    /// Resolves once there is a certificate.
    pub(crate) async fn ready(self) {
        if let Self::Acme(acme) = self {
            acme.ready().await;
        }
    }

    /// What turns a TCP connection into a TLS one.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, RelayError> {
        let (resolver, alpn): (Arc<dyn ResolvesServerCert>, &[&[u8]]) = match self {
            Self::Files(files) => (files.clone(), &[b"h2", b"http/1.1"]),
            Self::Acme(acme) => (acme.clone(), &[b"h2", b"http/1.1", ACME_ALPN]),
        };
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(self.path().unwrap_or(Path::new("")), error))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Keeps it fresh, for ever: files are read again when they change, ACME renews.
    pub(crate) async fn keep_fresh(self) {
        match self {
            Self::Files(files) => files.keep_fresh().await,
            Self::Acme(acme) => acme.keep().await,
        }
    }
}

/// What clients and senders may call this relay.
fn names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if let Some(domain) = &config.domain {
        names.extend([domain.clone(), format!("*.{domain}")]);
    }
    // What is only guessed may change, and the certificate with it: not if there is another name.
    let is_named = config.domain.is_some() || config.public_url.is_some();
    if !(is_named && config.listen.ip().is_unspecified()) {
        names.push(own_address::told(config.listen).ip().to_string());
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

/// The chain and key in these PEM texts; or which is at fault (`true`: the key), and why.
fn certified(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, (bool, String)> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| (false, error.to_string()))?;
    if chain.is_empty() {
        return Err((false, "there is no certificate in it".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(key).map_err(|error| (true, error.to_string()))?;
    let certified = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider());
    certified.map_err(|error| (false, error.to_string()))
}

/// When a certificate ends, in seconds since 1970.
fn expiry(certificate: &CertificateDer<'_>) -> Option<i64> {
    validity(certificate).map(|[_, end]| end)
}

/// When a certificate begins and ends, in seconds since 1970.
fn validity(certificate: &CertificateDer<'_>) -> Option<[i64; 2]> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let validity = parsed.validity();
    Some([validity.not_before, validity.not_after].map(|time| time.timestamp()))
}

fn unusable(path: &Path, cause: impl std::fmt::Display) -> RelayError {
    RelayError::Certificate {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

#[cfg(test)]
mod tests;
