//! A link that is cut or slow: what was under way is told truly, kept, and delivered once.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::support::http::Framing;
use crate::support::{
    DEADLINE, Digest, Listen, LocalApp, Post, TestClient, TestRelay, Wire, within,
};

/// A client whose link goes over a wire; senders reach the relay without it.
async fn over(wire: &Wire, relay: &TestRelay, app: &LocalApp, flags: &[&str]) -> TestClient {
    let listen = Listen::on(relay).relay(&wire.url(relay.url()));
    listen.to(app).flags(flags).start().await
}

async fn back(client: &mut TestClient) {
    client.next_event("reconnecting", DEADLINE).await;
    client.next_event("ready", DEADLINE).await;
}

/// The app has had exactly these targets.
fn has_had(app: &LocalApp, targets: &[&str]) {
    let received = app.received();
    let all = received
        .iter()
        .map(|one| String::from_utf8_lossy(&one.head.target()).into_owned());
    assert!(
        all.clone().eq(targets.iter().copied()),
        "{:?}",
        all.collect::<Vec<_>>()
    );
}

/// The sender has 202 since the relay has it on disk; the attempt that was running counts, and
/// what the relay sends again is only acknowledged.
#[tokio::test]
async fn a_cut_while_the_app_works_delivers_once() {
    for finishes_before_the_link_is_back in [true, false] {
        let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
        let wire = Wire::to(relay.address()).await;
        let mut client = over(&wire, &relay, &app, &["--wait", "10m"]).await;
        let (sender, other) = (client.sender(), client.sender());
        let waiting = tokio::spawn(async move { sender.post("/once", "{}").await });
        app.receives(1).await;
        wire.freeze();
        wire.cut();
        let answer = within("the sender is told", DEADLINE, waiting)
            .await
            .unwrap();
        assert_eq!(
            (answer.status(), &answer.json()["state"]),
            (202, &"queued".into())
        );
        // Comes behind it, so that what becomes of the first is settled when the second is here.
        assert_eq!(other.post("/behind", "{}").await.status(), 202);
        client.next_event("reconnecting", DEADLINE).await;
        if finishes_before_the_link_is_back {
            app.release(1);
            client.next_event("attempt", DEADLINE).await;
        }
        wire.thaw();
        client.next_event("ready", DEADLINE).await;
        app.release(2);
        let of_second = |event: &serde_json::Value| event["type"] == "attempt";
        for _ in usize::from(finishes_before_the_link_is_back)..2 {
            client
                .next_matching("an attempt", DEADLINE, of_second)
                .await
                .unwrap();
        }
        assert_eq!(client.terminate().await, Some(143));
        let all = |event: &serde_json::Value| event["delivered"] == 2;
        let counters = client.next_matching("the counters", DEADLINE, all).await;
        assert_eq!(counters.expect("counters")["received"], 2);
        // Nothing is kept any more that could come again.
        let mut client = client.again().start().await;
        let ready = client.events()[..]
            .iter()
            .find(|event| event["type"] == "ready")
            .cloned();
        assert_eq!(ready.unwrap()["waiting"], 0);
        has_had(&app, &["/once", "/behind"]);
    }
}

/// What the app had was cut off, so it gets all of it, in a second attempt.
#[tokio::test]
async fn a_cut_in_the_middle_of_an_upload_loses_none_of_it() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let wire = Wire::to(relay.address()).await;
    let mut client = over(&wire, &relay, &app, &[]).await;
    let sender = client.sender();
    let body: Vec<u8> = (0..3_000_000_u32).map(|at| (at >> 3) as u8).collect();
    let head = Post::new("POST", "/upload").header("Content-Length", body.len().to_string());
    let mut connection = sender.connect().await;
    connection.write(&sender.bytes(&head)).await.unwrap();
    connection.write(&body[..1_000_000]).await.unwrap();
    client.next_event("delivery", DEADLINE).await;
    wire.cut();
    connection.write(&body[1_000_000..]).await.unwrap();
    let answer = within("the answer", DEADLINE, connection.answer("POST"))
        .await
        .unwrap();
    assert_eq!(
        (answer.status(), &answer.json()["state"]),
        (202, &"queued".into())
    );
    back(&mut client).await;
    let whole = |event: &serde_json::Value| event["type"] == "attempt" && event["status"] == 200;
    client
        .next_matching("an attempt that succeeds", DEADLINE, whole)
        .await
        .unwrap();
    let received = app.received();
    assert_eq!(received.last().unwrap().digest, Digest::of(&body));
    let complete = received.iter().filter(|one| one.complete).count();
    assert_eq!(complete, 1, "the app sees that the first attempt broke off");
}

#[tokio::test]
async fn a_cut_in_the_middle_of_an_upload_is_told_strictly() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let wire = Wire::to(relay.address()).await;
    let mut client = over(&wire, &relay, &app, &["--strict"]).await;
    let sender = client.sender();
    let mut connection = sender.connect().await;
    let head = Post::new("POST", "/upload").header("Content-Length", "2000000");
    connection.write(&sender.bytes(&head)).await.unwrap();
    connection.write(&[b'x'; 1_000_000]).await.unwrap();
    client.next_event("delivery", DEADLINE).await;
    wire.cut();
    let answer = within("the answer", DEADLINE, connection.answer("POST"))
        .await
        .unwrap();
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (502, &"no_client".into())
    );
    back(&mut client).await;
    assert_eq!(client.sender().post("/next", "{}").await.status(), 200);
    let whole = app.received().into_iter().filter(|one| one.complete);
    assert_eq!(whole.count(), 1, "the upload is given up for good");
}

#[tokio::test]
async fn a_cut_in_the_middle_of_an_answer_is_seen_by_the_sender() {
    let (relay, (app, events)) = (TestRelay::start().await, LocalApp::sse().await);
    let wire = Wire::to(relay.address()).await;
    let mut client = over(&wire, &relay, &app, &[]).await;
    let sender = client.sender();
    let mut connection = sender.connect().await;
    connection
        .write(&sender.bytes(&Post::new("GET", "/")))
        .await
        .unwrap();
    events.send("data: first\n\n".to_owned()).unwrap();
    let head = within("the head", DEADLINE, connection.head())
        .await
        .unwrap()
        .unwrap();
    let mut framing = Framing::of_answer(&head, "GET");
    let first = within("the first event", DEADLINE, connection.piece(&mut framing)).await;
    assert_eq!(&first.unwrap().unwrap()[..], b"data: first\n\n");
    wire.cut();
    let end = within("the end", DEADLINE, connection.piece(&mut framing)).await;
    assert!(end.is_err(), "an answer that broke off must not look whole");
    back(&mut client).await;
}

/// Many exchanges share the link: with 100 ms on the way in each direction, fifty webhooks take
/// hardly longer than one, and not fifty times as long.
#[tokio::test]
async fn a_slow_link_carries_many_at_once() {
    const WEBHOOKS: usize = 50;
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let wire = Wire::to(relay.address()).await;
    let client = over(&wire, &relay, &app, &[]).await;
    wire.delay(Duration::from_millis(100));
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for number in 0..WEBHOOKS {
        let sender = client.sender();
        senders.spawn(async move {
            let answer = sender.post(&format!("/{number}"), "{}").await;
            assert_eq!(answer.json()["target"], format!("/{number}"));
        });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(200),
        "the wire was not slow: {took:?}"
    );
    assert!(
        took < Duration::from_secs(3),
        "they waited for each other: {took:?}"
    );
    assert_eq!(app.count(), WEBHOOKS);
    assert_eq!(wire.connections(), 1, "nobody dials back for a webhook");
}
