//! Faults of a relay on this machine, as problems.

use std::io;

use kreel_relay::{RelayError, StoreError};

use super::{Code, Problem, chain};

/// What a relay's fault means for its operator.
pub(crate) fn of_relay(error: &RelayError) -> Problem {
    let (code, what, next) = match error {
        RelayError::Listen { address, source } => (
            Code::AddressUnusable,
            format!("the relay can't listen on {address}"),
            match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "stop the program that has this port, or choose another with --listen"
                }
                io::ErrorKind::PermissionDenied => {
                    "ports below 1024 need permission: run as root, or give the program \
                     CAP_NET_BIND_SERVICE, or use a higher port"
                }
                io::ErrorKind::AddrNotAvailable => {
                    "this machine does not have that address; 0.0.0.0 takes every one it has"
                }
                _ => "choose another address with --listen",
            },
        ),
        RelayError::File { .. } => (
            Code::DataUnusable,
            "the relay can't use its files".to_owned(),
            "check the folder's owner and free space, or choose another with --data",
        ),
        RelayError::Absent { path } => (
            Code::DataUnusable,
            format!("there is no relay in {}", path.display()),
            "name the relay's folder with --data; `kreel token create NAME` makes a token for a \
             relay to come",
        ),
        RelayError::InUse { .. } => (
            Code::DataInUse,
            "the relay can't start".to_owned(),
            "stop the other relay, or give this one a folder of its own with --data",
        ),
        RelayError::Certificate { .. } => (
            Code::CertificateUnusable,
            "the relay can't start".to_owned(),
            "check that --tls-cert and --tls-key are PEM files that belong together",
        ),
        RelayError::TokenFile { .. } => (
            Code::TokenMalformed,
            "the relay can't start".to_owned(),
            "remove the file, and kreel makes one with a good token",
        ),
        RelayError::NoSuchToken { name } => (
            Code::TokenNotFound,
            format!("there is no token {name:?}"),
            "see `kreel token list`; another relay's tokens need --data",
        ),
        RelayError::NameTaken { name } => (
            Code::TunnelTaken,
            format!("the tunnel {name} belongs to another token"),
            "see `kreel token tunnels`; --take takes it from that token",
        ),
        RelayError::NoSuchName { name } => (
            Code::TokenNotFound,
            format!("there is no tunnel {name}"),
            "see `kreel token tunnels`; another relay's tunnels need --data",
        ),
        RelayError::TokenName { .. } => (
            Code::OptionUnusable,
            "no token can have that name".to_owned(),
            "choose a name without control characters, like laptop-2",
        ),
        RelayError::TokenExists { name } => (
            Code::TokenNameTaken,
            format!("there is a token {name:?} already"),
            "choose another name, or revoke that one first: `kreel token revoke`",
        ),
        RelayError::Store(StoreError::Newer { .. }) => (
            Code::DataNewer,
            "the relay can't use its data".to_owned(),
            "update kreel, or choose another folder with --data",
        ),
        RelayError::Store(_) => (
            Code::StoreFailed,
            "the relay's store failed".to_owned(),
            "check the disk's free space and health, then start the relay again: a file that is \
             damaged is set aside then, and what can be read of it goes on in a new one",
        ),
    };
    let why = match error {
        RelayError::NoSuchToken { .. }
        | RelayError::TokenExists { .. }
        | RelayError::NameTaken { .. }
        | RelayError::NoSuchName { .. } => String::new(),
        RelayError::Listen { source, .. } => source.to_string(),
        other => chain(other),
    };
    Problem::new(code, what, why, next)
}
