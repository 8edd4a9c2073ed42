//! Apps in Node and Python, written as for the real API: only their base address differs. Their
//! handlers are Express and FastAPI themselves.
//!
//! Those are installed for the story; where no registry can be reached it is skipped, and says so.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use super::in_front::InFront;
use super::stand_in::StandIn;
use crate::support::{DEADLINE, Home, Process, TestClient, TestRelay, packages, programs, within};

/// A script under the program that runs it, in the folder with what it needs.
fn script(program: &Path, folder: &Path, name: &str, mode: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(name).arg(mode).current_dir(folder);
    command.env("PYTHONPATH", folder.join("lib"));
    command
}

#[tokio::test]
async fn an_app_in_node_works_as_with_the_real_api() {
    let expected =
        json!({"kind": "image", "model": "bfl/flux-1-dev", "prompt": "a red fox, from Node"});
    let home = Home::new();
    if !packages::npm(&home.project(), &["express"]).await {
        return;
    }
    let text = include_str!("scripts/app.mjs");
    story("node", &home, ("app.mjs", text), &expected).await;
}

#[tokio::test]
async fn an_app_in_python_works_as_with_the_real_api() {
    let expected =
        json!({"kind": "video", "model": "kling/kling-2.5", "prompt": "a red fox, from Python"});
    let home = Home::new();
    if !packages::pip(&home.project(), &["fastapi", "uvicorn"]).await {
        return;
    }
    let text = include_str!("scripts/app.py");
    story("python3", &home, ("app.py", text), &expected).await;
}

/// Submit through the proxy, webhook through the tunnel, handler, and the API tells the same.
async fn story(program: &str, home: &Home, (name, text): (&str, &str), expected: &Value) {
    let Some(program) = programs::find(program) else {
        return;
    };
    let folder = home.project();
    std::fs::write(folder.join(name), text).unwrap();
    let mut handler = Process::start(name, &mut script(&program, &folder, name, "serve"));
    let port = handler.line("its port", DEADLINE).await.expect("it starts");
    let relay = TestRelay::secure().await;
    let mut client = TestClient::listen(&relay, &port, &[]).await;
    let ca = relay.ca().unwrap().display().to_string();
    let mock = StandIn::start(&["--webhook-ca", &ca, "--speed", "10000"]).await;
    let tunnel = format!("{}/webhooks/krea", client.url());
    let mut proxy = InFront::of(&mock.url, &["--tunnel-url", &tunnel]).await;

    let mut submit = script(&program, &folder, name, "submit");
    submit
        .env("KREA_API_BASE_URL", &proxy.url)
        .env("KREA_API_KEY", "test")
        .kill_on_drop(true);
    let submitted = within("the call", DEADLINE, submit.output()).await.unwrap();
    let id = String::from_utf8_lossy(&submitted.stdout).trim().to_owned();
    assert!(
        submitted.status.success(),
        "{}",
        String::from_utf8_lossy(&submitted.stderr)
    );

    let started = proxy.tells("job_started").await;
    let seen = json!({
        "kind": started["kind"], "model": started["model"], "prompt": started["parameters"]["prompt"],
    });
    assert_eq!((&seen, &started["job_id"]), (expected, &json!(id)));
    let told = handler.line("a job", DEADLINE).await.unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["job_id"], json!(id));
    assert_eq!(client.next_event("attempt", DEADLINE).await["status"], 200);
    // Its row, with the badge.
    let jobs = proxy.home.path().join("data/kreel/krea-jobs.db");
    let words = ["jobs", "get", &id, "--verify", "--upstream", &mock.url];
    let get = client.beside(&words).path("--jobs", &jobs);
    let get = get
        .path("--history", &client.history())
        .env("KREA_API_KEY", "test");
    let shown = get.clone().run().await;
    let prompt = expected["prompt"].as_str().unwrap();
    for part in [
        "matches API",
        expected["model"].as_str().unwrap(),
        prompt,
        "your app answered 200",
    ] {
        assert!(shown.success().contains(part), "{part:?} is not in {shown}");
    }
    let row = get.args(&["--json"]).run().await;
    let row: Value = serde_json::from_str(row.success()).unwrap();
    let seen = json!({"kind": row["kind"], "model": row["model"], "prompt": row["prompt"]});
    assert_eq!(
        (&seen, &row["verdict"]["code"]),
        (expected, &json!("matches"))
    );
    // The proof there is: the API, asked by way of the proxy, tells the same.
    let asked = proxy
        .sender()
        .send(proxy.call("GET", &format!("/jobs/{id}")))
        .await;
    assert_eq!(asked.json(), told);
}
