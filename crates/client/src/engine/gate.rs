//! The gate: somebody outside decides of each delivery whether the app may have it.
//!
//! A delivery at a closed gate waits and holds nobody up. One that is refused is taken as if there
//! were no app, which its sender is told, and stands as captured with the reason.

use std::sync::Arc;

use kreel_wire::DeliveryId;
use tokio::time::Instant;

use super::{Effect, Engine, Hold, Stage};
use crate::Update;
use crate::limits::{GATE_AGAIN, GATE_AT_ONCE};

/// Whether the app may have a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    /// It may.
    Open,
    /// Nobody has said yet.
    Closed(Word),
    /// It may not, for this reason.
    Refused(Arc<str>),
}

/// What whoever decides has heard of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing: it is not all in the history, so that it can't be judged yet.
    None,
    /// That it can be judged.
    Given,
    /// There was no room to say so; it is said again.
    Due,
}

impl Gate {
    /// Where a delivery stands that comes.
    pub(super) fn of(is_gated: bool) -> Self {
        match is_gated {
            true => Self::Closed(Word::None),
            false => Self::Open,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Why the app may not have it, if somebody said so.
    pub(super) fn refusal(&self) -> Option<&Arc<str>> {
        match self {
            Self::Refused(why) => Some(why),
            Self::Open | Self::Closed(_) => None,
        }
    }
}

impl Engine {
    /// Whether it waits for somebody to decide about it.
    pub(super) fn is_shut_out(&self, id: &DeliveryId) -> bool {
        let entry = self.deliveries.get(id);
        entry.is_some_and(|entry| entry.gate.is_closed())
    }

    /// A body has come to its end: the history is asked to say when it has it.
    pub(super) fn ask_whether_whole(&self, id: &DeliveryId, effects: &mut Vec<Effect>) {
        if self.is_shut_out(id) {
            effects.push(Effect::Whole { id: *id });
        }
    }

    /// The history has all of a delivery: it can be judged now.
    pub(super) fn is_whole(&mut self, id: &DeliveryId, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get_mut(id)
            && entry.gate == Gate::Closed(Word::None)
        {
            entry.gate = Gate::Closed(Word::Given);
            effects.push(Effect::Update(Update::Gated(entry.summary.clone())));
        }
    }

    /// Whoever decides had no room to hear of this one: it is told again a moment later.
    pub(crate) fn was_not_told(&mut self, id: &DeliveryId, now: Instant) {
        if let Some(entry) = self.deliveries.get_mut(id)
            && entry.gate == Gate::Closed(Word::Given)
        {
            entry.gate = Gate::Closed(Word::Due);
            self.gate_at.get_or_insert(now + GATE_AGAIN);
        }
    }

    /// Tells again of those that were not heard, the oldest first and some at a time.
    pub(super) fn tell_gated(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.gate_at.is_none_or(|at| at > now) {
            return;
        }
        let entries = self.deliveries.values();
        let due = entries.filter(|entry| entry.gate == Gate::Closed(Word::Due));
        let mut due: Vec<_> = due.map(|entry| (entry.seq(), entry.summary.id)).collect();
        due.sort_unstable();
        self.gate_at = (due.len() > GATE_AT_ONCE).then(|| now + GATE_AGAIN);
        for (_, id) in due.into_iter().take(GATE_AT_ONCE) {
            if let Some(entry) = self.deliveries.get_mut(&id) {
                entry.gate = Gate::Closed(Word::Given);
                effects.push(Effect::Update(Update::Gated(entry.summary.clone())));
            }
        }
    }

    /// The app may have it.
    pub(super) fn let_in(&mut self, id: &DeliveryId, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get_mut(id)
            && entry.gate.is_closed()
        {
            entry.gate = Gate::Open;
            self.start_those_whose_turn_it_is(effects);
        }
    }

    /// The app may not have it: it is taken without the app, at once, whoever is held.
    pub(super) fn refuse(&mut self, id: DeliveryId, why: Arc<str>, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get_mut(&id)
            && entry.gate.is_closed()
        {
            entry.gate = Gate::Refused(why);
            if entry.stage == Stage::Waiting && self.hold != Hold::Stopped {
                self.start(id, effects);
            }
        }
    }
}
