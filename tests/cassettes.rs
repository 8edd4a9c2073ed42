//! Cassettes: deliveries recorded into a file that is kept with the sources, without its secrets.

mod masks;
mod month;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{
    AppAddress as _, DEADLINE, Finished, Home, Kreel, LocalApp, Post, Process, TestClient,
    TestRelay, eventually, schema,
};

/// A client whose app has answered a post of its own to each of these paths.
async fn past(relay: &TestRelay, app: &LocalApp, paths: &[&str]) -> TestClient {
    let client = TestClient::listen(relay, app, &[]).await;
    for (number, path) in paths.iter().enumerate() {
        let body = format!("{{\"number\":{number}}}");
        client.sender().post(path, body).await;
    }
    client.has_on_record("answered", paths.len()).await;
    client
}

/// A file of this name beside a client's history.
fn file(client: &TestClient, name: &str) -> PathBuf {
    client.history().with_file_name(name)
}

/// The lines of a cassette, each as `docs/cassette.md` says.
fn lines(file: &Path) -> Vec<Value> {
    schema::lines(&std::fs::read_to_string(file).unwrap())
}

/// What came to these paths, in the order of the lines.
fn paths(lines: &[Value]) -> Vec<&str> {
    let urls = lines
        .iter()
        .map(|line| line["request"]["url"].as_str().unwrap());
    let paths = urls.map(|url| url.strip_prefix("https://webhook.invalid").unwrap());
    paths.collect()
}

/// The ids of which `--json` said that they were recorded.
fn recorded(told: &Finished) -> Vec<String> {
    let said = schema::lines(&told.stdout);
    let ids = said.iter().map(|line| {
        assert_eq!(line["type"], "recorded", "{told}");
        line["delivery_id"].as_str().unwrap().to_owned()
    });
    ids.collect()
}

fn ids(lines: &[Value]) -> Vec<String> {
    let ids = lines
        .iter()
        .map(|line| line["id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// Sends a beginning of 100,000 bytes, and leaves.
async fn break_off(client: &TestClient) {
    let sender = client.sender();
    let mut bytes = sender.bytes(&Post::new("POST", "/broken").body(vec![b'x'; 200_000]));
    bytes.truncate(100_000);
    let mut connection = sender.connect().await;
    connection.write(&bytes).await.unwrap();
    // Its beginning is here, so that it is on record that it broke off.
    client.has_on_record("live", 1).await;
    drop(connection);
    client.has_on_record("broken_off", 1).await;
}

#[tokio::test]
async fn what_came_is_recorded_by_its_ids() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(201).await);
    let client = past(&relay, &app, &["/a", "/b?x=1", ""]).await;
    let to = file(&client, "hooks.ndjson");
    let record = |words: &[&str]| {
        let kreel = client.beside(&["record", to.to_str().unwrap()]).args(words);
        async move { kreel.run().await }
    };
    let told = record(&["last~1", "last~2", "--json"]).await;
    told.success();
    assert!(
        told.stderr.contains("2 deliveries recorded into "),
        "{told}"
    );
    let two = lines(&to);
    assert_eq!(
        recorded(&told),
        ids(&two),
        "each is told of as it is written"
    );
    assert_eq!(paths(&two), ["/b?x=1", "/a"], "in the order of the ids");
    assert_eq!(two[0]["answer"]["status"], 201);
    assert_eq!(two[0]["request"]["body"]["text"], "{\"number\":1}");
    let text = std::fs::read_to_string(&to).unwrap();
    for secret in [client.tunnel(), &relay.address().to_string()] {
        assert!(
            !text.contains(secret),
            "whoever knows the address may post: {text}"
        );
    }

    record(&["last"])
        .await
        .failed(2, "KR0344", &["already", "--append"]);
    assert_eq!(
        std::fs::read_to_string(&to).unwrap(),
        text,
        "it is as it was"
    );
    let told = record(&["last", "--append"]).await;
    assert_eq!(
        told.success(),
        "",
        "without --json nothing is on standard output"
    );
    let all = lines(&to);
    assert_eq!(paths(&all), ["/b?x=1", "/a", ""]);
    assert!(std::fs::read_to_string(&to).unwrap().starts_with(&text));
    // A last line that somebody left without its end stays a line.
    let unended = std::fs::read_to_string(&to).unwrap();
    std::fs::write(&to, unended.trim_end()).unwrap();
    record(&["last~1", "--append"]).await.success();
    assert_eq!(paths(&lines(&to)), ["/b?x=1", "/a", "", "/b?x=1"]);
    std::fs::write(&to, &unended).unwrap();
    // What failed leaves nothing in the way of the command that is right.
    let ghost = file(&client, "ghost.ndjson");
    let at_ghost = |id: &str| client.beside(&["record", ghost.to_str().unwrap(), id]);
    let failed = at_ghost("ffff").run().await;
    failed.failed(4, "KR0311", &["no delivery"]);
    assert!(!ghost.exists(), "{failed}");
    at_ghost("last").run().await.success();
    assert_eq!(paths(&lines(&ghost)), [""]);
    record(&["ffff", "--append"])
        .await
        .failed(4, "KR0311", &["no delivery"]);

    // What is no cassette is not added to.
    std::fs::write(&to, format!("{text}not a line\n")).unwrap();
    record(&["last", "--append"])
        .await
        .failed(2, "KR0324", &["line 3"]);
    assert!(
        std::fs::read_to_string(&to)
            .unwrap()
            .ends_with("not a line\n")
    );
    let nowhere = file(&client, "no/such/folder");
    let words = ["record", nowhere.to_str().unwrap(), "last"];
    client
        .beside(&words)
        .run()
        .await
        .failed(1, "KR0306", &["can't write"]);
}

#[tokio::test]
async fn standard_output_has_the_cassette_and_nothing_else() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a", "/b"]).await;
    let words = ["record", "-", "--since", "1h", "--no-follow", "--json"];
    let told = client.beside(&words).run().await;
    assert_eq!(paths(&schema::lines(told.success())), ["/a", "/b"]);
    assert!(
        told.stderr
            .contains("2 deliveries recorded into standard output"),
        "{told}"
    );
    assert!(!file(&client, "-").exists());
    // A reader that leaves is no fault.
    let (kreel, history) = (env!("CARGO_BIN_EXE_kreel"), client.history());
    let piped = format!(
        "({kreel} record - --since 1h --no-follow --history {}; echo $? >&2) | head -n 1",
        history.display()
    );
    let ran = tokio::process::Command::new("sh")
        .args(["-c", &piped])
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(stderr.lines().last(), Some("0"), "{stderr}");
}

