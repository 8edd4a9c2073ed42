//! What is worth saying about a delivery or a job: each note has a stable code for scripts, a
//! sentence for people, and a weight. Where a threshold is ours and not Krea's, it says so.

use std::fmt;
use std::time::Duration;

use crate::status::Status;

/// Something worth saying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The body is empty.
    EmptyBody,
    /// The body is no JSON; the parser's words.
    NotJson(String),
    /// The body is JSON, and no object.
    NotAnObject,
    /// The body is larger than any job; its size.
    TooLarge(usize),
    /// The body has no id of a job.
    MissingJobId,
    /// The id is no UUID.
    JobIdNotUuid,
    /// Nobody here has started this job.
    UnknownJob,
    /// The body is another service's, as this field tells.
    ForeignShape(&'static str),
    /// The body has no status.
    MissingStatus,
    /// The status is in no schema.
    UnknownStatus(String),
    /// The job had not ended when this was sent.
    NonTerminalDelivery(Status),
    /// The job is completed, and there is nothing.
    CompletedWithoutResult,
    /// The job failed, and nobody says why.
    FailedWithoutReason,
    /// The reason stands in `result.error`.
    ErrorInResult,
    /// The reason stands in `error`.
    ErrorTopLevel,
    /// The addresses are objects with types.
    UrlsTyped,
    /// The addresses are under the names of outputs.
    UrlsMap,
    /// The addresses are where older answers had them.
    UrlsLegacyLocation(&'static str),
    /// The addresses are in no shape that is known.
    UrlsUnreadable,
    /// A style was trained.
    StyleIdPresent,
    /// A job that has ended does not say when.
    CompletedAtMissing,
    /// A time is not written as a time; the field.
    TimeUnreadable(&'static str),
    /// The job ended before it began.
    CompletedAtBeforeCreatedAt,
    /// The same was delivered before.
    DuplicateDelivery,
    /// Another end of the same job was delivered before.
    ConflictingDelivery {
        /// The status delivered first.
        before: Status,
        /// The status delivered now.
        now: Status,
    },
    /// It came long after the job's end.
    LateDelivery(Duration),
    /// A result is on another host, or not over https; the host.
    ResultHostNotKrea(String),
    /// There are fields nobody knows; their names.
    ExtraFields(Vec<String>),
    /// There are fields that can't be read; their names.
    FieldsUnreadable(Vec<String>),
    /// The app did not answer 2xx; its status.
    HandlerNon2xx(u16),
    /// The app could not be reached or did not answer.
    HandlerFailed,
    /// The app took this long.
    HandlerSlow(Duration),
    /// The app took so long that many senders would have given up.
    HandlerVerySlow(Duration),
    /// The job has ended, as the API says, and no webhook came.
    MissedWebhook,
}

/// How much a note weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Good to know.
    Fact,
    /// Legal, and what handlers stumble over.
    Caution,
    /// Something is wrong.
    Fault,
}

use Weight::{Caution, Fact, Fault};

impl Note {
    /// Its name for scripts, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyBody => "empty-body",
            Self::NotJson(_) => "not-json",
            Self::NotAnObject => "not-an-object",
            Self::TooLarge(_) => "too-large",
            Self::MissingJobId => "missing-job_id",
            Self::JobIdNotUuid => "job_id-not-uuid",
            Self::UnknownJob => "unknown-job",
            Self::ForeignShape(_) => "foreign-shape",
            Self::MissingStatus => "missing-status",
            Self::UnknownStatus(_) => "unknown-status",
            Self::NonTerminalDelivery(_) => "non-terminal-delivery",
            Self::CompletedWithoutResult => "completed-without-result",
            Self::FailedWithoutReason => "failed-without-reason",
            Self::ErrorInResult => "error-in-result",
            Self::ErrorTopLevel => "error-top-level",
            Self::UrlsTyped => "urls-typed",
            Self::UrlsMap => "urls-map",
            Self::UrlsLegacyLocation(_) => "urls-legacy-location",
            Self::UrlsUnreadable => "urls-unreadable",
            Self::StyleIdPresent => "style_id-present",
            Self::CompletedAtMissing => "completed_at-missing",
            Self::TimeUnreadable(_) => "time-unreadable",
            Self::CompletedAtBeforeCreatedAt => "completed_at-before-created_at",
            Self::DuplicateDelivery => "duplicate-delivery",
            Self::ConflictingDelivery { .. } => "conflicting-delivery",
            Self::LateDelivery(_) => "late-delivery",
            Self::ResultHostNotKrea(_) => "result-host-not-krea",
            Self::ExtraFields(_) => "extra-fields",
            Self::FieldsUnreadable(_) => "fields-unreadable",
            Self::HandlerNon2xx(_) => "handler-non-2xx",
            Self::HandlerFailed => "handler-failed",
            Self::HandlerSlow(_) => "handler-slow",
            Self::HandlerVerySlow(_) => "handler-very-slow",
            Self::MissedWebhook => "missed-webhook",
        }
    }

    /// How much it weighs.
    pub fn weight(&self) -> Weight {
        match self {
            Self::ErrorTopLevel | Self::StyleIdPresent | Self::ExtraFields(_) => Fact,
            Self::ErrorInResult
            | Self::UrlsTyped
            | Self::UrlsMap
            | Self::UrlsLegacyLocation(_)
            | Self::JobIdNotUuid
            | Self::UnknownJob
            | Self::UnknownStatus(_)
            | Self::NonTerminalDelivery(_)
            | Self::FailedWithoutReason
            | Self::CompletedAtMissing
            | Self::DuplicateDelivery
            | Self::LateDelivery(_)
            | Self::FieldsUnreadable(_)
            | Self::ResultHostNotKrea(_)
            | Self::HandlerSlow(_) => Caution,
            _ => Fault,
        }
    }
}

