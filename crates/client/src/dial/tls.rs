//! TLS as a client: whom to trust, and what its errors mean.

mod anyone;

use std::io;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, InvalidMessage, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::TlsConnector;

use self::anyone::Anyone;
use super::Stream;
use crate::error::with_causes;
use crate::{ConfigError, LinkError};

/// Trusts these authorities (or these very certificates) and no others.
pub(crate) fn trusting(
    certificates: &[CertificateDer<'static>],
) -> Result<TlsConnector, ConfigError> {
    if certificates.is_empty() {
        return Err(ConfigError::RelayCaEmpty);
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots
            .add(certificate.clone())
            .map_err(ConfigError::RelayCa)?;
    }
    let config = builder()
        .map_err(ConfigError::RelayCa)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(connector(config))
}

/// Trusts what the system trusts.
pub(crate) fn trusting_system() -> Result<TlsConnector, rustls::Error> {
    let config = builder()?.with_platform_verifier()?.with_no_client_auth();
    Ok(connector(config))
}

/// Trusts any certificate: for an app of one's own with a certificate of one's own.
pub(crate) fn trusting_anyone() -> Result<TlsConnector, rustls::Error> {
    let config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone::new(provider())))
        .with_no_client_auth();
    Ok(connector(config))
}

/// Speaks TLS over a stream, with the name or address the other end must prove to be.
pub(crate) async fn connect(
    connector: &TlsConnector,
    host: &str,
    stream: Stream,
) -> io::Result<Stream> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let stream = connector.connect(name, stream).await?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// What is wrong with the other end's certificate, if that is why TLS failed.
pub(crate) fn mistrust(error: &io::Error) -> Option<String> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        error @ rustls::Error::InvalidCertificate(_) => Some(with_causes(error)),
        _ => None,
    }
}

/// The same about the relay.
pub(super) fn link_error(source: io::Error, address: String) -> LinkError {
    match mistrust(&source) {
        Some(cause) => LinkError::CertificateNotTrusted { cause },
        None if is_no_tls(&source) => LinkError::NotTls { address },
        None => LinkError::Tls { address, source },
    }
}

/// Whether what came back was not TLS at all: an HTTP server's complaint, usually.
fn is_no_tls(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(
        error,
        Some(rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
        ))
    )
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()
}

fn connector(mut config: ClientConfig) -> TlsConnector {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config).into()
}
