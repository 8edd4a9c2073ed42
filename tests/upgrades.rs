//! A relay that is upgraded while it serves: the program that is installed now takes its place.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use tokio::task::JoinSet;

use crate::support::{DEADLINE, KREEL, LocalApp, Sender, TestClient, TestRelay, eventually};

/// How many senders post all the time, each webhook on a connection of its own.
const SENDERS: usize = 4;

#[tokio::test]
async fn senders_and_clients_of_an_upgraded_relay_lose_nothing() {
    for options in [&["--tls", "off"], &["--tls", "self-signed"]] {
        let mut relay = TestRelay::installed(options).await;
        let app = LocalApp::echo().await;
        let mut client = TestClient::listen(&relay, &app, &[]).await;
        let pid = relay.process.pid();
        let enough = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for number in 0..SENDERS {
            senders.spawn(post_on(client.sender(), number, enough.clone()));
        }
        app.receives(20).await;
        for _ in 0..3 {
            relay.install(Path::new(KREEL));
            let before = relay.process.stderr().matches("is ready at").count();
            relay.process.signal(Signal::USR2);
            relay_serves_again(&relay, before).await;
            client.next_event("reconnecting", DEADLINE).await;
            client.next_event("ready", DEADLINE).await;
            app.receives(app.count() + 20).await;
        }
        enough.store(true, Ordering::Relaxed);
        let mut sent: Vec<String> = senders.join_all().await.concat();
        sent.sort();
        // The app has had each once, those that were kept meanwhile too.
        eventually("the app has all", DEADLINE, || app.count() >= sent.len()).await;
        let mut had = app.texts();
        had.sort();
        assert_eq!(had, sent);
        assert_eq!(relay.process.pid(), pid);
        assert_eq!(relay.terminate().await, Some(143));
    }
}

/// Posts one after another until it is enough; what it posted. Each must be answered 2xx.
async fn post_on(sender: Sender, number: usize, enough: Arc<AtomicBool>) -> Vec<String> {
    let mut sent = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let body = format!("{number}-{}", sent.len());
        let answer = sender.post("/hook", &body[..]).await;
        assert!([200, 202].contains(&answer.status()), "{body}: {answer:?}");
        sent.push(body);
    }
    sent
}

async fn relay_serves_again(relay: &TestRelay, before: usize) {
    let readies = || relay.process.stderr().matches("is ready at").count() > before;
    eventually("the successor is ready", DEADLINE, readies).await;
}

#[tokio::test]
async fn a_program_that_is_none_does_not_take_over() {
    let mut relay = TestRelay::installed(&["--tls", "off"]).await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    std::fs::write(
        &broken,
        "#!/bin/sh\necho 'settings of another age' >&2\nexit 2\n",
    )
    .unwrap();
    std::fs::set_permissions(&broken, Permissions::from_mode(0o755)).unwrap();
    relay.install(&broken);
    relay.process.signal(Signal::USR2);
    relay.says("KR0407").await;
    relay.says("settings of another age").await;
    assert_eq!(client.sender().post("/hook", "x").await.status(), 200);

    relay.install(Path::new(KREEL));
    let before = relay.process.stderr().matches("is ready at").count();
    relay.process.signal(Signal::USR2);
    relay_serves_again(&relay, before).await;
    // What stops for good takes no more, though it took its socket over.
    let held = client.sender().connect().await;
    relay.process.signal(Signal::TERM);
    let closed = || std::net::TcpStream::connect(relay.address()).is_err();
    eventually("a stopping relay takes no more", DEADLINE, closed).await;
    drop(held);
    assert_eq!(relay.process.ended(DEADLINE).await.code(), Some(143));
}
