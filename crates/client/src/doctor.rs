//! A closer look at the way to a relay, step by step: what was found, and how long it took.
//!
//! Each function takes one step with a connection of its own and judges nothing.

mod body;
mod reach;

use std::net::IpAddr;

pub use body::{BodyAnswer, Posted, offer, post};
pub use reach::{Certified, Reached, reach};

use crate::dial::{Dialer, proxy, tcp};
use crate::limits::RELAY_CONNECT;
use crate::probe::untrusting;
use crate::{LinkError, ProbeConfig, RelayUrl};

/// The addresses the system finds for the relay's name, in the order they would be tried.
pub async fn addresses(relay: &RelayUrl) -> Result<Vec<IpAddr>, LinkError> {
    let resolving = tcp::resolve(relay.host(), relay.port());
    let failed = |source| LinkError::NameResolution {
        host: relay.host().to_owned(),
        source,
    };
    match tokio::time::timeout(RELAY_CONNECT, resolving).await {
        Ok(found) => {
            let found = found.map_err(failed)?;
            Ok(found.into_iter().map(|address| address.ip()).collect())
        }
        Err(_) => Err(failed(std::io::ErrorKind::TimedOut.into())),
    }
}

/// The proxy the environment puts in between, as host and port.
pub fn proxy(relay: &RelayUrl) -> Option<String> {
    proxy::named(relay)
}

fn dialer(config: &ProbeConfig) -> Result<Dialer, LinkError> {
    Dialer::new(config.relay.clone(), config.relay_ca.as_deref()).map_err(untrusting)
}

#[cfg(test)]
mod tests;
