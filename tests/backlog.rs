//! A long backlog: it comes in order, it is told how far it is, nobody who posts meanwhile waits
//! for it, and neither end needs the memory for all of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{
    Answer, DEADLINE, Listen, LocalApp, Post, Sender, TestClient, TestRelay, eventually, within,
};

const SENDERS: usize = 16;

/// Has these many kept by a relay whose client is away, from several senders. Each sender's come
/// one after another, as `sender/number`.
async fn keep(sender: &Sender, count: usize, body_bytes: usize) {
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let sender = sender.clone();
        senders.spawn(async move {
            let mut connection = sender.connect().await;
            for one in 0..count / SENDERS {
                let post = Post::new("POST", format!("/kept/{number}/{one}"));
                let bytes = sender.bytes(&post.body(vec![b'k'; body_bytes]));
                let answer = within("an answer", DEADLINE, connection.exchange(&bytes));
                assert_eq!(answer.await.unwrap().status(), 202);
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
}

/// All that were kept came in the order of their positions, each once, and so each sender's in
/// the order they were sent.
fn came_in_order(client: &mut TestClient, app: &LocalApp, count: usize) {
    let received = app.received();
    let is_kept = |target: &[u8]| target.starts_with(b"/kept/");
    let kept = received.iter().filter(|one| is_kept(&one.head.target()));
    let (ids, targets): (Vec<_>, Vec<_>) = kept
        .map(|one| (one.id(), String::from_utf8(one.head.target()).unwrap()))
        .unzip();
    assert_eq!(ids.len(), count);
    let mut told: Vec<(u64, String)> = Vec::new();
    for event in client.events() {
        if event["type"] == "delivery" && event["queued"] == true {
            let id = event["id"].as_str().unwrap().to_owned();
            told.push((event["seq"].as_u64().unwrap(), id));
        }
    }
    told.sort_unstable();
    let by_position: Vec<String> = told.into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, by_position);
    for number in 0..SENDERS {
        let prefix = format!("/kept/{number}/");
        let of_one: Vec<usize> = targets
            .iter()
            .filter_map(|target| target.strip_prefix(&prefix)?.parse().ok())
            .collect();
        assert_eq!(of_one, (0..count / SENDERS).collect::<Vec<_>>());
    }
}

/// An app that takes this long over what was kept, and no time over the rest.
async fn app_that_takes(time: Duration) -> LocalApp {
    LocalApp::with(move |mut visit| async move {
        let received = visit.receive().await;
        if received.head.target().starts_with(b"/kept/") {
            tokio::time::sleep(time).await;
        }
        visit
            .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_backlog_comes_in_order_and_delays_nobody() {
    const KEPT: usize = 3008;
    const BODY_BYTES: usize = 16 * 1024;
    /// What each end may need beyond what it had before: a third of the bodies together.
    const MORE_BYTES: u64 = 16 * 1024 * 1024;
    let relay = TestRelay::start().await;
    let app = app_that_takes(Duration::from_millis(1)).await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let had = (relay.process.rss(), client.rss());
    client.terminate().await;
    let sender = client.sender();
    keep(&sender, KEPT, BODY_BYTES).await;

    let mut client = client.again().start().await;
    let start = Instant::now();
    assert_eq!(client.waited(), KEPT as u64);
    let mut latencies = Vec::new();
    while app.count() < KEPT {
        let asked = Instant::now();
        let answer = sender.post("/live", "now").await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        latencies.push(asked.elapsed());
        // As a person would, who clicks again and again.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let drained = client.next_event("drained", DEADLINE).await;
    let took = start.elapsed();
    assert_eq!(drained["total"], KEPT);
    let longest = latencies.iter().max().unwrap();
    assert!(
        *longest < took / 4,
        "one of {} live ones took {longest:?} of {took:?}",
        latencies.len()
    );
    came_in_order(&mut client, &app, KEPT);
    let draining = |event: &&serde_json::Value| event["type"] == "draining";
    let told: Vec<_> = client.events().iter().filter(draining).cloned().collect();
    assert!(!told.is_empty(), "a drain of {took:?} is told of");
    let done: Vec<_> = told.iter().map(|event| event["done"].as_u64()).collect();
    assert!(done.is_sorted() && told.iter().all(|event| event["total"] == KEPT));

    let peaks = (relay.process.peak_rss(), client.process.peak_rss());
    assert!(
        peaks.0 < had.0 + MORE_BYTES,
        "the relay: {had:?}, {peaks:?}"
    );
    assert!(
        peaks.1 < had.1 + MORE_BYTES,
        "the client: {had:?}, {peaks:?}"
    );
}

/// The app takes none of those that waited for as long as it likes: live ones pass all the same.
#[tokio::test]
async fn live_ones_do_not_wait_for_a_backlog_that_stands_still() {
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    let app = LocalApp::with(move |mut visit| {
        let held = held.clone();
        async move {
            let received = visit.receive().await;
            if received.head.target().starts_with(b"/kept/") {
                held.acquire().await.ok()?.forget();
            }
            visit
                .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
        }
    })
    .await;
    let relay = TestRelay::start().await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    client.terminate().await;
    let sender = client.sender();
    keep(&sender, 64, 10).await;
    let mut client = client.again().start().await;
    for permits in [0, 10, 20] {
        gate.add_permits(permits);
        let mut posts = JoinSet::new();
        for _ in 0..50 {
            let sender = sender.clone();
            posts.spawn(async move { sender.post("/live", "now").await });
        }
        let answers: Vec<Answer> = posts.join_all().await;
        assert!(answers.iter().all(|answer| answer.status() == 200));
    }
    gate.add_permits(64);
    client.next_event("drained", DEADLINE).await;
    came_in_order(&mut client, &app, 64);
}

#[tokio::test]
async fn people_are_told_how_far_it_is() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    client.terminate().await;
    keep(&client.sender(), 1600, 10).await;
    let mut client = Listen::plain(client.again()).spawn();
    client.line("its ready line").await;
    let mut lines = Vec::new();
    while !lines.iter().any(|line: &String| line.contains("waiting")) {
        lines.push(client.line("how many wait").await);
    }
    assert!(
        lines
            .last()
            .unwrap()
            .contains("1600 kept for you, oldest first"),
        "{lines:?}"
    );
    let part = " of the 1600 that had waited are handed over";
    eventually("people are told how far it is", DEADLINE, || {
        app.release(1);
        client.stderr().contains(part)
    })
    .await;
    app.release(1600);
    eventually("people are told of the end", DEADLINE, || {
        client
            .stderr()
            .contains("all 1600 that had waited are handed over")
    })
    .await;
    assert_eq!(client.terminate().await, Some(143));
    assert!(
        client
            .stderr()
            .contains("received 1600 · delivered 1600 · waiting 0 · lost 0"),
        "{}",
        client.stderr()
    );
}
