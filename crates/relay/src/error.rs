//! What can go wrong with a relay, as far as its operator is concerned.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use kreel_wire::TunnelName;
use thiserror::Error;

/// Why a relay can't start or go on.
#[derive(Debug, Error)]
pub enum RelayError {
    /// A file or folder could not be used.
    #[error("can't {what} {}", path.display())]
    File {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The address could not be taken.
    #[error("can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate or key can't be used.
    #[error("can't use the certificate {}: {cause}", path.display())]
    Certificate {
        /// The file it is in.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The first token's file holds none.
    #[error("{} holds no token: it must be one line of visible characters, at least 20", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
    },
    /// No relay has ever used the data folder.
    #[error("no relay has run there and no token was made there")]
    Absent {
        /// The data folder.
        path: PathBuf,
    },
    /// There is no such token.
    #[error("there is no token {name:?}")]
    NoSuchToken {
        /// The name or number asked for.
        name: String,
    },
    /// A token can't be called that.
    #[error("a token's name is text that can be seen, not {name:?}")]
    TokenName {
        /// The name asked for.
        name: String,
    },
    /// A token of this name is in use already.
    #[error("there is a token {name:?} already")]
    TokenExists {
        /// The name.
        name: String,
    },
    /// A tunnel's name belongs to another token.
    #[error("the tunnel {name} belongs to another token")]
    NameTaken {
        /// The name.
        name: TunnelName,
    },
    /// There is no tunnel of this name.
    #[error("there is no tunnel {name}")]
    NoSuchName {
        /// The name.
        name: TunnelName,
    },
    /// Another relay runs on the same data folder.
    #[error("another relay is running on {}", path.display())]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the store can't do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file was written by a newer kreel.
    #[error("{} was written by a newer kreel (its version is {found}, this one knows up to {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version this build knows.
        known: i64,
    },
    /// SQLite refused.
    #[error("the store failed")]
    Sqlite(#[from] rusqlite::Error),
    /// As many bytes are kept as may be.
    #[error("as many bytes wait for their clients as may be kept")]
    Full,
    /// As much waits for one client as may.
    #[error("as much waits for this tunnel's client as may")]
    TunnelFull,
    /// The store has shut down.
    #[error("the store has shut down")]
    Closed,
}
