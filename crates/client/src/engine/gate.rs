//! The gate: somebody outside decides of each delivery whether the app may have it.
//!
//! A delivery at a closed gate waits and holds nobody up. One that is refused is taken as if there
//! were no app, which its sender is told, and stands as captured with the reason.

use std::sync::Arc;

use kreel_wire::DeliveryId;

use super::{Effect, Engine, Hold, Stage};
use crate::Update;

/// Whether the app may have a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    /// It may.
    Open,
    /// Nobody has said yet.
    Closed {
        /// The history has all of it, so that it can be judged; that was told.
        is_whole: bool,
    },
    /// It may not, for this reason.
    Refused(Arc<str>),
}

impl Gate {
    /// Where a delivery stands that comes, with its whole body in the history or not.
    pub(super) fn of(is_gated: bool, is_whole: bool) -> Self {
        match is_gated {
            true => Self::Closed { is_whole },
            false => Self::Open,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// Why the app may not have it, if somebody said so.
    pub(super) fn refusal(&self) -> Option<&Arc<str>> {
        match self {
            Self::Refused(why) => Some(why),
            Self::Open | Self::Closed { .. } => None,
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
            && let Gate::Closed { is_whole } = &mut entry.gate
            && !std::mem::replace(is_whole, true)
        {
            effects.push(Effect::Update(Update::Gated(entry.summary.clone())));
        }
    }

    /// Tells again of all that wait to be judged: whoever judges has missed some.
    pub(super) fn tell_gated(&self, effects: &mut Vec<Effect>) {
        let whole = self
            .deliveries
            .values()
            .filter(|entry| entry.gate == Gate::Closed { is_whole: true });
        let mut summaries: Vec<_> = whole.map(|entry| entry.summary.clone()).collect();
        summaries.sort_unstable_by_key(|summary| summary.seq);
        let told = summaries.into_iter().map(Update::Gated);
        effects.extend(told.map(Effect::Update));
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
