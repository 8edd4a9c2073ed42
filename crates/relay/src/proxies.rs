//! Proxies in front that are believed: what they say about who is behind them, in one header or by
//! the PROXY protocol. Nobody else is, and no other header: what a proxy does not set itself it lets
//! through as its sender wrote it.

mod protocol;

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;
use kreel_wire::Scheme;

pub(crate) use self::protocol::read as read_protocol;

/// The proxies that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they connect from.
    pub networks: Vec<IpNet>,
    /// Whether they begin each connection with the PROXY protocol, version 1 or 2.
    pub protocol: bool,
    /// Where they say who is behind them.
    pub header: ForwardedHeader,
}

/// The one header in which proxies say who is behind them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, and `X-Forwarded-Proto` for the scheme.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Who a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The sender's address.
    pub(crate) address: IpAddr,
    /// How it reached whoever was first.
    pub(crate) scheme: Scheme,
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The most hops that are followed: 16. Chains of proxies have two or three.
const HOPS: usize = 16;

impl Proxies {
    /// Whether whoever connects from there is believed.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Who a request comes from: the last in the chain that is no proxy of ours. What stands
    /// before it in a header may be anybody's invention.
    pub(crate) fn origin(&self, peer: Origin, headers: &HeaderMap) -> Origin {
        let mut origin = peer;
        if !self.trust(peer.address) {
            return origin;
        }
        let hops = match self.header {
            ForwardedHeader::XForwardedFor => by_two_headers(headers),
            ForwardedHeader::Forwarded => by_one_header(headers),
        };
        for (address, scheme) in hops.into_iter().take(HOPS) {
            let Some(address) = address else { break };
            origin = Origin {
                address,
                scheme: scheme.unwrap_or(origin.scheme),
            };
            if !self.trust(address) {
                break;
            }
        }
        origin
    }
}

type Hop = (Option<IpAddr>, Option<Scheme>);

/// `X-Forwarded-For` and `X-Forwarded-Proto`, the nearest hop first. The latter counts as the
/// nearest proxy has it: few append to it.
fn by_two_headers(headers: &HeaderMap) -> Vec<Hop> {
    let proto = elements(headers, &FORWARDED_PROTO).pop();
    let scheme = proto.as_deref().and_then(scheme);
    let addresses = elements(headers, &FORWARDED_FOR);
    let hops = addresses.iter().rev().map(|text| (address(text), scheme));
    hops.collect()
}

/// `Forwarded` (RFC 7239), the nearest hop first.
fn by_one_header(headers: &HeaderMap) -> Vec<Hop> {
    let elements = elements(headers, &FORWARDED);
    let hop = |element: &String| {
        let value = |wanted: &str| {
            element.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let value = value.trim().trim_matches('"');
                name.trim()
                    .eq_ignore_ascii_case(wanted)
                    .then(|| value.to_owned())
            })
        };
        (
            value("for").as_deref().and_then(address),
            value("proto").as_deref().and_then(scheme),
        )
    };
    elements.iter().rev().map(hop).collect()
}

/// A header's lines as one list. A quoted comma does not occur in what we look for.
fn elements(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).into_iter();
    let texts = lines.map(|line| line.to_str().unwrap_or_default().to_owned());
    let all = texts.collect::<Vec<_>>().join(",");
    all.split(',')
        .map(|element| element.trim().to_owned())
        .collect()
}

/// An address, perhaps with a port or in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    Some(bare.parse::<IpAddr>().ok()?.to_canonical())
}

