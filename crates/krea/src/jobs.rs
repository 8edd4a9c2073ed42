//! One row for each job: what its deliveries, the app's answers and the API together say.
//!
//! Pure: the same evidence gives the same row, in whatever order it was gathered, so a row may be
//! made again whenever something new is known.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::annotate::annotate;
use crate::job::{Job, Kind, Reading};
use crate::limits::{CLOCK_SKEW, DELIVERY_LATE, HANDLER_SLOW, HANDLER_VERY_SLOW, MAX_NOTES};
use crate::note::Note;
use crate::status::Status;

mod compare;
mod evidence;
mod flag;
#[cfg(test)]
mod tests;

pub use compare::{Difference, Verdict};
pub use evidence::{ApiAnswer, Attempt, Delivery, Evidence, KnownJob, Outcome};
pub use flag::Flag;

/// One row of the job view.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// What kind of job it is.
    pub kind: Option<Kind>,
    /// Its model.
    pub model: Option<String>,
    /// The state that counts: an end outlives whatever comes late.
    pub status: Option<Status>,
    /// From its creation to its end.
    pub took: Option<Duration>,
    /// From its end to the first webhook about it; none below the clocks' difference.
    pub delay: Option<Duration>,
    /// How many webhooks came, those kreel made not counted.
    pub deliveries: usize,
    /// The app's answers, in order.
    pub answers: Vec<Outcome>,
    /// How many results it has.
    pub results: usize,
    /// Whether it costs nothing, as failed and cancelled jobs do.
    pub is_free: bool,
    /// What stands out, each once, in a fixed order.
    pub flags: Vec<Flag>,
    /// Everything worth saying, without repeats.
    pub notes: Vec<Note>,
    /// Whether the API tells the same, if it was asked.
    pub verdict: Option<Verdict>,
}

/// The row of one job. `overdue` is how long after a job's end its webhook is missed.
pub fn row(evidence: &Evidence, now: Timestamp, overdue: Duration) -> JobRow {
    let told = told(evidence);
    let of_api = evidence
        .api
        .as_ref()
        .and_then(|api| api.reading.as_ref()?.job());
    let best = told.or(of_api);
    let known = evidence.known.as_ref();
    let notes = notes(evidence, now, overdue);
    let mut flags: Vec<Flag> = notes.iter().filter_map(Flag::of).collect();
    flags.sort_unstable();
    flags.dedup();
    let status = best.and_then(|job| job.status.clone());
    JobRow {
        kind: known.and_then(|known| known.kind).or_else(|| best?.kind()),
        model: known.and_then(|known| known.model.clone()),
        took: best.and_then(|job| duration(job.completed_at.since(&job.created_at)?)),
        delay: first_delay(evidence),
        deliveries: evidence
            .deliveries
            .iter()
            .filter(|one| !one.is_synthesised)
            .count(),
        answers: attempts(evidence).map(|attempt| attempt.outcome).collect(),
        results: best.map_or(0, |job| {
            job.results.count + usize::from(job.style_id.is_some())
        }),
        is_free: status.as_ref().is_some_and(Status::is_free),
        status,
        flags,
        notes,
        verdict: compare::verdict(told, evidence.api.as_ref()),
    }
}

/// What the deliveries say: the first end, or else the last of what came before it.
fn told(evidence: &Evidence) -> Option<&Job> {
    let jobs = || {
        evidence
            .deliveries
            .iter()
            .filter_map(|one| one.reading.job())
    };
    jobs()
        .find(|job| is_end(job))
        .or_else(|| jobs().next_back())
}

