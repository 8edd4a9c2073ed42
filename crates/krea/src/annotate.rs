//! Notes on one body, from the body alone. What needs more than it (other deliveries, the app's
//! answers, the API) is noted in [`crate::jobs`].

use crate::job::{ErrorPlace, Instant, Job, JobError, Reading, Shape};
use crate::note::Note;
use crate::status::Status;

#[cfg(test)]
mod tests;

/// What is worth saying about a body.
pub fn annotate(reading: &Reading) -> Vec<Note> {
    match reading {
        Reading::Job(job) => of_job(job),
        Reading::NotAnObject => vec![Note::NotAnObject],
        Reading::Foreign(field) => vec![Note::ForeignShape(field), Note::MissingJobId],
        Reading::NotJson(why) => vec![Note::NotJson(why.clone())],
        Reading::Empty => vec![Note::EmptyBody],
        Reading::TooLarge(bytes) => vec![Note::TooLarge(*bytes)],
    }
}

fn of_job(job: &Job) -> Vec<Note> {
    let mut notes = Vec::new();
    notes.extend(identity(job));
    notes.extend(state(job));
    notes.extend(outcome(job));
    notes.extend(reason(job));
    notes.extend(shape(job));
    notes.extend(times(job));
    if !job.unreadable.is_empty() {
        notes.push(Note::FieldsUnreadable(job.unreadable.clone()));
    }
    if !job.extra.is_empty() {
        notes.push(Note::ExtraFields(job.extra.clone()));
    }
    notes
}

fn identity(job: &Job) -> Option<Note> {
    match &job.id {
        None => Some(Note::MissingJobId),
        Some(id) if !id.is_uuid() => Some(Note::JobIdNotUuid),
        Some(_) => None,
    }
}

fn state(job: &Job) -> Vec<Note> {
    match &job.status {
        None => vec![Note::MissingStatus],
        Some(Status::Unknown(name)) => vec![Note::UnknownStatus(name.clone())],
        Some(status) if !status.is_terminal() => vec![Note::NonTerminalDelivery(status.clone())],
        Some(_) => Vec::new(),
    }
}

fn outcome(job: &Job) -> Option<Note> {
    match job.status {
        Some(Status::Completed) if job.has_result() => None,
        // Results in a shape nobody knows are no proof that there are none.
        Some(Status::Completed) if job.results.shape == Shape::Strange => None,
        Some(Status::Completed) if hides(job, "style_id") || hides(job, "id") => None,
        Some(Status::Completed) => Some(Note::CompletedWithoutResult),
        // Nor is a reason that can't be read.
        Some(Status::Failed) if hides(job, "error") => None,
        Some(Status::Failed) if job.error.is_none() => Some(Note::FailedWithoutReason),
        _ => None,
    }
}

/// Whether a field may be there and could not be read.
fn hides(job: &Job, name: &str) -> bool {
    let mut unreadable = job.unreadable.iter();
    unreadable
        .any(|path| path == name || path == "result" || path.strip_prefix("result.") == Some(name))
}

fn reason(job: &Job) -> Vec<Note> {
    let both = [&job.error, &job.other_error].into_iter().flatten();
    let note = |error: &JobError| match error.place {
        ErrorPlace::Top => Note::ErrorTopLevel,
        ErrorPlace::Result => Note::ErrorInResult,
    };
    both.map(note).collect()
}

fn shape(job: &Job) -> Vec<Note> {
    let shape = match job.results.shape {
        Shape::Typed => Some(Note::UrlsTyped),
        Shape::Map => Some(Note::UrlsMap),
        Shape::Legacy(place) => Some(Note::UrlsLegacyLocation(place)),
        Shape::Strange => Some(Note::UrlsUnreadable),
        Shape::None | Shape::Empty | Shape::List => None,
    };
    let style = job.style_id.is_some().then_some(Note::StyleIdPresent);
    let abroad = job.results.files.iter().find(|file| !file.is_kreas());
    let host = abroad.map(|file| {
        let host = file
            .host()
            .unwrap_or_else(|| "an address without a host".to_owned());
        Note::ResultHostNotKrea(host)
    });
    [shape, style, host].into_iter().flatten().collect()
}

fn times(job: &Job) -> Vec<Note> {
    let ended = job.status.as_ref().is_some_and(Status::is_terminal);
    let missing = matches!(job.completed_at, Instant::Absent | Instant::Null);
    let unreadable = |time: &Instant, field| {
        matches!(time, Instant::Unreadable(_)).then_some(Note::TimeUnreadable(field))
    };
    let backwards = job
        .completed_at
        .since(&job.created_at)
        .is_some_and(|took| took.is_negative());
    [
        (ended && missing).then_some(Note::CompletedAtMissing),
        unreadable(&job.created_at, "created_at"),
        unreadable(&job.completed_at, "completed_at"),
        backwards.then_some(Note::CompletedAtBeforeCreatedAt),
    ]
    .into_iter()
    .flatten()
    .collect()
}
