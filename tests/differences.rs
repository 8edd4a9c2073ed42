//! `kreel diff` and `kreel idempotency`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Kreel, LocalApp, Post, TestClient, TestRelay};

fn command(client: &TestClient, words: &[&str]) -> Kreel {
    client.beside(words).path("--history", &client.history())
}

#[tokio::test]
async fn deliveries_and_answers_are_compared() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[200, 500]).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    for body in [
        r#"{"id":1,"status":"completed","created_at":"10:00"}"#,
        r#"{ "created_at":"10:05", "status":"failed", "id":1 }"#,
    ] {
        let post = Post::new("POST", "/hook").header("X-Api-Key", format!("key{}", body.len()));
        client.sender().send(post.body(body)).await;
    }
    client.has_on_record("answered", 2).await;
    let diff = |words: &[&str]| {
        let kreel = command(&client, &["diff"]).args(words);
        async move { kreel.run().await }
    };
    let told = diff(&["last~1", "last"]).await;
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.stdout.contains("status: \"completed\" → \"failed\""),
        "{told}"
    );
    // They are 50 and 51 bytes long.
    let secrets = ["key50", "key51"];
    assert!(
        !secrets.iter().any(|key| told.stdout.contains(key)),
        "{told}"
    );
    assert!(told.stdout.contains("x-api-key"), "it differs: {told}");
    let told = diff(&["last~1", "last", "--show-secrets"]).await;
    assert!(
        secrets.iter().all(|key| told.stdout.contains(key)),
        "{told}"
    );
    let told = diff(&["last~1", "last", "--json", "--ignore", "$.created_at"]).await;
    let object: Value = serde_json::from_str(&told.stdout).unwrap();
    let sections = object["sections"].as_array().unwrap();
    let body = sections.iter().find(|it| it["title"] == "Body").unwrap();
    assert_eq!(
        body["changes"],
        json!([{"change":"changed","path":"$.status","from":"\"completed\"","to":"\"failed\""}])
    );
    assert_eq!(object["equal"], false);
    let rules = [
        "--ignore",
        "$.created_at",
        "--ignore",
        "$.status",
        "--ignore",
        "header:x-api-key",
        "--ignore",
        "header:content-length",
    ];
    let told = diff(&[&["last~1", "last"][..], &rules].concat()).await;
    assert!(told.success().contains("no difference"), "{told}");
    let told = diff(&["last:1", "last~1:1"]).await;
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stdout.contains("500 → 200"), "{told}");
    diff(&["last:1", "last:1"]).await.success();
    diff(&["last:7", "last"])
        .await
        .failed(4, "KR0327", &["those that are over: 1"]);
    diff(&["last", "last", "--ignore", "nonsense"])
        .await
        .failed(2, "KR0326", &["nonsense"]);
    diff(&["last", "ffff"]).await.failed(4, "KR0311", &["ffff"]);
}

/// An app that appends to this file for each request that it takes for new.
async fn shop(file: std::path::PathBuf, knows_repeats: bool) -> LocalApp {
    let orders = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(std::sync::Mutex::new(std::collections::HashSet::new()));
    LocalApp::with(move |mut visit| {
        let (file, orders, seen) = (file.clone(), orders.clone(), seen.clone());
        async move {
            let received = visit.receive().await;
            let is_new = seen.lock().unwrap().insert(received.id()) || !knows_repeats;
            if is_new {
                let count = orders.fetch_add(1, Ordering::SeqCst) + 1;
                std::fs::write(&file, count.to_string()).unwrap();
            }
            visit
                .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
        }
    })
    .await
}

#[tokio::test]
async fn an_app_that_counts_twice_is_found_out() {
    let relay = TestRelay::start().await;
    for (knows_repeats, code, word) in [(true, 0, "idempotent"), (false, 1, "not_idempotent")] {
        let home = crate::support::Home::new();
        let file = home.path().join("orders");
        std::fs::write(&file, "0").unwrap();
        let app = shop(file.clone(), knows_repeats).await;
        let client = TestClient::listen(&relay, &app, &[]).await;
        client.sender().post("/order", "{}").await;
        client.has_on_record("answered", 1).await;
        let probe = format!("cat {}", file.display());
        let words = ["idempotency", "last", "--probe", &probe, "--at-once", "6"];
        let told = command(&client, &words).args(&["--json"]).run().await;
        assert_eq!(told.code, Some(code), "{told}");
        let object: Value = serde_json::from_str(&told.stdout).unwrap();
        assert_eq!(object["verdict"], word, "{object}");
        let steps = object["steps"].as_array().unwrap();
        let sizes: Vec<_> = steps
            .iter()
            .map(|it| it["attempts"].as_array().unwrap().len())
            .collect();
        assert_eq!(sizes, [0, 1, 1, 6]);
        assert_eq!(app.count(), 9, "the live one and eight");
        let text = command(&client, &words).run().await;
        assert_eq!(text.code, Some(code), "{text}");
        assert!(text.stdout.contains(&format!("{word}: ")), "{text}");
        // Without a probe, answers are all there is.
        let blind = command(&client, &["idempotency", "last"]).run().await;
        assert!(blind.success().contains("looks_idempotent"), "{blind}");
        let broken = ["idempotency", "last", "--probe", "exit 3"];
        command(&client, &broken)
            .run()
            .await
            .failed(1, "KR0328", &["ended with"]);
    }
}
