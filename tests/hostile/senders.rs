//! What the relay does about bytes that are no request, on plain and on TLS ports.

use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::FLAT_BYTES;
use super::malformed::malformed;
use crate::support::{DEADLINE, LocalApp, Post, Sender, TestClient, TestRelay, Tls, within};

/// How soon the relay must answer what it refuses without reading all of it.
const AT_ONCE: Duration = Duration::from_secs(5);

/// How long the relay waits for the rest of a head at the most.
const GIVEN_UP: Duration = Duration::from_secs(20);

/// A tunnel on a port of either kind, with an app that tells what came through.
struct Port {
    relay: TestRelay,
    client: TestClient,
    app: LocalApp,
}

impl Port {
    async fn open(relay: TestRelay) -> Self {
        let app = LocalApp::answering(200).await;
        let client = TestClient::listen(&relay, &app, &[]).await;
        Self { relay, client, app }
    }

    async fn both() -> [Self; 2] {
        [
            Self::open(TestRelay::start().await).await,
            Self::open(TestRelay::secure().await).await,
        ]
    }

    /// A request line and a host, to which a story adds the rest.
    fn head(&self) -> String {
        format!("POST /{}/bad HTTP/1.1\r\nHost: a\r\n", self.client.tunnel())
    }

    /// Posts as one should, and checks that this is all the app has ever seen besides
    /// `expected`.
    async fn is_well(&self, good: &mut usize) {
        assert_eq!(
            self.client.sender().post("/good", "good").await.status(),
            200
        );
        *good += 1;
        let received = self.app.received();
        let others: Vec<_> = received
            .iter()
            .filter(|visit| visit.head.target() != b"/good")
            .collect();
        assert!(others.is_empty(), "came through: {others:?}");
        assert_eq!(received.len(), *good, "each good one came through once");
    }
}

