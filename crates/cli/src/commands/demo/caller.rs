//! The app's other half, which asks for things: one call after another, to the proxy.

use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use kreel_krea::{Example, Outgoing};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::problem::chain;

/// What was asked for, and how that went.
#[derive(Debug)]
pub(super) struct Asked {
    /// Which call, from 1.
    pub(super) number: usize,
    /// What for.
    pub(super) about: &'static str,
    /// Why it was not taken.
    pub(super) fault: Option<String>,
}

/// How long the API has for an answer: 5 s, a thousand times what it takes.
const ANSWER: Duration = Duration::from_secs(5);

/// An answer is a job; ours have 200 bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// Makes the calls, with this pause before each, and tells of them.
pub(super) async fn ask(api: String, pause: Duration, asked: mpsc::Sender<Asked>) {
    let client = Outgoing::new(Vec::new());
    for (number, example) in (1..).zip(Example::all()) {
        sleep(pause).await;
        let fault = match &client {
            Ok(client) => call(client, &api, &example).await.err(),
            Err(error) => Some(chain(error)),
        };
        let about = example.about;
        let told = Asked {
            number,
            about,
            fault,
        };
        if asked.send(told).await.is_err() {
            return;
        }
    }
}

async fn call(client: &Outgoing, api: &str, example: &Example) -> Result<(), String> {
    let call = example.call(api).ok_or("the address is none")?;
    let answer = client.send(call, ANSWER).await;
    let answer = answer.map_err(|error| chain(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES)
        .collect()
        .await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("{status}: {}", String::from_utf8_lossy(&body))),
    }
}
