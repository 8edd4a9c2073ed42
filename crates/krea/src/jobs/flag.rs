//! What stands out about a job: the few notes that a list has room for.

use crate::note::Note;

/// What stands out about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// The same came more than once.
    Duplicate,
    /// Two different ends came.
    Conflict,
    /// It came long after the job's end.
    Late,
    /// Something came before the job's end.
    Early,
    /// Nobody here has started it.
    UnknownJob,
    /// It is completed and has no result.
    ShadowFail,
    /// The app took over 5 s, and 10 s at the most.
    HandlerSlow,
    /// The app took over 10 s.
    HandlerVerySlow,
    /// It has ended, and nothing came.
    Missed,
}

impl Flag {
    /// The words on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "DUPLICATE",
            Self::Conflict => "CONFLICT",
            Self::Late => "LATE",
            Self::Early => "EARLY",
            Self::UnknownJob => "UNKNOWN JOB",
            Self::ShadowFail => "SHADOW-FAIL",
            Self::HandlerSlow => "HANDLER SLOW",
            Self::HandlerVerySlow => "HANDLER VERY SLOW",
            Self::Missed => "MISSED",
        }
    }

    /// Its name for scripts, which does not change.
    pub fn code(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Late => "late",
            Self::Early => "early",
            Self::UnknownJob => "unknown-job",
            Self::ShadowFail => "shadow-fail",
            Self::HandlerSlow => "handler-slow",
            Self::HandlerVerySlow => "handler-very-slow",
            Self::Missed => "missed",
        }
    }

    /// The flag that goes with a note, if one does.
    pub(super) fn of(note: &Note) -> Option<Self> {
        Some(match note {
            Note::DuplicateDelivery => Self::Duplicate,
            Note::ConflictingDelivery { .. } => Self::Conflict,
            Note::LateDelivery(_) => Self::Late,
            Note::NonTerminalDelivery(_) => Self::Early,
            // A misspelt end is an end, whatever else is wrong with it.
            Note::UnknownStatus(status) if status == "canceled" => return None,
            Note::UnknownStatus(_) => Self::Early,
            Note::UnknownJob => Self::UnknownJob,
            Note::CompletedWithoutResult => Self::ShadowFail,
            Note::HandlerSlow(_) => Self::HandlerSlow,
            Note::HandlerVerySlow(_) => Self::HandlerVerySlow,
            Note::MissedWebhook => Self::Missed,
            _ => return None,
        })
    }
}
