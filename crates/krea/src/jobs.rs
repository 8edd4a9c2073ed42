//! One row for each job: what its deliveries, the app's answers and the API together say.
//!
//! Pure: the same evidence gives the same row, in whatever order it was gathered, so a row may be
//! made again whenever something new is known.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::annotate::annotate;
use crate::ask::ApiAnswer;
use crate::job::{Job, JobId, Kind};
use crate::limits::{CLOCK_SKEW, DELIVERY_LATE, HANDLER_SLOW, HANDLER_VERY_SLOW, MAX_NOTES};
use crate::note::Note;
use crate::status::Status;

mod compare;
mod evidence;
mod flag;
#[cfg(test)]
mod tests;
mod timeline;

pub use compare::{Difference, Verdict};
pub use evidence::{Attempt, Delivery, Evidence, KnownJob, Outcome};
pub use flag::Flag;
pub use timeline::{Moment, Step, timeline};

/// One row of the job view.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Which job.
    pub id: JobId,
    /// What kind of job it is.
    pub kind: Option<Kind>,
    /// Its model.
    pub model: Option<String>,
    /// What was asked for, in words.
    pub prompt: Option<String>,
    /// The state that counts: an end outlives whatever comes late.
    pub status: Option<Status>,
    /// When it was created, or at least started here.
    pub created_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// From its creation to its end.
    pub took: Option<Duration>,
    /// From its end to the first webhook about it; none below the clocks' difference.
    pub delay: Option<Duration>,
    /// How many webhooks came, those kreel made not counted.
    pub deliveries: usize,
    /// How many kreel made itself.
    pub synthesised: usize,
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
    let best = evidence.job();
    let known = evidence.known.as_ref();
    let notes = notes(evidence, now, overdue);
    let mut flags: Vec<Flag> = notes.iter().filter_map(Flag::of).collect();
    flags.sort_unstable();
    flags.dedup();
    let status = best.and_then(|job| job.status.clone());
    JobRow {
        id: evidence.id.clone(),
        kind: known.and_then(|known| known.kind).or_else(|| best?.kind()),
        model: known.and_then(|known| known.model.clone()),
        prompt: known.and_then(KnownJob::prompt),
        created_at: best
            .and_then(|job| job.created_at.at())
            .or(known.map(|known| known.started_at)),
        completed_at: best.and_then(|job| job.completed_at.at()),
        took: best.and_then(|job| duration(job.completed_at.since(&job.created_at)?)),
        delay: first_delay(evidence),
        deliveries: evidence
            .deliveries
            .iter()
            .filter(|one| !one.is_synthesised)
            .count(),
        synthesised: evidence
            .deliveries
            .iter()
            .filter(|one| one.is_synthesised)
            .count(),
        answers: attempts(evidence).map(|attempt| attempt.outcome).collect(),
        results: best.map_or(0, |job| {
            job.results.count + usize::from(job.style_id.is_some())
        }),
        is_free: status.as_ref().is_some_and(Status::is_free),
        status,
        flags,
        notes,
        verdict: verdict(evidence),
    }
}

/// Whether the API tells the same as the webhook that counts. One whose body is gone can't be
/// compared.
fn verdict(evidence: &Evidence) -> Option<Verdict> {
    let here = evidence.deliveries.iter().filter(|one| !one.is_forgotten);
    compare::verdict(that_counts(here), evidence.api.as_ref())
}

/// Whether the API tells the same as this webhook; nothing if its answer is no job.
pub fn verdict_of(delivered: &Job, api: &ApiAnswer) -> Option<Verdict> {
    compare::verdict(Some(delivered), Some(api))
}

/// What the deliveries say.
fn told(evidence: &Evidence) -> Option<&Job> {
    that_counts(evidence.deliveries.iter())
}

/// The first end, or else the last of what came before it. What kreel made itself says nothing, and
/// what was withheld as untrue only where nothing else came.
fn that_counts<'a>(
    deliveries: impl DoubleEndedIterator<Item = &'a Delivery> + Clone,
) -> Option<&'a Job> {
    let came = deliveries.filter(|one| !one.is_synthesised);
    let let_in = came.clone().filter(|one| one.withheld.is_none());
    first_end(let_in).or_else(|| first_end(came))
}

fn first_end<'a>(
    deliveries: impl DoubleEndedIterator<Item = &'a Delivery> + Clone,
) -> Option<&'a Job> {
    let mut jobs = deliveries.filter_map(|one| one.reading.job());
    let end = jobs.clone().find(|job| is_end(job));
    end.or_else(|| jobs.next_back())
}

fn notes(evidence: &Evidence, now: Timestamp, overdue: Duration) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add = |note: Note| {
        if notes.len() < MAX_NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    };
    for delivery in evidence.deliveries.iter().filter(|one| !one.is_forgotten) {
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
        let end = delivery.end();
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
pub(crate) fn is_missed(evidence: &Evidence, now: Timestamp, overdue: Duration) -> bool {
    let (Some(api), Some(job)) = (&evidence.api, evidence.of_api()) else {
        return false;
    };
    // A clock that is ahead must not keep it from ever being missed.
    let ended_at = job
        .completed_at
        .at()
        .unwrap_or(api.asked_at)
        .min(api.asked_at);
    let is_old = duration(now.duration_since(ended_at)).is_some_and(|age| age >= overdue);
    is_end(job) && is_old && !evidence.has_come() && !evidence.is_elsewhere
}

/// From the job's end to the first webhook that says so. What the clocks' difference can explain
/// is none at all.
fn first_delay(evidence: &Evidence) -> Option<Duration> {
    let first = evidence
        .deliveries
        .iter()
        .find(|one| one.end().is_some() && !one.is_synthesised)?;
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

fn is_end(job: &Job) -> bool {
    job.status.as_ref().is_some_and(Status::is_terminal)
}

/// A length of time that is not negative.
fn duration(signed: jiff::SignedDuration) -> Option<Duration> {
    Duration::try_from(signed).ok()
}
