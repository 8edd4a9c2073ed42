//! What can be known of a job: how it was started, what came, what the app made of it, and what
//! the API says.

use std::time::Duration;

use jiff::Timestamp;

use crate::job::{JobId, Kind, Reading};

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
}

/// A webhook that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// When it came.
    pub received_at: Timestamp,
    /// What it says.
    pub reading: Reading,
    /// Something that is the same for the same bytes, like a hash of them.
    pub digest: u64,
    /// Whether kreel made it itself from the API's answer.
    pub is_synthesised: bool,
    /// The app's answers to it.
    pub attempts: Vec<Attempt>,
}

/// The handing of a delivery to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
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

/// What the API said of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiAnswer {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The job; nothing if the API knows no such job.
    pub reading: Option<Reading>,
}

/// All that is known of one job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// How it was started, if that was through the proxy.
    pub known: Option<KnownJob>,
    /// Whether jobs started elsewhere are strange: some have been started through the proxy.
    pub knows_jobs: bool,
    /// What came, in the order it came.
    pub deliveries: Vec<Delivery>,
    /// The newest answer of the API.
    pub api: Option<ApiAnswer>,
}
