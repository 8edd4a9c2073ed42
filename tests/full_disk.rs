//! A full disk on either side: nothing is claimed that is not there, what can go on does, and
//! when there is room again nobody has to do anything.

use std::path::Path;
use std::time::Duration;

use crate::support::{
    DEADLINE, Finished, Listen, LocalApp, Post, Received, SmallDisk, TestClient, TestRelay,
};

/// Room for a history or a relay's file, and little more.
const DISK_BYTES: u64 = 4 << 20;

fn history_on(disk: &Path, relay: &TestRelay, app: &LocalApp) -> Listen {
    let listen = Listen::on(relay).to(app).flags(&["--wait", "200ms"]);
    listen.history(&disk.join("history.db"))
}

/// The app is away, so that this is promised, by the relay: it can't be anyone else's.
async fn promised(client: &TestClient, bodies: &[&str]) {
    for body in bodies {
        let answer = client.sender().post("/hook", *body).await;
        assert_eq!(answer.status(), 202, "{}", answer.text());
    }
}

/// Posts until the history has noticed that it has no room.
async fn fails(client: &mut TestClient, disk: &SmallDisk) {
    disk.fill();
    let large = Post::new("POST", "/hook").body(vec![b'l'; 60_000]);
    let answer = client.sender().send(large).await;
    assert_eq!(
        answer.status(),
        200,
        "a live one is answered: {}",
        answer.text()
    );
    let failing = client.next_event("history_failing", DEADLINE).await;
    let cause = failing["cause"].as_str().unwrap();
    assert!(cause.contains("full"), "{cause}");
}

/// The bodies of less than the large one that the app has had.
fn small(app: &LocalApp) -> Vec<String> {
    let mut texts = app.texts();
    texts.retain(|text| text.len() < 1000);
    texts
}