fn notes(evidence: &Evidence, now: Timestamp, overdue: Duration) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add = |note: Note| {
        if notes.len() < MAX_NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    };
    for delivery in &evidence.deliveries {
        annotate(&delivery.reading).into_iter().for_each(&mut add);
    }
    if !evidence.deliveries.is_empty() && evidence.knows_jobs && evidence.known.is_none() {
        add(Note::UnknownJob);
    }
    repeats(&evidence.deliveries).into_iter().for_each(&mut add);
    if let Some(late) = first_delay(evidence).filter(|delay| *delay > DELIVERY_LATE) {
        add(Note::LateDelivery(late));
    }
    of_attempts(evidence).into_iter().for_each(&mut add);
    if is_missed(evidence, now, overdue) {
        add(Note::MissedWebhook);
    }
    notes
}

/// The same body or the same end again is a duplicate; another end is a conflict.
fn repeats(deliveries: &[Delivery]) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut digests = HashSet::new();
    let mut first_end: Option<&Status> = None;
    for delivery in deliveries.iter().filter(|one| !one.is_synthesised) {
        let end = end_of(delivery);
        let is_same_body = !digests.insert(delivery.digest);
        match (first_end, end) {
            (Some(before), Some(now)) if before != now => notes.push(Note::ConflictingDelivery {
                before: before.clone(),
                now: now.clone(),
            }),
            (Some(_), Some(_)) => notes.push(Note::DuplicateDelivery),
            _ if is_same_body => notes.push(Note::DuplicateDelivery),
            _ => {}
        }
        first_end = first_end.or(end);
    }
    notes
}

/// What is worth saying about the app's answers; of slow ones, the slowest.
fn of_attempts(evidence: &Evidence) -> Vec<Note> {
    let answers = attempts(evidence).filter_map(|attempt| match attempt.outcome {
        Outcome::Answered(200..=299) => None,
        Outcome::Answered(status) => Some(Note::HandlerNon2xx(status)),
        Outcome::Failed => Some(Note::HandlerFailed),
    });
    let slowest = attempts(evidence).map(|attempt| attempt.took).max();
    let slow = slowest.and_then(|took| match took {
        took if took > HANDLER_VERY_SLOW => Some(Note::HandlerVerySlow(took)),
        took if took > HANDLER_SLOW => Some(Note::HandlerSlow(took)),
        _ => None,
    });
    answers.chain(slow).collect()
}

/// Whether the API has said long ago that the job has ended, and no webhook says so.
fn is_missed(evidence: &Evidence, now: Timestamp, overdue: Duration) -> bool {
    let Some(api) = &evidence.api else {
        return false;
    };
    let Some(job) = api.reading.as_ref().and_then(Reading::job) else {
        return false;
    };
    let ended_at = job.completed_at.at().unwrap_or(api.asked_at);
    let is_old = duration(now.duration_since(ended_at)).is_some_and(|age| age >= overdue);
    let came = evidence
        .deliveries
        .iter()
        .any(|one| end_of(one).is_some() && !one.is_synthesised);
    is_end(job) && is_old && !came
}

/// From the job's end to the first webhook that says so. What the clocks' difference can explain
/// is none at all.
fn first_delay(evidence: &Evidence) -> Option<Duration> {
    let first = evidence
        .deliveries
        .iter()
        .find(|one| end_of(one).is_some() && !one.is_synthesised)?;
    let ended_at = first.reading.job()?.completed_at.at()?;
    let delay = first.received_at.duration_since(ended_at);
    match duration(delay) {
        Some(delay) => Some(delay),
        None if delay.unsigned_abs() <= CLOCK_SKEW => Some(Duration::ZERO),
        None => None,
    }
}

fn attempts(evidence: &Evidence) -> impl Iterator<Item = &Attempt> {
    evidence.deliveries.iter().flat_map(|one| &one.attempts)
}

fn end_of(delivery: &Delivery) -> Option<&Status> {
    let job = delivery.reading.job()?;
    job.status.as_ref().filter(|status| status.is_terminal())
}

fn is_end(job: &Job) -> bool {
    job.status.as_ref().is_some_and(Status::is_terminal)
}

/// A length of time that is not negative.
fn duration(signed: jiff::SignedDuration) -> Option<Duration> {
    Duration::try_from(signed).ok()
}
