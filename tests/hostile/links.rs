//! What the relay does about a token's holder whose websocket speaks anything but the protocol.

use std::sync::{Arc, Mutex};

use kreel_wire::{GoodbyeReason, Hello, Policy, WelcomeOrReject};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::FLAT_BYTES;
use super::malformed::noise;
use crate::support::{
    Connection, DEADLINE, Listen, LocalApp, RawLink, Sender, TestClient, TestRelay, within,
};

/// An upgrade with a good token, after which anything may follow.
async fn upgraded(relay: &TestRelay) -> Connection {
    let token = std::fs::read_to_string(relay.token_file()).unwrap();
    let sender = Sender::to(relay.url(), relay.ca().as_deref());
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

/// What opened a link once opens none a second time: TLS is made anew with each connection.
#[tokio::test]
async fn a_recorded_handshake_played_again_opens_nothing() {
    let relay = TestRelay::secure().await;
    let app = LocalApp::answering(200).await;
    let tap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tap.local_addr().unwrap().port();
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let (record, there) = (recorded.clone(), relay.address());
    let tapping = tokio::spawn(async move {
        let (near, _) = tap.accept().await.unwrap();
        let far = TcpStream::connect(there).await.unwrap();
        let ((mut near_in, mut near_out), (mut far_in, mut far_out)) =
            (near.into_split(), far.into_split());
        let back = tokio::spawn(async move { tokio::io::copy(&mut far_in, &mut near_out).await });
        let mut piece = vec![0; 16 * 1024];
        while let Ok(bytes @ 1..) = near_in.read(&mut piece).await {
            record.lock().unwrap().extend_from_slice(&piece[..bytes]);
            far_out.write_all(&piece[..bytes]).await.unwrap();
        }
        back.abort();
    });
    let mut client = Listen::at(&format!("https://127.0.0.1:{port}"))
        .token_file(Some(relay.token_file()))
        .ca(relay.ca())
        .flags(&["--tunnel", "mine"])
        .to(&app)
        .start()
        .await;
    let sender = Sender::to(relay.url(), relay.ca().as_deref());
    assert_eq!(sender.post("/mine/hook", "before").await.status(), 200);
    let bytes = recorded.lock().unwrap().clone();
    assert!(bytes.len() > 500 && bytes[0] == 22, "{} bytes", bytes.len());
    for _ in 0..3 {
        let mut again = TcpStream::connect(relay.address()).await.unwrap();
        let _ = again.write_all(&bytes).await;
        let mut heard = Vec::new();
        let read = again.read_to_end(&mut heard);
        let _ = within("the relay ends it", DEADLINE, read).await;
        // A ServerHello of its own, and an alert; no link.
        assert!(heard.len() < 8192, "{} bytes", heard.len());
        assert_eq!(sender.post("/mine/hook", "meanwhile").await.status(), 200);
    }
    let events = client.events();
    assert!(events.iter().all(|event| event["type"] != "reconnecting"));
    assert_eq!(
        relay.process.stderr().matches("a client listens").count(),
        1,
        "{}",
        relay.process.stderr()
    );
    tapping.abort();
}

#[tokio::test]
async fn a_second_hello_breaks_the_protocol_and_an_old_instance_takes_over() {
    let relay = TestRelay::start().await;
    let token = relay.token_file();
    let welcomed = |answer| assert!(matches!(answer, WelcomeOrReject::Welcome(_)), "{answer:?}");
    let mut twice = RawLink::upgraded(&relay, &token).await;
    welcomed(twice.hello("test", "mine").await);
    twice
        .say(Hello {
            client: "test".to_owned(),
            instance: 7,
            tunnel: "other".parse().unwrap(),
            policy: Policy::default(),
            window_bytes: 1,
            since_us: None,
        })
        .await;
    let (reason, message) = twice.goodbye().await;
    assert_eq!(reason, GoodbyeReason::Protocol, "{message}");
    let sender = Sender::to(relay.url(), None);
    assert_eq!(sender.post("/other/hook", "x").await.status(), 404);

    // Whoever has the token has the tunnel: the instance it names is no proof of anything.
    let mut first = RawLink::upgraded(&relay, &token).await;
    welcomed(first.hello("test", "mine").await);
    let mut again = RawLink::upgraded(&relay, &token).await;
    welcomed(again.hello("test", "mine").await);
    assert_eq!(first.goodbye().await.0, GoodbyeReason::Replaced);
}