/// Sends these bytes, and nothing after them; the status of what comes back before the relay
/// closes the connection, or none if it only closes it. One of the two it must do.
async fn refusal(sender: &Sender, bytes: &[u8], is_all: bool) -> Option<u16> {
    let mut connection = sender.connect().await;
    // A relay that has seen enough need not read to the end.
    let _ = connection.write(bytes).await;
    if is_all {
        let _ = connection.shutdown().await;
    }
    let answered = within("an answer or the end", DEADLINE, connection.answer("POST")).await;
    let status = answered.ok().map(|answer| answer.status());
    let more = within("the end", DEADLINE, connection.rest()).await;
    assert!(
        more.is_empty() || status.is_none(),
        "it goes on after {status:?}: {more:?}"
    );
    status
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused_and_never_forwarded() {
    for port in Port::both().await {
        let mut good = 0;
        for (what, bytes) in malformed(&port.head()) {
            let sender = Sender::to(port.relay.url(), port.relay.ca().as_deref());
            let status = refusal(&sender, &bytes, false).await;
            assert!(
                status.is_none_or(|status| (400..500).contains(&status)),
                "{what}: {status:?}"
            );
            port.is_well(&mut good).await;
        }
    }
}

#[tokio::test]
async fn what_breaks_off_is_not_forwarded() {
    for port in Port::both().await {
        let mut good = 0;
        let sender = Sender::to(port.relay.url(), port.relay.ca().as_deref());
        let head = port.head();
        for rest in [
            "Content-Le",
            "Content-Length: 10\r\n",
            "Content-Length: 10\r\n\r\nhalf",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhal",
        ] {
            for bytes in [&head.as_bytes()[..20], format!("{head}{rest}").as_bytes()] {
                let status = refusal(&sender, bytes, true).await;
                assert!(
                    status.is_none_or(|status| status == 400),
                    "{rest}: {status:?}"
                );
            }
        }
        port.is_well(&mut good).await;
    }
}

#[tokio::test]
async fn a_large_body_that_turns_bad_is_not_forwarded_as_a_whole() {
    let port = Port::open(TestRelay::start().await).await;
    let sender = Sender::to(port.relay.url(), None);
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let bytes = format!(
        "{}Transfer-Encoding: chunked\r\n\r\n{}zz\r\n",
        port.head(),
        chunk.repeat(8)
    );
    let status = refusal(&sender, bytes.as_bytes(), false).await;
    assert!(
        status.is_none_or(|status| (400..500).contains(&status)),
        "{status:?}"
    );
    assert_eq!(
        port.client.sender().post("/good", "good").await.status(),
        200
    );
    // It is on its way before the end is known; then the app must see that it broke off.
    let whole = |visit: &crate::support::Received| visit.complete && visit.head.target() == b"/bad";
    assert!(
        !port.app.received().iter().any(whole),
        "the app takes it for complete"
    );
}

#[tokio::test]
async fn what_follows_a_good_request_is_refused_by_itself() {
    for port in Port::both().await {
        let sender = port.client.sender();
        let good = sender.bytes(&Post::new("POST", "/good").body("good"));
        let hidden = port.head().replace("\r\n", "\n");
        let mut connection = sender.connect().await;
        connection
            .write(&[&good, hidden.as_bytes(), b"\n"].concat())
            .await
            .unwrap();
        assert_eq!(connection.answer("POST").await.unwrap().status(), 200);
        let next = connection.answer("POST").await;
        assert!(next.is_err() || next.is_ok_and(|answer| answer.status() == 400));
        assert!(
            within("the end", DEADLINE, connection.rest())
                .await
                .is_empty()
        );
        let mut so_far = 1;
        port.is_well(&mut so_far).await;
    }
}

#[tokio::test]
async fn absurd_lengths_are_refused_before_they_are_sent() {
    for port in Port::both().await {
        let mut good = 0;
        let sender = Sender::to(port.relay.url(), port.relay.ca().as_deref());
        for more in ["", "Expect: 100-continue\r\n"] {
            let head = format!("{}{more}Content-Length: 1099511627776\r\n\r\n", port.head());
            let asked = Instant::now();
            let mut connection = sender.connect().await;
            connection.write(head.as_bytes()).await.unwrap();
            let answer = within("413", DEADLINE, connection.answer("POST"))
                .await
                .unwrap();
            assert_eq!(
                (answer.status(), answer.interim.len()),
                (413, 0),
                "{answer:?}"
            );
            assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
            assert!(connection.is_closed().await);
        }
        port.is_well(&mut good).await;
    }
}

#[tokio::test]
async fn a_tls_port_takes_no_noise_and_no_plain_http() {
    let port = Port::open(TestRelay::secure().await).await;
    let plain = Sender::direct(port.relay.address());
    for (what, bytes) in malformed(&port.head()) {
        assert_eq!(refusal(&plain, &bytes, true).await, None, "{what}");
    }
    let mut good = 0;
    port.is_well(&mut good).await;
}

#[tokio::test]
async fn http_2_headers_have_limits_as_well() {
    let port = Port::open(TestRelay::secure().await).await;
    let tls = Tls::trusting(&port.relay.ca().unwrap()).offering(&["h2"]);
    for (count, bytes) in [(1, 200_000), (5_000, 10), (600, 300)] {
        let stream = tls.connect(port.relay.address()).await.unwrap();
        let handshake = http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.unwrap();
        let connection = tokio::spawn(connection);
        let mut request = hyper::Request::post(format!("{}/bad", port.client.url()));
        for number in 0..count {
            request = request.header(format!("x-{number}"), "y".repeat(bytes));
        }
        let request = request
            .body(Full::new(bytes::Bytes::from_static(b"x")))
            .unwrap();
        let answered = within("an answer", DEADLINE, sender.send_request(request)).await;
        let status = answered.ok().map(|answer| answer.status().as_u16());
        assert!(
            status.is_none_or(|status| [400, 431].contains(&status)),
            "{count} of {bytes}: {status:?}"
        );
        connection.abort();
        let mut good = port.app.count();
        port.is_well(&mut good).await;
    }
}

#[tokio::test]
async fn thousands_of_bad_connections_leave_memory_flat_and_others_alone() {
    for port in Port::both().await {
        let sender = Sender::to(port.relay.url(), port.relay.ca().as_deref());
        let plain = Sender::direct(port.relay.address());
        let small: Vec<_> = malformed(&port.head())
            .into_iter()
            .filter(|(_, bytes)| bytes.len() < 10_000)
            .collect();
        let a_few_hundred = async |rounds: usize| {
            for _ in 0..rounds {
                let bad = small
                    .iter()
                    .flat_map(|(_, bytes)| [(&sender, bytes), (&plain, bytes)]);
                futures_util::future::join_all(
                    bad.map(|(sender, bytes)| refusal(sender, bytes, true)),
                )
                .await;
            }
        };
        a_few_hundred(5).await;
        let before = port.relay.process.rss();
        let mut good = 0;
        for _ in 0..10 {
            tokio::join!(a_few_hundred(4), port.is_well(&mut good));
        }
        let grown = port.relay.process.rss().saturating_sub(before);
        assert!(grown < FLAT_BYTES, "the relay grew by {grown} bytes");
    }
}

#[tokio::test]
async fn who_begins_and_never_ends_is_not_waited_for() {
    let [plain, secure] = Port::both().await;
    let begins = async |sender: Sender, bytes: &[u8]| {
        let mut connection = sender.connect().await;
        connection.write(bytes).await.unwrap();
        within("the relay gives up", GIVEN_UP, connection.rest()).await
    };
    let heads = [plain.head(), secure.head()];
    let no_tls = Sender::direct(secure.relay.address());
    tokio::join!(
        begins(plain.client.sender(), heads[0].as_bytes()),
        begins(secure.client.sender(), heads[1].as_bytes()),
        begins(
            no_tls.clone(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        ),
        begins(no_tls, b""),
    );
    for port in [plain, secure] {
        port.is_well(&mut 0).await;
    }
}
