//! Calls that create a job.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::answer::{self, Answer, Refusal};
use super::plan::Outcome;
use super::shared::Shared;
use super::world::{Asked, MockJob, Room};
use super::{check, life};
use crate::job::Kind;
use crate::model::Start;
use crate::status::Status;

/// Answers the call to this path.
pub(super) fn job(
    shared: &Arc<Shared>,
    path: &str,
    start: Start,
    headers: &HeaderMap,
    body: &Bytes,
    asked: Option<Outcome>,
) -> Answer {
    if let Some(gone) = answer::sunset(&start) {
        return gone;
    }
    let (status, form) = (shared.config.validation_status, shared.config.fault_form);
    let refuse = |place: &str, words: &str| answer::invalid(status, form, place, words);
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return refuse("body", "Invalid JSON");
    };
    if let Some((place, words)) = check::fault(&shared.config, path, &start, &body) {
        return refuse(&place, &words);
    }
    let Ok(webhook) = webhook(headers) else {
        return refuse("X-Webhook-URL", "Invalid url");
    };
    let is_app = start.kind == Kind::NodeApp;
    let is_deprecated = shared.config.deprecated.contains(&start.route());
    let outcome = asked.or_else(|| Outcome::in_prompt(&body));
    let mut answer = match admit(shared, start, outcome, Asked::of(&body), webhook) {
        // Node apps answer with a list, by the schema.
        Ok(created) if is_app => answer::json(200, &json!([created])),
        Ok(created) => answer::json(200, &created),
        Err(refusal) => return *refusal,
    };
    if is_deprecated {
        answer::deprecate(&mut answer);
    }
    answer
}

/// Takes a job in, if it is paid for and there is room; the job as its caller sees it.
fn admit(
    shared: &Arc<Shared>,
    start: Start,
    outcome: Option<Outcome>,
    asked: Asked,
    webhook: Option<http::Uri>,
) -> Result<Value, Refusal> {
    let config = &shared.config;
    let (number, created, runs) = {
        let mut world = shared.world();
        let number = world.next_number();
        let outcome = outcome.unwrap_or_else(|| config.outcomes.of(number));
        if let Some(refusal) = refusal(shared, outcome, Some(&start)) {
            return Err(refusal.into());
        }
        let form = config.fault_form;
        if config.balance.is_some_and(|balance| number >= balance) {
            return Err(answer::refusal(402, form, None).into());
        }
        let status = match world.room(config.concurrency, config.backlog) {
            Room::Now => Status::Queued,
            Room::Later => Status::Backlogged,
            Room::None => return Err(answer::refusal(429, form, None).into()),
        };
        let job = MockJob {
            number,
            id: life::uuid(shared, "job", number).to_string(),
            start,
            asked,
            outcome,
            created_at: world.next_moment(),
            completed_at: None,
            result: None,
            error: None,
            webhook,
            stop: CancellationToken::new(),
            status,
        };
        let (created, runs) = (job.created(), job.status == Status::Queued);
        world.add(job);
        (number, created, runs)
    };
    if runs {
        life::begin(shared, number);
    }
    Ok(created)
}

/// The answer to a call that is to go like this; nothing if it may start a job.
pub(super) fn refusal(shared: &Shared, outcome: Outcome, start: Option<&Start>) -> Option<Answer> {
    match outcome {
        Outcome::Refused(status) => Some(answer::refusal(status, shared.config.fault_form, start)),
        Outcome::Invalid(form) => Some(answer::refusal(422, form, start)),
        Outcome::Html => Some(answer::html(502, "502 Bad Gateway")),
        _ => None,
    }
}

/// Where the webhook is to go; an error if that is no address.
fn webhook(headers: &HeaderMap) -> Result<Option<http::Uri>, ()> {
    let Some(value) = headers.get("x-webhook-url") else {
        return Ok(None);
    };
    let uri: http::Uri = value.to_str().map_err(drop)?.parse().map_err(drop)?;
    let fits = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    fits.then_some(Some(uri)).ok_or(())
}
