//! How a sender is answered: each row of the table in the design, in each of its columns.
//!
//! The columns are the default (the app answers), `--answer now` and `--strict`.

mod no_client_is_connected;
mod over_a_limit;
mod the_app_answers;
mod the_app_dies;
mod the_app_is_slower_than_wait;
mod the_app_refuses_the_connection;
mod there_is_no_such_tunnel;

use std::time::Duration;

use serde_json::Value;

use crate::support::http::Framing;
use crate::support::{
    Answer, DEADLINE, Listen, LocalApp, Post, Sender, TestClient, TestRelay, within,
};

const APP: &[&str] = &[];
const NOW: &[&str] = &["--answer", "now"];
const STRICT: &[&str] = &["--strict"];

/// Short: the test waits for all of it.
const SHORT_WAIT: &str = "300ms";

/// So long that it never ends within a test.
const LONG_WAIT: &str = "10m";

/// The id in the relay's own 2xx, which must be the one in its header.
#[track_caller]
fn kept(answer: &Answer, status: u16, state: &str) -> String {
    assert_eq!(answer.status(), status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type").as_deref(),
        Some("application/json")
    );
    let said = answer.json();
    assert_eq!(said["state"], state, "{said}");
    let id = said["id"].as_str().expect("an id").to_owned();
    assert_eq!(answer.header("kreel-delivery-id").as_ref(), Some(&id));
    id
}

/// The code of a problem, whose status must be the answer's.
#[track_caller]
fn problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status(), status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type").as_deref(),
        Some("application/problem+json")
    );
    let said = answer.json();
    assert_eq!(said["status"], status, "{said}");
    assert!(
        said["title"].is_string() && said["detail"].is_string(),
        "{said}"
    );
    said["code"].as_str().expect("a code").to_owned()
}

/// The ids of what the app has received, in order of arrival.
async fn received_ids(app: &LocalApp, requests: usize) -> Vec<String> {
    let id = |head: &crate::support::Head| head.value("kreel-delivery-id").expect("an id");
    app.receives(requests)
        .await
        .iter()
        .map(|received| id(&received.head))
        .collect()
}

async fn listen(relay: &TestRelay, app: &LocalApp, column: &[&str], wait: &str) -> TestClient {
    Listen::on(relay)
        .to(app)
        .flags(column)
        .flags(&["--wait", wait])
        .start()
        .await
}

/// Waits for the attempt at this delivery to end; its event.
async fn attempt(client: &mut TestClient, id: &str) -> Value {
    let of_it = |event: &Value| event["type"] == "attempt" && event["delivery_id"] == id;
    client
        .next_matching("the attempt", DEADLINE, of_it)
        .await
        .expect("an attempt")
}

/// The wait is what was asked for, not more: the relay's own answer takes few milliseconds.
#[tokio::test]
async fn the_relay_answers_when_the_wait_is_over() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let wait = Duration::from_millis(700);
    let client = listen(&relay, &app, APP, "700ms").await;
    let start = std::time::Instant::now();
    kept(&client.sender().post("/hook", "{}").await, 202, "pending");
    let took = start.elapsed();
    // The slack is for machines that compile while they test.
    assert!(
        took >= wait && took < wait + Duration::from_secs(3),
        "{took:?}"
    );
}