fn scheme(text: &str) -> Option<Scheme> {
    match text.to_ascii_lowercase().as_str() {
        "https" => Some(Scheme::Https),
        "http" => Some(Scheme::Http),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn proxies(networks: &[&str]) -> Proxies {
        Proxies {
            networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
            ..Proxies::default()
        }
    }

    fn seen(
        proxies: &Proxies,
        peer: &str,
        lines: &[(&'static str, &'static str)],
    ) -> (String, Scheme) {
        let mut headers = HeaderMap::new();
        for &(name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        let peer = Origin {
            address: peer.parse().unwrap(),
            scheme: Scheme::Http,
        };
        let origin = proxies.origin(peer, &headers);
        (origin.address.to_string(), origin.scheme)
    }

    #[test]
    fn only_listed_peers_are_believed() {
        let ours = proxies(&["10.0.0.0/8", "::1/128"]);
        let said = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(
            seen(&ours, "10.1.2.3", &said),
            ("192.0.2.7".into(), Scheme::Https)
        );
        assert_eq!(seen(&ours, "::ffff:10.1.2.3", &said).0, "192.0.2.7");
        assert_eq!(
            seen(&ours, "203.0.113.9", &said),
            ("203.0.113.9".into(), Scheme::Http)
        );
        assert_eq!(seen(&Proxies::default(), "10.1.2.3", &said).0, "10.1.2.3");
    }

    #[test]
    fn what_a_sender_invents_stays_behind_what_a_proxy_saw() {
        let ours = proxies(&["10.0.0.0/8"]);
        for (lines, found) in [
            (
                &[("x-forwarded-for", "1.1.1.1, 192.0.2.7")][..],
                "192.0.2.7",
            ),
            (
                &[
                    ("x-forwarded-for", "1.1.1.1"),
                    ("x-forwarded-for", "192.0.2.7"),
                ],
                "192.0.2.7",
            ),
            (
                &[("x-forwarded-for", "1.1.1.1, 192.0.2.7, 10.9.9.9")],
                "192.0.2.7",
            ),
            (&[("x-forwarded-for", "10.7.7.7, 10.9.9.9")], "10.7.7.7"),
            (&[("x-forwarded-for", "192.0.2.7, nonsense")], "10.0.0.1"),
            (&[("x-forwarded-for", "")], "10.0.0.1"),
            (
                &[
                    ("x-forwarded-for", "192.0.2.7"),
                    ("forwarded", "for=1.1.1.1"),
                ],
                "192.0.2.7",
            ),
            (&[("x-forwarded-for", "192.0.2.7:5555")], "192.0.2.7"),
            (&[("x-forwarded-for", "[2001:db8::7]:5555")], "2001:db8::7"),
            (&[("x-forwarded-for", "2001:db8::7")], "2001:db8::7"),
        ] {
            assert_eq!(seen(&ours, "10.0.0.1", lines).0, found, "{lines:?}");
        }
    }

    /// A proxy sets one of them, and lets the other through.
    #[test]
    fn the_other_header_is_anybodys() {
        let usual = proxies(&["10.0.0.0/8"]);
        let other = Proxies {
            header: ForwardedHeader::Forwarded,
            ..usual.clone()
        };
        let both = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=198.51.100.8;proto=http"),
        ];
        for (proxies, lines, found, scheme) in [
            (&usual, &both[..], "192.0.2.7", Scheme::Https),
            (&other, &both, "198.51.100.8", Scheme::Http),
            (&usual, &both[2..], "10.0.0.1", Scheme::Http),
            (&other, &both[..2], "10.0.0.1", Scheme::Http),
        ] {
            let seen = seen(proxies, "10.0.0.1", lines);
            assert_eq!(seen, (found.to_owned(), scheme), "{lines:?}");
        }
    }

    #[test]
    fn forwarded_is_understood() {
        let ours = Proxies {
            header: ForwardedHeader::Forwarded,
            ..proxies(&["10.0.0.0/8"])
        };
        let said = [(
            "forwarded",
            "for=1.1.1.1;proto=http, For=\"[2001:db8::7]:99\";Proto=https;by=x",
        )];
        assert_eq!(
            seen(&ours, "10.0.0.1", &said),
            ("2001:db8::7".into(), Scheme::Https)
        );
        for hidden in ["for=_hidden", "for=unknown", "by=10.0.0.1", "for"] {
            let origin = Origin {
                address: "10.0.0.1".parse().unwrap(),
                scheme: Scheme::Http,
            };
            let headers = [(FORWARDED, HeaderValue::from_static(hidden))]
                .into_iter()
                .collect();
            assert_eq!(ours.origin(origin, &headers), origin, "{hidden}");
        }
    }
}
