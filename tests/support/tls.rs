//! TLS as a client of a relay, where a story wants a say in it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::wait::{DEADLINE, within};

/// How to speak TLS with one relay.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    roots: RootCertStore,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<Vec<u8>>,
    name: Option<String>,
}

impl Tls {
    /// With every version, trusting the certificates in this file.
    pub(crate) fn trusting(ca: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        Self {
            roots,
            versions: ALL_VERSIONS.to_vec(),
            protocols: Vec::new(),
            name: None,
        }
    }

    /// With this version alone.
    pub(crate) fn version(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    /// Asking for this name instead of the address.
    pub(crate) fn called(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Offering these protocols by ALPN.
    pub(crate) fn offering(mut self, protocols: &[&str]) -> Self {
        self.protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_owned())
            .collect();
        self
    }

    /// Connects, or says why that can't be.
    pub(crate) async fn connect(&self, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = self.protocols.clone();
        let tcp = TcpStream::connect(address).await?;
        let name = match &self.name {
            Some(name) => ServerName::try_from(name.clone()).unwrap(),
            None => ServerName::from(address.ip()),
        };
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        within("a TLS handshake", DEADLINE, connecting).await
    }
}
