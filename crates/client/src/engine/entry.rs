//! A delivery that is not finished, and what is told of it.

use std::sync::Arc;

use kreel_wire::ExchangeId;

use super::{Effect, Run};
use crate::{AnsweredBy, Attempt, AttemptEnd, Summary, Timings, Update};

/// A delivery that is not finished.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) summary: Arc<Summary>,
    /// On the present link, if the relay has spoken of it there.
    pub(super) exchange: Option<ExchangeId>,
    /// A sender waits for the app's answer.
    pub(super) is_wanted: bool,
    /// Its whole body is here.
    pub(super) is_complete: bool,
    pub(super) stage: Stage,
    pub(super) attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Running(Run),
}

pub(super) fn attempt_ended(entry: &Entry, end: AttemptEnd, timings: Timings) -> Effect {
    Effect::Update(Update::Attempt(Attempt {
        delivery: entry.summary.clone(),
        attempt: entry.attempts.max(1),
        end,
        timings,
        replay: false,
    }))
}

pub(super) fn answered(entry: &Entry, status: Option<u16>, by: AnsweredBy) -> Effect {
    Effect::Update(Update::Answered {
        delivery: entry.summary.clone(),
        status,
        by,
    })
}
