//! Who may post to a tunnel: each rule from outside, whose they are, and what nobody is told.

mod checked;
mod counting;
mod owners;
mod posting;
mod secrets;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Answer, Finished, Home, Kreel, Post, Sender, TestClient, TestRelay, schema};

/// `kreel tunnels rules` for this client's tunnel, by its owner.
async fn rules(relay: &TestRelay, client: &TestClient, words: &[&str]) -> Finished {
    as_token(relay, relay.token_file(), client.tunnel(), words).await
}

/// The same by whoever has this token.
async fn as_token(relay: &TestRelay, token: PathBuf, tunnel: &str, words: &[&str]) -> Finished {
    let command = Kreel::new(&["tunnels", "rules", tunnel]).args(words);
    let command = command.args(&["--relay", relay.url()]);
    command.path("--token-file", &token).run().await
}

/// The rules as the owner sees them.
async fn shown(relay: &TestRelay, client: &TestClient) -> Value {
    let told = rules(relay, client, &["--json"]).await;
    schema::lines(told.success()).remove(0)
}

/// A file that holds a secret.
fn secret_file(home: &Home, name: &str, text: &str) -> String {
    let path = home.path().join(name);
    std::fs::write(&path, format!("{text}\n")).unwrap();
    path.display().to_string()
}

/// A request to the relay itself, with this token if there is one.
async fn ask(relay: &TestRelay, token: Option<PathBuf>, post: Post) -> Answer {
    let post = match token {
        None => post,
        Some(file) => {
            let token = std::fs::read_to_string(file).unwrap();
            post.header("Authorization", format!("Bearer {}", token.trim()))
        }
    };
    Sender::direct(relay.address()).send(post).await
}

/// An answer's body without the request's own id.
fn but_its_id(answer: &Answer) -> Value {
    let mut body = answer.json();
    assert!(body["request"].is_string(), "{body}");
    body["request"] = Value::Null;
    body
}
