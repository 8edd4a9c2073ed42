//! Whether a call to a local port was meant for it, and whether an address is on this machine or
//! in a private network.
//!
//! A web page can make a browser call a local port, under its own name (DNS rebinding) or from
//! its own origin. Neither is answered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};

/// Whether a call names this machine, and no other site sent it.
pub(crate) fn is_meant(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let named = host.and_then(|host| host.parse::<http::uri::Authority>().ok());
    let is_here = named.is_some_and(|authority| is_loopback(authority.host()));
    let origin = headers
        .get(ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default());
    let is_own = origin.is_none_or(|origin| {
        let host = origin.parse::<Uri>().ok();
        host.is_some_and(|uri| uri.host().is_some_and(is_loopback))
    });
    is_here && is_own
}

/// Whether this host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    match address(&name) {
        Some(address) => address.is_loopback(),
        None => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// Whether this host can't be reached from the internet, as far as its name tells.
pub fn is_private(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    match address(&name) {
        Some(IpAddr::V4(address)) => is_private_v4(address),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => is_private_v4(mapped),
            None => is_private_v6(address),
        },
        None => {
            const ENDS: [&str; 6] = [
                ".localhost",
                ".local",
                ".internal",
                ".lan",
                ".home.arpa",
                ".test",
            ];
            !name.contains('.') || ENDS.iter().any(|end| name.ends_with(end))
        }
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    // 100.64.0.0/10 is shared by those behind a carrier's NAT (RFC 6598).
    let is_shared = first == 100 && (64..128).contains(&second);
    // "This network", the protocols' own, benchmarks, groups, and what is reserved (RFC 6890).
    let is_special = matches!(
        (first, second, third),
        (0, ..) | (192, 0, 0) | (198, 18..=19, _)
    );
    let is_above = first >= 224;
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_documentation()
        || is_shared
        || is_special
        || is_above
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inside = |high: u16, low: u16| {
        let [first, second] = high.to_be_bytes();
        let [third, fourth] = low.to_be_bytes();
        is_private_v4(Ipv4Addr::new(first, second, third, fourth))
    };
    // Addresses that stand for one of the older kind: 6to4 and NAT64. Those with zeros
    // in front lead nowhere.
    let is_inside = match (a, b, c, d, e, f) {
        (0x2002, high, low, ..) => inside(high, low),
        (0x64, 0xff9b, 0, 0, 0, 0) => inside(g, h),
        (0, 0, 0, 0, 0, 0) => true,
        _ => false,
    };
    is_inside
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
        // For documents (RFC 3849), and NAT64 of a network's own (RFC 8215).
        || (a, b) == (0x2001, 0xdb8)
        || (a, b, c) == (0x64, 0xff9b, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_internet_can_t_reach_is_private() {
        for private in [
            "localhost",
            "LOCALHOST.",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "::1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
            "224.0.0.1",
            "app",
            "my-mac.local",
            "db.internal",
            "x.localhost",
            "app.test",
        ] {
            assert!(is_private(private), "{private}");
        }
        for public in [
            "relay.example.com",
            "8.8.8.8",
            "[2606:4700::1]",
            "[64:ff9b::8.8.8.8]",
            "192.0.1.1",
            "198.20.0.1",
            "172.32.0.1",
            "100.128.0.1",
            "localhost.example.com",
        ] {
            assert!(!is_private(public), "{public}");
        }
    }

    #[test]
    fn pages_elsewhere_are_not_answered() {
        let call = |host: Option<&str>, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(HOST, host), (ORIGIN, origin)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            is_meant(&headers)
        };
        assert!(call(Some("127.0.0.1:4041"), None));
        assert!(call(Some("localhost:4041"), Some("http://localhost:3000")));
        assert!(call(Some("[::1]:4041"), None));
        assert!(!call(Some("evil.example:4041"), None));
        assert!(!call(Some("localhost.evil.example"), None));
        assert!(!call(Some("127.0.0.1:4041"), Some("https://evil.example")));
        assert!(!call(Some("127.0.0.1:4041"), Some("null")));
        assert!(!call(None, None));
    }
}
