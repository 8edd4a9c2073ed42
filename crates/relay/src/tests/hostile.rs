//! Clients and senders that break the rules: refused with a reason, harming nobody else.

use kreel_wire::{
    Answer, Chunk, ExchangeId, GoodbyeReason, Headers, Policy, RejectReason, Response, ToClient,
    ToRelay, WelcomeOrReject, limits,
};

use super::support::{TestClient, TestRelay};
use crate::Tokens;

/// Says something forbidden and returns the goodbye it gets, on a tunnel where a second client
/// goes on undisturbed.
async fn goodbye_after(
    script: impl AsyncFnOnce(&TestRelay, &mut TestClient),
) -> (GoodbyeReason, String) {
    let relay = TestRelay::start().await;
    let mut bystander = relay.client("bystander", Policy::default()).await;
    let mut client = relay.client("mine", Policy::default()).await;
    script(&relay, &mut client).await;
    let goodbye = loop {
        match client.hear().await {
            Ok(ToClient::Goodbye { reason, message }) => break (reason, message),
            Ok(_) => {}
            Err(error) => panic!("closed without a goodbye: {error}"),
        }
    };
    let (answer, ()) = tokio::join!(relay.post("/bystander", b"x"), async {
        let request = bystander.request().await;
        bystander.answer(request.exchange, "undisturbed").await;
    });
    assert!(answer.ends_with("undisturbed"), "{answer}");
    goodbye
}

fn head() -> Response {
    Response {
        status: 200,
        reason: None,
        headers: Headers::default(),
    }
}

fn protocol(goodbye: &(GoodbyeReason, String), words: &str) {
    assert_eq!(goodbye.0, GoodbyeReason::Protocol);
    assert!(goodbye.1.contains(words), "{}", goodbye.1);
}

#[tokio::test]
async fn an_answer_to_nothing() {
    let goodbye = goodbye_after(async |_, client| client.answer(ExchangeId(77), "").await).await;
    protocol(&goodbye, "never opened");
}

#[tokio::test]
async fn a_body_before_its_answer() {
    let goodbye = goodbye_after(async |relay, client| {
        let (_, ()) = tokio::join!(relay.post("/mine", b"x"), async {
            let exchange = client.request().await.exchange;
            let chunk = Chunk {
                exchange,
                data: "early".into(),
                end: false,
            };
            client.say(ToRelay::AnswerBody(chunk)).await;
        });
    })
    .await;
    protocol(&goodbye, "out of order");
}

#[tokio::test]
async fn more_than_the_credit() {
    let goodbye = goodbye_after(async |relay, client| {
        let mut sender = tokio::net::TcpStream::connect(relay.address).await.unwrap();
        let request = b"GET /mine HTTP/1.1\r\nhost: a\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut sender, request)
            .await
            .unwrap();
        let exchange = client.request().await.exchange;
        let answer = Answer {
            exchange,
            response: head(),
            body: "".into(),
            end: false,
        };
        client.say(ToRelay::Answer(answer)).await;
        // The sender reads nothing, so nothing is granted beyond what the sockets take.
        for _ in 0..1000 {
            let data = vec![0; limits::CHUNK_BYTES].into();
            let chunk = ToRelay::AnswerBody(Chunk {
                exchange,
                data,
                end: false,
            });
            if client.socket.send_now(chunk).await.is_err() {
                break;
            }
        }
    })
    .await;
    protocol(&goodbye, "more than its credit");
}

#[tokio::test]
async fn messages_of_no_known_kind() {
    let goodbye = goodbye_after(async |_, client| {
        // Any protobuf the relay has no meaning for: a Welcome is none of its own messages.
        let nonsense = kreel_wire::Reject {
            reason: RejectReason::Full,
            message: String::new(),
        };
        client.say(WelcomeOrReject::Reject(nonsense)).await;
    })
    .await;
    assert_eq!(goodbye.0, GoodbyeReason::Protocol);
}

#[tokio::test]
async fn another_tokens_tunnel_stays_its_own() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    let other = Tokens::open(&relay.data).unwrap().create("other").unwrap();
    let thief = TestRelay::elsewhere(relay.address, other);
    let mut client = TestClient::connect(&thief).await;
    let WelcomeOrReject::Reject(reject) = client.hello("mine", Policy::default()).await else {
        panic!("welcomed on another's tunnel");
    };
    assert_eq!(reject.reason, RejectReason::NameTaken);
}

#[tokio::test]
async fn a_revoked_token_loses_its_link_within_a_second() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    let start = std::time::Instant::now();
    Tokens::open(&relay.data).unwrap().revoke("test").unwrap();
    let told = client.hear().await.unwrap();
    assert!(
        matches!(
            told,
            ToClient::Goodbye {
                reason: GoodbyeReason::Revoked,
                ..
            }
        ),
        "{told:?}"
    );
    assert!(start.elapsed().as_secs() < 1, "{:?}", start.elapsed());
}