/// Starts to record what comes, and has begun.
async fn recording(client: &TestClient, to: &Path, words: &[&str]) -> Process {
    let kreel = client.beside(&["record", to.to_str().unwrap()]).args(words);
    let mut running = kreel.start();
    // Signals are taken over once the history is watched.
    running.catches(rustix::process::Signal::INT).await;
    running
}

#[tokio::test]
async fn what_comes_is_recorded_once_it_is_answered() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let client = TestClient::listen(&relay, &app, &["--answer", "now"]).await;
    client.sender().post("/hook/before", "{}").await;
    app.receives(1).await;
    app.release(1);
    client.has_on_record("answered", 1).await;
    let to = file(&client, "live.ndjson");
    let words = ["--filter", "path:/hook", "--count", "2", "--json"];
    let mut running = recording(&client, &to, &words).await;
    for path in ["/hook/1", "/other", "/hook/2"] {
        client.sender().post(path, "{}").await;
    }
    client.has_on_record("waiting", 3).await;
    assert_eq!(
        std::fs::read_to_string(&to).unwrap(),
        "",
        "there is no answer yet"
    );
    app.release(3);
    let told = Finished::of(&mut running, DEADLINE).await;
    told.success();
    let two = lines(&to);
    assert_eq!(paths(&two), ["/hook/1", "/hook/2"]);
    assert_eq!(recorded(&told), ids(&two));
    for line in &two {
        assert_eq!(line["answer"]["status"], 200, "{line}");
    }
}

