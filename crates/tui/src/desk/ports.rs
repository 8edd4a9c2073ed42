//! On which ports of this machine something listens, near the one where the app was not found.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use kreel_client::Whole;
use kreel_inspect::why::{NEARBY_PORTS, USUAL_PORTS};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, bind, socket};

use crate::limits::SOCKETS_BYTES;

/// The ports, if the last attempt found no app; nothing is connected to.
pub(super) fn listening(whole: &Whole, target: Option<&str>) -> Vec<u16> {
    let Some(attempt) = whole.attempts.last() else {
        return Vec::new();
    };
    let failure = attempt.failure.as_ref().map(|(code, _)| code.as_str());
    if !matches!(failure, Some("refused" | "unreachable")) {
        return Vec::new();
    }
    // Where nothing could be sent there is no request: then it is the target's.
    let sent = attempt.request.as_ref().map(|(url, _)| url.as_str());
    let meant = attempt.other_target.as_deref().or(target);
    let own = sent.or(meant).and_then(port_of);
    let near = own.map_or(0..=0, |own| {
        own.saturating_sub(NEARBY_PORTS)..=own.saturating_add(NEARBY_PORTS)
    });
    let ports: BTreeSet<u16> = near
        .chain(USUAL_PORTS)
        .filter(|port| *port > 1023)
        .collect();
    match told() {
        Some(told) => ports.intersection(&told).copied().collect(),
        // Where the system has no such list they are tried, but for the app's own: it may be about
        // to take it.
        None => ports
            .into_iter()
            .filter(|port| Some(*port) != own && is_taken(*port))
            .collect(),
    }
}

/// Where somebody listens for this machine, as Linux tells.
fn told() -> Option<BTreeSet<u16>> {
    let mut ports = BTreeSet::new();
    for name in ["/proc/net/tcp", "/proc/net/tcp6"] {
        // Without IPv6 there is only the first.
        if let Ok(file) = File::open(name) {
            let lines = BufReader::new(file.take(SOCKETS_BYTES)).lines();
            ports.extend(lines.map_while(Result::ok).filter_map(|line| port(&line)));
        } else if name == "/proc/net/tcp" {
            return None;
        }
    }
    Some(ports)
}

/// The port of a line about a socket, if it listens, and on an address of this machine's own.
fn port(line: &str) -> Option<u16> {
    const LISTENS: &str = "0A";
    let mut words = line.split_ascii_whitespace();
    let (local, state) = (words.nth(1)?, words.nth(1)?);
    let (address, port) = local.split_once(':')?;
    let is_here = match address_of(address)? {
        IpAddr::V4(it) => it.is_loopback() || it.is_unspecified(),
        IpAddr::V6(it) => it.is_loopback() || it.is_unspecified(),
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    (state == LISTENS && is_here).then_some(port)
}

/// An address in the words of 32 bits that this machine keeps it in.
fn address_of(text: &str) -> Option<IpAddr> {
    let mut bytes = [0; 16];
    for (place, word) in bytes.chunks_mut(4).zip(0..) {
        let word = text.get(word * 8..word * 8 + 8);
        let word = word.and_then(|word| u32::from_str_radix(word, 16).ok());
        place.copy_from_slice(&word.unwrap_or_default().to_ne_bytes());
    }
    match text.len() {
        8 => Some(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into()),
        32 => Some(Ipv6Addr::from(bytes).to_canonical()),
        _ => None,
    }
}

/// Whether somebody listens there: then nobody else can take it. It is not listened on meanwhile,
/// so that whoever connects there is refused as before.
fn is_taken(port: u16) -> bool {
    [
        (AddressFamily::INET, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        (AddressFamily::INET6, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]
    .into_iter()
    .any(|(family, address)| {
        let bound = socket(family, SocketType::STREAM, None)
            .and_then(|socket| bind(&socket, &SocketAddr::new(address, port)));
        bound == Err(Errno::ADDRINUSE)
    })
}

fn port_of(url: &str) -> Option<u16> {
    let authority = url.split("://").nth(1)?.split('/').next()?;
    authority.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use rustix::net::{getsockname, listen};

    use super::*;
    use crate::testing::{row, scene};

    #[test]
    fn a_port_where_somebody_listens_is_taken() {
        for address in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            let address: IpAddr = address.parse().unwrap();
            let listener = TcpListener::bind((address, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            assert!(is_taken(port), "{address}");
            #[cfg(target_os = "linux")]
            assert!(told().unwrap().contains(&port), "{address}");
        }
    }

    /// It was bound and is not listened on, as by an app that is about to.
    #[test]
    fn the_apps_own_port_is_left_alone() {
        let about_to = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&about_to, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let own = getsockname(&about_to).unwrap();
        let own = SocketAddr::try_from(own).unwrap().port();
        let mut whole = scene::whole(&row(1));
        let last = whole.attempts.last_mut().unwrap();
        last.failure = Some(("refused".to_owned(), "connection refused".to_owned()));
        last.request = None;
        let target = format!("http://127.0.0.1:{own}");
        assert!(!listening(&whole, Some(&target)).contains(&own));
        listen(&about_to, 1).unwrap();
        // Then it is known why it was refused, where that is told without trying.
        let is_told = listening(&whole, Some(&target)).contains(&own);
        assert_eq!(is_told, cfg!(target_os = "linux"));
    }

    #[test]
    fn a_port_stands_behind_the_last_colon() {
        assert_eq!(port_of("http://localhost:3000/x"), Some(3000));
        assert_eq!(port_of("http://[::1]:81/"), Some(81));
        assert_eq!(port_of("http://localhost/"), None);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_about_sockets_are_understood() {
        for (line, found) in [
            (
                "  0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000",
                Some(3000),
            ),
            (
                "  1: 00000000:1F90 00000000:0000 0A 00000000:00000000",
                Some(8080),
            ),
            // Another machine may reach it, a target on this one not.
            (
                "  2: 0501A8C0:1F90 00000000:0000 0A 00000000:00000000",
                None,
            ),
            // A connection.
            (
                "  3: 0100007F:0BB8 0100007F:9C40 01 00000000:00000000",
                None,
            ),
            (
                "  0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A",
                Some(3000),
            ),
            (
                "  1: 0000000000000000FFFF00000100007F:0BB8 00000000000000000000000000000000:0000 0A",
                Some(3000),
            ),
            (
                "  sl  local_address rem_address   st tx_queue rx_queue",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(port(line), found, "{line}");
        }
    }
}
