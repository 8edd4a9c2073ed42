//! On which ports of this machine something listens, near the one where the app was not found.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use kreel_client::Whole;

/// Where development servers usually listen.
const USUAL: [u16; 16] = [
    3000, 3001, 3002, 3333, 4000, 4200, 4321, 5000, 5001, 5173, 8000, 8001, 8080, 8081, 8888, 9000,
];

/// How far around the app's own port is looked.
const NEAR: u16 = 10;

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
        own.saturating_sub(NEAR)..=own.saturating_add(NEAR)
    });
    let mut ports: Vec<u16> = near.chain(USUAL).filter(|port| *port > 1023).collect();
    ports.sort_unstable();
    ports.dedup();
    ports.retain(|port| is_taken(*port));
    ports
}

/// Whether somebody listens there: then nobody else can.
fn is_taken(port: u16) -> bool {
    let taken = |bound: std::io::Result<TcpListener>| {
        bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
    };
    taken(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))
        || taken(TcpListener::bind((Ipv6Addr::LOCALHOST, port)))
}

fn port_of(url: &str) -> Option<u16> {
    let authority = url.split("://").nth(1)?.split('/').next()?;
    authority.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_where_somebody_listens_is_taken() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(port));
        drop(listener);
        assert!(!is_taken(port));
    }

    #[test]
    fn a_port_stands_behind_the_last_colon() {
        assert_eq!(port_of("http://localhost:3000/x"), Some(3000));
        assert_eq!(port_of("http://[::1]:81/"), Some(81));
        assert_eq!(port_of("http://localhost/"), None);
    }
}
