//! The app's address, in every form a developer may type it.
//!
//! `3000`, `:3000`, `3000/api`, `host:3000/api`, `host/api`, `http://…`, `https://…`. What the
//! sender put behind the tunnel's name is appended byte for byte.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use bytes::{BufMut, Bytes, BytesMut};
use http::uri::{InvalidUri, PathAndQuery};
use thiserror::Error;

/// Where deliveries are handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) base: Base,
}

/// How the app is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// Which machine the app runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// This one, on whichever of its two loopback addresses the app listens.
    Localhost,
    /// An address.
    Ip(IpAddr),
    /// A name to be resolved.
    Name(String),
}

/// The part of the target's path and query that comes before the sender's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Base {
    path: String,
    query: Option<String>,
}

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidTarget {
    /// There is nothing in it.
    #[error("the target is empty")]
    Empty,
    /// A port that can't be connected to.
    #[error("a port is a number from 1 to 65535, this one is {got:?}")]
    Port {
        /// The text of it.
        got: String,
    },
    /// Another scheme than `http` and `https`.
    #[error("a target is spoken to by http or https, not by {got:?}")]
    Scheme {
        /// The scheme.
        got: String,
    },
    /// A host that can't be one.
    #[error("{got:?} is not a host")]
    Host {
        /// The text of it.
        got: String,
    },
    /// A number with letters behind it, and no sign that it is a host.
    #[error(
        "{number}{rest} is neither a port nor a host; did you mean {number}/{rest}? (A host of that name is http://{number}{rest})"
    )]
    Mixed {
        /// The number.
        number: String,
        /// What follows it.
        rest: String,
    },
    /// A character that can't stand in a request line.
    #[error("the target's path holds {got:?}, which can't be sent as it is")]
    Path {
        /// The character.
        got: char,
    },
    /// A user name, a password or a fragment.
    #[error("a target has no {what}")]
    Excess {
        /// What it has.
        what: &'static str,
    },
}

impl Target {
    /// Host and port as the app's `Host` header has them.
    pub fn authority(&self) -> String {
        let usual = match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        match &self.host {
            host if self.port == usual => host.to_string(),
            host => format!("{host}:{}", self.port),
        }
    }

    /// What the URL of a request to it begins with.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority())
    }

    /// Host and port, always both, for messages about connecting.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Base {
    /// The path and query to ask the app for: the base, then what the sender asked for.
    pub(crate) fn join(&self, rest: &Bytes) -> Result<PathAndQuery, InvalidUri> {
        if self.path.is_empty() && self.query.is_none() && rest.first() == Some(&b'/') {
            return PathAndQuery::from_maybe_shared(rest.clone());
        }
        let at = rest.iter().position(|byte| *byte == b'?');
        let (path, query) = match at {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (&rest[..], None),
        };
        let mut joined = BytesMut::with_capacity(self.path.len() + rest.len() + 2);
        let base = match path.is_empty() {
            true => &self.path[..],
            false => self.path.trim_end_matches('/'),
        };
        joined.put_slice(base.as_bytes());
        joined.put_slice(path);
        if joined.is_empty() {
            joined.put_u8(b'/');
        }
        let mut sign = b'?';
        let queries = [self.query.as_deref().map(str::as_bytes), query];
        for part in queries.into_iter().flatten() {
            joined.put_u8(sign);
            joined.put_slice(part);
            sign = b'&';
        }
        PathAndQuery::from_maybe_shared(joined.freeze())
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        if text.is_empty() {
            return Err(InvalidTarget::Empty);
        }
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::Http, text),
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "http" => (Scheme::Http, rest),
                "https" => (Scheme::Https, rest),
                _ => return Err(InvalidTarget::Scheme { got: scheme.into() }),
            },
        };
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        if !text.contains("://") {
            refuse_mixed(authority)?;
        }
        let (host, port) = authority_of(authority, scheme)?;
        Ok(Self {
            scheme,
            host,
            port,
            base: base_of(path)?,
        })
    }
}

/// Refuses `3000x`, which is a port with a typing error far more often than a host. With a dot, a
/// port or a scheme it is a host.
fn refuse_mixed(authority: &str) -> Result<(), InvalidTarget> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let at = authority.find(|c: char| !c.is_ascii_digit());
    match at {
        Some(at @ 1..) if authority.chars().all(is_letter) => Err(InvalidTarget::Mixed {
            number: authority[..at].to_owned(),
            rest: authority[at..].to_owned(),
        }),
        _ => Ok(()),
    }
}

fn authority_of(text: &str, scheme: Scheme) -> Result<(Host, u16), InvalidTarget> {
    if text.contains('@') {
        return Err(InvalidTarget::Excess { what: "user name" });
    }
    // A number alone is a port: nobody means the address 0.0.11.184 by it.
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((Host::Localhost, port(text)?));
    }
    if !text.starts_with('[') && text.matches(':').count() > 1 {
        return Err(InvalidTarget::Host { got: text.into() });
    }
    let given = port_of(text).map_err(|got| InvalidTarget::Port { got })?;
    let host = match given {
        Some(_) => &text[..text.rfind(':').unwrap_or(text.len())],
        None => text,
    };
    let usual = match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    match host {
        "" if given.is_none() => Err(InvalidTarget::Host { got: text.into() }),
        "" => Ok((Host::Localhost, given.unwrap_or(usual))),
        host => Ok((host.parse()?, given.unwrap_or(usual))),
    }
}

fn base_of(text: &str) -> Result<Base, InvalidTarget> {
    if text.contains('#') {
        return Err(InvalidTarget::Excess { what: "fragment" });
    }
    let unfit =
        |c: &char| !c.is_ascii_graphic() || PathAndQuery::try_from(format!("/{c}")).is_err();
    if let Some(got) = text.chars().find(unfit) {
        return Err(InvalidTarget::Path { got });
    }
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (text, None),
    };
    let path = if path == "/" { "" } else { path };
    Ok(Base {
        path: path.to_owned(),
        query,
    })
}

/// The port at the end of `host:port`, if there is one; its text if it can't be one.
pub(super) fn port_of(authority: &str) -> Result<Option<u16>, String> {
    let behind_brackets = match authority.starts_with('[') {
        true => authority.find(']').unwrap_or(authority.len()),
        false => 0,
    };
    match authority[behind_brackets..].rsplit_once(':') {
        None => Ok(None),
        Some((_, digits)) => port(digits).map(Some).map_err(|_| digits.to_owned()),
    }
}

fn port(text: &str) -> Result<u16, InvalidTarget> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port @ 1..) if digits => Ok(port),
        _ => Err(InvalidTarget::Port { got: text.into() }),
    }
}

impl FromStr for Host {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let invalid = || InvalidTarget::Host { got: text.into() };
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or_else(invalid)?;
            return inner
                .parse()
                .map(|ip| Self::Ip(IpAddr::V6(ip)))
                .map_err(|_| invalid());
        }
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(IpAddr::V4(ip)));
        }
        if text.eq_ignore_ascii_case("localhost") {
            return Ok(Self::Localhost);
        }
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if text.len() > 253 || !text.bytes().all(is_fit) {
            return Err(invalid());
        }
        Ok(Self::Name(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Localhost => f.write_str("localhost"),
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}{}",
            self.scheme,
            self.authority(),
            self.base.path
        )?;
        match &self.base.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
