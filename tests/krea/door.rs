//! `--require-verified`: what the API says is let in, and nothing else.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::jobs::{ended, urls};
use super::stand_in::{FLUX, StandIn};
use crate::support::{
    Answer, DEADLINE, Kreel, Listen, LocalApp, Post, Process, Screen, Sender, TestClient, TestRelay,
};

/// Listens for this app, with a key, and lets in what this API confirms.
async fn guarded(relay: &TestRelay, app: &LocalApp, api: &str) -> TestClient {
    let listen = Listen::on(relay).to(app).env("KREA_API_KEY", "test");
    let flags = ["--require-verified", "--krea-upstream", api];
    listen.flags(&flags).start().await
}

/// Posts in the background: an answer may be long in coming.
fn post(sender: &Sender, body: &Value) -> JoinHandle<Answer> {
    let (sender, body) = (sender.clone(), body.to_string());
    tokio::spawn(async move { sender.post("/hook", body).await })
}

/// Why the next one is withheld.
async fn withheld(client: &mut TestClient) -> String {
    let event = client.next_event("withheld", DEADLINE).await;
    event["message"].as_str().unwrap().to_owned()
}

/// The warning with this code; where webhooks wait at the start, it may come before the client is
/// ready.
async fn warned(client: &mut TestClient, code: &str) -> Value {
    let is_it = |event: &Value| event["type"] == "gate_warning" && event["code"] == code;
    if let Some(told) = client.events().iter().find(|event| is_it(event)) {
        return told.clone();
    }
    let told = client.next_matching(code, DEADLINE, is_it).await;
    told.unwrap_or_else(|| panic!("the client ended without {code}"))
}

#[tokio::test]
async fn a_true_one_is_let_in_and_forged_ones_are_withheld() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(201).await);
    let mock = StandIn::start(&[]).await;
    let mut client = guarded(&relay, &app, &mock.url).await;
    let sender = client.sender();
    // Posted by the mock itself, as Krea would.
    let id = mock.image("a fox", &format!("{}/hook", client.url())).await;
    let got = app.receives(1).await.remove(0);
    let whole: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(whole["job_id"], json!(id));
    client.has_on_record("answered", 1).await;

    // One that differs, one that says more, one of a job that nobody knows, one of no job.
    let mut differs = mock.reaches(&id, "completed").await;
    let mut adds = differs.clone();
    differs["result"]["urls"] = json!(["https://gen.krea.ai/images/forged.png"]);
    adds["urls"] = json!(["https://gen.krea.ai/images/forged.png"]);
    let unknown = ended(1, "completed", Duration::ZERO, urls());
    let strange = json!({"type": "payment.succeeded", "paid": true});
    let mut bad_id = whole.clone();
    bad_id["job_id"] = json!("../../jobs");
    for (body, why) in [
        (&differs, "the API says something else: result.urls"),
        (&adds, "the API does not say urls"),
        (&unknown, "the API knows no such job"),
        (&strange, "it names no job"),
        (&bad_id, "no UUID"),
    ] {
        let answer = post(&sender, body);
        let told = withheld(&mut client).await;
        assert!(told.starts_with("KR0630: ") && told.contains(why), "{told}");
        let answer = answer.await.unwrap();
        assert_eq!(
            (answer.status(), &answer.json()["state"]),
            (200, &json!("captured"))
        );
    }
    // The true one again: a duplicate is as true as it was.
    let answer = post(&sender, &whole).await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(app.receives(2).await.len(), 2);
    client.has_on_record("captured", 5).await;

    // It is shown why, and nothing of it counts as an answer of the app.
    let jobs = |words: &[&str]| client.beside(&["jobs"]).args(words);
    let listed = jobs(&["list", "--json"]).run().await;
    let rows: Vec<Value> = listed
        .success()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let row = rows.iter().find(|row| row["job_id"] == json!(id)).unwrap();
    assert_eq!(row["verdict"]["code"], "matches", "{row}");
    assert_eq!(row["answers"], json!([201, 201]), "{row}");
    let shown = jobs(&["get", &id]).run().await;
    assert!(
        shown.success().contains("withheld from your app: KR0630"),
        "{shown}"
    );
    let requests = client.beside(&["requests", "list"]).run().await;
    assert_eq!(
        requests.success().matches("withheld").count(),
        5,
        "{requests}"
    );
    // Whoever trusts one hands it over by hand.
    let port = app.port().to_string();
    let replay = client.beside(&["replay", "last~1", "--to", &port]);
    replay.run().await.success();
    assert_eq!(app.receives(3).await.len(), 3);
    assert_eq!(client.terminate().await, Some(143));
}

