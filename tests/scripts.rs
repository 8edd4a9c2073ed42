//! `kreel wait`, `kreel assert` and `kreel exec`, as scripts and CI use them.

mod exec;
mod idle;
mod reports;

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::sleep;

use crate::support::{
    DEADLINE, Finished, Home, Kreel, Listen, LocalApp, Post, Process, TestClient, TestRelay,
    schema, within,
};

/// A command over a client's history.
fn over(client: &TestClient, words: &[&str]) -> Kreel {
    client.beside(words).path("--history", &client.history())
}

/// A client whose app has answered a post to each of these paths.
async fn past(relay: &TestRelay, app: &LocalApp, paths: &[&str]) -> TestClient {
    let client = TestClient::listen(relay, app, &[]).await;
    for path in paths {
        client.sender().post(path, "{}").await;
    }
    client.has_on_record("answered", paths.len()).await;
    client
}

/// Their ids, the oldest first.
async fn ids(client: &TestClient) -> Vec<String> {
    let rows = client.requests(&["list", "--limit", "1000"]).await;
    let ids = rows.iter().rev().map(|row| row["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// Posts to this path again and again until a command has ended that waits for it: nothing tells
/// from when on it does.
async fn post_until_ended(client: &TestClient, path: &str, waiting: &mut Process) -> Finished {
    let posting = async {
        while waiting.is_running() {
            client.sender().post(path, "{}").await;
            sleep(Duration::from_millis(50)).await;
        }
    };
    within("the end of a command that waits", DEADLINE, posting).await;
    Finished::of(waiting, DEADLINE).await
}

#[tokio::test]
async fn wait_ends_with_what_comes_and_with_nothing_that_came() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/hook/old", "/hook/old"]).await;
    let mut waiting = over(
        &client,
        &["wait", "path:/hook", "status:2xx", "--timeout", "1m"],
    )
    .start();
    let told = post_until_ended(&client, "/hook/new", &mut waiting).await;
    let id = told.success().trim().to_owned();
    let row = &client.requests(&["get", &id]).await[0];
    assert_eq!(row["path"], "/hook/new", "{told}");
    assert_eq!(told.stdout.lines().count(), 1, "{told}");

    // With --since it need not wait at all, and has all that came at once.
    let before = [
        "wait",
        "path:/old",
        "--since",
        "1h",
        "--count",
        "2",
        "--json",
    ];
    let told = over(&client, &before).run().await;
    told.success();
    let came: Vec<_> = schema::lines(&told.stdout)
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        came,
        ids(&client).await[..2],
        "in the order in which they came"
    );
    // Of more than that it has the first.
    let first = ["wait", "path:/old", "--since", "1h"];
    let told = over(&client, &first).run().await;
    assert_eq!(told.success().trim(), came[0], "{told}");
    let since = jiff::Timestamp::now().to_string();
    let told = over(
        &client,
        &["wait", "path:/old", "--since", &since, "--timeout", "200ms"],
    );
    told.run()
        .await
        .failed(6, "KR0340", &["nothing came in time"]);
    let told = over(&client, &["wait", "path:/old", "--timeout", "200ms"])
        .run()
        .await;
    told.failed(6, "KR0340", &["nothing else came", "--since 1m counts"]);
}

#[tokio::test]
async fn too_few_in_time_are_printed_all_the_same() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(500).await);
    let client = past(&relay, &app, &["/hook", "/other"]).await;
    let words = [
        "wait",
        "path:/hook",
        "--count",
        "2",
        "--since",
        "1h",
        "--timeout",
        "300ms",
    ];
    let told = over(&client, &words).run().await;
    let words = [
        "only 1 of 2 came in time",
        "1 came that do not fit: POST /other 500",
    ];
    told.failed(6, "KR0340", &words);
    assert_eq!(told.stdout.trim(), ids(&client).await[0], "{told}");
    assert!(told.took >= Duration::from_millis(300), "{told}");
}

#[tokio::test]
async fn a_history_that_is_not_there_yet_is_waited_for() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let home = Home::new();
    let (mut waiting, mut asserting) = (
        Kreel::new(&["wait", "path:/hook", "--timeout", "1m"])
            .home(&home)
            .start(),
        Kreel::new(&["assert", "path:/hook", "--within", "1m"])
            .home(&home)
            .start(),
    );
    let client = Listen::on(&relay).to(&app).home(&home).start().await;
    let told = post_until_ended(&client, "/hook", &mut waiting).await;
    let told_id = told.success().trim().to_owned();
    assert!(ids(&client).await.contains(&told_id), "{told}");
    let told = post_until_ended(&client, "/hook", &mut asserting).await;
    told.success();
    assert!(told.stderr.contains("holds: "), "{told}");

    // It may never be there.
    let none = Home::new();
    let told = Kreel::new(&["wait", "--timeout", "200ms"])
        .home(&none)
        .run()
        .await;
    told.failed(6, "KR0340", &["nothing else came"]);
    assert!(
        !none.path().join("data/kreel/history.db").exists(),
        "it is looked at, not made"
    );
}

