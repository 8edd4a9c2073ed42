//! Whether a text is `uri-host [ ":" port ]` (RFC 9110, section 7.2), and what is refused beyond.

use std::net::Ipv6Addr;

/// Whether these bytes name a host that a request can be for.
///
/// Stricter than RFC 3986 in three points: the host is not empty, a colon is followed by a
/// port, and the only bracketed literals are IPv6 addresses without a zone.
pub(crate) fn is_host(bytes: &[u8]) -> bool {
    let (host, port) = split(bytes);
    let host_fits = match host {
        [b'[', literal @ .., b']'] => is_ipv6(literal),
        name => is_registered_name(name),
    };
    host_fits && port.is_none_or(is_port)
}

/// The host and, after a colon that does not belong to it, the port.
fn split(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let host_end = bytes.iter().rposition(|byte| *byte == b']').unwrap_or(0);
    match bytes[host_end..].iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let (host, port) = bytes.split_at(host_end + colon);
            (host, Some(&port[1..]))
        }
        None => (bytes, None),
    }
}

fn is_ipv6(literal: &[u8]) -> bool {
    str::from_utf8(literal).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// A `reg-name`, which covers IPv4 addresses too.
fn is_registered_name(name: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte);
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'%', [a, b, after @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => after,
            (first, after) if is_plain(first) => after,
            _ => return false,
        };
    }
    !name.is_empty()
}

fn is_port(digits: &[u8]) -> bool {
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    all_digits && str::from_utf8(digits).is_ok_and(|text| text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_addresses_and_ports() {
        for host in [
            "a",
            "my-app.tunnels.example",
            "EXAMPLE.com:443",
            "127.0.0.1:8080",
            "[::1]",
            "[2001:db8::7]:65535",
            "[::ffff:192.0.2.1]",
            "b%C3%BCcher.example",
            "a_b.example.",
            "a:0",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn refuses_all_else() {
        for host in [
            "",
            ":80",
            "a:",
            "a:b",
            "a:65536",
            "a:+80",
            "a:80:80",
            "user@a",
            "a b",
            "a\tb",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a%2",
            "a%zz",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[::1]80",
            "[::1]:",
            "[fe80::1%25eth0]",
            "[v1.a]",
            "[a]",
            "x[::1]",
            "[::1]]",
            "b\u{fc}cher",
            "http://a",
            "\0",
        ] {
            assert!(!is_host(host.as_bytes()), "{host:?}");
        }
    }
}
