//! A byte stream to the relay: TCP, then the environment's proxy, then TLS.
//!
//! Knows nothing of websockets; `link` and `probe` speak over what it returns.

pub(crate) mod proxy;
mod stream;
pub(crate) mod tcp;
pub(crate) mod tls;

use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::CertificateDer;
use tokio_rustls::TlsConnector;

pub(crate) use self::stream::Stream;
use crate::limits::{RELAY_CONNECT, RELAY_UPGRADE};
use crate::{ConfigError, LinkError, RelayUrl};

/// Makes connections to one relay.
#[derive(Clone)]
pub(crate) struct Dialer {
    relay: RelayUrl,
    tls: Option<TlsConnector>,
    proxies: Arc<Matcher>,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer")
            .field("relay", &self.relay)
            .finish()
    }
}

impl Dialer {
    /// Reads the certificates to trust and the proxies to use, once.
    pub(crate) fn new(
        relay: RelayUrl,
        relay_ca: Option<&[CertificateDer<'static>]>,
    ) -> Result<Self, ConfigError> {
        let tls = match (relay.is_tls(), relay_ca) {
            (false, _) => None,
            (true, Some(certificates)) => Some(tls::trusting(certificates)?),
            (true, None) => Some(tls::trusting_system().map_err(ConfigError::SystemRoots)?),
        };
        Ok(Self {
            relay,
            tls,
            proxies: Arc::new(Matcher::from_env()),
        })
    }

    /// A connection over which HTTP can be spoken with the relay.
    pub(crate) async fn connect(&self) -> Result<Stream, LinkError> {
        let stream = match proxy::for_relay(&self.proxies, &self.relay) {
            Some(proxy) => proxy.tunnel(&self.relay).await?,
            None => tcp::connect(self.relay.host(), self.relay.port(), RELAY_CONNECT)
                .await
                .map_err(|error| error.into_link(self.relay.host(), &self.address()))?
                .into(),
        };
        let Some(connector) = &self.tls else {
            return Ok(stream);
        };
        let secure = tls::connect(connector, self.relay.host(), stream);
        match tokio::time::timeout(RELAY_UPGRADE, secure).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(tls::link_error(error, self.address())),
            Err(_) => Err(LinkError::HandshakeTimedOut {
                address: self.address(),
                after: RELAY_UPGRADE,
            }),
        }
    }

    /// Host and port of the relay, for messages.
    pub(crate) fn address(&self) -> String {
        self.relay.host_and_port()
    }

    /// The fault of an address where something else answers.
    pub(crate) fn not_a_relay(&self, status: Option<u16>) -> LinkError {
        LinkError::NotARelay {
            address: self.address(),
            status,
        }
    }

    /// The relay.
    pub(crate) fn relay(&self) -> &RelayUrl {
        &self.relay
    }
}

#[cfg(test)]
mod tests;
