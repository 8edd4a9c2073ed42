//! Nothing accepted the connection: what listens on this machine instead.

use super::{Facts, Why, quote};

/// Ports that development servers take when nothing else is said.
pub const USUAL_PORTS: [u16; 18] = [
    3000, 3001, 3002, 3333, 4000, 4200, 4321, 5000, 5001, 5173, 7071, 8000, 8001, 8080, 8081, 8787,
    8888, 9000,
];

/// How far from the port of the target an app that found it taken goes.
pub const NEARBY_PORTS: u16 = 10;

pub(super) fn explain(facts: &Facts<'_>) -> Why {
    let Some(target) = facts.target.and_then(Target::of) else {
        return Why::new(
            "Nothing accepted the connection at the app's address.",
            "Start the app; what waits is delivered when it is there.",
        );
    };
    let port = target.port;
    if !target.is_here {
        return Why::new(
            format!(
                "{} refused the connection on port {port}.",
                quote(target.host)
            ),
            "Check that the app runs there, listens on all addresses and not on its own \
                localhost alone, and that the port is the published one.",
        );
    }
    if facts.listening.contains(&port) {
        return mismatch(&target);
    }
    let candidates = candidates(port, facts.listening);
    let Some(best) = candidates.first() else {
        return Why::new(
            format!("Nothing listens on port {port} of this machine."),
            "Start the app; what waits is delivered when it is there.",
        );
    };
    let ports: Vec<String> = candidates.iter().map(u16::to_string).collect();
    Why::new(
        format!(
            "Nothing listens on port {port} of this machine, but something does on {}.",
            ports.join(", ")
        ),
        format!(
            "If that is the app: kreel listen {best}. Or start it on {port}; what waits is \
                delivered then."
        ),
    )
}

/// The port is taken, and yet the connection was refused: another address of this machine.
fn mismatch(target: &Target<'_>) -> Why {
    let port = target.port;
    let (tried, others) = match target.host {
        "127.0.0.1" => (
            "IPv4 (127.0.0.1)",
            format!("kreel listen http://[::1]:{port}"),
        ),
        "[::1]" => (
            "IPv6 (::1)",
            format!("kreel listen http://127.0.0.1:{port}"),
        ),
        _ => (
            "that name's address",
            format!("kreel listen http://127.0.0.1:{port} or http://[::1]:{port}"),
        ),
    };
    Why::new(
        format!(
            "Something listens on port {port}, but not on {tried}: localhost is 127.0.0.1 for \
                some programs and ::1 for others. Or the app has started since."
        ),
        format!("Replay; if it is refused again, {others}, or let the app listen on both."),
    )
}

/// What listens where the app might be, most likely first.
fn candidates(port: u16, listening: &[u16]) -> Vec<u16> {
    let mut candidates: Vec<u16> = listening
        .iter()
        .copied()
        .filter(|other| other.abs_diff(port) <= NEARBY_PORTS || USUAL_PORTS.contains(other))
        .collect();
    candidates
        .sort_unstable_by_key(|other| (other.abs_diff(port) > NEARBY_PORTS, other.abs_diff(port)));
    candidates.dedup();
    candidates.truncate(3);
    candidates
}

/// Where the app was looked for.
pub(super) struct Target<'a> {
    /// The host as written.
    pub(super) host: &'a str,
    /// The port, given or usual.
    pub(super) port: u16,
    /// Whether TLS was asked for.
    pub(super) is_tls: bool,
    /// Whether it is this machine.
    pub(super) is_here: bool,
}

impl<'a> Target<'a> {
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let authority = rest.split(['/', '?']).next()?;
        let is_tls = scheme.eq_ignore_ascii_case("https");
        let usual = if is_tls { 443 } else { 80 };
        let colon = authority
            .rfind(':')
            .filter(|at| !authority[*at..].contains(']'));
        let (host, port) = match colon {
            Some(at) => (&authority[..at], authority[at + 1..].parse().ok()?),
            None => (authority, usual),
        };
        let is_here = matches!(host, "localhost" | "[::1]" | "0.0.0.0" | "[::]")
            || host.starts_with("127.")
            || host.ends_with(".localhost");
        Some(Self {
            host,
            port,
            is_tls,
            is_here,
        })
    }
}
