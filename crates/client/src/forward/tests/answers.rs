//! Answers as they should be: nothing changed, nothing late.

use bytes::Bytes;
use kreel_wire::ToRelay;

use super::{Bench, lines, work};
use crate::AttemptEnd;
use crate::forward::Body;
use crate::testing::FakeApp;

/// The one message that this answer becomes.
async fn answer_to(method: &str, raw: &str) -> kreel_wire::Answer {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start(method, "");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(raw).await;
    drop(caller);
    bench.answer().await
}

#[tokio::test]
async fn heads_come_back_as_they_are_without_the_hop() {
    let answer = answer_to(
        "POST",
        "HTTP/1.1 299 Quite Fine\r\nX-B: 2\r\nset-cookie: a=1\r\nx-a: \r\nSet-Cookie: b=2\r\n\
         connection: x-hop, keep-alive\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\n\
         content-encoding: gzip\r\nlocation: http://elsewhere.example/\r\n\
         content-length: 3\r\ndate: never\r\n\r\n\x1f\x7f\x08",
    )
    .await;
    assert_eq!(answer.response.status, 299);
    assert_eq!(answer.response.reason.as_deref(), Some(&b"Quite Fine"[..]));
    assert_eq!(
        lines(&answer),
        [
            "x-b: 2",
            "set-cookie: a=1",
            "set-cookie: b=2",
            "x-a: ",
            "content-encoding: gzip",
            "location: http://elsewhere.example/",
            "content-length: 3",
            "date: never",
        ]
    );
    assert_eq!(&answer.body[..], b"\x1f\x7f\x08");
}

#[tokio::test]
async fn answers_without_a_body_have_none() {
    for (method, raw, status, expected) in [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n",
            200,
            "content-length: 50",
        ),
        (
            "GET",
            "HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n",
            204,
            "x-a: 1",
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n",
            304,
            "etag: \"1\"",
        ),
        (
            "POST",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            200,
            "content-length: 0",
        ),
    ] {
        let answer = answer_to(method, raw).await;
        assert_eq!(answer.response.status, status);
        assert_eq!(answer.response.reason, None);
        assert_eq!(lines(&answer), [expected]);
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn every_framing_of_a_small_body_makes_one_message() {
    for raw in [
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 1\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef",
    ] {
        let answer = answer_to("POST", raw).await;
        assert_eq!(
            (answer.response.status, &answer.body[..]),
            (200, &b"abcdef"[..])
        );
        assert_eq!(answer.response.headers.first("transfer-encoding"), None);
    }
}

#[tokio::test]
async fn a_body_may_end_with_the_connection() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("GET", "");
    let mut caller = app.accept().await;
    caller.request().await;
    caller
        .write("HTTP/1.0 200 OK\r\nserver: simple\r\n\r\nabc")
        .await;
    assert!(matches!(bench.message().await, ToRelay::Answer(answer) if !answer.end));
    caller.write("def").await;
    drop(caller);
    let mut got = Vec::new();
    loop {
        let outgoing = bench.next().await;
        if let Some((_, ToRelay::AnswerBody(piece))) = outgoing.message {
            got.extend_from_slice(&piece.data);
            if piece.end {
                break;
            }
        }
    }
    assert_eq!(got, b"def");
}

#[tokio::test]
async fn events_are_sent_on_as_they_come_and_end_when_the_sender_leaves() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, exchange) = bench.start("GET", "");
    let mut caller = app.accept().await;
    caller.request().await;
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    caller.write(head).await;
    // The head comes before there is any event.
    match bench.message().await {
        ToRelay::Answer(answer) => assert!(answer.body.is_empty() && !answer.end),
        other => panic!("{other:?}"),
    }
    for number in 1..=3 {
        let event = format!("data: {number}\n\n");
        caller
            .write(format!("{:x}\r\n{event}\r\n", event.len()))
            .await;
        match bench.message().await {
            ToRelay::AnswerBody(piece) => assert_eq!(piece.data, event.as_bytes()),
            other => panic!("{other:?}"),
        }
    }
    exchange.end();
    // An app that goes on for ever is left, after a while.
    let flood = tokio::spawn(async move {
        let event = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
        for _ in 0..200 {
            caller.write(&event).await;
        }
    });
    let (message, end) = bench.end().await;
    assert_eq!(message, None);
    assert!(
        matches!(end, AttemptEnd::Answered { status: 200, .. }),
        "{end:?}"
    );
    flood.abort();
}

#[tokio::test]
async fn an_answer_nobody_wants_is_read_and_not_sent() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    bench.start_work(work(Body::Whole(Bytes::new())));
    let mut caller = app.accept().await;
    caller.request().await;
    caller
        .write("HTTP/1.1 500 Oh\r\ncontent-length: 4\r\n\r\noops")
        .await;
    let (message, end) = bench.end().await;
    assert_eq!(message, None);
    let (status, body_bytes) = (500, 4);
    assert_eq!(end, AttemptEnd::Answered { status, body_bytes });
}

#[tokio::test]
async fn a_large_answer_comes_in_pieces_and_whole() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("GET", "");
    let mut caller = app.accept().await;
    caller.request().await;
    let body: String = ('a'..='z').cycle().take(200_000).collect();
    caller
        .write(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    let mut got = match bench.message().await {
        ToRelay::Answer(answer) => answer.body.to_vec(),
        other => panic!("{other:?}"),
    };
    loop {
        let outgoing = bench.next().await;
        let Some((_, ToRelay::AnswerBody(piece))) = outgoing.message else {
            panic!("a piece was expected");
        };
        assert!(piece.data.len() <= kreel_wire::limits::CHUNK_BYTES);
        got.extend_from_slice(&piece.data);
        assert_eq!(piece.end, outgoing.report.is_some());
        if piece.end {
            break;
        }
    }
    assert!(got == body.as_bytes());
}
