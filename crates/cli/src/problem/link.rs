//! Faults on the way to the relay, as problems.

use kreel_client::inert::inert;
use kreel_client::{ConfigError, LinkError, RelayUrl};

use super::{Code, Problem, chain, of_history};

/// What a fault of the link means for someone who wanted to reach this relay.
pub(crate) fn of_link(error: &LinkError, relay: &RelayUrl) -> Problem {
    let (code, next) = code_and_advice(error, relay);
    let what = format!("there is no link to the relay {relay}");
    // The relay's own words are in there.
    let why = inert(&chain(error)).into_owned();
    Problem::new(code, what, why, next)
}

/// Options a client would not take.
pub(crate) fn of_client_config(error: &ConfigError) -> Problem {
    let (code, next) = match error {
        ConfigError::History(error) => return of_history(error),
        ConfigError::RelayCa(_) | ConfigError::RelayCaEmpty => (
            Code::RelayCaUnusable,
            "give --relay-ca the relay's cert.pem, or a file with the authority that signed it",
        ),
        ConfigError::SystemRoots(_) => (
            Code::RelayCaUnusable,
            "install your system's certificate authorities (the package ca-certificates), \
             or use --relay-ca",
        ),
        ConfigError::ReservedHeader { .. } => (
            Code::OptionUnusable,
            "leave this header out: kreel sets it from the request",
        ),
        ConfigError::HostHeader { .. } => (
            Code::OptionUnusable,
            "give --host-header a name with an optional port, or rewrite, or preserve",
        ),
    };
    Problem::new(code, "the client can't start", chain(error), next)
}

fn code_and_advice(error: &LinkError, relay: &RelayUrl) -> (Code, String) {
    match error {
        LinkError::NameResolution { .. } => (
            Code::NameNotResolved,
            "check the address for typing errors, and your network's DNS".to_owned(),
        ),
        LinkError::ConnectRefused { .. } => (
            Code::ConnectionRefused,
            "check that the relay runs (`kreel relay`) and that the port is right".to_owned(),
        ),
        LinkError::ConnectTimedOut { .. } => (
            Code::ConnectionTimedOut,
            "check the address, and whether a firewall drops connections to that port".to_owned(),
        ),
        LinkError::ConnectFailed { .. } => (
            Code::ConnectionFailed,
            "check your network connection".to_owned(),
        ),
        LinkError::Proxy { .. } | LinkError::ProxyRefused { .. } => (
            Code::ProxyFailed,
            format!(
                "check HTTPS_PROXY; to go past the proxy, set NO_PROXY={}",
                relay.host()
            ),
        ),
        LinkError::CertificateNotTrusted { .. } => (
            Code::CertificateNotTrusted,
            "if the relay made its own certificate, copy its cert.pem here and use \
             --relay-ca cert.pem"
                .to_owned(),
        ),
        LinkError::NotTls { .. } => (
            Code::TlsFailed,
            format!(
                "try {}: the address of a relay with --tls off begins with http://",
                relay.to_string().replacen("https://", "http://", 1)
            ),
        ),
        LinkError::Tls { .. } => (
            Code::TlsFailed,
            "check the relay's address, and whether something between you and it tampers with TLS"
                .to_owned(),
        ),
        LinkError::HandshakeTimedOut { .. } => (
            Code::RelaySilent,
            "check that this is the relay's port, and not one that only takes connections"
                .to_owned(),
        ),
        LinkError::NotARelay { .. } => (
            Code::NotARelay,
            match relay.is_tls() {
                true => format!("check the address: `curl {relay}/_kreel/health` should answer ok"),
                false => {
                    "check the address; if the relay has TLS, it begins with https://".to_owned()
                }
            },
        ),
        LinkError::Version { .. } => (
            Code::VersionMismatch,
            "update the older of the two: `kreel --version` here and on the relay".to_owned(),
        ),
        LinkError::Unavailable | LinkError::Full { .. } | LinkError::Draining => (
            Code::RelayUnavailable,
            "try again later, or ask the relay's operator to raise its limits".to_owned(),
        ),
        LinkError::Rejected { .. } => (
            Code::TunnelRejected,
            "try another name with --tunnel, or a new one with --new".to_owned(),
        ),
        LinkError::NameTaken { .. } => (
            Code::TunnelTaken,
            "choose another name with --tunnel, or take a random one with --new".to_owned(),
        ),
        LinkError::Replaced { .. } => (
            Code::TunnelReplaced,
            "stop the other `kreel listen`, or give this one a tunnel of its own with --tunnel"
                .to_owned(),
        ),
        LinkError::Unauthorized => (
            Code::TokenRefused,
            "ask the relay's operator for a token (`kreel token create NAME`), then `kreel login`"
                .to_owned(),
        ),
        LinkError::Revoked => (
            Code::TokenRevoked,
            "ask the relay's operator for a new token, then `kreel login`".to_owned(),
        ),
        LinkError::Closed | LinkError::Silent { .. } | LinkError::Broken(_) => {
            (Code::LinkLost, "check your network connection".to_owned())
        }
        LinkError::Violation { .. } | LinkError::Accused { .. } => (
            Code::ProtocolBroken,
            "update both ends; if it stays, report it with the output of KREEL_LOG=debug"
                .to_owned(),
        ),
    }
}
