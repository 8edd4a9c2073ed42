//! Whether a webhook tells what the API tells: the only proof there is, since nothing is signed.

use crate::ask::ApiAnswer;
use crate::job::Job;
use crate::status::Status;

/// What asking the API has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It tells the same.
    Matches,
    /// It tells something else, in these fields.
    Differs(Vec<Difference>),
    /// It knows no such job, or not for this token.
    Unknown,
    /// It speaks of an earlier state than the webhook, or the webhook of an earlier one than it: they
    /// can't be compared, and asking again may help.
    NotYet,
}

impl Verdict {
    /// The words on screen.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Matches => "matches API",
            Self::Differs(_) => "differs",
            Self::Unknown => "unknown to API",
            Self::NotYet => "not yet",
        }
    }

    /// Its name for scripts, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Matches => "matches",
            Self::Differs(_) => "differs",
            Self::Unknown => "unknown",
            Self::NotYet => "not-yet",
        }
    }
}

/// A field in which webhook and API differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: &'static str,
    /// What the webhook says.
    pub delivered: String,
    /// What the API says.
    pub asked: String,
}

/// Compares what was delivered with what was asked for; nothing if either is missing.
pub(super) fn verdict(delivered: Option<&Job>, api: Option<&ApiAnswer>) -> Option<Verdict> {
    let (delivered, api) = (delivered?, api?);
    let Some(asked) = api.reading.as_ref() else {
        return Some(Verdict::Unknown);
    };
    let asked = asked.job()?;
    // What never changes is compared in any state.
    let (is_over, was_over) = (is_end(asked), is_end(delivered));
    let same_state = delivered.status == asked.status;
    let mut differences = differences(delivered, asked);
    let both_over = is_over && was_over;
    if !(same_state || both_over) {
        differences.retain(|one| matches!(one.field, "job_id" | "created_at"));
        if differences.is_empty() {
            return Some(Verdict::NotYet);
        }
    }
    Some(match differences.is_empty() {
        true => Verdict::Matches,
        false => Verdict::Differs(differences),
    })
}

fn is_end(job: &Job) -> bool {
    job.status.as_ref().is_some_and(Status::is_terminal)
}

/// Field by field, by meaning: the same time with another offset is the same.
fn differences(delivered: &Job, asked: &Job) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |field, delivered: String, asked: String| {
        if delivered != asked {
            found.push(Difference {
                field,
                delivered,
                asked,
            });
        }
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let id = |job: &Job| job.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let status = |job: &Job| {
        job.status
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let time = |at: &crate::job::Instant| at.at().map(|at| at.to_string()).unwrap_or_default();
    let urls = |job: &Job| {
        let urls: Vec<&str> = job
            .results
            .files
            .iter()
            .map(|file| file.url.as_str())
            .collect();
        urls.join("\n")
    };
    let error = |job: &Job| {
        let error = job.error.as_ref();
        error
            .map(|error| error.words().to_owned())
            .unwrap_or_default()
    };
    compare("job_id", id(delivered), id(asked));
    compare("status", status(delivered), status(asked));
    compare(
        "created_at",
        time(&delivered.created_at),
        time(&asked.created_at),
    );
    compare(
        "completed_at",
        time(&delivered.completed_at),
        time(&asked.completed_at),
    );
    compare("result.urls", urls(delivered), urls(asked));
    compare(
        "result.style_id",
        text(&delivered.style_id),
        text(&asked.style_id),
    );
    compare("error", error(delivered), error(asked));
    found
}
