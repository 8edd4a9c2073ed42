//! What is said before anything else: versions, who the client is, which tunnel it wants.
//!
//! The version is agreed in the websocket's subprotocol and the token shown in the upgrade
//! request, both before the first message. Then the client says [`Hello`] and the relay answers
//! [`Welcome`] or [`Reject`], within [`HANDSHAKE`](crate::limits::HANDSHAKE).

use std::time::Duration;

use crate::{Seq, TunnelName};

/// A version of the link protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The first.
    V1,
}

/// Every subprotocol this build speaks, best first.
pub const SUBPROTOCOLS: [(Version, &str); 1] = [(Version::V1, "kreel.v1")];

impl Version {
    /// The version's websocket subprotocol.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::V1 => "kreel.v1",
        }
    }

    /// The best version among those offered in a `Sec-WebSocket-Protocol` header, if any.
    pub fn agree(offered: &str) -> Option<Self> {
        let offered = || offered.split(',').map(str::trim);
        SUBPROTOCOLS
            .iter()
            .find(|(_, name)| offered().any(|offer| offer == *name))
            .map(|(version, _)| *version)
    }
}

/// A client's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The program and its version, for logs: `kreel/0.1.0`.
    pub client: String,
    /// A number made anew by each process, so that a reconnecting client is told from another.
    pub instance: u64,
    /// The tunnel it wants to listen on.
    pub tunnel: TunnelName,
    /// How the relay shall answer senders.
    pub policy: Policy,
    /// The credit the client grants each exchange for the request's body, in bytes.
    pub window_bytes: u32,
    /// Of what waits, only what the relay received from then on is wanted now (microseconds since
    /// 1970, by the relay's clock), and with it what it remembers of that time though it was
    /// settled. None: all that waits and nothing else. What is not wanted goes on waiting.
    pub since_us: Option<u64>,
}

/// How the relay answers senders when the app has not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whose answer the sender gets.
    pub answer: AnswerMode,
    /// How long a sender waits for the app.
    pub wait: Duration,
    /// The sender gets only what the app says: 502 or 504 where it says nothing.
    pub strict: bool,
}

/// Whose answer a sender gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerMode {
    /// The app's, as it comes.
    App,
    /// The relay's, with this status, as soon as the delivery is on disk.
    Now(u16),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            answer: AnswerMode::App,
            wait: Duration::from_secs(10),
            strict: false,
        }
    }
}

/// The relay's answer to [`Hello`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WelcomeOrReject {
    /// The tunnel is open: a delivery may follow at once.
    Welcome(Welcome),
    /// It is not; the relay closes the link.
    Reject(Reject),
}

/// What a client is told once its tunnel is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The program and its version, for logs.
    pub relay: String,
    /// The public address senders post to.
    pub url: String,
    /// The same tunnel by subdomain, where the relay has a domain.
    pub subdomain_url: Option<String>,
    /// The credit the relay grants each exchange for the answer's body, in bytes.
    pub window_bytes: u32,
    /// The largest body the relay takes from a sender, in bytes.
    pub max_body_bytes: u64,
    /// How many deliveries wait for this client and will follow in order.
    pub waiting: u64,
    /// The highest position given to a delivery so far.
    pub last_seq: Seq,
    /// The relay's clock: microseconds since 1970.
    pub now_us: u64,
}

/// Why the relay would not open the tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The reason, for programs.
    pub reason: RejectReason,
    /// A sentence for people.
    pub message: String,
}

/// Why the relay would not open the tunnel, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// The name belongs to another token.
    NameTaken,
    /// The first message was not a valid [`Hello`].
    BadHello,
    /// The relay is full, or the token has too many tunnels.
    Full,
    /// The token is not valid any more: it was when the connection was upgraded.
    Revoked,
    /// A reason this build does not know.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_listed_and_best_first() {
        let all = [Version::V1];
        assert_eq!(SUBPROTOCOLS.map(|(version, _)| version), all);
        for (version, name) in SUBPROTOCOLS {
            assert_eq!(version.subprotocol(), name);
            assert_eq!(Version::agree(name), Some(version));
        }
        assert!(SUBPROTOCOLS.is_sorted_by(|(a, _), (b, _)| a > b));
    }

    #[test]
    fn agrees_on_what_both_speak() {
        assert_eq!(Version::agree("kreel.v9, kreel.v1"), Some(Version::V1));
        assert_eq!(Version::agree("kreel.v10"), None);
        assert_eq!(Version::agree(""), None);
    }
}
