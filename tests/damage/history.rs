//! The client's side: `history.db`.

use crate::damage::{noise, set_aside};
use crate::support::{DEADLINE, Listen, LocalApp, SmallDisk, TestClient, TestRelay, eventually};

/// A client that has had some deliveries and has ended, so that its history is one file.
async fn with_a_past(relay: &TestRelay, app: &LocalApp) -> TestClient {
    let mut client = TestClient::listen(relay, app, &[]).await;
    for number in 0..20 {
        let body = format!("{number} {}", "x".repeat(3000));
        assert_eq!(client.sender().post("/past", body).await.status(), 200);
    }
    assert_eq!(client.terminate().await, Some(143));
    client
}

/// The client takes deliveries and remembers them, as if nothing had been.
async fn goes_on(client: &TestClient) {
    assert_eq!(client.sender().post("/now", "live").await.status(), 200);
    client.has_on_record("answered", 1).await;
}

#[tokio::test]
async fn a_history_that_was_cut_off_or_overwritten_is_set_aside() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let past = with_a_past(&relay, &app).await;
    let whole = std::fs::read(past.history()).unwrap();
    let half = whole.len() / 2;
    let mut torn = whole.clone();
    torn[4096..].copy_from_slice(&noise(whole.len() - 4096));
    let damaged = [
        ("50 bytes", whole[..50].to_vec()),
        ("a page", whole[..4096].to_vec()),
        ("half", whole[..half].to_vec()),
        ("one byte less", whole[..whole.len() - 1].to_vec()),
        ("noise", noise(whole.len())),
        ("noise but for the first page", torn),
    ];
    for (what, bytes) in damaged {
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("history.db");
        std::fs::write(&file, &bytes).unwrap();
        let client = past.again().history(&file).start().await;
        let said = client.stderr();
        let aside = set_aside(&file);
        assert!(
            said.contains("warning: the history") && said.contains("is damaged"),
            "{what}: {said}"
        );
        assert!(
            said.contains(&aside.display().to_string()),
            "{what}: {said}"
        );
        assert_eq!(std::fs::read(&aside).unwrap(), bytes, "{what}");
        assert_eq!(client.sender().post("/now", what).await.status(), 200);
        client.has_on_record("answered", 1).await;
    }
}

/// Damage where nobody looks at the start: it is noticed when it is met, at the latest.
#[tokio::test]
async fn damage_in_the_middle_stops_nothing() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let past = with_a_past(&relay, &app).await;
    let mut bytes = std::fs::read(past.history()).unwrap();
    let pages = bytes.len() / 4096;
    for page in pages / 3..pages {
        bytes[page * 4096..page * 4096 + 4096].copy_from_slice(&noise(4096));
    }
    std::fs::write(past.history(), &bytes).unwrap();
    let client = past.again().start().await;
    for number in 0..20 {
        let answer = client.sender().post("/now", number.to_string()).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
    eventually("it is noticed", DEADLINE, || {
        let files = std::fs::read_dir(past.history().parent().unwrap()).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .any(|name| name.starts_with("history.db.damaged-"))
    })
    .await;
    assert_eq!(client.sender().post("/now", "after").await.status(), 200);
    let after = client.requests(&["list", "--limit", "1000"]).await;
    assert!(!after.is_empty());
}

#[tokio::test]
async fn a_history_of_a_newer_kreel_is_left_alone() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let past = with_a_past(&relay, &app).await;
    let mut bytes = std::fs::read(past.history()).unwrap();
    // Where SQLite has `user_version`.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(past.history(), &bytes).unwrap();
    let mut client = past.again().start().await;
    let said = client.stderr();
    assert!(
        said.contains("is of a newer kreel (version 99") && said.contains("update kreel"),
        "{said}"
    );
    goes_on(&client).await;
    assert_eq!(client.terminate().await, Some(143));
    assert_eq!(std::fs::read(past.history()).unwrap(), bytes);
    // The next one finds what this one wrote.
    let client = past.again().start().await;
    client.has_on_record("answered", 1).await;
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_said_at_once() {
    let Some(disk) = SmallDisk::mount(4 << 20) else {
        return;
    };
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let listen = Listen::on(&relay).to(&app);
    let mut client = listen
        .history(&disk.path().join("history.db"))
        .start()
        .await;
    assert_eq!(client.sender().post("/now", "past").await.status(), 200);
    assert_eq!(client.terminate().await, Some(143));
    disk.becomes_read_only();
    for _ in 0..2 {
        let mut refused = client.again().spawn();
        let finished = crate::support::Finished::of(&mut refused.process, DEADLINE).await;
        finished.failed(1, "KR0310", &["the history can't be used", "history.db"]);
    }
    assert_eq!(app.count(), 1);
}
