//! A delivery that is not finished, and what is told of it.

use std::sync::Arc;

use kreel_wire::{ExchangeId, Seq};
use tokio::time::Instant;

use super::gate::Gate;
use super::{Effect, Run};
use crate::history::Waiting;
use crate::{AnsweredBy, Attempt, AttemptEnd, Summary, Timings, Update};

/// A delivery that is not finished.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) summary: Arc<Summary>,
    /// On the present link, if a sender waits there.
    pub(super) exchange: Option<ExchangeId>,
    pub(super) sender: Sender,
    /// Its whole body is here.
    pub(super) is_complete: bool,
    /// It is attempted in its turn, by position, from the history.
    pub(super) is_kept: bool,
    /// The history answers for it.
    pub(super) is_ours: bool,
    pub(super) stage: Stage,
    /// Whether the app may have it.
    pub(super) gate: Gate,
    /// The number of the last attempt.
    pub(super) attempts: u32,
    /// How many there have been, replays aside.
    pub(super) tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    /// The history is told that an attempt begins.
    Beginning(Run),
    Running(Run),
    /// Its last attempt failed; it waits for its turn again from then on.
    Pausing(Instant),
}

/// What the sender of a delivery knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// It waits for the app's answer.
    Waits,
    /// The relay told it, or may have, that the delivery is in safety: it must not get lost.
    Promised,
    /// It was told that the delivery failed, or has left.
    Gone,
}

impl Sender {
    /// The relay answers for the delivery from now on, if nobody has before.
    pub(super) fn is_promised(&mut self) {
        if *self == Self::Waits {
            *self = Self::Promised;
        }
    }

    /// The relay told it this, or that it left; whether it waited.
    pub(super) fn is_told(&mut self, status: Option<u16>) -> bool {
        let waited = *self == Self::Waits;
        if waited {
            *self = match status {
                Some(200..300) => Self::Promised,
                _ => Self::Gone,
            };
        }
        waited
    }
}

impl Entry {
    /// One whose sender waits.
    pub(super) fn live(
        summary: Arc<Summary>,
        exchange: ExchangeId,
        is_complete: bool,
        gate: Gate,
    ) -> Self {
        Self {
            summary,
            exchange: Some(exchange),
            sender: Sender::Waits,
            is_complete,
            is_kept: false,
            is_ours: false,
            stage: Stage::Waiting,
            gate,
            attempts: 0,
            tries: 0,
        }
    }

    /// One that waits in the history.
    pub(super) fn kept(row: &Waiting, gate: Gate) -> Self {
        Self {
            summary: row.summary(),
            exchange: None,
            sender: Sender::Promised,
            is_complete: true,
            is_kept: true,
            is_ours: true,
            stage: Stage::Waiting,
            gate,
            attempts: row.attempts,
            tries: row.attempts.saturating_sub(row.replays),
        }
    }

    /// The attempt that is its next.
    pub(super) fn attempt(&self, run: Run) -> Effect {
        Effect::Attempt {
            id: self.summary.id,
            run,
            attempt: self.attempts,
            withheld: self.gate.refusal().cloned(),
        }
    }

    pub(super) fn seq(&self) -> Seq {
        self.summary.seq
    }
}

pub(super) fn attempt_ended(entry: &Entry, end: AttemptEnd, timings: Timings) -> Effect {
    Effect::Update(Update::Attempt(Attempt {
        delivery: entry.summary.clone(),
        attempt: entry.attempts.max(1),
        end,
        timings,
        replay: false,
        is_edited: false,
    }))
}

pub(super) fn answered(entry: &Entry, status: Option<u16>, by: AnsweredBy) -> Effect {
    Effect::Update(Update::Answered {
        delivery: entry.summary.clone(),
        status,
        by,
    })
}