fn each_once(app: &LocalApp) {
    let mut ids: Vec<_> = app.received().iter().map(Received::id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{:?}", small(app));
}

#[tokio::test]
async fn a_history_without_room_acknowledges_nothing_and_goes_on_when_there_is_some() {
    let Some(disk) = SmallDisk::mount(DISK_BYTES) else {
        return;
    };
    let (relay, mut app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = history_on(disk.path(), &relay, &app).start().await;
    fails(&mut client, &disk).await;
    assert_eq!(client.sender().post("/hook", "live").await.status(), 200);
    app.stop().await;
    promised(&client, &["one", "two"]).await;
    app.restart().await;
    client.next_event("app_up", DEADLINE).await;
    disk.make_room();
    // The relay is asked again for what could not be taken.
    client.next_event("history_mended", DEADLINE).await;
    client.next_event("ready", DEADLINE).await;
    assert_eq!(client.sender().post("/hook", "after").await.status(), 200);
    app.receives(5).await;
    // The live ones before the last left no trace.
    let kept = ["one", "two", "after"].len();
    client.has_on_record("answered", kept).await;
    let mut texts = small(&app);
    assert_eq!(texts.remove(0), "live");
    texts.sort_unstable();
    assert_eq!(texts, ["after", "one", "two"]);

    // Nobody has anything left: the next client gets what is new, and nothing else.
    assert_eq!(client.terminate().await, Some(143));
    let mut next = client.again().start().await;
    assert_eq!(next.waited(), 0);
    assert_eq!(next.sender().post("/hook", "next").await.status(), 200);
    assert_eq!(next.terminate().await, Some(143));
    assert_eq!(app.count(), 6);
    each_once(&app);
}

#[tokio::test]
async fn what_a_history_had_no_room_for_is_still_the_relays() {
    let Some(disk) = SmallDisk::mount(DISK_BYTES) else {
        return;
    };
    let (relay, mut app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = history_on(disk.path(), &relay, &app).start().await;
    fails(&mut client, &disk).await;
    app.stop().await;
    promised(&client, &["one", "two", "three"]).await;
    client.kill().await;
    app.restart().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("history.db");
    let mut other = client.again().history(&other).start().await;
    assert_eq!(other.waited(), 3, "{}", other.stderr());
    other.next_event("drained", DEADLINE).await;
    assert_eq!(small(&app), ["one", "two", "three"]);
    each_once(&app);
}

/// Kept deliveries that come while there is no room wait at the relay until there is.
#[tokio::test]
async fn what_waited_comes_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(DISK_BYTES) else {
        return;
    };
    let (relay, app) = (
        TestRelay::start().await,
        LocalApp::slow(Duration::from_millis(30)).await,
    );
    let listen = history_on(disk.path(), &relay, &app).flags(&["--answer", "now=202"]);
    let mut client = listen.start().await;
    promised(&client, &["before"]).await;
    app.receives(1).await;
    disk.fill();
    let large = Post::new("POST", "/hook").body(vec![b'l'; 60_000]);
    assert_eq!(client.sender().send(large).await.status(), 202);
    client.next_event("history_failing", DEADLINE).await;
    promised(&client, &["one", "two", "three"]).await;
    disk.make_room();
    // The relay is asked again for what could not be acknowledged, some of which the app has by
    // then, or is at work on.
    client.next_event("history_mended", DEADLINE).await;
    app.receives(5).await;
    client.has_on_record("answered", 5).await;
    assert_eq!(small(&app), ["before", "one", "two", "three"]);
    assert_eq!(client.terminate().await, Some(143));
    let mut next = client.again().start().await;
    assert_eq!(next.waited(), 0);
    promised(&next, &["next"]).await;
    app.receives(6).await;
    assert_eq!(next.terminate().await, Some(143));
    each_once(&app);
}

#[tokio::test]
async fn a_relay_without_room_says_503_and_claims_nothing() {
    let Some(disk) = SmallDisk::mount(DISK_BYTES) else {
        return;
    };
    let (mut relay, app) = (TestRelay::on_disk(&disk).await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    assert_eq!(client.terminate().await, Some(143));
    promised(&client, &["before"]).await;
    disk.fill();
    let large = vec![b'l'; 60_000];
    for _ in 0..10 {
        let answer = sender.post("/hook", large.clone()).await;
        assert_eq!(answer.status(), 503, "{}", answer.text());
        assert!(answer.header("retry-after").is_some(), "{:?}", answer.head);
    }
    relay.kill().await;
    disk.make_room();
    relay.restart_same_port().await;
    promised(&client, &["after"]).await;
    let mut client = client.again().start().await;
    assert_eq!(client.waited(), 2);
    client.next_event("drained", DEADLINE).await;
    assert_eq!(app.texts(), ["before", "after"]);
}

/// Without a restart, and beside an app that answers: whose answers need no disk.
#[tokio::test]
async fn a_relay_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(DISK_BYTES) else {
        return;
    };
    let (relay, mut app) = (TestRelay::on_disk(&disk).await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, &["--wait", "100ms"]).await;
    let sender = client.sender();
    // With this one it has made sure of the numbers of the next few thousand.
    assert_eq!(sender.post("/hook", "before").await.status(), 200);
    disk.fill();
    assert_eq!(sender.post("/hook", "live").await.status(), 200);
    app.stop().await;
    let large = vec![b'l'; 60_000];
    assert_eq!(sender.post("/hook", large.clone()).await.status(), 503);
    disk.make_room();
    let answer = sender.post("/hook", "kept").await;
    assert_eq!(answer.status(), 202, "{}", answer.text());
    app.restart().await;
    client.has_on_record("answered", 4).await;
    let three = small(&app);
    assert_eq!(three, ["before", "live", "kept"]);
    assert_eq!(client.terminate().await, Some(143));
    assert_eq!(client.status().await["lost"], 0);
}

/// What the app was sent is on record nowhere else, so that the command says so.
#[tokio::test]
async fn attempts_that_found_no_room_are_told() {
    let Some(disk) = SmallDisk::mount(DISK_BYTES) else {
        return;
    };
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = history_on(disk.path(), &relay, &app).start().await;
    client.sender().post("/hook", "{}").await;
    client.has_on_record("answered", 1).await;
    let other = LocalApp::held().await;
    let large = format!("a={}", "x".repeat(100_000));
    let to = other.port().to_string();
    let words = ["replay", "last", "--to", &to, "--set", &large];
    let replaying = client.beside(&words).path("--history", &client.history());
    let mut running = replaying.start();
    other.receives(1).await;
    disk.fill();
    other.release(1);
    let told = Finished::of(&mut running, DEADLINE).await;
    told.failed(1, "KR0330", &["1 attempt is not on record"]);
    assert!(told.stdout.contains("1 of 1 sent"), "{told}");
    disk.make_room();
}