#[tokio::test]
async fn an_end_that_the_api_does_not_tell_yet_waits_for_it() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&["--speed", "2"]).await;
    let mut client = guarded(&relay, &app, &mock.url).await;
    let hook = format!("{}/hook", client.url());
    let sender = client.sender();
    // A forged end of a job that runs: the API says processing, then something else.
    let id = mock.image("a fox", &hook).await;
    let mut early = mock.json(&format!("/jobs/{id}")).await;
    early["status"] = json!("completed");
    early["completed_at"] = early["created_at"].clone();
    early["result"] = urls();
    let forged = post(&sender, &early);
    let got = app.receives(1).await.remove(0);
    let whole: Value = serde_json::from_slice(&got.body).unwrap();
    assert_ne!(whole["result"], early["result"]);
    let told = withheld(&mut client).await;
    assert!(told.contains("the API says something else"), "{told}");
    forged.await.unwrap();
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn while_the_api_can_t_be_asked_webhooks_wait_and_are_let_in_later() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let id = mock.job(FLUX, json!({"prompt": "a fox"})).await;
    let whole = mock.reaches(&id, "completed").await;
    let absent = LocalApp::absent().await;
    let nowhere = format!("http://127.0.0.1:{}", absent.port());
    let listen = Listen::on(&relay).to(&app).env("KREA_API_KEY", "test");
    let listen = listen.flags(&["--require-verified", "--wait", "500ms"]);
    let mut client = listen
        .clone()
        .flags(&["--krea-upstream", &nowhere])
        .start()
        .await;
    let answer = post(&client.sender(), &whole).await.unwrap();
    assert_eq!(
        (answer.status(), &answer.json()["state"]),
        (202, &json!("pending"))
    );
    let told = warned(&mut client, "KR0614").await;
    assert!(
        told["message"].as_str().unwrap().contains("webhooks wait"),
        "{told}"
    );
    assert_eq!(
        (app.count(), client.status().await["waiting"].clone()),
        (0, json!(1))
    );
    // A key that is not taken is no proof either.
    let tunnel = client.tunnel().to_owned();
    assert_eq!(client.terminate().await, Some(143));
    let strict = Kreel::new(&[
        "mock",
        "krea",
        "--port",
        "0",
        "--json",
        "--api-token",
        "other",
    ]);
    let refusing = StandIn::of(&strict).await;
    let again = listen.flags(&["--tunnel", &tunnel]);
    let mut client = again
        .clone()
        .flags(&["--krea-upstream", &refusing.url])
        .start()
        .await;
    warned(&mut client, "KR0613").await;
    assert_eq!(app.count(), 0);
    assert_eq!(client.terminate().await, Some(143));
    // Nothing of that outlives the process: it is decided anew.
    let client = again.flags(&["--krea-upstream", &mock.url]).start().await;
    let got = app.receives(1).await.remove(0);
    assert_eq!(got.id(), answer.json()["id"].as_str().unwrap());
    client.has_on_record("answered", 1).await;
}

#[tokio::test]
async fn a_key_that_callers_of_the_proxy_send_will_do() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let flags = ["--require-verified", "--krea-proxy=0", "--wait", "500ms"];
    let listen = Listen::on(&relay).to(&app).flags(&flags);
    let mut client = listen.flags(&["--krea-upstream", &mock.url]).start().await;
    let ready = client
        .events()
        .iter()
        .find(|event| event["type"] == "proxy_ready");
    let url = ready.unwrap()["url"].as_str().unwrap().to_owned();
    let proxy = Sender::direct(url.trim_start_matches("http://").parse().unwrap());
    // Started elsewhere, so that nothing here can vouch for it yet.
    let id = mock.job(FLUX, json!({"prompt": "a fox"})).await;
    let before = mock.reaches(&id, "completed").await;
    let answer = post(&client.sender(), &before).await.unwrap();
    assert_eq!(answer.status(), 202, "{}", answer.text());
    let told = client.next_event("gate_warning", DEADLINE).await;
    assert_eq!(told["code"], "KR0612");
    // Any call will do that the API takes.
    let call = Post::new("GET", "/jobs?limit=1").header("Authorization", "Bearer test");
    assert_eq!(proxy.send(call).await.status(), 200);
    let got = app.receives(1).await;
    assert!(got[0].text().contains(&id));
    client.has_on_record("answered", 1).await;
}

