//! Resolved options: what a client needs to know, each part checked where it is parsed.

mod relay_url;
mod target;
mod token;

use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use kreel_wire::{DeliveryId, Policy, TunnelName};
use rustls::pki_types::CertificateDer;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::HistoryError;
use crate::limits::REPLAYS_AT_ONCE;

pub use relay_url::{InvalidRelayUrl, RelayUrl};
pub(crate) use target::{Host, Scheme};
pub use target::{InvalidTarget, Target};
pub use token::{InvalidToken, Token};

/// What a client does, and for whom.
#[derive(Debug, Clone)]
pub struct Config {
    /// The relay's address.
    pub relay: RelayUrl,
    /// What proves to the relay whose client this is.
    pub token: Token,
    /// Trust only these authorities for the relay's certificate, instead of the system's.
    pub relay_ca: Option<Vec<CertificateDer<'static>>>,
    /// The tunnel to listen on.
    pub tunnel: TunnelName,
    /// How the relay answers senders.
    pub policy: Policy,
    /// The app; without one deliveries are captured and answered here.
    pub target: Option<Target>,
    /// How long the app may take for one whole answer; for ever if none.
    pub timeout: Option<Duration>,
    /// Header lines set on each forwarded request, in place of those the sender gave.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the app sees as `Host`.
    pub host_header: HostHeader,
    /// Take any certificate from an `https` target.
    pub insecure: bool,
    /// How long running attempts may go on after a stop.
    pub grace: Duration,
    /// How the history calls the relay; its address, unless it has a new one each time.
    pub relay_name: String,
    /// Which of what waits is handed over.
    pub since: Since,
    /// Hand over only what was admitted: of each delivery whoever decides is told here, once the
    /// history has all of it, and it waits, without holding others up, until
    /// [`Command::Admit`](crate::Command::Admit) or [`Command::Refuse`](crate::Command::Refuse).
    /// Where there is no room it is told again later.
    pub gate: Option<mpsc::Sender<DeliveryId>>,
    /// How often a delivery whose sender has been answered is tried again if the app answers 5xx.
    pub retries: u32,
}

/// Which of what waits is handed over; the rest goes on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// All of it.
    Last,
    /// Nothing.
    Never,
    /// What the relay received from then on: microseconds since 1970. With it comes what the relay
    /// still remembers of that time and this history does not have.
    At(u64),
}

impl Since {
    /// As the relay and the history take it: nothing is older than the end of time.
    pub(crate) fn as_us(self) -> Option<u64> {
        match self {
            Self::Last => None,
            Self::Never => Some(u64::MAX),
            Self::At(us) => Some(us),
        }
    }
}

/// What the app sees as `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostHeader {
    /// The target's own name and port.
    Rewrite,
    /// The public name the sender posted to.
    Preserve,
    /// This text.
    Custom(String),
}

/// Why these options can't work.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A header that belongs to the connection or the framing, not to the user.
    #[error("the header {name} can't be set: it belongs to the connection")]
    ReservedHeader {
        /// Which one.
        name: HeaderName,
    },
    /// A text for `Host` that can't stand in a header.
    #[error("{got:?} can't be a Host header")]
    HostHeader {
        /// The text.
        got: String,
    },
    /// A certificate to trust that is none.
    #[error("the relay's certificate authority can't be used")]
    RelayCa(#[source] rustls::Error),
    /// `relay_ca` holds no certificate at all.
    #[error("the relay's certificate authority file holds no certificate")]
    RelayCaEmpty,
    /// The system's certificate authorities can't be read.
    #[error("the system's certificate authorities can't be used")]
    SystemRoots(#[source] rustls::Error),
    /// The history can't be used.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// What must be known to hand deliveries to an app.
#[derive(Debug, Clone)]
pub struct ReplayConfig {
    /// The app; without one each replay needs a target of its own.
    pub target: Option<Target>,
    /// How long the app may take for one whole answer; for ever if none.
    pub timeout: Option<Duration>,
    /// Header lines set on each request, in place of those the sender gave.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the app sees as `Host`.
    pub host_header: HostHeader,
    /// Take any certificate from an `https` target.
    pub insecure: bool,
    /// How long running attempts may go on after a stop.
    pub grace: Duration,
    /// How many attempts may run at the same time, in all: from 1 to 128.
    pub at_once: usize,
}

impl Config {
    /// What of it concerns the app.
    pub(crate) fn of_app(&self) -> ReplayConfig {
        ReplayConfig {
            target: self.target.clone(),
            timeout: self.timeout,
            headers: self.headers.clone(),
            host_header: self.host_header.clone(),
            insecure: self.insecure,
            grace: self.grace,
            at_once: REPLAYS_AT_ONCE,
        }
    }
}

impl ReplayConfig {
    /// The value for `Host`, unless the sender's is kept.
    pub(crate) fn host_value(&self) -> Result<Option<HeaderValue>, ConfigError> {
        let text = match (&self.host_header, &self.target) {
            (HostHeader::Preserve, _) | (HostHeader::Rewrite, None) => return Ok(None),
            (HostHeader::Rewrite, Some(target)) => target.authority(),
            (HostHeader::Custom(text), _) => text.clone(),
        };
        let invalid = || ConfigError::HostHeader { got: text.clone() };
        if text.is_empty() || text.contains([' ', '/', '@', ',']) {
            return Err(invalid());
        }
        HeaderValue::from_str(&text)
            .map(Some)
            .map_err(|_| invalid())
    }

    /// The header lines to set, none of which may change how the message is framed.
    pub(crate) fn checked_headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
        const RESERVED: [HeaderName; 6] = [
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TE,
            header::TRAILER,
            header::TRANSFER_ENCODING,
            header::UPGRADE,
        ];
        if let Some((name, _)) = self
            .headers
            .iter()
            .find(|(name, _)| RESERVED.contains(name))
        {
            return Err(ConfigError::ReservedHeader { name: name.clone() });
        }
        Ok(self.headers.clone())
    }
}
