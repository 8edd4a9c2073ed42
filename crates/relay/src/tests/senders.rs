//! How senders are answered, whatever the client does or does not do.

use std::time::Duration;

use kreel_wire::{
    Answer, AnswerMode, Chunk, Failure, GoodbyeReason, HeadersBuilder, Kind, Policy, Request,
    Response, Seq, ToClient, ToRelay, limits,
};

use super::support::TestRelay;
use crate::Limits;

fn short_wait() -> Policy {
    Policy {
        wait: Duration::from_millis(200),
        ..Policy::default()
    }
}

#[tokio::test]
async fn the_apps_answer_goes_back() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    let (answer, request) = tokio::join!(relay.post("/mine/hook?a=1", b"hello"), async {
        let request = client.request().await;
        client.answer(request.exchange, "from the app").await;
        request
    });
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nfrom the app"), "{answer}");
    assert_eq!(&request.delivery.target[..], b"/hook?a=1");
    assert_eq!((&request.body[..], request.end), (&b"hello"[..], true));
    assert_eq!(request.delivery.kind, Kind::Live);
    assert_eq!(&*request.delivery.forwarded_for, "127.0.0.1");
    assert_eq!(
        request.delivery.headers.first("content-length").unwrap(),
        b"5"
    );
}

#[tokio::test]
async fn an_answer_too_late_leaves_the_delivery_kept_until_acknowledged() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", short_wait()).await;
    let (answer, request) = tokio::join!(relay.post("/mine", b"slow"), client.request());
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert!(answer.contains(r#""state":"pending""#), "{answer}");
    let told = client.hear().await.unwrap();
    assert_eq!(
        told,
        ToClient::Answered {
            exchange: request.exchange,
            status: Some(202)
        }
    );
    client.answer(request.exchange, "too late").await;
    drop(client);

    // Not acknowledged: it comes again, under the same id, also after a restart.
    let relay = relay.restart().await;
    let mut client = relay.client("mine", short_wait()).await;
    let again = client.request().await;
    assert_eq!(again.delivery.id, request.delivery.id);
    assert_eq!(
        (again.delivery.seq, again.delivery.kind),
        (request.delivery.seq, Kind::Queued)
    );
    client
        .say(ToRelay::Ack {
            seqs: vec![again.delivery.seq],
        })
        .await;

    // Acknowledged: it does not.
    let (answer, next) = tokio::join!(relay.post("/mine", b"next"), client.request());
    assert_eq!(&next.body[..], b"next");
    assert!(next.delivery.seq > again.delivery.seq);
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
}

#[tokio::test]
async fn without_a_client_deliveries_wait_in_order() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    for number in 0..100 {
        let answer = relay.post("/mine", format!("{number}").as_bytes()).await;
        // The link may take a moment to be noticed as gone; then the sender is told 202 as well.
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
        assert!(answer.contains(r#""state":"queued""#), "{answer}");
    }
    let mut client = relay.client("mine", Policy::default()).await;
    for number in 0..100 {
        let request = client.request().await;
        assert_eq!(request.body, format!("{number}"));
        client
            .say(ToRelay::Ack {
                seqs: vec![request.delivery.seq],
            })
            .await;
    }
}

#[tokio::test]
async fn what_waits_comes_whole_before_the_next_begins() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    let large = vec![b'l'; 200_000];
    for _ in 0..10 {
        for body in [&large[..], b"small"] {
            let answer = relay.post("/mine", body).await;
            assert!(answer.contains(r#""state":"queued""#), "{answer}");
        }
    }
    // One that is cut off between the two must not have the later one alone.
    let mut client = relay.client("mine", Policy::default()).await;
    let mut coming: Option<(Request, usize)> = None;
    let mut whole = 0;
    while whole < 20 {
        let (request, bytes, end) = match (client.hear().await.unwrap(), coming.take()) {
            (ToClient::Request(request), None) => {
                let (bytes, end) = (request.body.len(), request.end);
                (request, bytes, end)
            }
            (ToClient::RequestBody(chunk), Some((request, bytes))) => {
                assert_eq!(chunk.exchange, request.exchange);
                (request, bytes + chunk.data.len(), chunk.end)
            }
            (other, coming) => panic!("{other:?} while this one was coming: {coming:?}"),
        };
        if end {
            assert_eq!(Some(bytes as u64), request.delivery.body_bytes);
            let seqs = vec![request.delivery.seq];
            client.say(ToRelay::Ack { seqs }).await;
            whole += 1;
        } else {
            coming = Some((request, bytes));
        }
    }
}

#[tokio::test]
async fn a_lost_link_queues_what_was_under_way() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    let (answer, ()) = tokio::join!(relay.post("/mine", b"under way"), async {
        client.request().await;
        drop(client);
    });
    assert!(answer.contains(r#""state":"queued""#), "{answer}");
    let mut client = relay.client("mine", Policy::default()).await;
    assert_eq!(client.request().await.body, "under way");
}

#[tokio::test]
async fn strict_tunnels_answer_only_for_their_app() {
    let relay = TestRelay::start().await;
    let policy = Policy {
        strict: true,
        ..short_wait()
    };
    let mut client = relay.client("mine", policy).await;
    let (answer, request) = tokio::join!(relay.post("/mine", b"x"), client.request());
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    let told = client.hear().await.unwrap();
    assert_eq!(
        told,
        ToClient::Answered {
            exchange: request.exchange,
            status: Some(504)
        }
    );

    let (answer, ()) = tokio::join!(relay.post("/mine", b"x"), async {
        let exchange = client.request().await.exchange;
        let failure = Failure::Refused {
            address: "localhost:3000".into(),
        };
        client.say(ToRelay::Failed { exchange, failure }).await;
    });
    assert!(
        answer.starts_with("HTTP/1.1 502 ") && answer.contains(r#""code":"refused""#),
        "{answer}"
    );
    assert!(
        !answer.contains("localhost:3000"),
        "the sender need not know: {answer}"
    );

    drop(client);
    let answer = relay.post("/mine", b"x").await;
    assert!(
        answer.starts_with("HTTP/1.1 502 ") && answer.contains("no_client"),
        "{answer}"
    );
    let mut client = relay.client("mine", Policy::default()).await;
    let (_, request) = tokio::join!(relay.post("/mine", b"y"), async {
        let request = client.request().await;
        client.answer(request.exchange, "").await;
        request
    });
    assert_eq!(request.body, "y", "nothing was queued");
}

#[tokio::test]
async fn answer_now_means_on_disk() {
    let relay = TestRelay::start().await;
    let policy = Policy {
        answer: AnswerMode::Now(201),
        ..Policy::default()
    };
    let mut client = relay.client("mine", policy).await;
    let answer = relay.post("/mine", b"now").await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let request = client.request().await;
    assert_eq!(
        (&request.body[..], request.delivery.kind),
        (&b"now"[..], Kind::Live)
    );
    drop(client);
    let relay = relay.restart().await;
    assert!(
        relay
            .post("/mine", b"absent")
            .await
            .starts_with("HTTP/1.1 201 ")
    );
    let mut client = relay.client("mine", policy).await;
    assert_eq!(client.request().await.delivery.id, request.delivery.id);
    assert_eq!(client.request().await.body, "absent");
}

#[tokio::test]
async fn a_large_body_moves_on_credit_and_is_kept_whole_when_it_stalls() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", short_wait()).await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (answer, request) = tokio::join!(relay.post("/mine", &body), async {
        let request = client.request().await;
        assert!(!request.end);
        let mut credit = i64::from(limits::WINDOW_BYTES);
        loop {
            match client.hear().await.unwrap() {
                ToClient::RequestBody(chunk) => credit -= i64::from(chunk.cost_bytes()),
                ToClient::Cancel { exchange } => break assert_eq!(exchange, request.exchange),
                other => panic!("{other:?}"),
            }
            assert!(credit >= 0, "more than the credit was sent");
        }
        request
    });
    assert!(answer.contains(r#""state":"queued""#), "{answer}");

    let again = client.request().await;
    assert_eq!(again.delivery.id, request.delivery.id);
    assert_eq!(again.delivery.body_bytes, Some(3_000_000));
    let (mut got, mut end) = (again.body.to_vec(), again.end);
    while !end {
        let ToClient::RequestBody(Chunk {
            exchange,
            data,
            end: last,
        }) = client.hear().await.unwrap()
        else {
            panic!("not a body");
        };
        got.extend_from_slice(&data);
        end = last;
        let bytes = data.len() as u32 + limits::MESSAGE_COST_BYTES;
        client.say(ToRelay::Credit { exchange, bytes }).await;
    }
    assert!(got == body, "every byte, in order");
}

#[tokio::test]
async fn budgets_answer_clearly_and_keep_what_was_acknowledged() {
    let limits = Limits {
        max_waiting: 3,
        max_body_bytes: 1000,
        ..Limits::default()
    };
    let relay = TestRelay::start_with(limits).await;
    drop(relay.client("mine", Policy::default()).await);
    let answers = [
        relay.post("/mine", b"0").await,
        relay.post("/mine", b"1").await,
        relay.post("/mine", b"2").await,
    ];
    assert!(
        answers
            .iter()
            .all(|answer| answer.starts_with("HTTP/1.1 202 ")),
        "{answers:?}"
    );
    let full = relay.post("/mine", b"3").await;
    assert!(
        full.starts_with("HTTP/1.1 429 ") && full.contains("retry-after: "),
        "{full}"
    );
    let large = relay.post("/mine", &[0; 1001]).await;
    assert!(large.starts_with("HTTP/1.1 413 "), "{large}");
    let mut client = relay.client("mine", Policy::default()).await;
    for number in 0..3 {
        let request = client.request().await;
        assert_eq!(request.body, format!("{number}"));
        client
            .say(ToRelay::Ack {
                seqs: vec![request.delivery.seq],
            })
            .await;
    }
}

#[tokio::test]
async fn unknown_and_foreign_tunnels_look_the_same() {
    let relay = TestRelay::start().await;
    let _client = relay.client("mine", Policy::default()).await;
    // Each is told when it was, and what it is called.
    let without_date = |answer: String| {
        let lines = answer
            .lines()
            .filter(|line| !line.starts_with("date: ") && !line.starts_with("kreel-request-id: "));
        let before_request = |line: &str| line.split(r#","request":"#).next().map(str::to_owned);
        lines.filter_map(before_request).collect::<Vec<_>>()
    };
    let unknown = without_date(relay.post("/other", b"").await);
    assert_eq!(unknown[0], "HTTP/1.1 404 Not Found");
    assert_eq!(unknown, without_date(relay.post("/UPPER/%20", b"").await));
    assert_eq!(unknown, without_date(relay.post("/", b"").await));
    assert_eq!(
        unknown,
        without_date(relay.post("/_kreel/metrics", b"").await)
    );
}

#[tokio::test]
async fn a_sender_that_breaks_off_leaves_nothing_behind() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    let cut = |length: usize, sent: usize| {
        let head = format!("POST /mine HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        [head.into_bytes(), vec![b'x'; sent]].concat()
    };
    // A small one never reaches the client; a large one is taken back.
    let mut stream = tokio::net::TcpStream::connect(relay.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, &cut(100, 50))
        .await
        .unwrap();
    drop(stream);
    let mut stream = tokio::net::TcpStream::connect(relay.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, &cut(300_000, 100_000))
        .await
        .unwrap();
    let request = client.request().await;
    assert_eq!(request.delivery.body_bytes, Some(300_000));
    drop(stream);
    loop {
        match client.hear().await.unwrap() {
            ToClient::RequestBody(chunk) => assert!(!chunk.end),
            ToClient::Cancel { exchange } => break assert_eq!(exchange, request.exchange),
            other => panic!("{other:?}"),
        }
    }
    drop(client);
    let mut client = relay.client("mine", Policy::default()).await;
    let (_, next) = tokio::join!(relay.post("/mine", b"next"), async {
        let next = client.request().await;
        client.answer(next.exchange, "").await;
        next
    });
    assert_eq!(next.body, "next");
    assert!(next.delivery.seq > Seq(0));
}

#[tokio::test]
async fn a_length_that_is_not_the_bodys_goes_no_further() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    for told in ["3", "300", "+5", "three"] {
        let (answer, ()) = tokio::join!(relay.post("/mine", b"x"), async {
            let exchange = client.request().await.exchange;
            let mut headers = HeadersBuilder::with_capacity(1);
            headers.push(b"content-length", told.as_bytes());
            let response = Response {
                status: 200,
                reason: None,
                headers: headers.build(),
            };
            let answer = ToRelay::Answer(Answer {
                exchange,
                response,
                body: "hello".into(),
                end: true,
            });
            client.say(answer).await;
        });
        assert!(
            answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\nhello"),
            "{told}: {answer}"
        );
    }
}

#[tokio::test]
async fn an_app_that_answers_early_holds_up_nothing_behind_it() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    let large = vec![7; 2_000_000];
    for body in [&large[..], b"1", b"2"] {
        assert!(relay.post("/mine", body).await.starts_with("HTTP/1.1 202 "));
    }
    let mut client = relay.client("mine", Policy::default()).await;
    let first = client.request().await;
    assert!(!first.end);
    // Answered for before all of it is here, and no credit ever granted.
    client
        .say(ToRelay::Ack {
            seqs: vec![first.delivery.seq],
        })
        .await;
    for number in 1..3 {
        let request = loop {
            match client.hear().await.unwrap() {
                ToClient::Request(request) => break request,
                ToClient::RequestBody(_) | ToClient::Cancel { .. } => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(request.body, format!("{number}"));
    }
}

#[tokio::test]
async fn a_client_that_is_leaving_finishes_what_it_has_and_gets_no_more() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    let (first, ()) = tokio::join!(relay.post("/mine", b"under way"), async {
        let request = client.request().await;
        let message = "stopping".to_owned();
        client
            .say(ToRelay::Goodbye {
                reason: GoodbyeReason::Draining,
                message,
            })
            .await;
        let second = relay.post("/mine", b"too late").await;
        assert!(second.contains(r#""state":"queued""#), "{second}");
        client.answer(request.exchange, "finished").await;
    });
    assert!(first.ends_with("finished"), "{first}");
    drop(client);
    let mut client = relay.client("mine", Policy::default()).await;
    assert_eq!(client.request().await.body, "too late");
}

#[tokio::test]
async fn an_acknowledgement_in_the_moment_of_keeping_counts() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", short_wait()).await;
    // Too large for memory, so that keeping it takes more than one step.
    let body = vec![7; 1_300_000];
    for _ in 0..5 {
        let (answer, ()) = tokio::join!(relay.post("/mine", &body), async {
            let request = client.request().await;
            let exchange = request.exchange;
            loop {
                match client.hear().await.unwrap() {
                    ToClient::RequestBody(chunk) if chunk.end => break,
                    ToClient::RequestBody(chunk) => {
                        let bytes = chunk.cost_bytes();
                        client.say(ToRelay::Credit { exchange, bytes }).await;
                    }
                    other => panic!("{other:?}"),
                }
            }
            let told = client.hear().await.unwrap();
            assert!(
                matches!(
                    told,
                    ToClient::Answered {
                        status: Some(202),
                        ..
                    }
                ),
                "{told:?}"
            );
            client
                .say(ToRelay::Ack {
                    seqs: vec![request.delivery.seq],
                })
                .await;
        });
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    }
    drop(client);
    let relay = relay.restart().await;
    let mut client = relay.client("mine", short_wait()).await;
    let (_, next) = tokio::join!(relay.post("/mine", b"next"), client.request());
    assert_eq!(next.body, "next", "nothing acknowledged is left");
}