/// What an older relay kept though no client could take it: each link ended over it.
#[tokio::test]
async fn a_kept_head_that_no_client_takes_is_set_aside() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    for body in [&b"poisoned"[..], b"good"] {
        assert!(relay.post("/mine", body).await.contains("202"));
    }
    let file = rusqlite::Connection::open(relay.data.join("relay.db")).unwrap();
    let lines = "x: y\n".repeat(limits::HEADER_COUNT + 1);
    let poison = "UPDATE delivery SET headers = ?1 WHERE body = CAST('poisoned' AS BLOB)";
    assert_eq!(file.execute(poison, [lines.into_bytes()]).unwrap(), 1);
    for _ in 0..2 {
        let mut client = relay.client("mine", Policy::default()).await;
        let request = client.request().await;
        assert_eq!(&*request.body, b"good");
        let (answer, ()) = tokio::join!(relay.post("/mine", b"live"), async {
            let live = client.request().await;
            assert_eq!(&*live.body, b"live");
            client.answer(live.exchange, "undisturbed").await;
        });
        assert!(answer.ends_with("undisturbed"), "{answer}");
    }
}

#[tokio::test]
async fn a_second_client_replaces_the_first() {
    let relay = TestRelay::start().await;
    let mut first = relay.client("mine", Policy::default()).await;
    let mut second = relay.client("mine", Policy::default()).await;
    let told = first.hear().await.unwrap();
    assert!(
        matches!(
            told,
            ToClient::Goodbye {
                reason: GoodbyeReason::Replaced,
                ..
            }
        ),
        "{told:?}"
    );
    drop(first);
    let (_, ()) = tokio::join!(relay.post("/mine", b"x"), async {
        let request = second.request().await;
        second.answer(request.exchange, "").await;
    });
}

#[tokio::test]
async fn links_are_refused_before_they_are_websockets() {
    let relay = TestRelay::start().await;
    let ask = |more: &str| {
        let head = "GET /_kreel/link HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
        format!("{head}{more}\r\n")
    };
    let bearer = format!("authorization: Bearer {}\r\n", relay.token);
    let v1 = "sec-websocket-protocol: kreel.v1\r\n";
    for (more, status, words) in [
        (
            format!("{v1}authorization: Bearer kreel_wrong\r\n"),
            "401",
            "bad_token",
        ),
        (v1.to_owned(), "401", "no_token"),
        (
            format!("{bearer}sec-websocket-protocol: kreel.v9\r\n"),
            "426",
            "sec-websocket-protocol: kreel.v1",
        ),
        (bearer.clone(), "426", "version"),
    ] {
        let answer = relay.raw(ask(&more).as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(words),
            "{more}: {answer}"
        );
    }
    let plain =
        format!("GET /_kreel/link HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{bearer}{v1}\r\n");
    assert!(
        relay
            .raw(plain.as_bytes())
            .await
            .starts_with("HTTP/1.1 400 ")
    );
}

#[tokio::test]
async fn ambiguous_requests_reach_no_client() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    for bad in [
        "POST /mine HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /mine HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        "POST /mine HTTP/1.1\nhost: a\n\n",
        "POST /mine HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        "POST /mine HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    ] {
        let answer = relay.raw(bad.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bad:?}: {answer}");
    }
    let many = "x: y\r\n".repeat(100_000);
    let answer = relay
        .raw(format!("GET /mine HTTP/1.1\r\nhost: a\r\n{many}\r\n").as_bytes())
        .await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    let (_, ()) = tokio::join!(relay.post("/mine", b"good"), async {
        let request = client.request().await;
        assert_eq!(request.body, "good", "the only one that came through");
        client.answer(request.exchange, "").await;
    });
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_revoked_all_the_same() {
    let relay = TestRelay::start().await;
    let client = relay
        .client(
            "mine",
            Policy {
                wait: std::time::Duration::from_millis(50),
                ..Policy::default()
            },
        )
        .await;
    let posts = (0..60).map(|_| relay.post("/mine", &[7; 60_000]));
    for answer in futures_util::future::join_all(posts).await {
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    }
    Tokens::open(&relay.data).unwrap().revoke("test").unwrap();
    let gone = async {
        // The link is gone once a delivery is queued at once instead of waiting for its client.
        while !relay.post("/mine", b"x").await.contains("queued") {}
    };
    tokio::time::timeout(super::support::SOON, gone)
        .await
        .expect("the link ends");
    drop(client);
}
