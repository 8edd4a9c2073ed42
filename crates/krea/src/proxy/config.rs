//! What a proxy is run with, and what it will not do.

use http::Uri;
use rustls::pki_types::CertificateDer;
use thiserror::Error;
use tokio::sync::watch;

use super::reach::Reach;
use crate::keys::Keys;
use crate::local::is_private;

/// Where Krea's API is.
const KREA: &str = "https://api.krea.ai";

/// What a proxy is run with.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// The API, or a stand-in for it: scheme and host, and a path if there is one before its own.
    pub upstream: Uri,
    /// The address webhooks are asked for at, which may be known later or change; without one none
    /// are asked for.
    pub webhook_url: watch::Receiver<Option<Uri>>,
    /// Where that address leads, as far as it was looked up.
    pub reach: Reach,
    /// Whether that address also takes the place of one the caller has set.
    pub replaces_own: bool,
    /// Certificates to trust besides the system's.
    pub trusted: Vec<CertificateDer<'static>>,
    /// Where the keys of callers are remembered that the API has taken, in memory.
    pub keys: Keys,
}

/// Why a proxy won't run like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidProxy {
    /// The upstream is no address of a server.
    #[error("{got:?} is not an address like https://api.krea.ai")]
    Upstream {
        /// The address.
        got: String,
    },
    /// The address for webhooks is none.
    #[error("{got:?} is not an address webhooks can be posted to")]
    Webhook {
        /// The address.
        got: String,
    },
    /// The API could never reach the address for webhooks.
    #[error("{host} can't be reached from outside, so {upstream} could never post webhooks there")]
    PrivateWebhook {
        /// The host of the address.
        host: String,
        /// The upstream's host.
        upstream: String,
    },
}

impl Default for ProxyConfig {
    fn default() -> Self {
        Self {
            upstream: Uri::from_static(KREA),
            webhook_url: Self::fixed(None),
            reach: Reach::default(),
            replaces_own: false,
            trusted: Vec::new(),
            keys: Keys::default(),
        }
    }
}

impl ProxyConfig {
    /// An address that is known from the beginning and does not change.
    pub fn fixed(url: Option<Uri>) -> watch::Receiver<Option<Uri>> {
        watch::channel(url).1
    }

    /// Refuses an address for webhooks whose name leads into a private network, though it does not
    /// look so. What was found holds until the address changes; then it is to be looked up again.
    pub async fn look_up(&self) -> Result<(), InvalidProxy> {
        if let (Some(webhook), Some(upstream)) = (self.address()?, host(&self.upstream))
            && let Some(name) = host(&webhook).filter(|_| !is_private(upstream))
        {
            self.reach.look_up(&webhook, name).await;
        }
        self.check()
    }

    /// Whether the address for webhooks tells by its name that it is in a private network.
    pub fn is_private_by_name(&self) -> bool {
        let webhook = self.webhook_url.borrow();
        let host = webhook.as_ref().and_then(Uri::host);
        host.is_some_and(is_private)
    }

    /// Whether the API could never reach this address, as far as its name tells.
    pub(super) fn is_out_of_reach(&self, address: Option<&str>) -> bool {
        let address = address.and_then(|address| address.parse::<Uri>().ok());
        let is_private_here = |uri: &Uri| uri.host().is_some_and(is_private);
        address.as_ref().is_some_and(is_private_here) && !is_private_here(&self.upstream)
    }

    /// Refuses what can't work.
    pub fn check(&self) -> Result<(), InvalidProxy> {
        self.address().map(drop)
    }

    /// The address webhooks are asked for at by now, or why it can't be one. An upstream on this
    /// machine may post to this machine.
    pub(super) fn address(&self) -> Result<Option<Uri>, InvalidProxy> {
        let upstream = host(&self.upstream).ok_or_else(|| InvalidProxy::Upstream {
            got: self.upstream.to_string(),
        })?;
        let Some(webhook) = self.webhook_url.borrow().clone() else {
            return Ok(None);
        };
        let host = host(&webhook).ok_or_else(|| InvalidProxy::Webhook {
            got: webhook.to_string(),
        })?;
        let is_out_of_reach = is_private(host) || self.reach.is_private(&webhook);
        if is_out_of_reach && !is_private(upstream) {
            return Err(InvalidProxy::PrivateWebhook {
                host: host.to_owned(),
                upstream: upstream.to_owned(),
            });
        }
        Ok(Some(webhook))
    }
}

/// The host of an address with http or https.
fn host(uri: &Uri) -> Option<&str> {
    let fits = matches!(uri.scheme_str(), Some("http" | "https"));
    uri.host().filter(|host| fits && !host.is_empty())
}
