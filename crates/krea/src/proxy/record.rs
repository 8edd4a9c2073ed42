//! What is remembered of a call: the jobs it started, or why it started none.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::Shared;
use super::notice::{Notice, ProxyEvent};
use crate::api_error;
use crate::job::JobId;
use crate::jobs::KnownJob;
use crate::model::Start;

/// What is known of a call before it is answered.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Its path.
    pub(super) path: String,
    /// What it starts.
    pub(super) start: Option<Start>,
    /// Where its webhook goes.
    pub(super) webhook: Option<String>,
    /// Whether that is the caller's own address.
    pub(super) is_own_webhook: bool,
    /// When it was made.
    pub(super) started_at: Timestamp,
}

/// Reads the answer to a call, of which this is the beginning.
pub(super) fn read(shared: &Shared, facts: &Facts, status: u16, asked: &Bytes, answer: &Bytes) {
    if status >= 400 {
        shared.tell(ProxyEvent::Refused {
            path: facts.path.clone(),
            status,
            words: api_error::words(answer),
            meaning: api_error::meaning(status),
        });
        return;
    }
    for job in jobs(facts, asked, answer) {
        shared.store.note(job.clone());
        shared.tell(ProxyEvent::Started(Box::new(job)));
    }
}

/// The jobs an answer names: one object, or a list of them as node apps give.
fn jobs(facts: &Facts, asked: &Bytes, answer: &Bytes) -> Vec<KnownJob> {
    let Some(start) = &facts.start else {
        return Vec::new();
    };
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let items = answer
        .as_array()
        .map_or(std::slice::from_ref(&answer), Vec::as_slice);
    let ids = items.iter().filter_map(|item| {
        let id = item.get("job_id").or_else(|| item.get("id"))?;
        Some(JobId::new(id.as_str()?))
    });
    let parameters = std::str::from_utf8(asked)
        .ok()
        .filter(|text| !text.is_empty());
    ids.map(|id| KnownJob {
        id,
        path: facts.path.clone(),
        kind: Some(start.kind),
        model: start.model.clone(),
        parameters: parameters.map(str::to_owned),
        started_at: facts.started_at,
        webhook_url: facts.webhook.clone(),
        is_own_webhook: facts.is_own_webhook,
    })
    .collect()
}

/// What the headers of an answer say about the model's future.
pub(super) fn deprecation(headers: &http::HeaderMap) -> Option<Notice> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    text("deprecation").filter(|value| *value != "false")?;
    Some(Notice::Deprecated(text("sunset").map(str::to_owned)))
}