#[tokio::test]
async fn it_does_not_begin_without_a_key_or_without_an_app() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    for (listen, code, exit, word) in [
        (Listen::on(&relay).to(&app), "KR0612", 3, "KREA_API_KEY"),
        (
            Listen::on(&relay).env("KREA_API_KEY", "test"),
            "KR0320",
            2,
            "listen 3000",
        ),
    ] {
        let mut client = listen.flags(&["--require-verified"]).plain().spawn();
        assert_eq!(client.exit_code(DEADLINE).await, Some(exit));
        let told = client.stderr();
        assert!(told.contains(code) && told.contains(word), "{told}");
    }
}

#[tokio::test]
async fn the_inspector_shows_what_is_withheld_and_why() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let listen = Listen::on(&relay).to(&app).env("KREA_API_KEY", "test");
    let listen = listen.flags(&["--require-verified", "--krea-upstream", &mock.url]);
    let mut screen = Screen::open(listen, &relay, (160, 50)).await;
    let id = mock.image("a fox", &format!("{}/hook", screen.url())).await;
    app.receives(1).await;
    screen.shows("✓ 200").await;
    let mut forged = mock.reaches(&id, "completed").await;
    forged["result"]["urls"] = json!(["https://gen.krea.ai/images/forged.png"]);
    let answer = post(&screen.sender(), &forged);
    screen
        .shows_all(&[
            "withheld from the app: KR0630: the API says something else",
            "withheld  ",
        ])
        .await;
    assert_eq!(answer.await.unwrap().status(), 200);
    screen.keys("J");
    screen
        .shows_all(&["matches API", "withheld from your app: KR0630", "2x 200"])
        .await;
    assert_eq!(app.count(), 1);
}

/// Of this many rows there is more than a pipe and kreel's own buffers hold.
const UNREAD: usize = 1_500;

#[tokio::test]
async fn while_nobody_reads_what_is_printed_webhooks_are_let_in() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let id = mock.job(FLUX, json!({"prompt": "a fox"})).await;
    let whole = mock.reaches(&id, "completed").await;
    let listen = Listen::on(&relay).to(&app).env("KREA_API_KEY", "test");
    let listen = listen.flags(&["--require-verified", "--krea-upstream", &mock.url]);
    let home = listen.at_home().clone();
    let mut kreel = Process::kreel(
        &listen.words(),
        home.path(),
        &home.project(),
        listen.variables(),
    );
    let (read, write) = std::io::pipe().unwrap();
    kreel.stdout(write).stderr(Stdio::null()).kill_on_drop(true);
    let mut kreel = kreel.spawn().unwrap();
    // Its ready line is read, and nothing after it.
    let reading = tokio::task::spawn_blocking(move || {
        let (mut read, mut line) = (BufReader::with_capacity(1, read), String::new());
        while !line.contains("\"ready\"") {
            line.clear();
            assert_ne!(read.read_line(&mut line).unwrap(), 0, "it ended");
        }
        (serde_json::from_str::<Value>(&line).unwrap(), read)
    });
    let (ready, read) = reading.await.unwrap();
    let sender = Sender::to(ready["url"].as_str().unwrap(), None);
    for _ in 0..UNREAD / 50 {
        let posted: Vec<_> = (0..50).map(|_| post(&sender, &whole)).collect();
        for answer in posted {
            assert_eq!(answer.await.unwrap().status(), 200);
        }
    }
    assert_eq!(app.count(), UNREAD);
    kreel.kill().await.unwrap();
    drop(read);
}
