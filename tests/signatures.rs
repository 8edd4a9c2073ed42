//! `kreel replay --resign`: what was changed and is old verifies with the senders' own libraries.
//!
//! They are installed for the story; where no registry can be reached it is skipped, and says so.

use std::path::Path;
use std::process::Output;

use crate::support::{Home, LocalApp, Post, Received, TestClient, TestRelay, packages, programs};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Each scheme, and the request as its app got it, signed anew a month after it was captured.
async fn resigned() -> Vec<(&'static str, Received)> {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let post = Post::new("POST", "/hook")
        .header("Stripe-Signature", "t=1700000000,v1=00")
        .header("X-Hub-Signature-256", "sha256=00")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", "1700000000")
        .header("webhook-signature", "v1,AAAA")
        .body("{\"id\": \"evt_1\",\n \"object\": \"event\", \"caf\u{e9}\": 1.0}");
    client.sender().send(post).await;
    client.has_on_record("answered", 1).await;
    let mut all = Vec::new();
    for scheme in ["stripe", "github", "standard-webhooks"] {
        let words = [
            "replay",
            "last",
            "--resign",
            scheme,
            "--set",
            "caf\u{e9}=\"changed\"",
        ];
        let kreel = client.beside(&words).env("KREEL_SECRET", SECRET);
        kreel
            .path("--history", &client.history())
            .run()
            .await
            .success();
        let received = app.receives(all.len() + 2).await;
        all.push((scheme, received[all.len() + 1].clone()));
    }
    all
}

/// The requests as a file for the verifying scripts.
fn write(folder: &Path, all: &[(&str, Received)]) {
    let names = [
        "stripe-signature",
        "x-hub-signature-256",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ];
    let object = |(scheme, received): &(&str, Received)| {
        let headers: serde_json::Map<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), received.head.value(name).into()))
            .collect();
        serde_json::json!({ "scheme": scheme, "body": received.text(), "headers": headers, "secret": SECRET })
    };
    let list: Vec<_> = all.iter().map(object).collect();
    std::fs::write(
        folder.join("requests.json"),
        serde_json::to_vec(&list).unwrap(),
    )
    .unwrap();
}

fn verified(output: &Output) {
    assert!(output.status.success(), "{output:?}");
    let words = String::from_utf8_lossy(&output.stdout);
    let words: Vec<_> = words.split_whitespace().collect();
    assert_eq!(
        words,
        ["stripe", "github", "standard-webhooks", "tampered"],
        "{output:?}"
    );
}

#[tokio::test]
async fn the_libraries_of_node_verify_what_was_signed_anew() {
    let Some(node) = programs::find("node") else {
        return;
    };
    let home = Home::new();
    let folder = home.project();
    let libraries = ["stripe", "@octokit/webhooks-methods", "standardwebhooks"];
    if !packages::npm(&folder, &libraries).await {
        return;
    }
    write(&folder, &resigned().await);
    let script = include_str!("signatures/verify.mjs");
    std::fs::write(folder.join("verify.mjs"), script).unwrap();
    verified(&packages::run(&node, &["verify.mjs"], &folder).await);
}

#[tokio::test]
async fn the_libraries_of_python_verify_what_was_signed_anew() {
    let Some(python) = programs::find("python3") else {
        return;
    };
    let home = Home::new();
    let folder = home.project();
    if !packages::pip(&folder, &["stripe", "standardwebhooks"]).await {
        return;
    }
    write(&folder, &resigned().await);
    let script = include_str!("signatures/verify.py");
    std::fs::write(folder.join("verify.py"), script).unwrap();
    verified(&packages::run(&python, &["verify.py"], &folder).await);
}
