//! One TCP connection to a name, trying all its addresses (after RFC 8305).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

use crate::LinkError;
use crate::limits::{ADDRESSES, NEXT_ADDRESS};

/// Why there is no connection.
#[derive(Debug, Error)]
pub(crate) enum TcpError {
    /// The name has no address.
    #[error("the name could not be resolved")]
    Resolve(#[source] io::Error),
    /// Nobody listens at any address.
    #[error("the connection was refused")]
    Refused,
    /// No address answered in time.
    #[error("the connection was not answered within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Another fault, the last that was met.
    #[error("the connection could not be made")]
    Failed(#[source] io::Error),
}

impl TcpError {
    /// The same, about the relay or its proxy.
    pub(crate) fn into_link(self, host: &str, address: &str) -> LinkError {
        let address = address.to_owned();
        match self {
            Self::Resolve(source) => LinkError::NameResolution {
                host: host.to_owned(),
                source,
            },
            Self::Refused => LinkError::ConnectRefused { address },
            Self::TimedOut(after) => LinkError::ConnectTimedOut { address, after },
            Self::Failed(source) => LinkError::ConnectFailed { address, source },
        }
    }
}

/// Connects to whichever address of `host` answers first. `localhost` is both loopback
/// addresses, whatever the hosts file says, and is not asked for.
pub(crate) async fn connect(
    host: &str,
    port: u16,
    within: Duration,
) -> Result<TcpStream, TcpError> {
    let attempt = async {
        let addresses = resolve(host, port).await.map_err(TcpError::Resolve)?;
        connect_any(&addresses).await
    };
    timeout(within, attempt)
        .await
        .unwrap_or(Err(TcpError::TimedOut(within)))
}

/// Connects to the first of these addresses that answers, beginning one more whenever the last
/// has failed or keeps silent.
pub(crate) async fn connect_any(addresses: &[SocketAddr]) -> Result<TcpStream, TcpError> {
    // The usual case, without the machinery of the other.
    if let [address] = addresses {
        return open(*address).await.map_err(sort);
    }
    let mut rest = addresses.iter().copied();
    let mut tries = FuturesUnordered::new();
    let mut refused = false;
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    tries.extend(rest.next().map(open));
    loop {
        tokio::select! {
            biased;
            outcome = tries.next() => match outcome {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => {
                    refused |= error.kind() == io::ErrorKind::ConnectionRefused;
                    last = error;
                    tries.extend(rest.next().map(open));
                }
                None if refused => return Err(TcpError::Refused),
                None => return Err(TcpError::Failed(last)),
            },
            () = sleep(NEXT_ADDRESS), if rest.len() > 0 => tries.extend(rest.next().map(open)),
        }
    }
}

/// The loopback addresses, the older first: most apps on `localhost` listen on it.
pub(crate) fn loopback(port: u16) -> [SocketAddr; 2] {
    [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ]
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn sort(error: io::Error) -> TcpError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => TcpError::Refused,
        _ => TcpError::Failed(error),
    }
}

pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(loopback(port).to_vec());
    }
    let addresses = lookup_host((host, port)).await?.take(ADDRESSES);
    let addresses = alternating(addresses.collect());
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "it has no address"));
    }
    Ok(addresses)
}

/// The addresses with families taking turns, the resolver's first one first.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut ordered = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_second_address_is_tried_when_the_first_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = closed.local_addr().unwrap();
        drop(closed);
        let stream = connect_any(&[refused, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        assert!(stream.nodelay().unwrap());
        let error = connect_any(&[refused, refused]).await.unwrap_err();
        assert!(matches!(error, TcpError::Refused), "{error}");
    }

    #[tokio::test]
    async fn a_name_without_address_is_told_apart() {
        let error = connect("nothing.invalid", 80, Duration::from_secs(8))
            .await
            .unwrap_err();
        let error = error.into_link("nothing.invalid", "nothing.invalid:80");
        assert_eq!(error.code(), "name_resolution", "{error}");
    }

    #[test]
    fn families_take_turns() {
        let v4 = |last| SocketAddr::from(([192, 0, 2, last], 1));
        let v6 = |last| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], 1));
        assert_eq!(
            alternating(vec![v6(1), v6(2), v6(3), v4(1)]),
            [v6(1), v4(1), v6(2), v6(3)]
        );
        assert!(alternating(vec![]).is_empty());
    }
}
