//! What every connection of a running relay shares.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use http::StatusCode;
use kreel_wire::inert::inert;
use kreel_wire::{DeliveryId, TunnelName};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::admission::Admission;
use crate::answers::AnswerRoom;
use crate::config::Access;
use crate::metrics::Metrics;
use crate::proxies::Proxies;
use crate::refusals::Refusals;
use crate::store::Store;
use crate::tls::Identity;
use crate::tunnels::Tunnels;

/// The relay's state, one for all connections.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) tunnels: Tunnels,
    /// Who is let in; holds the limits in force.
    pub(crate) admission: Arc<Admission>,
    pub(crate) address: PublicAddress,
    /// Whose tunnels there may be.
    pub(crate) access: Access,
    /// The proxies that say who the sender is.
    pub(crate) proxies: Proxies,
    /// What is measured, if anybody may look.
    pub(crate) metrics: Option<Metrics>,
    /// Memory for answers whose senders read slowly.
    pub(crate) answers: AnswerRoom,
    /// What is told of those who are refused.
    pub(crate) refusals: Refusals,
    /// The tasks that serve connections.
    pub(crate) connections: TaskTracker,
    /// The certificate, unless TLS is off.
    pub(crate) certificate: Option<Identity>,
    /// Bytes of bodies held in memory while their senders wait.
    pub(crate) retained_bytes: Arc<AtomicUsize>,
    /// The tasks that serve links.
    pub(crate) links: TaskTracker,
    /// Cancelled when the relay begins to stop.
    pub(crate) stopping: CancellationToken,
}

impl Shared {
    /// Counts something that was refused.
    pub(crate) fn count_refused(&self, reason: &'static str) {
        if let Some(metrics) = &self.metrics {
            metrics.refused(reason);
        }
    }

    /// Counts and tells of a connection that was refused, or ended for what came on it.
    pub(crate) fn refused(&self, reason: &'static str, address: IpAddr, why: &dyn Display) {
        self.count_refused(reason);
        if self.refusals.is_told() {
            info!(reason, sender = %address, why = %inert(&why.to_string()), "a connection was refused");
        }
    }

    /// Counts and tells of a request that waits on disk, since its address has enough with the
    /// client.
    pub(crate) fn held_back(&self, address: IpAddr, request: DeliveryId) {
        let reason = "requests_of_address";
        self.count_refused(reason);
        if self.refusals.is_told() {
            info!(%request, reason, sender = %address, "a request waits on disk");
        }
    }

    /// Counts and tells of a request that was refused.
    pub(crate) fn refused_request(
        &self,
        reason: &'static str,
        address: IpAddr,
        request: DeliveryId,
        status: StatusCode,
    ) {
        self.count_refused(reason);
        if self.refusals.is_told() {
            let status = status.as_u16();
            info!(%request, reason, status, sender = %address, "a request was refused");
        }
    }
}

/// The addresses this relay announces.
#[derive(Debug, Clone)]
pub(crate) struct PublicAddress {
    /// Without a slash at its end: `https://relay.example`.
    pub(crate) base: String,
    /// Whether nobody has said so.
    pub(crate) is_guessed: bool,
    /// The domain whose subdomains are tunnels.
    pub(crate) domain: Option<String>,
    /// Whether those subdomains are told of: the certificate must be for them, too.
    pub(crate) by_subdomain: bool,
}

impl PublicAddress {
    /// The tunnel's address by path, which always works.
    pub(crate) fn by_path(&self, tunnel: &TunnelName) -> String {
        format!("{}/{tunnel}", self.base)
    }

    /// The tunnel's address by subdomain, where the relay has a domain.
    pub(crate) fn by_subdomain(&self, tunnel: &TunnelName) -> Option<String> {
        let domain = self.domain.as_deref().filter(|_| self.by_subdomain)?;
        let (scheme, authority) = self.base.split_once("://")?;
        let port = authority
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok());
        let port = port.map(|(_, port)| format!(":{port}")).unwrap_or_default();
        Some(format!("{scheme}://{tunnel}.{domain}{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_the_port() {
        let address = |base: &str| PublicAddress {
            base: base.into(),
            is_guessed: false,
            domain: Some("relay.example".into()),
            by_subdomain: true,
        };
        let tunnel: TunnelName = "mine".parse().unwrap();
        assert_eq!(
            address("https://relay.example").by_path(&tunnel),
            "https://relay.example/mine"
        );
        let subdomain = |base| address(base).by_subdomain(&tunnel).unwrap();
        assert_eq!(
            subdomain("https://relay.example"),
            "https://mine.relay.example"
        );
        assert_eq!(
            subdomain("https://127.0.0.1:8443"),
            "https://mine.relay.example:8443"
        );
    }
}