/// The sentence. Texts of the sender's are in it as they came: make it inert before it is shown.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyBody => f.write_str("The body is empty; Krea posts the job as JSON."),
            Self::NotJson(why) => write!(f, "The body is not JSON: {why}."),
            Self::NotAnObject => f.write_str("The body is JSON, but not an object as jobs are."),
            Self::TooLarge(bytes) => write!(f, "The body has {bytes} bytes, far more than a job; it was not read."),
            Self::MissingJobId => f.write_str("There is no job_id: nothing tells which job this is about."),
            Self::JobIdNotUuid => f.write_str("The job_id is not a UUID; receivers that type it as one refuse this."),
            Self::UnknownJob => f.write_str(
                "This job was not started through kreel, so nothing vouches for it: Krea signs nothing.",
            ),
            Self::ForeignShape(field) => write!(
                f,
                "This looks like another service's webhook: it has {field} and no job_id."
            ),
            Self::MissingStatus => f.write_str("There is no status: nothing tells how the job ended."),
            Self::UnknownStatus(status) if status == "canceled" => {
                f.write_str("The status is spelt \"canceled\"; Krea's has two l's.")
            }
            Self::UnknownStatus(status) => write!(
                f,
                "The status {status:?} is in no schema known here; take it for one that is not the end."
            ),
            Self::NonTerminalDelivery(status) => write!(
                f,
                "The job is {status} and has not ended; the webhooks guide promises the end only."
            ),
            Self::CompletedWithoutResult => f.write_str(
                "The job is completed but made nothing (a shadow-fail): usually a silent content \
                 refusal. Do not take it for a success.",
            ),
            Self::FailedWithoutReason => f.write_str(
                "The job failed and nothing says why; handlers that read the error find none.",
            ),
            Self::ErrorInResult => f.write_str(
                "The reason stands in result.error, as in Krea's guide; its schema has it in error.",
            ),
            Self::ErrorTopLevel => f.write_str("The reason stands in error, as in Krea's schema."),
            Self::UrlsTyped => f.write_str(
                "result.urls is a list of objects with type and url (a 3D job), not of texts.",
            ),
            Self::UrlsMap => f.write_str(
                "result.urls is an object with the names of outputs (a node app): urls[0] is undefined.",
            ),
            Self::UrlsLegacyLocation(place) => write!(
                f,
                "The result is in an older place ({place}), where result.urls does not find it."
            ),
            Self::UrlsUnreadable => f.write_str("result.urls is in no shape that is known here."),
            Self::StyleIdPresent => f.write_str("A style was trained: result.style_id has it, and there are no urls."),
            Self::CompletedAtMissing => f.write_str(
                "The job has ended and completed_at is absent or null; strict models refuse that.",
            ),
            Self::TimeUnreadable(field) => write!(f, "{field} is not a time as RFC 3339 writes it."),
            Self::CompletedAtBeforeCreatedAt => f.write_str("completed_at is before created_at."),
            Self::DuplicateDelivery => f.write_str(
                "The same was delivered before; Krea says this happens, so handlers must cope.",
            ),
            Self::ConflictingDelivery { before, now } => write!(
                f,
                "This job was delivered as {before} before and is {now} now; ask the API which is true."
            ),
            Self::LateDelivery(late) => write!(
                f,
                "It came {} after the job had ended (over 60 s is late here; Krea gives no number).",
                Rough(*late)
            ),
            Self::ResultHostNotKrea(host) => write!(
                f,
                "A result is at {host}, not on a host of krea.ai over https; think before you fetch it."
            ),
            Self::ExtraFields(names) => write!(f, "Fields that are in no schema known here: {}.", names.join(", ")),
            Self::FieldsUnreadable(names) => write!(
                f,
                "Fields that are there and can't be read here, nested deeper than any job or broken \
                 inside: {}. Your app gets them as they came.",
                names.join(", ")
            ),
            Self::HandlerNon2xx(status) => write!(
                f,
                "Your app answered {status}; Krea documents no retries, so this may be all there was."
            ),
            Self::HandlerFailed => f.write_str("Your app could not be reached, or gave no answer."),
            Self::HandlerSlow(took) => write!(
                f,
                "Your app took {} (over 5 s is slow here; Krea wants a quick 2xx and names no limit).",
                Rough(*took)
            ),
            Self::HandlerVerySlow(took) => write!(
                f,
                "Your app took {}: many senders give up after 10 s. Answer first, work afterwards.",
                Rough(*took)
            ),
            Self::MissedWebhook => f.write_str("The API says the job has ended, and no webhook came."),
        }
    }
}

