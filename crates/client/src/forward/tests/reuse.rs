//! Connections kept, closed under the hand, and not kept.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::{Bench, work};
use crate::AttemptEnd;
use crate::forward::Body;
use crate::limits::{CROSSING, IDLE};
use crate::link::LinkNumber;
use crate::link::inbox::inbox;
use crate::testing::{FakeApp, config, tls};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_carries_many_requests() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "first");
    let mut caller = app.accept().await;
    for next in ["second", "third", "fourth"] {
        caller.request().await;
        caller.write(OK).await;
        bench.answer().await;
        drop(bench.start("POST", next));
    }
    assert!(caller.request().await.ends_with("fourth"));
    assert!(app.is_alone().await);
}

#[tokio::test]
async fn a_kept_connection_that_closes_under_the_request_is_replaced() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "first");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    bench.answer().await;
    let (_attempt, _exchange) = bench.start("POST", "second");
    caller.request().await;
    drop(caller);
    let mut caller = app.accept().await;
    assert!(caller.request().await.ends_with("second"));
    caller.write(OK).await;
    bench.answer().await;
}

#[tokio::test]
async fn a_kept_connection_that_closes_after_some_work_is_not_replaced() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "first");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    bench.answer().await;
    let (_attempt, _exchange) = bench.start("POST", "second");
    caller.request().await;
    tokio::time::pause();
    tokio::time::advance(CROSSING).await;
    tokio::time::resume();
    drop(caller);
    assert_eq!(bench.failure().await, crate::Failure::Died);
    assert!(app.is_alone().await, "the app had it");
}

#[tokio::test]
async fn an_app_that_is_gone_after_its_kept_connection_has_died() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "first");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    bench.answer().await;
    let (_attempt, _exchange) = bench.start("POST", "second");
    caller.request().await;
    drop(app);
    drop(caller);
    assert_eq!(bench.failure().await, crate::Failure::Died);
}

#[tokio::test]
async fn a_new_connection_that_closes_is_not_replaced() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "first");
    let mut caller = app.accept().await;
    caller.request().await;
    drop(caller);
    assert_eq!(bench.failure().await, crate::Failure::Died);
    assert!(app.is_alone().await);
}

#[tokio::test]
async fn a_kept_connection_that_closes_within_the_answer_is_not_replaced() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "first");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    bench.answer().await;
    let (_attempt, _exchange) = bench.start("POST", "second");
    caller.request().await;
    caller.write("HTTP/1.1 200 O").await;
    drop(caller);
    assert_eq!(bench.failure().await, crate::Failure::Died);
    assert!(app.is_alone().await, "the app has acted on it");
}

#[tokio::test]
async fn a_streamed_body_is_not_sent_twice() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "first");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    bench.answer().await;
    let (grants, _grants) = tokio::sync::mpsc::channel(8);
    let exchange = kreel_wire::ExchangeId(2);
    let (_writer, reader) = inbox("begun".into(), exchange, LinkNumber(1), grants);
    bench.start_work(work(Body::Streamed(reader)));
    caller.read_until("begun").await;
    drop(caller);
    let (_, end) = bench.end().await;
    assert_eq!(end, AttemptEnd::Failed(crate::Failure::Died));
    assert!(app.is_alone().await);
}

#[tokio::test]
async fn a_connection_the_app_closes_is_not_kept() {
    for answer in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ] {
        let app = FakeApp::start().await;
        let mut bench = Bench::to(&app.target());
        let (_attempt, _exchange) = bench.start("POST", "x");
        let mut caller = app.accept().await;
        caller.request().await;
        caller.write(answer).await;
        bench.answer().await;
        assert_eq!(bench.forward.app.as_ref().unwrap().pool().len(), 0);
    }
}

#[tokio::test]
async fn an_idle_connection_is_swept_away() {
    let app = FakeApp::start().await;
    let mut bench = Bench::to(&app.target());
    let (_attempt, _exchange) = bench.start("POST", "x");
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    bench.answer().await;
    let pool = bench.forward.app.as_ref().unwrap().pool();
    pool.sweep(Instant::now());
    assert_eq!(pool.len(), 1);
    pool.sweep(Instant::now() + IDLE);
    assert_eq!(pool.len(), 0);
    assert_eq!(caller.read_to_end().await, 0);
}

#[tokio::test]
async fn localhost_is_either_loopback_address() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let address: SocketAddr = address.parse().unwrap();
        let app = FakeApp::start_at(address).await;
        let mut bench = Bench::to(&app.address().port().to_string());
        let (_attempt, _exchange) = bench.start("GET", "");
        let mut caller = app.accept().await;
        let host = format!("host: localhost:{}\r\n", app.address().port());
        assert!(caller.request().await.contains(&host));
        caller.write(OK).await;
        bench.answer().await;
    }
}

#[tokio::test]
async fn an_https_app_is_believed_when_the_user_says_so() {
    let (address, _) = tls::serve(&["app.test"], OK).await;
    let mut config = config("http://relay.example", Some(&format!("https://{address}")));
    let mut bench = Bench::with(&config);
    bench.start_work(work(Body::Whole("x".into())));
    match bench.next().await.report {
        Some(crate::forward::Report::NoConnection { failure, .. }) => {
            assert!(failure.to_string().contains("certificate"), "{failure}");
        }
        other => panic!("{other:?}"),
    }
    config.insecure = true;
    let mut bench = Bench::with(&config);
    let (_attempt, _exchange) = bench.start("GET", "");
    assert_eq!(bench.answer().await.body, "ok");
}