#[tokio::test]
async fn recording_ends_with_ctrl_c_and_in_time() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &[]).await;
    let to = file(&client, "live.ndjson");
    let mut running = recording(&client, &to, &[]).await;
    client.sender().post("/hook", "{}").await;
    eventually("it is recorded", DEADLINE, || {
        std::fs::read_to_string(&to).unwrap().ends_with('\n')
    })
    .await;
    running.signal(rustix::process::Signal::INT);
    let told = Finished::of(&mut running, DEADLINE).await;
    assert_eq!(told.code, Some(130), "{told}");
    assert!(told.stderr.contains("1 delivery recorded into "), "{told}");
    assert_eq!(paths(&lines(&to)), ["/hook"]);
    let words = [
        "record",
        "short.ndjson",
        "--since",
        "1h",
        "--count",
        "2",
        "--for",
        "300ms",
    ];
    let told = client.beside(&words).run().await;
    told.failed(
        6,
        "KR0340",
        &["only 1 of 2 came in time", "1 delivery recorded"],
    );
}

/// A long record of the past is ended like any other.
#[tokio::test]
async fn ctrl_c_is_heard_amid_much_that_is_recorded() {
    let home = Home::new();
    let history = home.path().join("history.db");
    kreel_client::fill_history(&history, &"my-app".parse().unwrap(), 20_000).unwrap();
    let to = home.path().join("long.ndjson");
    let words = [
        "record",
        to.to_str().unwrap(),
        "--since",
        "1970-01-02",
        "--no-follow",
    ];
    let mut running = Kreel::new(&words)
        .home(&home)
        .path("--history", &history)
        .start();
    eventually("it records", DEADLINE, || {
        std::fs::metadata(&to).is_ok_and(|file| file.len() > 0)
    })
    .await;
    running.signal(rustix::process::Signal::INT);
    let told = Finished::of(&mut running, DEADLINE).await;
    assert_eq!(told.code, Some(130), "{told}");
    let text = std::fs::read_to_string(&to).unwrap();
    let count = text.lines().count();
    assert!(
        text.ends_with('\n') && (1..20_000).contains(&count),
        "{count}"
    );
    assert!(told.stderr.contains(&format!("{count} deliver")), "{told}");
}

/// What broke off can't be replayed, so it is in no cassette; and that is said.
#[tokio::test]
async fn what_is_not_whole_is_left_out() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/a"]).await;
    break_off(&client).await;
    let row = &client.requests(&["search", "is:broken"]).await[0];
    let left_out = format!(
        "{} is not here as a whole, and left out",
        row["id"].as_str().unwrap()
    );

    let to = file(&client, "export.ndjson");
    let words = [
        "requests", "export", "--filter", "age<1h", "-F", "fixture", "-o",
    ];
    let told = client
        .beside(&words)
        .args(&[to.to_str().unwrap()])
        .run()
        .await;
    told.success();
    assert!(told.stderr.contains(&left_out), "{told}");
    assert!(told.stderr.contains("1 delivery written to "), "{told}");
    assert_eq!(paths(&lines(&to)), ["/a"]);
    let words = [
        "replay",
        "--cassette",
        to.to_str().unwrap(),
        "--to",
        &app.target(),
    ];
    Kreel::new(&words).run().await.success();

    let words = ["requests", "export", "last", "-F", "fixture"];
    client
        .beside(&words)
        .run()
        .await
        .failed(1, "KR0346", &[&left_out, "nothing was recorded"]);
    let words = ["requests", "export", "last", "-F", "raw"];
    let raw = client.beside(&words).run().await;
    assert!(raw.success().ends_with("xxx"));
    assert!(raw.stderr.contains("breaks off where it did"), "{raw}");
    let words = ["requests", "export", "last", "-F", "ndjson"];
    let whole = client.beside(&words).run().await;
    assert_eq!(
        schema::lines(whole.success())[0]["request"]["body"]["whole"],
        false
    );

    let told = client
        .beside(&["record", "by-id.ndjson", "last", "last~1"])
        .run()
        .await;
    told.success();
    assert!(
        told.stderr.contains("last is not here as a whole"),
        "{told}"
    );
    let told = client
        .beside(&["record", "none.ndjson", "last"])
        .run()
        .await;
    told.failed(1, "KR0346", &["nothing was recorded"]);
    // It does not count as one of those that were wanted either.
    let words = [
        "record", "-", "--since", "1h", "--count", "2", "--for", "300ms",
    ];
    let told = client.beside(&words).run().await;
    told.failed(6, "KR0340", &["only 1 of 2 came in time"]);
}
