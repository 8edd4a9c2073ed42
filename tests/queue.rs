//! What the relay has acknowledged is on its disk: kill -9 at any moment loses none of it.

use crate::support::{DEADLINE, Listen, LocalApp, TestClient, TestRelay};

/// Posts numbered bodies that the relay must acknowledge with 202; how far they go is `until`.
async fn post(client: &TestClient, from: usize, until: usize) {
    for number in from..until {
        let answer = client
            .sender()
            .post(&format!("/{number}"), format!("body {number}"))
            .await;
        assert_eq!(answer.status(), 202, "{}", answer.text());
    }
}

/// The app has had these numbers, in this order, each once and each with its body.
async fn has_all_in_order(app: &LocalApp, count: usize) {
    app.receives(count).await;
    let received = app.received();
    let targets: Vec<_> = received
        .iter()
        .map(|one| String::from_utf8_lossy(&one.head.target()).into_owned())
        .collect();
    assert_eq!(
        targets,
        (0..count)
            .map(|number| format!("/{number}"))
            .collect::<Vec<_>>()
    );
    for (number, one) in received.iter().enumerate() {
        assert_eq!(one.body, format!("body {number}").into_bytes());
    }
}

#[tokio::test]
async fn survives_kill_9_of_the_relay_while_the_app_is_away() {
    let (mut relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = TestClient::listen(&relay, &app, &["--wait", "100ms"]).await;
    post(&client, 0, 3).await;
    relay.kill().await;
    relay.restart_same_port().await;
    client.next_event("ready", DEADLINE).await;
    app.restart().await;
    has_all_in_order(&app, 3).await;
}

#[tokio::test]
async fn survives_kill_9_of_relay_and_client_with_neither_there_in_between() {
    let (mut relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    client.kill().await;
    post(&client, 0, 10).await;
    relay.kill().await;
    relay.restart_same_port().await;
    post(&client, 10, 20).await;
    let mut client = client.again().start().await;
    has_all_in_order(&app, 20).await;
    let ready = client
        .events()
        .iter()
        .find(|event| event["type"] == "ready")
        .cloned();
    assert_eq!(ready.expect("it is ready")["waiting"], 20);
}

/// Killed while the relay's 202 stands and the app is at work: it comes again, with its own id.
#[tokio::test]
async fn survives_kill_9_of_the_client_at_work() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = TestClient::listen(&relay, &app, &["--wait", "100ms"]).await;
    let id = client.sender().post("/0", "body 0").await.json()["id"].clone();
    assert_eq!(app.receives(1).await.len(), 1);
    client.kill().await;
    app.release(2);
    let mut client = client.again().start().await;
    assert_eq!(app.receives(2).await.len(), 2);
    client.terminate().await;
    // It may have come out of the history, before there was a link.
    let events = client.events();
    let find = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    let delivery = find("delivery");
    assert_eq!((&delivery["id"], &delivery["queued"]), (&id, &true.into()));
    assert_eq!(find("attempt")["status"], 200);
    assert_eq!(app.count(), 2);
}

/// A body too large for memory waits on disk in pieces.
#[tokio::test]
async fn keeps_a_large_body_whole_across_kill_9() {
    let (mut relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    client.kill().await;
    let body: Vec<u8> = (0..5_000_000_u32)
        .map(|number| number.to_le_bytes()[(number % 3) as usize])
        .collect();
    let digest = crate::support::Digest::of(&body);
    assert_eq!(client.sender().post("/large", body).await.status(), 202);
    relay.kill().await;
    relay.restart_same_port().await;
    let _client = client.again().start().await;
    assert_eq!(app.receives(1).await[0].digest, digest);
}

/// A live delivery comes behind those that waited, once the app takes them one by one.
#[tokio::test]
async fn comes_before_what_arrives_later() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = Listen::on(&relay)
        .to(&app)
        .flags(&["--answer", "now=202"])
        .start()
        .await;
    client.terminate().await;
    post(&client, 0, 3).await;
    let client = client.again().start().await;
    app.release(3);
    has_all_in_order(&app, 3).await;
    post(&client, 3, 4).await;
    has_all_in_order(&app, 4).await;
}
