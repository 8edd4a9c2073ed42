//! `kreel requests export`, `mark`, `note` and `rm`: history taken away, and tidied.

use serde_json::Value;
use tokio::process::Command;

use crate::support::{Finished, Kreel, LocalApp, Post, Received, TestClient, TestRelay};
use crate::support::{packages, programs, schema};

#[path = "../crates/inspect/src/export/har/published.rs"]
mod published;

/// `kreel requests` with these words, over a client's history.
fn requests(client: &TestClient, words: &[&str]) -> Kreel {
    let kreel = client.beside(&["requests"]).args(words);
    kreel.path("--history", &client.history())
}

fn objects(finished: &Finished) -> Vec<Value> {
    schema::lines(finished.success())
}

/// What of a request must be the same however often it is sent: its request line, all its header
/// lines in their order but for those of the hop and the delivery's id, its body.
fn sent(received: &Received) -> (String, Vec<(String, String)>, Vec<u8>) {
    let others = [
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "kreel-delivery-id",
    ];
    let lines = received.head.lines().into_iter();
    let lines =
        lines.map(|(name, value)| (name.to_ascii_lowercase(), value.escape_ascii().to_string()));
    let lines = lines.filter(|(name, _)| !others.contains(&name.as_str()));
    let first = received.head.first_line().escape_ascii().to_string();
    (first, lines.collect(), received.body.clone())
}

#[tokio::test]
async fn an_exported_curl_run_by_a_shell_sends_the_same_bytes() {
    let (Some(_), Some(shell)) = (programs::find("curl"), programs::find("sh")) else {
        return;
    };
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let posts = [
        Post::new("POST", "/hook?a=%20b&c='d'")
            .header("Content-Type", "application/json")
            .header("X-Odd", "it's $HOME `id` \"\\")
            .header("User-Agent", "Sender/1.0")
            .header("X-Twice", "1")
            .header("X-Twice", "2")
            .header("Authorization", "Bearer s3cret")
            .body("{\"text\":\"it's\\n$PATH \u{e9}\"}\n"),
        Post::new("PUT", "/raw").body(vec![0, 1, 0xff, b'\n', b'\'', 0x1b, b'%', b'\\']),
        Post::new("DELETE", "/nothing").header("Cookie", "a=1; b=2"),
        Post::new("POST", "/large").body("0123456789abcdef".repeat(20_000)),
    ];
    for (place, post) in posts.into_iter().enumerate() {
        client.sender().send(post).await;
        client.has_on_record("answered", 2 * place + 1).await;
        let words = ["export", "last", "--format", "curl", "--show-secrets"];
        let exported = requests(&client, &words).run().await;
        let command = exported.success();
        // Too long for an argument; a user would paste it or redirect it into a file.
        let script = client.history().with_file_name("again.sh");
        std::fs::write(&script, command).unwrap();
        let ran = Command::new(&shell).arg(&script).output();
        let ran = ran.await.unwrap();
        assert!(ran.status.success(), "{command}\n{ran:?}");
        let received = app.receives(2 * place + 2).await;
        let (first, second) = (&received[2 * place], &received[2 * place + 1]);
        assert_eq!(sent(first), sent(second), "{command}");
        client.has_on_record("answered", 2 * place + 2).await;
    }
}

