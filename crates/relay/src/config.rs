//! What a relay is told before it starts, resolved: nothing here has been typed by anyone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use crate::limits::Limits;
use crate::proxies::Proxies;

/// Everything a [`Relay`](crate::Relay) needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder for the relay's files; made if it is absent.
    pub data: PathBuf,
    /// The relay's own domain: `<tunnel>.domain` names tunnels then, beside `domain/<tunnel>`.
    pub domain: Option<String>,
    /// The public base address to announce, where it differs from what the relay can know.
    pub public_url: Option<String>,
    /// How connections are secured.
    pub tls: Tls,
    /// The proxies that are trusted to say who the sender is and how it came.
    pub proxies: Proxies,
    /// Whose tunnels there may be.
    pub access: Access,
    /// Where metrics are read; nothing is measured without.
    pub metrics: Option<SocketAddr>,
    /// Where the first token is, or goes.
    pub first_token: FirstToken,
    /// What peers are held to.
    pub limits: Limits,
    /// How long a stopping relay waits for requests under way.
    pub grace: Duration,
}

/// Whose tunnels there may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Whoever has a token claims any name that is free.
    #[default]
    Tokens,
    /// Whoever has a token uses names that were reserved for it, and no others.
    Reserved,
    /// Any token is good, and becomes its holder's when it is first seen: for trusted networks.
    Open,
}

/// How connections are secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Off,
    /// By a certificate the relay makes for itself and keeps in its data folder.
    SelfSigned,
    /// By these PEM files, read again whenever they change.
    Files {
        /// The certificate and its chain, the relay's own first.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// By one from a certificate authority, got and renewed by ACME.
    Acme(Acme),
}

/// How a certificate is got by ACME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The name it is for: the relay's domain.
    pub domain: String,
    /// Mail addresses the authority may write to.
    pub contact: Vec<String>,
    /// The address of the authority's directory.
    pub directory: String,
    /// The certificates to trust that directory by, a PEM file; those of the web if there is none.
    pub ca: Option<PathBuf>,
    /// Where HTTP-01 challenges are answered; none proves by TLS-ALPN-01 on the main port.
    pub http: Option<SocketAddr>,
}

/// The directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = rustls_acme::acme::LETS_ENCRYPT_PRODUCTION_DIRECTORY;

/// That of its test system, whose certificates nobody trusts.
pub const LETS_ENCRYPT_STAGING: &str = rustls_acme::acme::LETS_ENCRYPT_STAGING_DIRECTORY;

/// Where a relay's first token is, or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstToken {
    /// Made if there is no token yet, and told by [`Relay::first_token`](crate::Relay::first_token), for
    /// whoever started the relay to print.
    Print,
    /// Read from this file, or made and written there (mode 0600) if the file is absent.
    File(PathBuf),
}
