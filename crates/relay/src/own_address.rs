//! By which address others may call a relay that listens on all of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Where it is told to be: where it listens, or, if that is every address and so nobody's to call,
/// the one this machine goes out by.
pub(crate) fn told(listen: SocketAddr) -> SocketAddr {
    match listen.ip().is_unspecified() {
        true => SocketAddr::new(way_out(listen.ip()), listen.port()),
        false => listen,
    }
}

/// The address of this machine on its way to others; loopback without such a way. Nothing is sent:
/// connecting a UDP socket only chooses a route.
fn way_out(listens: IpAddr) -> IpAddr {
    // Addresses for documentation (RFC 5737, RFC 3849), which lead wherever the default route does.
    let way = |from, to| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    let by_v4 = || way("0.0.0.0:0", "192.0.2.1:9");
    // Who listens on `[::]` may not hear IPv4.
    let found = match listens.is_ipv6() {
        true => way("[::]:0", "[2001:db8::1]:9").or_else(by_v4),
        false => by_v4(),
    };
    found.unwrap_or(Ipv4Addr::LOCALHOST.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_can_be_called() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(told(address("127.0.0.1:80")), address("127.0.0.1:80"));
        for all in ["0.0.0.0:4433", "[::]:4433"] {
            let told = told(address(all));
            assert!(!told.ip().is_unspecified(), "{told}");
            assert_eq!(told.port(), 4433);
            // Whoever is called so listens on this machine.
            assert!(UdpSocket::bind((told.ip(), 0)).is_ok(), "{told}");
        }
        assert!(told(address("0.0.0.0:1")).is_ipv4());
    }
}
