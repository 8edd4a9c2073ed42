//! The job object, read from whatever bytes a webhook or the API has brought.
//!
//! Reading refuses nothing, changes nothing, takes time in proportion to the bytes, and needs no
//! stack for nested ones: what is missing or strange is in the [`Reading`]. The shapes are those
//! of Krea's OpenAPI document, of its guides, and those met in published clients.

use std::fmt;

use serde_json::{Value, json};

use crate::limits::{JOB_MAX_BYTES, MAX_TEXT_BYTES};
use crate::status::Status;

mod error;
mod fields;
mod instant;
mod results;
#[cfg(test)]
mod tests;

pub use error::{ErrorPlace, JobError};
pub use instant::Instant;
pub use results::{Kind, ResultFile, Results, Shape};

use fields::Fields;

/// What a body turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// An object with at least one field of a job.
    Job(Box<Job>),
    /// JSON of another kind: an array, a text, a number.
    NotAnObject,
    /// An object in which another service's webhook can be recognised, by this field.
    Foreign(&'static str),
    /// Not JSON, with the parser's words for where it broke.
    NotJson(String),
    /// No body at all.
    Empty,
    /// More bytes than a job can have; they have not been looked at.
    TooLarge(usize),
}

/// A job, with all that was said about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Job {
    /// Its id, the only name it has.
    pub id: Option<JobId>,
    /// Its state.
    pub status: Option<Status>,
    /// When it was created.
    pub created_at: Instant,
    /// When it ended.
    pub completed_at: Instant,
    /// What it made.
    pub results: Results,
    /// The style it trained.
    pub style_id: Option<String>,
    /// Why it failed.
    pub error: Option<JobError>,
    /// Why it failed, by `result.error` where `error` says something too.
    pub other_error: Option<JobError>,
    /// Fields that are there and can't be read: nested deeper than any job, or broken inside.
    pub unreadable: Vec<String>,
    /// Fields that are in no schema and no guide, as far as there is room for their names.
    pub extra: Vec<String>,
}

/// A job's id, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(String);

impl Reading {
    /// Reads a body. Never fails: what can't be read says why.
    pub fn of(body: &[u8]) -> Self {
        if body.len() > JOB_MAX_BYTES {
            return Self::TooLarge(body.len());
        }
        // Some writers put a byte order mark in front, which RFC 8259 lets readers skip.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Self::Empty;
        }
        match fields::read(body) {
            Ok(Some(fields)) => Self::of_fields(&fields),
            Ok(None) => Self::NotAnObject,
            Err(error) => Self::NotJson(error.to_string()),
        }
    }

    /// Reads a value that is parsed already, like an item of a list the API gave.
    pub fn of_value(value: &Value) -> Self {
        Self::of(value.to_string().as_bytes())
    }

    /// What is left of a job of which no more is known than this.
    pub fn of_rest(id: &JobId, status: Option<&Status>) -> Self {
        let status = status.map(Status::as_str);
        Self::of_value(&json!({"job_id": id.as_str(), "status": status}))
    }

    /// The job, if it is one.
    pub fn job(&self) -> Option<&Job> {
        match self {
            Self::Job(job) => Some(job),
            _ => None,
        }
    }

    fn of_fields(fields: &Fields<'_>) -> Self {
        let job = Job::of_fields(fields);
        if job.id.is_none()
            && let Some(field) = fields.foreign()
        {
            return Self::Foreign(field);
        }
        Self::Job(Box::new(job))
    }
}

impl Job {
    fn of_fields(fields: &Fields<'_>) -> Self {
        let values = fields.values();
        let text = |name| values.get(name).and_then(text);
        let result = values.get("result");
        let mut errors = JobError::all(values.get("error"), result);
        let mut results = Results::of(result, values.get("urls"));
        if results.shape == Shape::None && values.unreadable.iter().any(|path| path == "result") {
            // There is something, and nobody can tell what.
            results.shape = Shape::Strange;
        }
        Self {
            // Some clients in the wild read `id`; a job that has only that is known by it.
            id: text("job_id").or_else(|| text("id")).map(JobId),
            status: text("status").map(|name| Status::of(&name)),
            created_at: Instant::of(values.get("created_at")),
            completed_at: Instant::of(values.get("completed_at")),
            results,
            style_id: style(result),
            error: errors.next(),
            other_error: errors.next(),
            extra: fields.extra(result),
            unreadable: values.unreadable,
        }
    }

    /// What kind of job it was, as far as its result tells.
    pub fn kind(&self) -> Option<Kind> {
        match self.style_id {
            Some(_) => Some(Kind::Training),
            None => self.results.kind(),
        }
    }

    /// Whether it ended well and has something to show for it.
    pub fn is_success(&self) -> bool {
        self.status == Some(Status::Completed) && self.has_result()
    }

    /// Whether there is a result of either kind.
    pub fn has_result(&self) -> bool {
        self.style_id.is_some() || self.results.count > 0
    }
}

impl JobId {
    /// This text as an id.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a UUID, as Krea's schema wants it.
    pub fn is_uuid(&self) -> bool {
        // The crate takes braces and URN prefixes too; strict receivers do not.
        self.0.len() == 36 && uuid::Uuid::try_parse(&self.0).is_ok()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value as text, if it is one, or a number that stands for one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(short(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A trained style's id; older answers have it as `result.id`.
fn style(result: Option<&Value>) -> Option<String> {
    let result = result?;
    ["style_id", "id"]
        .iter()
        .find_map(|key| result.get(key).and_then(text))
}

/// As much of a text as is worth keeping.
fn short(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT_BYTES)].to_owned()
}
