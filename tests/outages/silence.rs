//! Connections that are open and carry nothing, as when a laptop sleeps or packets are lost.

use std::time::Instant;

use super::{AT_ONCE, NOTICED, assert_queued, back, lost, post};
use crate::support::{DEADLINE, Listen, LocalApp, MachineApart, TestClient, TestRelay, Wire};

#[tokio::test]
async fn a_half_open_connection_is_noticed_at_both_ends() {
    let relay = TestRelay::secure().await;
    let wire = Wire::to(relay.address()).await;
    let app = LocalApp::answering(200).await;
    let mut client = Listen::on(&relay)
        .relay(&wire.url(relay.url()))
        .to(&app)
        .start()
        .await;
    // Senders do not come through the wire.
    let sender = client.sender();
    assert_eq!(sender.post("/hook", "before").await.status(), 200);

    wire.freeze();
    let frozen = Instant::now();
    let during = post(&sender, "as it freezes");
    assert_eq!(lost(&mut client).await, "silent");
    relay.says("link lost").await;
    assert!(frozen.elapsed() < NOTICED, "{:?}", frozen.elapsed());
    assert_eq!(during.await.unwrap().status(), 202);
    let asked = Instant::now();
    assert_queued(&sender.post("/hook", "while frozen").await);
    assert!(
        asked.elapsed() < AT_ONCE,
        "it waits for a link that is gone: {:?}",
        asked.elapsed()
    );

    wire.thaw();
    back(&mut client).await;
    let bodies: Vec<_> = app
        .receives(3)
        .await
        .into_iter()
        .map(|received| received.body)
        .collect();
    assert_eq!(bodies, [&b"before"[..], b"as it freezes", b"while frozen"]);
}

#[tokio::test]
async fn lost_packets_are_noticed_at_both_ends() {
    let Some(apart) = MachineApart::new() else {
        return;
    };
    let relay = TestRelay::at(&format!("{}:0", apart.our_address()), &[], &[]).await;
    // Without an app, which would be on the wrong machine.
    let mut client = Listen::on(&relay).through(apart.runner()).start().await;
    let sender = client.sender();
    assert_eq!(sender.post("/hook", "before").await.status(), 200);

    apart.lose_packets();
    let cut = Instant::now();
    assert_eq!(lost(&mut client).await, "silent");
    relay.says("link lost").await;
    assert!(cut.elapsed() < NOTICED, "{:?}", cut.elapsed());
    let asked = Instant::now();
    let answer = sender.post("/hook", "while cut").await;
    assert_queued(&answer);
    assert!(
        asked.elapsed() < AT_ONCE,
        "it waits for a link that is gone: {:?}",
        asked.elapsed()
    );

    apart.carry_packets();
    back(&mut client).await;
    let id = answer.json()["id"].clone();
    let captured = client.next_matching("the delivery", DEADLINE, |event| {
        event["type"] == "delivery" && event["id"] == id
    });
    captured.await.expect("what was posted meanwhile arrives");
}

#[tokio::test]
async fn who_posts_while_a_client_is_stopped_for_a_moment_waits_for_it() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    client.stop();
    let waiting = post(&client.sender(), "a moment");
    client.cont();
    assert_eq!(waiting.await.unwrap().status(), 200);
}

/// A laptop sleeps, with deliveries under way and more to come: nothing is lost of either.
#[tokio::test]
async fn what_is_posted_to_a_sleeper_comes_in_order_when_it_wakes() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    let at_work = post(&sender, "at work");
    app.receives(1).await;

    client.stop();
    let stopped = Instant::now();
    let mut asleep: Vec<String> = Vec::new();
    for number in 0..3 {
        // The first of these finds a link that nobody has missed yet.
        let body = format!("asleep {number}");
        let answer = sender.post("/hook", &*body).await;
        assert_eq!(answer.status(), 202, "{}", answer.text());
        asleep.push(body);
    }
    relay.says("link lost").await;
    assert!(stopped.elapsed() < NOTICED, "{:?}", stopped.elapsed());
    for number in 3..20 {
        let body = format!("asleep {number}");
        assert_queued(&sender.post("/hook", &*body).await);
        asleep.push(body);
    }
    assert_eq!(at_work.await.unwrap().status(), 202);
    client.cont();
    app.release(100);
    lost(&mut client).await;
    back(&mut client).await;
    client.has_on_record("answered", 21).await;
    assert_eq!(app.texts()[0], "at work");
    assert_eq!(app.texts()[1..], asleep, "once each, and in order");
    assert_eq!(sender.post("/hook", "awake").await.status(), 200);
    client.has_on_record("answered", 22).await;
    client.terminate().await;
    let last = client
        .events()
        .iter()
        .rfind(|event| event["type"] == "counters");
    let last = last.expect("counters");
    assert_eq!(
        (&last["received"], &last["delivered"], &last["lost"]),
        (&22.into(), &22.into(), &0.into()),
        "{last}"
    );
}