#[tokio::test]
async fn archives_and_lines_have_all_and_mask_secrets() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(503).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    for number in 0..3 {
        let post = Post::new("POST", format!("/{number}")).header("X-Api-Key", "s3cret");
        client.sender().send(post.body("{\"a\":1}")).await;
    }
    client.has_on_record("answered", 3).await;
    let all = ["export", "--filter", "status:5xx"];

    let har = requests(&client, &all).args(&["-F", "har"]).run().await;
    let archive: Value = serde_json::from_str(har.success()).unwrap();
    let schema = include_str!("../crates/inspect/src/export/har/schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    for validator in [validator, published::validator()] {
        let faults: Vec<_> = validator.iter_errors(&archive).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
    let entries = archive["log"]["entries"].as_array().unwrap();
    let urls: Vec<_> = entries
        .iter()
        .map(|it| it["request"]["url"].as_str().unwrap())
        .collect();
    for (number, url) in urls.iter().enumerate() {
        assert_eq!(
            *url,
            format!("{}/{number}", client.url()),
            "the oldest first"
        );
    }
    assert_eq!(entries[0]["response"]["status"], 503);

    let lines = requests(&client, &all).args(&["--format", "json", "--limit", "2"]);
    let lines = objects(&lines.run().await);
    assert_eq!(lines.len(), 2, "the two newest");
    assert_eq!(lines[0]["type"], "exchange");
    assert!(lines[0]["request"]["url"].as_str().unwrap().ends_with("/1"));
    assert_eq!(lines[0]["answer"]["status"], 503);

    let file = client.history().with_file_name("out.har");
    let to = requests(&client, &all)
        .args(&["-F", "fixture"])
        .path("--output", &file);
    assert_eq!(to.run().await.success(), "");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert_eq!(kept.lines().count(), 3);
    to.run().await.failed(1, "KR0306", &["can't make"]);
    let ndjson = requests(&client, &all).args(&["-F", "ndjson"]).run().await;
    let usual = requests(&client, &all).run().await;
    assert_eq!(ndjson.success(), usual.success(), "it is the usual form");
    let dash = requests(&client, &all).args(&["-o", "-"]).run().await;
    assert_eq!(ndjson.success(), dash.success(), "- is standard output");
    let none = file.with_file_name("none");
    let none_told = requests(&client, &["export", "--filter", "path:/never"]);
    let none_told = none_told.path("-o", &none).run().await;
    assert_eq!(none_told.success(), "");
    assert!(none_told.stderr.contains("picks nothing"), "{none_told}");
    assert!(!none.exists(), "there is nothing to put into it");
    let raw = requests(&client, &["export", "last~2", "-F", "raw"]);
    let raw = raw.run().await;
    assert!(
        raw.success().contains("\r\nx-api-key: \u{2022}\u{2022}"),
        "{raw}"
    );
    let masked = [&har.stdout, &kept, &ndjson.stdout, &raw.stdout];
    for text in masked {
        assert!(!text.contains("s3cret"), "{text}");
    }
    for form in ["har", "ndjson", "fixture", "curl"] {
        let open = requests(&client, &all).args(&["-F", form, "--show-secrets"]);
        let open = open.run().await;
        assert_eq!(
            open.success().matches("s3cret").count(),
            3,
            "{form}: {open}"
        );
    }
    let raw = requests(
        &client,
        &["export", "last~2", "-F", "raw", "--show-secrets"],
    );
    let raw = raw.run().await;
    assert!(raw.success().starts_with("POST /"), "{raw}");
    assert!(raw.stdout.contains("\r\nx-api-key: s3cret\r\n"), "{raw}");
    assert!(raw.stdout.ends_with("\r\n\r\n{\"a\":1}"), "{raw}");
    let several = requests(&client, &all).args(&["-F", "raw"]).run().await;
    several.failed(2, "KR0308", &["raw is for one delivery"]);
}

#[tokio::test]
async fn a_validator_of_others_takes_the_archives() {
    let Some(node) = programs::find("node") else {
        return;
    };
    let home = crate::support::Home::new();
    let folder = home.project();
    if !packages::npm(&folder, &["har-validator"]).await {
        return;
    }
    let relay = TestRelay::start().await;
    let app = LocalApp::echo().await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let form = Post::new("POST", "/form?a=1&b").header("Cookie", "a=1; b=2");
    let form = form.header("Content-Type", "application/x-www-form-urlencoded");
    client.sender().send(form.body("x=1&y=%20")).await;
    client.sender().post("/raw", vec![0xff, 0]).await;
    client.sender().get("/nothing").await;
    client.has_on_record("answered", 3).await;
    let har = requests(&client, &["export", "--filter", "age<1h", "-F", "har"]);
    std::fs::write(folder.join("out.json"), har.run().await.success()).unwrap();
    let script = "require('har-validator').har(require('./out.json')).then((har) => \
                  console.log(har.log.entries.length), (error) => { console.log(error); process.exit(1) })";
    let ran = packages::run(&node, &["-e", script], &folder).await;
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "3");
}

