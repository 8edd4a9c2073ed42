//! `kreel jobs`: each verdict and each flag as a displayed row, from webhooks that came through a
//! tunnel.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::stand_in::{FLUX, StandIn};
use crate::support::{Kreel, Listen, LocalApp, Post, Process, TestClient, TestRelay};

/// A job that ended just now, as Krea tells it.
pub(super) fn ended(number: u8, status: &str, ago: Duration, result: Value) -> Value {
    let now = jiff::Timestamp::now();
    let at = |ago: Duration| format!("{:.3}", now - ago);
    json!({
        "job_id": format!("0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d{number:02x}"),
        "status": status,
        "created_at": at(ago + Duration::from_secs(7)),
        "completed_at": at(ago),
        "result": result,
    })
}

/// A result as images have it.
pub(super) fn urls() -> Value {
    json!({"urls": ["https://gen.krea.ai/images/a.png"]})
}

fn jobs(client: &TestClient, words: &[&str]) -> Kreel {
    client.beside(&["jobs"]).args(words)
}

async fn rows(command: Kreel) -> Vec<Value> {
    let finished = command.args(&["--json"]).run().await;
    let lines = finished.success().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn row<'a>(rows: &'a [Value], id: &str) -> &'a Value {
    let found = rows.iter().find(|row| row["job_id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {rows:#?}"))
}

