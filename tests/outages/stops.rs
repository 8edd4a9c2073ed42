//! Ends that are told to end: what is under way is finished first.

use std::time::Instant;

use rustix::process::Signal;

use super::{AT_ONCE, NOTICED, assert_queued, back, lost, post};
use crate::support::{
    DEADLINE, Listen, LocalApp, Post, Received, Sender, TestClient, TestRelay, eventually,
};

#[tokio::test]
async fn a_relay_that_is_told_to_stop_lets_its_senders_finish() {
    let mut relay = TestRelay::start().await;
    let app = LocalApp::held().await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let mut watched = Listen::on(&relay).plain().spawn();
    watched.line("its ready line").await;
    let sender = client.sender();
    let under_way = post(&sender, "under way");
    app.receives(1).await;

    relay.process.signal(Signal::TERM);
    relay.says("stopping").await;
    let closed = || std::net::TcpStream::connect(relay.address()).is_err();
    eventually("a stopping relay takes no more", DEADLINE, closed).await;
    app.release(1);
    let answer = under_way.await.unwrap();
    assert_eq!(
        (answer.status(), answer.json()["body_bytes"].as_u64()),
        (200, Some(9))
    );
    assert_eq!(relay.process.ended(DEADLINE).await.code(), Some(143));
    assert_eq!(lost(&mut client).await, "draining");
    eventually("people are told as well", DEADLINE, || {
        watched.stderr().contains("shutting down; trying again")
    })
    .await;

    relay.restart_same_port().await;
    back(&mut client).await;
    eventually("people are told as well", DEADLINE, || {
        watched.stderr().contains("connected again")
    })
    .await;
    app.release(1);
    assert_eq!(sender.post("/hook", "as ever").await.status(), 200);
}

#[tokio::test]
async fn a_relay_that_is_told_to_stop_waits_for_nobody_who_asks_for_nothing() {
    for mut relay in [TestRelay::start().await, TestRelay::secure().await] {
        let _client = Listen::on(&relay).start().await;
        let sender = Sender::to(relay.url(), relay.ca().as_deref());
        let mut idle = sender.connect().await;
        let health = sender.bytes(&Post::new("GET", "/_kreel/health"));
        assert_eq!(idle.exchange(&health).await.unwrap().status(), 200);
        let _fresh = sender.connect().await;
        let _silent = Sender::direct(relay.address()).connect().await;
        let told = Instant::now();
        assert_eq!(relay.terminate().await, Some(143));
        assert!(told.elapsed() < AT_ONCE, "{:?}", told.elapsed());
    }
}

#[tokio::test]
async fn a_client_that_is_told_to_stop_finishes_what_is_running() {
    let relay = TestRelay::start().await;
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let app = LocalApp::held().await;
        let mut client = TestClient::listen(&relay, &app, &[]).await;
        let sender = client.sender();
        let under_way = post(&sender, "under way");
        app.receives(1).await;
        client.process.signal(signal);
        eventually("it says what it waits for", DEADLINE, || {
            client.stderr().contains("stopping: ")
        })
        .await;
        let late = post(&sender, "too late");
        app.release(1);
        assert_eq!(
            under_way.await.unwrap().status(),
            200,
            "the app's own answer"
        );
        assert_eq!(client.exit_code(DEADLINE).await, Some(code));
        assert_queued(&late.await.unwrap());
        assert_eq!(client.next_event("stopped", DEADLINE).await["given_up"], 0);

        let _client = client.again().start().await;
        assert_eq!(app.receives(2).await[1].body, b"too late");
    }
}

#[tokio::test]
async fn a_client_without_a_link_stops_at_once() {
    let mut relay = TestRelay::start().await;
    let mut client = Listen::on(&relay).start().await;
    relay.kill().await;
    lost(&mut client).await;
    let told = Instant::now();
    client.process.signal(Signal::INT);
    assert_eq!(client.exit_code(DEADLINE).await, Some(130));
    assert!(told.elapsed() < AT_ONCE, "{:?}", told.elapsed());
}

#[tokio::test]
async fn a_second_signal_stops_the_client_at_once_and_loses_nothing() {
    let relay = TestRelay::start().await;
    let app = LocalApp::held().await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let under_way = post(&client.sender(), "under way");
    app.receives(1).await;
    client.process.signal(Signal::INT);
    eventually("it says what it waits for", DEADLINE, || {
        client.stderr().contains("stopping: ")
    })
    .await;
    let again = Instant::now();
    client.process.signal(Signal::INT);
    assert_eq!(client.exit_code(DEADLINE).await, Some(130));
    assert!(again.elapsed() < AT_ONCE, "{:?}", again.elapsed());
    assert_queued(&under_way.await.unwrap());
    assert_eq!(client.next_event("stopped", DEADLINE).await["given_up"], 1);

    let _client = client.again().start().await;
    let [first, second] = &app.receives(2).await[..] else {
        panic!("more than was sent")
    };
    let id = |visit: &Received| visit.head.value("kreel-delivery-id").unwrap();
    assert_eq!((id(first), &first.body), (id(second), &second.body));
}

/// What waits for the app needs nobody to wait for it: it is there next time.
#[tokio::test]
async fn what_waits_outlives_a_stop_in_good_order() {
    let relay = TestRelay::start().await;
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut app = LocalApp::absent().await;
        let flags = ["--wait", "50ms"];
        let mut client = TestClient::listen(&relay, &app, &flags).await;
        for body in ["one", "two", "three"] {
            let answer = client.sender().post("/hook", body).await;
            assert_eq!(answer.status(), 202, "{}", answer.text());
        }
        client.has_on_record("waiting", 3).await;
        let told = Instant::now();
        client.process.signal(signal);
        assert_eq!(client.exit_code(DEADLINE).await, Some(code));
        assert!(told.elapsed() < AT_ONCE, "{:?}", told.elapsed());
        assert_eq!(client.next_event("stopped", DEADLINE).await["given_up"], 0);
        app.restart().await;
        let mut client = client.again().start().await;
        client.has_on_record("answered", 3).await;
        assert_eq!(app.texts(), ["one", "two", "three"]);
        assert!(app.received().iter().all(|one| one.attempt() == 1));
        assert_eq!(client.terminate().await, Some(143));
        assert_eq!(app.count(), 3);
    }
}

/// A relay whose sender would wait for ever stops nevertheless, and promises what it has.
#[tokio::test]
async fn a_relay_stops_within_its_grace_and_keeps_what_is_under_way() {
    let mut relay = TestRelay::start().await;
    let app = LocalApp::held().await;
    let mut client = TestClient::listen(&relay, &app, &["--wait", "10m"]).await;
    let under_way = post(&client.sender(), "under way");
    app.receives(1).await;
    let told = Instant::now();
    assert_eq!(relay.terminate().await, Some(143));
    assert!(told.elapsed() < NOTICED, "{:?}", told.elapsed());
    assert_queued(&under_way.await.unwrap());

    relay.restart_same_port().await;
    lost(&mut client).await;
    back(&mut client).await;
    app.release(1);
    client.has_on_record("answered", 1).await;
    client.terminate().await;
    assert_eq!(app.count(), 1, "the attempt at it went on");
    let again = client.again().start().await;
    assert_eq!(again.status().await["delivered"], 1);
}