/// A length of time as people say it.
struct Rough(Duration);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0..120 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            120..7200 => write!(f, "{} min", self.0.as_secs() / 60),
            hours => write!(f, "{} h", hours / 3600),
        }
    }
}

/// One of each kind, for tests.
#[cfg(test)]
pub(crate) fn all() -> Vec<Note> {
    vec![
        Note::EmptyBody,
        Note::NotJson("expected value at line 1 column 1".to_owned()),
        Note::NotAnObject,
        Note::TooLarge(2_000_000),
        Note::MissingJobId,
        Note::JobIdNotUuid,
        Note::UnknownJob,
        Note::ForeignShape("task_id"),
        Note::MissingStatus,
        Note::UnknownStatus("rendering".to_owned()),
        Note::NonTerminalDelivery(Status::Queued),
        Note::CompletedWithoutResult,
        Note::FailedWithoutReason,
        Note::ErrorInResult,
        Note::ErrorTopLevel,
        Note::UrlsTyped,
        Note::UrlsMap,
        Note::UrlsLegacyLocation("video_url"),
        Note::UrlsUnreadable,
        Note::StyleIdPresent,
        Note::CompletedAtMissing,
        Note::TimeUnreadable("created_at"),
        Note::CompletedAtBeforeCreatedAt,
        Note::DuplicateDelivery,
        Note::ConflictingDelivery {
            before: Status::Completed,
            now: Status::Failed,
        },
        Note::LateDelivery(Duration::from_secs(3600)),
        Note::ResultHostNotKrea("files.example".to_owned()),
        Note::ExtraFields(vec!["progress".to_owned()]),
        Note::FieldsUnreadable(vec!["result.urls".to_owned()]),
        Note::HandlerNon2xx(500),
        Note::HandlerFailed,
        Note::HandlerSlow(Duration::from_secs(6)),
        Note::HandlerVerySlow(Duration::from_secs(11)),
        Note::MissedWebhook,
    ]
}
