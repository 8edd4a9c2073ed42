//! What the relay does about a token's holder whose websocket speaks anything but the protocol.

use super::FLAT_BYTES;
use super::malformed::noise;
use crate::support::{Connection, DEADLINE, LocalApp, TestClient, TestRelay, within};

/// An upgrade with a good token, after which anything may follow.
async fn upgraded(relay: &TestRelay) -> Connection {
    let token = std::fs::read_to_string(relay.token_file()).unwrap();
    let sender = crate::support::Sender::to(relay.url(), relay.ca().as_deref());
    let mut connection = sender.connect().await;
    let request = format!(
        "GET /_kreel/link HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         sec-websocket-protocol: kreel.v1\r\nauthorization: Bearer {}\r\n\r\n",
        token.trim()
    );
    connection.write(request.as_bytes()).await.unwrap();
    let head = within("an answer", DEADLINE, connection.head())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.status(), 101, "{head:?}");
    connection
}

/// A frame as clients send it: masked, though with zeros.
fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let length = match payload.len() {
        short @ 0..126 => vec![0x80 | u8::try_from(short).unwrap()],
        medium @ 126..65536 => {
            [&[0xfe][..], &u16::try_from(medium).unwrap().to_be_bytes()].concat()
        }
        long => [&[0xff][..], &(long as u64).to_be_bytes()].concat(),
    };
    [&[first_byte][..], &length, &[0; 4], payload].concat()
}

/// What no client sends, by what it is.
fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    let noise = noise(8192);
    vec![
        ("noise", noise.clone()),
        ("noise in a frame", frame(0x82, &noise)),
        ("text", frame(0x81, b"hello")),
        ("no mask", b"\x82\x05hello".to_vec()),
        ("an unknown kind of frame", frame(0x83, b"hello")),
        ("reserved bits", frame(0xf2, b"hello")),
        ("a continuation of nothing", frame(0x80, b"hello")),
        ("a long ping", frame(0x89, &[7; 126])),
        (
            "a frame of 2^63 bytes",
            b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(),
        ),
        ("a frame of 16 MiB", frame(0x82, &vec![7; 1 << 24])),
        (
            "a message in fragments without end",
            (0..100_000).flat_map(|_| frame(0x02, &[7; 16])).collect(),
        ),
        ("a close without a reason", frame(0x88, b"x")),
        (
            "HTTP",
            b"GET /_kreel/health HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
        ),
        ("nothing at all", Vec::new()),
    ]
}

#[tokio::test]
async fn garbage_after_a_good_upgrade_ends_that_link_alone() {
    for relay in [TestRelay::start().await, TestRelay::secure().await] {
        let app = LocalApp::answering(200).await;
        let mut client = TestClient::listen(&relay, &app, &[]).await;
        let sender = client.sender();
        let mut before = 0;
        for round in 0..3 {
            for (what, bytes) in garbage() {
                let mut connection = upgraded(&relay).await;
                let _ = connection.write(&bytes).await;
                let _ = connection.shutdown().await;
                // Perhaps a frame that says why, then the end.
                within(what, DEADLINE, connection.rest()).await;
                assert_eq!(sender.post("/good", what).await.status(), 200);
            }
            if round == 0 {
                before = relay.process.rss();
            }
        }
        let grown = relay.process.rss().saturating_sub(before);
        assert!(grown < FLAT_BYTES, "the relay grew by {grown} bytes");
        assert_eq!(app.count(), 3 * garbage().len());
        assert!(
            client
                .events()
                .iter()
                .all(|event| event["type"] != "reconnecting")
        );
    }
}