#[tokio::test]
async fn each_verdict_is_shown() {
    let relay = TestRelay::start().await;
    let client = Listen::on(&relay).start().await;
    let mock = StandIn::start(&[]).await;
    let (sender, hook) = (client.sender(), client.url());
    let matches = mock.image("a fox", hook).await;
    let differs = mock.job(FLUX, json!({"prompt": "a fox"})).await;
    let mut forged = mock.reaches(&differs, "completed").await;
    forged["result"]["urls"] = json!(["https://gen.krea.ai/images/forged.png"]);
    sender.post("/", forged.to_string()).await;
    let unknown = ended(1, "completed", Duration::ZERO, urls());
    sender.post("/", unknown.to_string()).await;
    let stuck = mock.job(FLUX, json!({"prompt": "mock:stuck"})).await;
    let mut early = mock.json(&format!("/jobs/{stuck}")).await;
    early["status"] = json!("completed");
    early["completed_at"] = json!("2026-10-02T08:15:37.904Z");
    early["result"] = urls();
    sender.post("/", early.to_string()).await;
    client.has_on_record("captured", 4).await;

    let list = || jobs(&client, &["list", "--upstream", &mock.url]);
    assert!(
        rows(list())
            .await
            .iter()
            .all(|row| row["verdict"].is_null())
    );
    list()
        .args(&["--verify"])
        .run()
        .await
        .failed(3, "KR0612", &["KREA_API_KEY"]);
    let verify = || list().args(&["--verify"]).env("KREA_API_KEY", "test");
    let listed = rows(verify()).await;
    let code = |id: &str| row(&listed, id)["verdict"]["code"].clone();
    let unknown = unknown["job_id"].as_str().unwrap();
    assert_eq!(code(&matches), "matches");
    assert_eq!(code(&differs), "differs");
    assert_eq!(code(unknown), "unknown");
    assert_eq!(code(&stuck), "not-yet");
    let differences = &row(&listed, &differs)["verdict"]["differences"];
    assert_eq!(differences[0]["field"], "result.urls");
    assert!(
        differences[0]["delivered"]
            .as_str()
            .unwrap()
            .contains("forged")
    );
    let text = verify().run().await.success().to_owned();
    for badge in ["matches API", "differs", "unknown to API", "not yet"] {
        assert_eq!(text.matches(badge).count(), 1, "{badge:?} in {text}");
    }
    // What was asked stays known; nothing has to be asked again to show it.
    let shown = jobs(&client, &["get", &differs[..20]]).run().await;
    let shown = shown.success();
    for part in [
        "- result.urls: https://gen.krea.ai/images/forged.png",
        "+ result.urls: ",
        "the API says completed",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
}

#[tokio::test]
async fn each_flag_is_shown() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let flags = ["--krea-proxy=0", "--krea-upstream", &mock.url];
    let mut client = Listen::on(&relay).to(&app).flags(&flags).start().await;
    let sender = client.sender();
    let now = Duration::ZERO;
    let duplicate = ended(1, "completed", now, urls());
    let conflict = [
        ended(2, "completed", now, urls()),
        ended(2, "failed", now, json!({})),
    ];
    let late = ended(3, "completed", Duration::from_secs(120), urls());
    let early = ended(4, "sampling", now, Value::Null);
    let shadow = ended(5, "completed", now, json!({}));
    let all = [
        &duplicate,
        &duplicate,
        &conflict[0],
        &conflict[1],
        &late,
        &early,
        &shadow,
    ];
    for body in all {
        let post = Post::new("POST", "/hook").header("Kreel-Synthesised", "1");
        sender.send(post.body(body.to_string())).await;
    }
    client.has_on_record("answered", all.len()).await;
    // Nobody is strange before a job was started here.
    let flags_of =
        |rows: &[Value], body: &Value| row(rows, body["job_id"].as_str().unwrap())["flags"].clone();
    let first = rows(jobs(&client, &["list"])).await;
    assert_eq!(flags_of(&first, &duplicate), json!(["duplicate"]));
    let events = client.events();
    let ready = events
        .iter()
        .find(|event| event["type"] == "proxy_ready")
        .unwrap();
    let proxy = ready["url"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    let call = Post::new("POST", FLUX).header("Authorization", "Bearer test");
    let started = crate::support::Sender::direct(proxy)
        .send(call.body(json!({"prompt": "an owl"}).to_string()))
        .await;
    let started = started.json()["job_id"].as_str().unwrap().to_owned();
    app.receives(all.len() + 1).await;
    client.has_on_record("answered", all.len() + 1).await;

    let listed = rows(jobs(&client, &["list"])).await;
    assert_eq!(listed.len(), 6);
    for (body, expected) in [
        (&duplicate, json!(["duplicate", "unknown-job"])),
        (&conflict[0], json!(["conflict", "unknown-job"])),
        (&late, json!(["late", "unknown-job"])),
        (&early, json!(["early", "unknown-job"])),
        (&shadow, json!(["unknown-job", "shadow-fail"])),
    ] {
        assert_eq!(flags_of(&listed, body), expected);
    }
    let own = row(&listed, &started);
    assert_eq!(own["flags"], json!([]), "{own}");
    assert_eq!(
        (&own["prompt"], &own["model"], &own["kind"]),
        (&json!("an owl"), &json!("bfl/flux-1-dev"), &json!("image"))
    );
    // A sender can't pass for kreel.
    assert!(listed.iter().all(|row| row["synthesised"] == 0));
    let failed = row(&listed, conflict[0]["job_id"].as_str().unwrap());
    assert_eq!(
        (&failed["deliveries"], &failed["answers"]),
        (&json!(2), &json!([200, 200]))
    );
    let text = jobs(&client, &["list"]).run().await.success().to_owned();
    for flag in [
        "DUPLICATE",
        "CONFLICT",
        "LATE",
        "EARLY",
        "SHADOW-FAIL",
        "UNKNOWN-JOB",
    ] {
        assert!(text.contains(flag), "{flag} is not in {text}");
    }
    let limited = rows(jobs(&client, &["list", "--limit", "2"])).await;
    assert_eq!(limited[..], listed[..2]);
    let before = listed[1]["job_id"].as_str().unwrap();
    let older = rows(jobs(&client, &["list", "--before", before])).await;
    assert_eq!(older[..], listed[2..]);
    let whole = rows(jobs(&client, &["get", &started])).await.remove(0);
    let steps: Vec<&str> = whole["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    for step in ["started", "created", "ended", "delivery", "attempt"] {
        assert!(steps.contains(&step), "{step} is not in {steps:?}");
    }
    assert_eq!(whole["links"].as_array().unwrap().len(), 1);
    client.terminate().await;
}

#[tokio::test]
async fn a_handler_that_takes_over_five_seconds_is_shown_as_slow() {
    let (relay, app) = (
        TestRelay::start().await,
        LocalApp::slow(Duration::from_millis(5_200)).await,
    );
    let client = TestClient::listen(&relay, &app, &["--answer", "now"]).await;
    let body = ended(9, "completed", Duration::ZERO, urls());
    client.sender().post("/", body.to_string()).await;
    client.has_on_record("answered", 1).await;
    let listed = rows(jobs(&client, &["list"])).await;
    assert_eq!(listed[0]["flags"], json!(["handler-slow"]));
    assert_eq!(listed[0]["notes"][0]["code"], "handler-slow");
    let text = jobs(&client, &["list"]).run().await.success().to_owned();
    assert!(text.contains("HANDLER-SLOW"), "{text}");
}

/// As `| head -n1` does that has read enough.
#[tokio::test]
async fn a_list_that_nobody_reads_is_no_fault() {
    let relay = TestRelay::start().await;
    let client = Listen::on(&relay).start().await;
    let body = ended(1, "completed", Duration::ZERO, urls());
    client.sender().post("/", body.to_string()).await;
    client.has_on_record("captured", 1).await;
    let shown = jobs(&client, &["list"]).run().await;
    assert!(shown.success().contains("completed"), "{shown}");
    let listen = client.again();
    let home = listen.at_home();
    for words in [&["list"][..], &["list", "--json"], &["get", "last"]] {
        let words = [&["jobs"], words].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let mut kreel = Process::kreel(&words, home.path(), &home.project(), &[]).into_std();
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let output = kreel
            .stdin(Stdio::null())
            .stdout(write)
            .stderr(Stdio::piped())
            .output();
        let output = output.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{words:?}");
    }
}
