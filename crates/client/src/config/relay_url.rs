//! The relay's address: scheme, host, port and, behind a proxy that adds one, a path.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use thiserror::Error;

/// Where the relay is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayUrl {
    tls: bool,
    host: String,
    port: u16,
    /// Empty, or begins with `/` and does not end with one.
    path: String,
}

/// Why a text is no address of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidRelayUrl {
    /// There is nothing in it.
    #[error("the relay's address is empty")]
    Empty,
    /// Neither `https://` nor `http://`.
    #[error("a relay's address begins with https:// or http://, this one with {got:?}")]
    Scheme {
        /// What it begins with.
        got: String,
    },
    /// Not a URL, or one without a host.
    #[error("{got:?} is not a URL with a host")]
    Malformed {
        /// The text.
        got: String,
    },
    /// A port that can't be connected to.
    #[error("a port is a number from 1 to 65535, this one is {got:?}")]
    Port {
        /// The text of it.
        got: String,
    },
    /// A user name or password, a query or a fragment.
    #[error("a relay's address has no {what}")]
    Excess {
        /// What it has.
        what: &'static str,
    },
}

impl RelayUrl {
    /// Whether it is reached over TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// The host: a name, or an IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as a URL has them, the port only where it is not the usual one.
    pub fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        let host = self.bracketed();
        if self.port == usual {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Host and port, always both.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// The path of one of the relay's own resources, like `/_kreel/link`.
    pub(crate) fn path_of(&self, resource: &str) -> String {
        format!("{}{resource}", self.path)
    }

    fn bracketed(&self) -> String {
        match self.host.parse() {
            Ok(IpAddr::V6(_)) => format!("[{}]", self.host),
            _ => self.host.clone(),
        }
    }
}

impl FromStr for RelayUrl {
    type Err = InvalidRelayUrl;

    fn from_str(text: &str) -> Result<Self, InvalidRelayUrl> {
        if text.is_empty() {
            return Err(InvalidRelayUrl::Empty);
        }
        let malformed = || InvalidRelayUrl::Malformed { got: text.into() };
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(InvalidRelayUrl::Scheme { got: text.into() });
        };
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => {
                return Err(InvalidRelayUrl::Scheme {
                    got: format!("{scheme}://"),
                });
            }
        };
        for (sign, what) in [('#', "fragment"), ('?', "query"), ('@', "user name")] {
            if rest.contains(sign) {
                return Err(InvalidRelayUrl::Excess { what });
            }
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let port = super::target::port_of(authority)
            .map_err(|got| InvalidRelayUrl::Port { got })?
            .unwrap_or(if tls { 443 } else { 80 });
        let uri: Uri = text.parse().map_err(|_| malformed())?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(malformed)?;
        Ok(Self {
            tls,
            host: host.trim_matches(['[', ']']).to_ascii_lowercase(),
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_as_people_write_them() {
        for (text, shown, host, port) in [
            (
                "https://relay.example",
                "https://relay.example",
                "relay.example",
                443,
            ),
            (
                "https://relay.example/",
                "https://relay.example",
                "relay.example",
                443,
            ),
            (
                "HTTP://Relay.Example:80",
                "http://relay.example",
                "relay.example",
                80,
            ),
            (
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080",
                "127.0.0.1",
                8080,
            ),
            ("https://[::1]:8443", "https://[::1]:8443", "::1", 8443),
            (
                "https://x.example/kreel/",
                "https://x.example/kreel",
                "x.example",
                443,
            ),
        ] {
            let url: RelayUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!((url.host(), url.port()), (host, port), "{text}");
            assert_eq!(url.to_string().parse(), Ok(url));
        }
        let below: RelayUrl = "https://x.example/kreel/".parse().unwrap();
        assert_eq!(below.path_of("/_kreel/link"), "/kreel/_kreel/link");
    }

    #[test]
    fn says_what_is_wrong_with_others() {
        let port = |got: &str| InvalidRelayUrl::Port { got: got.into() };
        for (text, error) in [
            ("", InvalidRelayUrl::Empty),
            (
                "relay.example",
                InvalidRelayUrl::Scheme {
                    got: "relay.example".into(),
                },
            ),
            (
                "wss://relay.example",
                InvalidRelayUrl::Scheme {
                    got: "wss://".into(),
                },
            ),
            (
                "https://",
                InvalidRelayUrl::Malformed {
                    got: "https://".into(),
                },
            ),
            (
                "https://a b",
                InvalidRelayUrl::Malformed {
                    got: "https://a b".into(),
                },
            ),
            ("https://relay.example:0", port("0")),
            ("https://relay.example:70000", port("70000")),
            ("https://relay.example:web", port("web")),
            (
                "https://me@relay.example",
                InvalidRelayUrl::Excess { what: "user name" },
            ),
            (
                "https://relay.example/?a=1",
                InvalidRelayUrl::Excess { what: "query" },
            ),
            (
                "https://relay.example/#a",
                InvalidRelayUrl::Excess { what: "fragment" },
            ),
        ] {
            assert_eq!(text.parse::<RelayUrl>(), Err(error), "{text}");
        }
    }
}