#[tokio::test]
async fn assertions_hold_or_say_how_they_do_not() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/hook", "/hook", "/hook"]).await;
    for (count, code, fault, words) in [
        (
            "3",
            0,
            "",
            "3 deliveries for \"path:/hook\", where exactly 3 should be",
        ),
        ("2..", 0, "", "where at least 2 should be"),
        ("..3", 0, "", "where at most 3 should be"),
        ("1..3", 0, "", "where 1 to 3 should be"),
        ("1..=3", 0, "", "where 1 to 3 should be"),
        ("2", 1, "KR0341", "where exactly 2 should be"),
        ("0", 1, "KR0341", "where none should be"),
        ("1..2", 1, "KR0341", "where 1 to 2 should be"),
        ("4", 6, "KR0340", "where exactly 4 should be"),
        ("4..", 6, "KR0340", "where at least 4 should be"),
    ] {
        let words_of = ["assert", "path:/hook", "--since", "1h", "--within", "200ms"];
        let kreel = over(&client, &words_of).args(&["--count", count]);
        let told = kreel.run().await;
        assert!(told.stderr.contains(words), "{count}: {told}");
        match code {
            0 => assert_eq!(told.success(), "", "{count}: {told}"),
            code => told.failed(code, fault, &["it does not hold"]),
        }
        let told = kreel.args(&["--json"]).run().await;
        let said = schema::lines(&told.stdout);
        assert_eq!(said[0]["type"], "assertion", "{told}");
        assert_eq!(said[0]["holds"], code == 0, "{told}");
        assert_eq!(said[0]["count"], 3, "{told}");
        let deliveries = said[0]["deliveries"].as_array().unwrap();
        let deliveries: Vec<_> = deliveries.iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(deliveries, ids(&client).await, "{told}");
        let faults: Vec<_> = said[1..].iter().map(|it| &it["code"]).collect();
        match code {
            0 => assert_eq!(faults, Vec::<&Value>::new(), "{told}"),
            _ => assert_eq!(faults, [fault], "{told}"),
        }
    }
    let told = over(
        &client,
        &["assert", "status:5xx", "--count", "0", "--within", "200ms"],
    );
    let told = told.run().await;
    told.success();
    assert!(
        told.took >= Duration::from_millis(200),
        "one more might come: {told}"
    );
}

/// One that is too many is known at once; so is one that is enough.
#[tokio::test]
async fn assertions_end_as_soon_as_they_can_not_change() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/old"]).await;
    for (count, code) in [("0", 1), ("1..", 0)] {
        let words = ["assert", "path:/hook", "--count", count, "--within", "1h"];
        let mut asserting = over(&client, &words).start();
        let told = post_until_ended(&client, "/hook", &mut asserting).await;
        assert_eq!(told.code, Some(code), "{count}: {told}");
    }
    let words = [
        "assert",
        "path:/old",
        "--since",
        "1h",
        "--count",
        "0",
        "--within",
        "1h",
    ];
    over(&client, &words)
        .run()
        .await
        .failed(1, "KR0341", &["POST /hook 200"]);
}

/// A delivery whose answer is still to come is judged again once it is there.
#[tokio::test]
async fn an_answer_that_comes_later_is_seen() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let (sender, post) = (client.sender(), Post::new("POST", "/hook").body("{}"));
    let answered = tokio::spawn(async move { sender.send(post).await });
    app.receives(1).await;
    let waits = |words: &[&str]| over(&client, &["wait", "--since", "1h"]).args(words);
    waits(&["path:/hook", "--timeout", "1m"])
        .run()
        .await
        .success();
    let none = waits(&["status:2xx", "--timeout", "300ms"]).run().await;
    none.failed(6, "KR0340", &["POST /hook live"]);
    let mut waiting = waits(&["status:2xx", "--timeout", "1m"]).start();
    app.release(1);
    let told = Finished::of(&mut waiting, DEADLINE).await;
    told.success();
    assert_eq!(answered.await.unwrap().status(), 200);
}

#[tokio::test]
async fn ctrl_c_ends_whatever_waits() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &[]).await;
    let none = Home::new();
    for words in [
        &["wait", "--timeout", "1h"][..],
        &["assert", "path:/hook", "--count", "0", "--within", "1h"],
        &["exec", "--", "true"],
        &["record", "-"],
    ] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            for kreel in [client.beside(words), Kreel::new(words).home(&none)] {
                let mut waiting = kreel.start();
                waiting.catches(signal).await;
                waiting.signal(signal);
                let told = Finished::of(&mut waiting, DEADLINE).await;
                assert_eq!(told.code, Some(code), "{words:?}: {told}");
                assert!(!told.stderr.contains("error"), "{words:?}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_waited_for() {
    let run = |words: &'static [&'static str]| async move { Kreel::new(words).run().await };
    let odd = run(&["wait", "statsu:2xx", "--timeout", "1h"]).await;
    odd.failed(
        2,
        "KR0313",
        &[
            "        statsu:2xx\n        ^^^^^^",
            "did you mean status:?",
        ],
    );
    let odd = run(&["wait", "--since", "last", "--timeout", "1h"]).await;
    odd.failed(2, "KR0308", &["--since needs a time here"]);
    for words in [
        &["wait", "--count", "0"][..],
        &["wait", "--tap", "--json"],
        &["assert"],
        &["assert", "x", "--count", "3..1"],
        &["exec"],
        &["exec", "--concurrency", "0", "--", "true"],
        &["exec", "--no-follow", "--", "true"],
        &["record"],
    ] {
        let told = Kreel::new(words).run().await;
        assert_eq!(told.code, Some(2), "{words:?}: {told}");
    }
}
