//! What happened to a job, in the order of time.

use std::time::Duration;

use jiff::Timestamp;

use super::{Evidence, Outcome};
use crate::job::Job;
use crate::status::Status;

/// A moment in a job's life.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub step: Step,
}

/// What may happen to a job. Times of Krea's are by its clock, all others by this machine's or the
/// relay's.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It was started through the proxy.
    Started {
        /// Where its webhook was asked for.
        webhook_url: Option<String>,
    },
    /// Krea created it.
    Created,
    /// It ended, as the webhook or the API says.
    Ended(Status),
    /// A webhook came.
    Came {
        /// The delivery's id.
        delivery: String,
        /// The state it tells.
        status: Option<Status>,
        /// Whether kreel made it itself.
        is_synthesised: bool,
    },
    /// A webhook was handed to the app.
    HandedOver {
        /// The delivery's id.
        delivery: String,
        /// How that ended.
        outcome: Outcome,
        /// How long it took.
        took: Duration,
    },
    /// A webhook was withheld from the app.
    Withheld {
        /// The delivery's id.
        delivery: String,
        /// Why, in words.
        why: String,
    },
    /// The API was asked; the state it told, nothing if it knows no such job.
    Asked(Option<Status>),
}

/// What happened, the earliest first.
pub fn timeline(evidence: &Evidence) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut add = |at: Option<Timestamp>, step| {
        moments.extend(at.map(|at| Moment { at, step }));
    };
    if let Some(known) = &evidence.known {
        let webhook_url = known.webhook_url.clone();
        add(Some(known.started_at), Step::Started { webhook_url });
    }
    if let Some(job) = super::told(evidence).or(evidence.of_api()) {
        add(job.created_at.at(), Step::Created);
    }
    let mut ends = super::told(evidence).into_iter().chain(evidence.of_api());
    if let Some((at, status)) = ends.find_map(end) {
        add(Some(at), Step::Ended(status));
    }
    for one in &evidence.deliveries {
        let came = Step::Came {
            delivery: one.id.clone(),
            status: one.reading.job().and_then(|job| job.status.clone()),
            is_synthesised: one.is_synthesised,
        };
        add(Some(one.received_at), came);
        for attempt in &one.attempts {
            let handed = Step::HandedOver {
                delivery: one.id.clone(),
                outcome: attempt.outcome,
                took: attempt.took,
            };
            add(Some(attempt.began_at), handed);
        }
    }
    for one in &evidence.deliveries {
        let withheld = one.withheld.clone();
        let step = withheld.map(|(at, why)| {
            let delivery = one.id.clone();
            (at, Step::Withheld { delivery, why })
        });
        if let Some((at, step)) = step {
            add(Some(at), step);
        }
    }
    if let Some(api) = &evidence.api {
        let status = evidence.of_api().and_then(|job| job.status.clone());
        add(Some(api.asked_at), Step::Asked(status));
    }
    // Stable: of two that happened in the same moment the cause stays first.
    moments.sort_by_key(|moment| moment.at);
    moments
}

fn end(job: &Job) -> Option<(Timestamp, Status)> {
    let status = job.status.clone().filter(Status::is_terminal)?;
    Some((job.completed_at.at()?, status))
}
