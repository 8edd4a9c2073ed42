//! Outages: whatever dies or falls silent is noticed, told of and made up for.

mod kills;
mod load;
mod silence;
mod stops;

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::support::{Answer, DEADLINE, Sender, TestClient};

/// How soon a dead link must be noticed, whichever way it died.
const NOTICED: Duration = Duration::from_secs(15);

/// How soon an end must be noticed that the system tells of: a closed connection.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Posts in the background.
fn post(sender: &Sender, body: &'static str) -> JoinHandle<Answer> {
    let sender = sender.clone();
    tokio::spawn(async move { sender.post("/hook", body).await })
}

/// The next word that the link is lost, and its code.
async fn lost(client: &mut TestClient) -> String {
    let event = client.next_event("reconnecting", NOTICED).await;
    event["code"].as_str().unwrap().to_owned()
}

/// The client is ready again, at its old address.
async fn back(client: &mut TestClient) {
    let ready = client.next_event("ready", DEADLINE).await;
    assert_eq!(ready["url"], client.url(), "the address must stay");
}

fn assert_queued(answer: &Answer) {
    assert_eq!(
        (answer.status(), answer.json()["state"].as_str()),
        (202, Some("queued")),
        "{}",
        answer.text()
    );
}
