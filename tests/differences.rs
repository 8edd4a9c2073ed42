//! `kreel diff` and `kreel idempotency`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{
    DEADLINE, Finished, Kreel, LocalApp, Post, TestClient, TestRelay, eventually, schema,
};

fn command(client: &TestClient, words: &[&str]) -> Kreel {
    client.beside(words).path("--history", &client.history())
}

/// The one object it printed.
fn one(told: &Finished) -> Value {
    let mut objects = schema::lines(&told.stdout);
    assert_eq!(objects.len(), 1, "{told}");
    objects.remove(0)
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
    let object = one(&told);
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

/// Without --all what is the same is folded away; with it all is there.
#[tokio::test]
async fn all_shows_what_is_the_same_too() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let alike: Vec<String> = (0..40)
        .map(|number| format!("\"f{number}\":{number}"))
        .collect();
    for last in ["1", "2"] {
        let body = format!("{{{},\"last\":{last}}}", alike.join(","));
        client.sender().post("/hook", body).await;
    }
    client.has_on_record("answered", 2).await;
    let folded = command(&client, &["diff", "last~1", "last"]).run().await;
    let all = command(&client, &["diff", "last~1", "last", "--all"])
        .run()
        .await;
    for told in [&folded, &all] {
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.stdout.contains("last: 1 → 2"), "{told}");
    }
    assert!(!folded.stdout.contains("f7"), "{folded}");
    for number in 0..40 {
        assert!(
            all.stdout.contains(&format!("f{number}")),
            "{number}: {all}"
        );
    }
    let same = command(&client, &["diff", "last", "last", "--all"])
        .run()
        .await;
    assert!(same.success().contains("no difference"), "{same}");
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
            // As apps do, it tells the time, and has something new in each answer.
            let nth = received.attempt();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nDate: Mon, 30 Nov 2026 10:{:02}:{:02} GMT\r\n\
                 Set-Cookie: sid=s3cret{nth}\r\nContent-Length: 2\r\n\r\nok",
                nth / 60,
                nth % 60
            );
            visit.answer(answer.as_bytes()).await
        }
    })
    .await
}

/// The first Ctrl-C has what runs end and tells how far it came; the second does not wait.
#[tokio::test]
async fn ctrl_c_leaves_no_attempt_untold() {
    let relay = TestRelay::start().await;
    let app = LocalApp::held().await;
    let client = TestClient::listen(&relay, &app, &["--answer", "now"]).await;
    client.sender().post("/order", "{}").await;
    app.receives(1).await;
    app.release(1);
    client.has_on_record("answered", 1).await;
    let trial = command(
        &client,
        &["idempotency", "last", "--at-once", "4", "--probe", "echo 1"],
    );

    // In the middle of those at once.
    let mut running = trial.clone().args(&["--json"]).start();
    app.receives(2).await;
    app.release(1);
    app.receives(3).await;
    app.release(1);
    app.receives(7).await;
    running.signal(Signal::INT);
    eventually("it waits for them", DEADLINE, || {
        running
            .stderr()
            .contains("stopping: waiting for 4 under way")
    })
    .await;
    app.release(4);
    let told = Finished::of(&mut running, DEADLINE).await;
    assert_eq!(told.code, Some(130), "{told}");
    let object = one(&told);
    assert_eq!(
        (&object["verdict"], &object["good"]),
        (&"interrupted".into(), &false.into())
    );
    let steps = object["steps"].as_array().unwrap();
    let names: Vec<_> = steps
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["before", "once", "again", "at once"]);
    let attempts = steps[3]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 4, "{object}");
    assert!(
        attempts.iter().all(|attempt| attempt["status"] == 200),
        "{object}"
    );
    assert_eq!(client.requests(&["list"]).await[0]["replays"], 6);

    // In the middle of the first, and without patience: it is given up, and on record as that.
    let mut running = trial.start();
    app.receives(8).await;
    running.signal(Signal::INT);
    eventually("it waits for it", DEADLINE, || {
        running.stderr().contains("stopping: ")
    })
    .await;
    running.signal(Signal::INT);
    let told = Finished::of(&mut running, DEADLINE).await;
    assert_eq!(told.code, Some(130), "{told}");
    assert!(
        told.stdout.contains("interrupted: nothing can be said"),
        "{told}"
    );
    assert!(
        told.stdout
            .lines()
            .any(|line| line.starts_with("once     ")),
        "{told}"
    );
    let row = &client.requests(&["get", "last"]).await[0];
    assert_eq!(
        (&row["replays"], &row["failure"]),
        (&7.into(), &"given_up".into())
    );
}

/// An app that has the answer at once, and over a repeat takes its time.
#[tokio::test]
async fn a_repeat_that_takes_much_longer_is_told() {
    let relay = TestRelay::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let app = LocalApp::with(move |mut visit| {
        // The live one and the first of the trial are quick.
        let is_repeat = asked.fetch_add(1, Ordering::SeqCst) >= 2;
        async move {
            visit.receive().await;
            if is_repeat {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
            visit
                .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
        }
    })
    .await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    client.sender().post("/order", "{}").await;
    client.has_on_record("answered", 1).await;
    let told = command(
        &client,
        &["idempotency", "last", "--at-once", "0", "--json"],
    )
    .run()
    .await;
    assert_eq!(told.code, Some(0), "{told}");
    let object = one(&told);
    assert_eq!(object["verdict"], "looks_idempotent");
    let note = object["note"].as_str().unwrap();
    assert!(note.starts_with("the repeat took 3"), "{note}");
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
        let object = one(&told);
        assert_eq!(object["verdict"], word, "{object}");
        assert_eq!(object["note"], Value::Null, "{object}");
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
        for told in [&told, &text, &blind] {
            assert!(!told.stdout.contains("s3cret"), "{told}");
        }
        let broken = ["idempotency", "last", "--probe", "exit 3"];
        command(&client, &broken)
            .run()
            .await
            .failed(1, "KR0328", &["ended with"]);
    }
}

/// An app that refuses everything has shown nothing.
#[tokio::test]
async fn an_app_that_refuses_the_first_is_not_called_idempotent() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(401).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    client.sender().post("/order", "{}").await;
    client.has_on_record("answered", 1).await;
    for probe in [&[][..], &["--probe", "echo 1"]] {
        let words = ["idempotency", "last", "--at-once", "2", "--json"];
        let told = command(&client, &words).args(probe).run().await;
        assert_eq!(told.code, Some(1), "{told}");
        let object = one(&told);
        assert_eq!(object["verdict"], "failed", "{object}");
        let message = object["message"].as_str().unwrap();
        assert!(
            message.contains("the app refused it with 401: try --resign, or --to"),
            "{message}"
        );
    }
}
