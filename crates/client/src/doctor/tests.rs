//! Steps against servers that are no relays.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::LinkError;

/// A server that answers whatever comes with these bytes, and closes; its address.
async fn saying(answer: &'static [u8]) -> ProbeConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut some = [0; 1024];
            let _ = stream.read(&mut some).await;
            let _ = stream.write_all(answer).await;
        }
    });
    ProbeConfig {
        relay: format!("http://{address}").parse().unwrap(),
        relay_ca: None,
        token: None,
    }
}

#[tokio::test]
async fn what_is_offered_is_taken_too_large_or_refused_by_others() {
    let cases: [(&[u8], BodyAnswer); 4] = [
        (b"HTTP/1.1 100 Continue\r\n\r\n", BodyAnswer::Taken),
        (
            b"HTTP/1.1 413 X\r\ncontent-length: 39\r\n\r\n{\"code\":\"too_large\",\"limit_bytes\":10240}",
            BodyAnswer::TooLarge { limit_bytes: Some(10_240) },
        ),
        (
            b"HTTP/1.1 413 X\r\ncontent-length: 6\r\n\r\n<html>",
            BodyAnswer::Refused { status: 413 },
        ),
        (b"HTTP/1.1 502 Bad\r\n\r\n", BodyAnswer::Refused { status: 502 }),
    ];
    for (answer, expected) in cases {
        let config = saying(answer).await;
        assert_eq!(offer(&config, 1 << 30).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_server_of_another_kind_is_no_relay() {
    for answer in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b""] {
        let config = saying(answer).await;
        let error = offer(&config, 1).await.unwrap_err();
        assert!(matches!(error, LinkError::NotARelay { .. }), "{error}");
        let error = reach(&config).await.unwrap_err();
        assert!(matches!(error, LinkError::NotARelay { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_relay_that_tells_its_time_and_version_is_understood() {
    let config = saying(
        b"HTTP/1.1 200 OK\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\ncontent-length: 19\r\n\r\n{\"version\":\"9.8.7\"}",
    )
    .await;
    let reached = reach(&config).await.unwrap();
    assert_eq!(reached.version.as_deref(), Some("9.8.7"));
    assert!(reached.ahead_s.unwrap() > 1_000_000);
    assert!(reached.certified.is_none() && reached.token.is_none());
}

#[tokio::test]
async fn loopback_has_addresses_and_no_proxy() {
    let relay = "http://localhost:1".parse().unwrap();
    let found = addresses(&relay).await.unwrap();
    assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback));
}
