//! Connections and handshakes. A PROXY header says where one comes from: loopback itself is not counted.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Limited;
use crate::support::{Connection, DEADLINE, Sender, within};

const PROXY: &[&str] = &["--proxy-protocol"];
const PROXY_TLS: &[&str] = &["--proxy-protocol", "--tls", "self-signed"];

/// A connection of this address.
async fn from(limited: &Limited, address: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(limited.relay.address()).await.unwrap();
    let word = format!("PROXY TCP4 {address} 192.0.2.250 1 2\r\n");
    tcp.write_all(word.as_bytes()).await.unwrap();
    tcp
}

/// Whether the relay answers on it.
async fn works(tcp: TcpStream) -> (bool, Connection) {
    let mut connection = Connection::new(tcp);
    let request = b"GET /_kreel/health HTTP/1.1\r\nhost: a\r\n\r\n";
    let answered = within(
        "an answer or the end",
        DEADLINE,
        connection.exchange(request),
    );
    let works = answered.await.is_ok_and(|answer| answer.status() == 200);
    (works, connection)
}

#[tokio::test]
async fn too_many_connections_of_an_address() {
    let limited = Limited::by(&["max_connections_per_address=2"], PROXY).await;
    let (one, _first) = works(from(&limited, "192.0.2.1").await).await;
    let (two, second) = works(from(&limited, "192.0.2.1").await).await;
    assert!(one && two);
    assert!(!works(from(&limited, "192.0.2.1").await).await.0);
    assert!(works(from(&limited, "192.0.2.2").await).await.0);
    limited.refused("connections_of_address").await;
    drop(second);
    within("a place is free again", DEADLINE, async {
        while !works(from(&limited, "192.0.2.1").await).await.0 {}
    })
    .await;
}

#[tokio::test]
async fn connections_too_often() {
    let limited = Limited::by(&["connections_per_second_per_address=1"], PROXY).await;
    for _ in 0..5 {
        assert!(works(from(&limited, "192.0.2.1").await).await.0);
    }
    assert!(!works(from(&limited, "192.0.2.1").await).await.0);
    assert!(works(from(&limited, "192.0.2.2").await).await.0);
    limited.refused("connection_rate").await;
}

/// Waits until the relay has closed it.
async fn is_closed(mut tcp: TcpStream) {
    let mut heard = Vec::new();
    let _ = within("the end", DEADLINE, tcp.read_to_end(&mut heard)).await;
}

#[tokio::test]
async fn too_many_handshakes_of_an_address() {
    let limited = Limited::by(&["max_handshakes_per_address=1"], PROXY_TLS).await;
    let _begun = from(&limited, "192.0.2.1").await;
    let second = from(&limited, "192.0.2.1").await;
    limited.refused("handshakes_of_address").await;
    is_closed(second).await;
}

#[tokio::test]
async fn too_many_handshakes() {
    let limited = Limited::by(&["max_handshakes=1"], PROXY_TLS).await;
    let _begun = from(&limited, "192.0.2.1").await;
    let second = from(&limited, "192.0.2.2").await;
    limited.refused("handshakes").await;
    drop(second);
}

#[tokio::test]
async fn too_slow_a_handshake() {
    let limited = Limited::by(&["tls_handshake_time=300ms"], &["--tls", "self-signed"]).await;
    is_closed(TcpStream::connect(limited.relay.address()).await.unwrap()).await;
    limited.refused("slow_handshake").await;
}

/// There is nobody to tell: who comes later waits until somebody leaves.
#[tokio::test]
async fn too_many_connections_wait() {
    let limited = Limited::by(&["max_connections=1"], &[]).await;
    let address = limited.relay.address();
    let (one, first) = works(TcpStream::connect(address).await.unwrap()).await;
    assert!(one);
    let waits = tokio::spawn(works(TcpStream::connect(address).await.unwrap()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waits.is_finished());
    drop(first);
    assert!(within("its turn", DEADLINE, waits).await.unwrap().0);
}

#[tokio::test]
async fn a_port_beside_is_small() {
    let limited = Limited::by(&["side_connections=1", "side_time=1s"], &[]).await;
    let begun = Instant::now();
    let _first = TcpStream::connect(limited.metrics).await.unwrap();
    let page = Sender::direct(limited.metrics).get("/metrics").await;
    assert_eq!(page.status(), 200);
    assert!(
        begun.elapsed() >= Duration::from_millis(900),
        "{:?}",
        begun.elapsed()
    );
}
