//! What can go wrong between this client and its relay, one variant per fault.

use std::io;
use std::time::Duration;

use kreel_socket::SocketError;
use kreel_wire::TunnelName;
use thiserror::Error;

/// Why there is no link, or no longer one.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The relay's or proxy's name has no address.
    #[error("the name {host} could not be resolved")]
    NameResolution {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Nobody listens there.
    #[error("the connection to {address} was refused")]
    ConnectRefused {
        /// Where it was tried.
        address: String,
    },
    /// Nobody answers there.
    #[error("the connection to {address} was not answered within {} s", .after.as_secs())]
    ConnectTimedOut {
        /// Where it was tried.
        address: String,
        /// How long it was tried.
        after: Duration,
    },
    /// There is no way there.
    #[error("the connection to {address} could not be made")]
    ConnectFailed {
        /// Where it was tried.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The proxy from the environment can't be used or reached.
    #[error("the proxy {proxy} could not be used: {cause}")]
    Proxy {
        /// The proxy, without its password.
        proxy: String,
        /// What is wrong.
        cause: String,
    },
    /// The proxy from the environment would not connect to the relay.
    #[error("the proxy {proxy} refused to connect to {relay}, with status {status}")]
    ProxyRefused {
        /// The proxy, without its password.
        proxy: String,
        /// Host and port of the relay.
        relay: String,
        /// What the proxy answered.
        status: u16,
    },
    /// The relay's certificate is not one to trust.
    #[error("the relay's certificate is not trusted: {cause}")]
    CertificateNotTrusted {
        /// What is wrong with it.
        cause: String,
    },
    /// What answers speaks no TLS.
    #[error("what answers at {address} does not speak TLS")]
    NotTls {
        /// Where it was tried.
        address: String,
    },
    /// TLS failed for another reason.
    #[error("no TLS connection could be made with {address}")]
    Tls {
        /// Where it was tried.
        address: String,
        /// What went wrong.
        source: io::Error,
    },
    /// TLS, upgrade or handshake took too long.
    #[error("{address} accepted the connection and then did not answer within {} s", .after.as_secs())]
    HandshakeTimedOut {
        /// The relay.
        address: String,
        /// How long it was given.
        after: Duration,
    },
    /// The token is wrong or revoked.
    #[error("the relay does not know this token")]
    Unauthorized,
    /// The relay speaks other versions of the protocol.
    #[error("this client speaks {offered}, the relay speaks {supported}")]
    Version {
        /// What this client offered.
        offered: String,
        /// What the relay speaks.
        supported: String,
    },
    /// What answers there is no kreel relay.
    #[error("what answers at {address} is no kreel relay{}", with_status(*.status))]
    NotARelay {
        /// Where it was tried.
        address: String,
        /// The status it answered with, if it spoke HTTP at all.
        status: Option<u16>,
    },
    /// The relay takes no clients at the moment.
    #[error("the relay takes no clients at the moment")]
    Unavailable,
    /// The tunnel's name belongs to another token.
    #[error("the tunnel {tunnel} belongs to another token")]
    NameTaken {
        /// The name.
        tunnel: TunnelName,
    },
    /// The relay is full, or the token has too many tunnels.
    #[error("the relay has no room for this tunnel: {message}")]
    Full {
        /// The relay's words.
        message: String,
    },
    /// The relay would not open the tunnel for another reason.
    #[error("the relay would not open the tunnel: {message}")]
    Rejected {
        /// The relay's words.
        message: String,
    },
    /// Another client has taken the tunnel.
    #[error("another client has taken the tunnel {tunnel}")]
    Replaced {
        /// The tunnel.
        tunnel: TunnelName,
    },
    /// The token was revoked while the link was up.
    #[error("the token was revoked")]
    Revoked,
    /// The relay is shutting down.
    #[error("the relay is shutting down")]
    Draining,
    /// The relay closed the link.
    #[error("the relay closed the link")]
    Closed,
    /// The relay said nothing for too long.
    #[error("nothing was heard from the relay for {} s", .after.as_secs())]
    Silent {
        /// How long.
        after: Duration,
    },
    /// The connection failed.
    #[error("the connection to the relay failed")]
    Broken(#[source] io::Error),
    /// The relay broke the protocol.
    #[error("the relay broke the link protocol: {cause}")]
    Violation {
        /// How.
        cause: String,
    },
    /// The relay says that this client broke the protocol.
    #[error("the relay closed the link, since this client broke the protocol: {message}")]
    Accused {
        /// The relay's words.
        message: String,
    },
}

fn with_status(status: Option<u16>) -> String {
    status.map_or_else(String::new, |status| format!(" (it answered {status})"))
}

impl LinkError {
    /// Whether trying again can't help, at the first connection.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::CertificateNotTrusted { .. } | Self::NotTls { .. } | Self::NotARelay { .. } => {
                true
            }
            _ => self.is_fatal_later(),
        }
    }

    /// Whether trying again can't help even though it has worked before. A certificate that is
    /// just being replaced or a proxy's error page may pass.
    pub(crate) fn is_fatal_later(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::Version { .. }
                | Self::NameTaken { .. }
                | Self::Rejected { .. }
                | Self::Replaced { .. }
                | Self::Revoked
        )
    }

    /// A stable word for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameResolution { .. } => "name_resolution",
            Self::ConnectRefused { .. } => "connect_refused",
            Self::ConnectTimedOut { .. } => "connect_timed_out",
            Self::ConnectFailed { .. } => "connect_failed",
            Self::Proxy { .. } => "proxy",
            Self::ProxyRefused { .. } => "proxy_refused",
            Self::CertificateNotTrusted { .. } => "certificate_not_trusted",
            Self::NotTls { .. } | Self::Tls { .. } => "tls",
            Self::HandshakeTimedOut { .. } => "handshake_timed_out",
            Self::Unauthorized => "unauthorized",
            Self::Version { .. } => "version",
            Self::NotARelay { .. } => "not_a_relay",
            Self::Unavailable => "unavailable",
            Self::NameTaken { .. } => "name_taken",
            Self::Full { .. } => "full",
            Self::Rejected { .. } => "rejected",
            Self::Replaced { .. } => "replaced",
            Self::Revoked => "revoked",
            Self::Draining => "draining",
            Self::Closed => "closed",
            Self::Silent { .. } => "silent",
            Self::Broken(_) => "broken",
            Self::Violation { .. } => "violation",
            Self::Accused { .. } => "accused",
        }
    }
}

