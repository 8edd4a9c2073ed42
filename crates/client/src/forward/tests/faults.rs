//! What is told apart when an app does not answer as it should.

use std::time::Duration;

use bytes::Bytes;
use kreel_wire::ToRelay;

use super::{Bench, work};
use crate::forward::Body;
use crate::forward::Report;
use crate::limits::APP_HEADER_LINES;
use crate::testing::{FakeApp, config};
use crate::{AttemptEnd, Failure};

/// The failure that comes of an app that reads the request, writes this, and hangs up.
async fn failure_of(raw: &str) -> Failure {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "x");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(raw).await;
    drop(caller);
    bench.failure().await
}

#[tokio::test]
async fn an_app_that_hangs_up_has_died() {
    assert_eq!(failure_of("").await, Failure::Died);
    assert_eq!(
        failure_of("HTTP/1.1 200 OK\r\nx-a: 1\r\n").await,
        Failure::Died
    );
}

#[tokio::test]
async fn an_app_that_hangs_up_in_a_small_answer_leaves_nothing_half_sent() {
    let after_bytes = 3;
    assert_eq!(
        failure_of("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await,
        Failure::DiedMidAnswer { after_bytes }
    );
}

#[tokio::test]
async fn an_app_that_hangs_up_in_a_streamed_answer_breaks_it_off() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "x");
    let mut caller = app.accept().await;
    caller.request().await;
    caller
        .write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await;
    match bench.message().await {
        ToRelay::Answer(answer) => assert!(!answer.end),
        other => panic!("{other:?}"),
    }
    caller.write("2\r\nde\r\n").await;
    assert!(matches!(bench.message().await, ToRelay::AnswerBody(_)));
    drop(caller);
    let after_bytes = 5;
    assert_eq!(
        bench.failure().await,
        Failure::DiedMidAnswer { after_bytes }
    );
}

#[tokio::test]
async fn what_is_not_http_is_garbled() {
    for raw in [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header line\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ] {
        let failure = failure_of(raw).await;
        assert!(
            matches!(failure, Failure::Garbled { .. }),
            "{raw:.40}: {failure}"
        );
    }
}

#[tokio::test]
async fn a_head_over_a_limit_says_which() {
    let lines = |count| {
        format!(
            "HTTP/1.1 204 No Content\r\n{}\r\n",
            "x: 1\r\n".repeat(count)
        )
    };
    let line = format!("x: {}\r\n", "x".repeat(50_000));
    let large = format!("HTTP/1.1 200 OK\r\n{}\r\n", line.repeat(3));
    for raw in [large, lines(APP_HEADER_LINES + 1)] {
        let failure = failure_of(&raw).await.to_string();
        assert!(
            failure.contains("100 lines, 128 KiB"),
            "{raw:.40}: {failure}"
        );
    }
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "x");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(&lines(APP_HEADER_LINES)).await;
    match bench.end().await.0 {
        Some(ToRelay::Answer(answer)) => {
            assert_eq!(answer.response.headers.len(), APP_HEADER_LINES);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_invalid_chunk_is_garbled() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "x");
    let mut caller = app.accept().await;
    caller.request().await;
    caller
        .write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    assert!(matches!(bench.message().await, ToRelay::Answer(_)));
    caller.write("zz\r\nabc\r\n").await;
    let failure = bench.failure().await;
    assert!(matches!(failure, Failure::Garbled { .. }), "{failure}");
}

#[tokio::test]
async fn an_app_that_is_too_slow_has_timed_out() {
    let app = FakeApp::start().await;
    let mut config = config("http://relay.example", Some(&app.target()));
    let after = Duration::from_millis(60);
    config.timeout = Some(after);
    let mut bench = Bench::with(&config);
    let (_attempt, _exchange) = bench.start("POST", "x");
    let mut caller = app.accept().await;
    caller.request().await;
    assert_eq!(bench.failure().await, Failure::TimedOut { after });
    assert_eq!(caller.read_to_end().await, 0, "its connection is closed");
    // In the middle of an answer, too.
    let (_attempt, _exchange) = bench.start("POST", "x");
    let mut caller = app.accept().await;
    caller.request().await;
    caller
        .write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    assert!(matches!(bench.message().await, ToRelay::Answer(_)));
    assert_eq!(bench.failure().await, Failure::TimedOut { after });
}

#[tokio::test]
async fn an_app_that_is_not_there_has_seen_nothing() {
    let app = FakeApp::start().await;
    let address = app.target();
    drop(app);
    let mut bench = Bench::to(&address);
    bench.start_work(work(Body::Whole(Bytes::from_static(b"kept"))));
    let outgoing = bench.next().await;
    assert!(outgoing.message.is_none());
    match outgoing.report {
        Some(Report::NoConnection { failure, work, .. }) => {
            assert_eq!(failure, Failure::Refused { address });
            assert!(matches!(work.body, Body::Whole(bytes) if bytes == "kept"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_unreachable() {
    let mut bench = Bench::to("nothing.invalid:80");
    bench.start_work(work(Body::Whole(Bytes::new())));
    match bench.next().await.report {
        Some(Report::NoConnection { failure, .. }) => {
            assert!(matches!(failure, Failure::Unreachable { .. }), "{failure}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_can_not_be_sent_is_given_up() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let mut work = work(Body::Whole(Bytes::new()));
    work.delivery.forwarded_for = "a\nb".into();
    bench.start_work(work);
    let (_, end) = bench.end().await;
    assert!(
        matches!(end, AttemptEnd::Failed(Failure::GivenUp { .. })),
        "{end:?}"
    );
}
