//! What can be known of a job: how it was started, what came, what the app made of it, and what
//! the API says.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::ask::ApiAnswer;
use crate::job::{Job, JobId, Kind, Reading};
use crate::limits::MAX_TEXT_BYTES;
use crate::status::Status;

/// A job that was started through the proxy, as far as its call told.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownJob {
    /// Its id.
    pub id: JobId,
    /// The path it was started with, like `/generate/image/bfl/flux-1-dev`.
    pub path: String,
    /// What kind of job it is, by its path.
    pub kind: Option<Kind>,
    /// The model, like `bfl/flux-1-dev`.
    pub model: Option<String>,
    /// The parameters it was started with, as the caller wrote them.
    pub parameters: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// The address its webhook goes to, if one was given.
    pub webhook_url: Option<String>,
    /// Whether that address is the caller's own, and not one the proxy put in.
    pub is_own_webhook: bool,
    /// The caller's own address, also where the proxy has put another in its place.
    pub own_webhook_url: Option<String>,
}

/// A webhook that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id, by which it is found elsewhere.
    pub id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What it says.
    pub reading: Reading,
    /// Something that is the same for the same bytes, like a hash of them.
    pub digest: u64,
    /// Whether kreel made it itself from the API's answer.
    pub is_synthesised: bool,
    /// Whether its body is gone; then no more is known of it than job and state.
    pub is_forgotten: bool,
    /// The app's answers to it.
    pub attempts: Vec<Attempt>,
    /// When and why the app was not given it, if it was withheld.
    pub withheld: Option<(Timestamp, String)>,
}

/// The handing of a delivery to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub began_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The app answered with this status.
    Answered(u16),
    /// It did not.
    Failed,
}

/// All that is known of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Which job.
    pub id: JobId,
    /// How it was started, if that was through the proxy.
    pub known: Option<KnownJob>,
    /// Whether jobs started elsewhere are strange: some have been started through the proxy.
    pub knows_jobs: bool,
    /// Whether its webhook was asked for at an address that is not here.
    pub is_elsewhere: bool,
    /// What came, in the order it came.
    pub deliveries: Vec<Delivery>,
    /// The newest answer of the API.
    pub api: Option<ApiAnswer>,
}

impl Evidence {
    /// Nothing yet about this job.
    pub fn of(id: JobId) -> Self {
        Self {
            id,
            known: None,
            knows_jobs: false,
            is_elsewhere: false,
            deliveries: Vec::new(),
            api: None,
        }
    }

    /// The job as the API tells it, if it was asked and knows it.
    pub fn of_api(&self) -> Option<&Job> {
        self.api.as_ref()?.reading.as_ref()?.job()
    }

    /// Whether a webhook has told the job's end; those kreel made itself do not count, nor those
    /// the app was not given.
    pub fn has_come(&self) -> bool {
        let came = self
            .deliveries
            .iter()
            .filter(|one| !one.is_synthesised && one.withheld.is_none());
        came.into_iter().any(|one| one.end().is_some())
    }

    /// Whether the app has had a webhook about it that kreel made itself.
    pub fn is_made_up_for(&self) -> bool {
        let mut made = self.deliveries.iter().filter(|one| one.is_synthesised);
        made.any(|one| {
            let mut attempts = one.attempts.iter();
            attempts.any(|attempt| matches!(attempt.outcome, Outcome::Answered(_)))
        })
    }

    /// The job as it counts: its end, whoever told it, or else what was told last on the way.
    pub fn job(&self) -> Option<&Job> {
        let told = super::told(self);
        let end = told.filter(|job| super::is_end(job));
        end.or(self.of_api()).or(told)
    }
}

impl Delivery {
    /// The end it tells, if it tells one.
    pub fn end(&self) -> Option<&Status> {
        let job = self.reading.job()?;
        job.status.as_ref().filter(|status| status.is_terminal())
    }
}

impl KnownJob {
    /// The prompt among its parameters, wherever that is.
    pub fn prompt(&self) -> Option<String> {
        let parameters: Value = serde_json::from_str(self.parameters.as_deref()?).ok()?;
        let own = parameters.get("prompt").and_then(Value::as_str);
        // Node apps have inputs of their own making.
        let inner = || {
            let inputs = parameters.as_object()?.values();
            inputs
                .filter_map(|input| input.get("prompt")?.as_str())
                .next()
        };
        let prompt = own.or_else(inner)?;
        Some(prompt[..prompt.floor_char_boundary(MAX_TEXT_BYTES)].to_owned())
    }
}