impl From<SocketError> for LinkError {
    fn from(error: SocketError) -> Self {
        match error {
            SocketError::Closed => Self::Closed,
            SocketError::Silent(after) | SocketError::Stalled(after) => Self::Silent { after },
            SocketError::Broken(error) => Self::Broken(error),
            violation => Self::Violation {
                cause: with_causes(&violation),
            },
        }
    }
}

/// A sentence and those of its causes, for places that hold one text.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let sentence = cause.to_string();
        if !text.ends_with(&sentence) {
            text.push_str(": ");
            text.push_str(&sentence);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_being_replaced_does_not_end_a_tunnel_that_worked() {
        let certificate = LinkError::CertificateNotTrusted {
            cause: "expired".into(),
        };
        assert!(certificate.is_fatal() && !certificate.is_fatal_later());
        let address = "relay.example:443".to_owned();
        let not_tls = LinkError::NotTls { address };
        assert!(not_tls.is_fatal() && !not_tls.is_fatal_later());
        for fatal in [LinkError::Unauthorized, LinkError::Revoked] {
            assert!(fatal.is_fatal() && fatal.is_fatal_later());
        }
        for passing in [
            LinkError::Closed,
            LinkError::Draining,
            LinkError::Unavailable,
        ] {
            assert!(!passing.is_fatal(), "{passing}");
        }
    }

    #[test]
    fn causes_are_told_once() {
        let error = LinkError::Broken(io::Error::other(io::Error::other("no route")));
        assert_eq!(
            with_causes(&error),
            "the connection to the relay failed: no route"
        );
    }
}
