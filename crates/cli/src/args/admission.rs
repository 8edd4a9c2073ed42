//! What may be typed about who is let in: networks, and limits by their names.

use std::str::FromStr;

use clap::ValueEnum;
use ipnet::IpNet;
use kreel_relay::{LimitKind, Limits};
use kreel_wire::rules;

use super::{Size, Span};

/// A network of addresses, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network(pub(crate) IpNet);

/// A limit's name and value, the latter as the relay counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitValue {
    /// The limit.
    pub(crate) name: String,
    /// So many of what its kind counts.
    pub(crate) number: u64,
}

/// The header in which proxies say who senders are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HeaderChoice {
    /// X-Forwarded-For, with X-Forwarded-Proto
    XForwardedFor,
    /// Forwarded (RFC 7239)
    Forwarded,
}

impl Network {
    /// Where a proxy on this machine connects from.
    pub(crate) fn this_machine() -> impl Iterator<Item = IpNet> {
        let loopback = ["127.0.0.0/8", "::1/128"];
        loopback.into_iter().filter_map(|text| text.parse().ok())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let network = text.parse::<IpNet>().ok();
        let network = network.or_else(|| text.parse::<std::net::IpAddr>().map(IpNet::from).ok());
        match network {
            // One that is written with bits behind its length was meant otherwise.
            Some(network) if network.trunc() == network => {
                let network = text.parse::<rules::Network>();
                network
                    .map(|network| Self(network.0))
                    .map_err(|error| error.to_string())
            }
            _ => Err("a network is an address, or one like 172.17.0.0/16".to_owned()),
        }
    }
}

impl FromStr for LimitValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("a limit is set as NAME=VALUE")?;
        let (name, value) = (name.trim(), value.trim());
        let table = Limits::default().table();
        let Some(limit) = table.iter().find(|limit| limit.name == name) else {
            return Err(format!(
                "there is no limit {name:?}; docs/operating.md lists them"
            ));
        };
        let number = match limit.kind {
            LimitKind::Count | LimitKind::CountOrNone | LimitKind::Rate => {
                let digits = value.strip_suffix("/s").unwrap_or(value);
                digits
                    .parse()
                    .map_err(|_| format!("{name} is a whole number"))?
            }
            LimitKind::Bytes => value.parse::<Size>()?.0,
            LimitKind::Time => {
                let span = value.parse::<Span>()?.0;
                u64::try_from(span.as_millis()).map_err(|_| format!("{name} is too long"))?
            }
        };
        let name = name.to_owned();
        Ok(Self { name, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_without_bits_behind_their_length() {
        let network = |text: &str| text.parse::<Network>().map(|network| network.0.to_string());
        assert_eq!(network("10.0.0.0/8").unwrap(), "10.0.0.0/8");
        assert_eq!(network("192.0.2.7").unwrap(), "192.0.2.7/32");
        assert_eq!(network("::1").unwrap(), "::1/128");
        assert_eq!(network("::ffff:10.0.0.0/104").unwrap(), "10.0.0.0/8");
        for bad in ["", "10.0.0.1/8", "10.0.0.0/33", "localhost", "*"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_are_read_in_their_units() {
        let number = |text: &str| text.parse::<LimitValue>().map(|limit| limit.number);
        assert_eq!(number("idle_time=90s"), Ok(90_000));
        assert_eq!(number("max_body_bytes = 1MiB"), Ok(1 << 20));
        assert_eq!(number("requests_per_second_per_address=20/s"), Ok(20));
        assert_eq!(number("http2_streams=64"), Ok(64));
        for bad in [
            "idle_time",
            "idle=3s",
            "http2_streams=many",
            "idle_time=soon",
            "=1",
        ] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }
}
