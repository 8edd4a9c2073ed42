//! How deliveries end: finished by an attempt, given up, or broken off with their request.
//!
//! One the relay vouched for is not finished by an app that died of it: it is attempted again.

use kreel_wire::{DeliveryId, Failure};
use tokio::time::Instant;

use super::entry::{Sender, answered, attempt_ended};
use super::{Effect, Engine, Run, Stage};
use crate::limits::{TRIES, TRY_AGAIN};
use crate::{AnsweredBy, AttemptEnd, Timings, Update};

/// Whether an attempt can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// All it needs is at hand.
    Possible { now: Instant },
    /// The body is gone: only the relay has it still.
    Impossible,
}

impl Engine {
    pub(super) fn ended(
        &mut self,
        id: DeliveryId,
        run: Run,
        end: AttemptEnd,
        timings: Timings,
        again: Again,
        effects: &mut Vec<Effect>,
    ) {
        self.app.attempt_ended();
        if self.must_repeat(&id, run, &end) {
            effects
                .extend((self.deliveries.get(&id)).map(|entry| attempt_ended(entry, end, timings)));
            match again {
                Again::Possible { now } => self.pause(id, now),
                Again::Impossible => self.break_off(id, effects),
            }
        } else if self.is_running(&id, run)
            && let Some(entry) = self.deliveries.get(&id)
        {
            let status = match &end {
                AttemptEnd::Answered { status, .. } => Some(*status),
                AttemptEnd::Failed(_) => None,
            };
            if self.rules.capture && status.is_some() {
                effects.push(Effect::Update(Update::Captured(entry.summary.clone())));
            } else {
                effects.push(attempt_ended(entry, end, timings));
            }
            if let (Some(_), true) = (status, entry.sender == Sender::Waits) {
                let by = match self.rules.capture {
                    true => AnsweredBy::Client,
                    false => AnsweredBy::App,
                };
                effects.push(answered(entry, status, by));
            }
            match status {
                Some(_) => self.counters.delivered += 1,
                None => self.counters.failed += 1,
            }
            self.settle(id, effects);
        }
        self.start_those_whose_turn_it_is(effects);
    }

    /// Whether this is the end of an attempt that the app died of, at a delivery that must not
    /// get lost, and not of the last one.
    fn must_repeat(&self, id: &DeliveryId, run: Run, end: &AttemptEnd) -> bool {
        let has_died = matches!(
            end,
            AttemptEnd::Failed(Failure::Died | Failure::DiedMidAnswer { .. })
        );
        let entry = self.deliveries.get(id);
        has_died
            && entry.is_some_and(|entry| {
                entry.stage == Stage::Running(run)
                    && entry.sender == Sender::Promised
                    && entry.attempts < TRIES
            })
    }

    /// Puts the next attempt off. A kept delivery does not lose its turn: those behind it wait.
    fn pause(&mut self, id: DeliveryId, now: Instant) {
        if let Some(entry) = self.deliveries.get_mut(&id) {
            let until = now + TRY_AGAIN * 2_u32.pow(entry.attempts.saturating_sub(1));
            entry.stage = Stage::Pausing(until);
            self.pausing.insert((until, id));
            self.running -= 1;
        }
    }

    pub(super) fn sender_left(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        self.take_back(id, effects);
        self.start_those_whose_turn_it_is(effects);
    }

    /// Breaks a delivery off whose request will not become complete on its exchange.
    pub(super) fn take_back(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.deliveries.get(&id) else {
            return;
        };
        if let Stage::Running(_) = entry.stage {
            let end = AttemptEnd::Failed(Failure::SenderLeft);
            effects.push(attempt_ended(entry, end, Timings::default()));
        }
        self.break_off(id, effects);
    }

    pub(super) fn link_lost(&mut self, effects: &mut Vec<Effect>) {
        let mut cut_off = Vec::new();
        for (id, entry) in &mut self.deliveries {
            entry.exchange = None;
            entry.sender.is_promised();
            if !entry.is_complete {
                cut_off.push(*id);
                if let Stage::Running(_) = entry.stage {
                    let cause = "the link was lost before the request was complete".to_owned();
                    let end = AttemptEnd::Failed(Failure::GivenUp { cause });
                    effects.push(attempt_ended(entry, end, Timings::default()));
                }
            }
        }
        for id in cut_off {
            self.break_off(id, effects);
        }
        effects.push(self.counted());
        self.start_those_whose_turn_it_is(effects);
    }

    /// Ends a delivery that had no attempt, or one that never reached the app.
    pub(super) fn give_up(&mut self, id: DeliveryId, failure: Failure, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get(&id) {
            if let (Some(exchange), true) = (entry.exchange, entry.sender == Sender::Waits) {
                let failure = failure.clone();
                effects.push(Effect::Fail { exchange, failure });
            }
            let end = AttemptEnd::Failed(failure);
            effects.push(attempt_ended(entry, end, Timings::default()));
            self.counters.failed += 1;
            self.settle(id, effects);
        }
    }

    /// A delivery is finished: it is acknowledged, and remembered in case it comes again.
    fn settle(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get(&id) {
            effects.push(Effect::Ack(entry.summary.seq));
            self.finished.insert(id);
            self.forget(id, effects);
        }
    }

    /// A request will not become complete, at least not on this exchange.
    fn break_off(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        self.counters.broken_off += 1;
        self.broken_off.insert(id);
        self.forget(id, effects);
    }

    fn forget(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.deliveries.remove(&id) else {
            return;
        };
        match entry.stage {
            Stage::Running(_) => self.not_running(id),
            Stage::Pausing(until) => {
                self.pausing.remove(&(until, id));
                self.give_turn_back(id);
            }
            Stage::Waiting => {
                self.live.remove(&(entry.summary.seq, id));
                self.kept.remove(&(entry.summary.seq, id));
            }
        }
        if let Some(exchange) = entry.exchange {
            effects.push(Effect::Close { exchange });
        }
        effects.push(Effect::Drop { id });
    }
}
