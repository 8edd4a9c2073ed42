//! Holding deliveries back and letting them go, and how many that concerns.

use kreel_wire::DeliveryId;
use tokio::time::Instant;

use super::entry::Entry;
use super::{Effect, Engine, Hold, Stage};
use crate::Update;
use crate::limits::TOLD_AGAIN;

/// What the user was told last of those that are held.
#[derive(Debug, Default)]
pub(super) struct HeldNotice {
    waiting: u64,
    running: Vec<DeliveryId>,
    told_at: Option<Instant>,
}

impl Engine {
    pub(super) fn hold(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.hold != Hold::Stopped {
            self.hold = Hold::On;
            self.tell_held(now, effects);
        }
    }

    pub(super) fn release(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.hold != Hold::Stopped {
            self.hold = Hold::Off;
            self.start_those_whose_turn_it_is(effects);
            self.tell_held(now, effects);
        }
    }

    pub(super) fn release_one(&mut self, effects: &mut Vec<Effect>) {
        if self.hold == Hold::On
            && let Some(id) = self.oldest()
        {
            self.start(id, effects);
        }
    }

    /// Starts one out of its turn: the user has the say about the order.
    pub(super) fn release_this(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let entry = self.deliveries.get(&id);
        let waits =
            entry.is_some_and(|entry| entry.stage == Stage::Waiting && !entry.gate.is_closed());
        if self.hold == Hold::On && waits {
            self.start(id, effects);
        }
    }

    /// When the number of those held is to be told again, if it has changed.
    pub(super) fn held_deadline(&self) -> Option<Instant> {
        let is_news = self.hold == Hold::On
            && (self.in_line() != self.held.waiting || self.under_way() != self.held.running);
        let told_at = self.held.told_at.filter(|_| is_news)?;
        Some(told_at + TOLD_AGAIN)
    }

    pub(super) fn tell_held_again(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.held_deadline().is_some_and(|at| at <= now) {
            self.tell_held(now, effects);
        }
    }

    fn tell_held(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.held = HeldNotice {
            waiting: self.in_line(),
            running: self.under_way(),
            told_at: Some(now),
        };
        effects.push(Effect::Update(Update::Held {
            on: self.hold == Hold::On,
            waiting: self.held.waiting,
            running: self.held.running.clone(),
        }));
    }

    /// Those that are being attempted, in order. Asked only while others are held, so that they are
    /// few.
    fn under_way(&self) -> Vec<DeliveryId> {
        let is_under_way =
            |entry: &&Entry| matches!(entry.stage, Stage::Beginning(_) | Stage::Running(_));
        let entries = self.deliveries.values().filter(is_under_way);
        let mut running: Vec<DeliveryId> = entries.map(|entry| entry.summary.id).collect();
        running.sort_unstable();
        running
    }

    /// How many wait for their turn.
    pub(super) fn in_line(&self) -> u64 {
        (self.kept.len() + self.live.len()) as u64 + self.backlog.beyond()
    }
}
