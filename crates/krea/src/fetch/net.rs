//! The system's resolver, and connections over TCP and TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::{Connector, Later, Resolver, Stream};
use crate::outgoing::tls;

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Later<'a, Vec<IpAddr>> {
        Box::pin(async move {
            let found = lookup_host((host, 443)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// TCP, and TLS that trusts the system's authorities.
#[derive(Clone)]
pub struct SystemConnector(TlsConnector);

impl SystemConnector {
    /// Reads the system's authorities.
    pub fn new() -> Result<Self, rustls::Error> {
        let mut config = tls(Vec::new())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl std::fmt::Debug for SystemConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemConnector")
    }
}

impl Connector for SystemConnector {
    fn connect<'a>(&'a self, to: SocketAddr, host: &'a str) -> Later<'a, Box<dyn Stream>> {
        Box::pin(async move {
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            let stream = TcpStream::connect(to).await?;
            stream.set_nodelay(true)?;
            let stream = self.0.connect(name, stream).await?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}