#[tokio::test]
async fn marks_notes_and_what_is_taken_out() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    for number in 0..4 {
        client.sender().post(&format!("/{number}"), "x").await;
    }
    client.has_on_record("answered", 4).await;
    let marked = requests(&client, &["mark", "last", "last~2", "--json"])
        .run()
        .await;
    assert_eq!(objects(&marked)[1]["marked"], true);
    let noted = requests(&client, &["note", "last~1", "look \u{1b}[31m here"])
        .run()
        .await;
    noted.success();
    let paths = |rows: Vec<Value>| -> Vec<String> {
        let paths = rows
            .iter()
            .map(|row| row["path"].as_str().unwrap().to_owned());
        paths.collect()
    };
    assert_eq!(
        paths(client.requests(&["search", "is:marked"]).await),
        ["/3", "/1"]
    );
    assert_eq!(
        paths(client.requests(&["search", "note:look"]).await),
        ["/2"]
    );
    let off = requests(&client, &["mark", "--filter", "is:marked", "--off"])
        .run()
        .await;
    assert!(off.stderr.contains("mark taken from 2 deliveries"), "{off}");
    assert_eq!(client.requests(&["search", "is:marked"]).await.len(), 0);

    let unasked = requests(&client, &["rm", "--filter", "path:/0"])
        .run()
        .await;
    unasked.failed(2, "KR0309", &["taking out 1 delivery needs a yes"]);
    let gone = requests(&client, &["rm", "--filter", "path:/0", "--yes"])
        .run()
        .await;
    assert!(gone.stderr.contains("taken out: 1 delivery"), "{gone}");
    let gone = requests(&client, &["rm", "last", "--json"]).run().await;
    assert_eq!(objects(&gone)[0]["removed"], true);
    assert_eq!(paths(client.requests(&["list"]).await), ["/2", "/1"]);
    let again = requests(&client, &["rm", "0000"]).run().await;
    again.failed(4, "KR0311", &["no delivery \"0000\""]);

    assert_eq!(client.requests(&["list", "--since", "1h"]).await.len(), 2);
    assert_eq!(
        client
            .requests(&["list", "--since", "2090-01-01T00:00"])
            .await
            .len(),
        0
    );
    assert_eq!(
        client
            .requests(&["search", "path:/1", "--since", "1h"])
            .await
            .len(),
        1
    );
    let odd = requests(&client, &["list", "--since", "last"]).run().await;
    odd.failed(2, "KR0308", &["--since needs a time here"]);
}

#[tokio::test]
async fn what_waits_for_the_app_is_not_taken_out() {
    let relay = TestRelay::start().await;
    let app = LocalApp::absent().await;
    let client = TestClient::listen(&relay, &app, &["--wait", "100ms"]).await;
    assert_eq!(client.sender().post("/", "x").await.status(), 202);
    client.has_on_record("waiting", 1).await;
    let told = requests(&client, &["rm", "last"]).run().await;
    told.failed(1, "KR0329", &["1 delivery stayed", "would lose it"]);
    assert_eq!(client.requests(&["list"]).await.len(), 1);
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_fault() {
    let Some(shell) = programs::find("sh") else {
        return;
    };
    let home = crate::support::Home::new();
    let file = home.path().join("history.db");
    kreel_client::fill_history(&file, &"my-app".parse().unwrap(), 3_000).unwrap();
    let mut children = Vec::new();
    for words in [
        "requests list --limit 3000",
        "requests export --filter krea",
        "requests search krea --json",
    ] {
        let command = format!(
            "({} {words} --history {}; echo $? >&2) | head -n 1",
            env!("CARGO_BIN_EXE_kreel"),
            file.display()
        );
        let ran = Command::new(&shell).args(["-c", &command]).output();
        children.push((words, ran.await.unwrap()));
    }
    for (words, ran) in children {
        let stderr = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(stderr.lines().last(), Some("0"), "{words}: {stderr}");
        assert_eq!(
            String::from_utf8_lossy(&ran.stdout).lines().count(),
            1,
            "{words}"
        );
    }
}
