//! What is remembered of a call: the jobs it started, or why it started none.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::Shared;
use super::notice::{Notice, ProxyEvent};
use crate::api_error;
use crate::job::JobId;
use crate::jobs::KnownJob;
use crate::keys::Key;
use crate::ledger::{LedgerError, RefusedCall};
use crate::model::Start;

/// How an answer begins, as far as reading its body needs it.
#[derive(Debug, Clone)]
pub(super) struct Status {
    /// Its status.
    pub(super) status: u16,
    /// How its body is compressed.
    pub(super) coding: Option<String>,
}

impl Status {
    /// Of this head.
    pub(super) fn of(head: &http::response::Parts) -> Self {
        let coding = head.headers.get(http::header::CONTENT_ENCODING);
        let coding = coding.and_then(|coding| coding.to_str().ok());
        Self {
            status: head.status.as_u16(),
            coding: coding.map(str::to_ascii_lowercase),
        }
    }

    /// Whether it shows that the API takes the call's key. Its schema anyone may read.
    pub(super) fn is_taken(&self, path: &str) -> bool {
        (200..300).contains(&self.status) && path != "/openapi.json"
    }
}

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
    /// The caller's own address, if there was one.
    pub(super) own_webhook: Option<String>,
    /// What it was made with.
    pub(super) key: Option<Key>,
    /// When it was made.
    pub(super) started_at: Timestamp,
}

/// Reads the answer to a call, of which this is the beginning.
pub(super) fn read(
    shared: &Shared,
    facts: &Facts,
    Status { status, coding }: Status,
    asked: &Bytes,
    answer: &Bytes,
) {
    if status >= 400 {
        let answer = api_error::unpacked(coding.as_deref(), answer);
        let words = api_error::words(&answer);
        if facts.start.is_some() {
            let call = RefusedCall {
                at: facts.started_at,
                path: facts.path.clone(),
                status,
                words: words.clone(),
                parameters: text(asked),
            };
            kept(shared.ledger.refuse(&call));
        }
        shared.tell(ProxyEvent::Refused {
            path: facts.path.clone(),
            status,
            words,
            meaning: api_error::meaning(status),
            gone: api_error::gone(status, &answer),
        });
        return;
    }
    for job in jobs(facts, asked, answer) {
        if let Some(key) = &facts.key {
            shared.config.keys.started(&job.id, key);
        }
        kept(shared.ledger.note(&job));
        shared.tell(ProxyEvent::Started(Box::new(job)));
    }
}

/// What can't be noted is told in the log; calls go on.
fn kept(noted: Result<(), LedgerError>) {
    if let Err(error) = noted {
        tracing::error!(%error, "a call could not be noted");
    }
}

/// Parameters as the caller wrote them.
fn text(asked: &Bytes) -> Option<String> {
    let text = std::str::from_utf8(asked).ok()?;
    (!text.is_empty()).then(|| text.to_owned())
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
    let parameters = text(asked);
    ids.map(|id| KnownJob {
        id,
        path: facts.path.clone(),
        kind: Some(start.kind),
        model: start.model.clone(),
        parameters: parameters.clone(),
        started_at: facts.started_at,
        webhook_url: facts.webhook.clone(),
        is_own_webhook: facts.is_own_webhook,
        own_webhook_url: facts.own_webhook.clone(),
    })
    .collect()
}

/// What the headers of an answer say about the model's future.
pub(super) fn deprecation(headers: &http::HeaderMap) -> Option<Notice> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    text("deprecation").filter(|value| *value != "false")?;
    Some(Notice::Deprecated {
        sunset: text("sunset").map(str::to_owned),
        page: text("link").and_then(page),
    })
}

/// The address of `<…>; rel="deprecation"` among the links.
fn page(links: &str) -> Option<String> {
    let link = links
        .split(',')
        .find(|link| link.contains("rel=\"deprecation\"") || link.contains("rel=deprecation"))?;
    let (_, rest) = link.split_once('<')?;
    Some(rest.split_once('>')?.0.to_owned())
}
