//! How deliveries end: finished by an attempt, given up, or broken off with their request.
//!
//! One that was promised is not finished by an app that died of it: it is attempted again.

use kreel_wire::{DeliveryId, Failure};
use tokio::time::Instant;

use super::entry::{Entry, Sender, answered, attempt_ended};
use super::{Effect, Engine, Run, Stage};
use crate::forward::Unreadable;
use crate::history::Standing;
use crate::limits::{LONGEST_PAUSE, TRIES, TRY_AGAIN};
use crate::{AnsweredBy, AttemptEnd, Timings, Update};

impl Engine {
    pub(super) fn ended(
        &mut self,
        id: DeliveryId,
        run: Run,
        end: AttemptEnd,
        timings: Timings,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        self.app.attempt_ended();
        if self.is_running(&id, run)
            && let Some(entry) = self.deliveries.get(&id)
        {
            let must_repeat = self.must_repeat(entry, &end);
            if must_repeat && !entry.is_complete {
                // Only the relay has the rest of it.
                effects.push(attempt_ended(entry, end, timings));
                self.break_off(id, effects);
            } else if must_repeat {
                effects.push(attempt_ended(entry, end, timings));
                let standing = Standing::Waiting;
                effects.push(Effect::Ended { id, standing });
                self.pause(id, now);
            } else {
                self.finish(id, end, timings, effects);
            }
            self.drain.tell(now, effects);
        }
        self.start_those_whose_turn_it_is(effects);
    }

    /// Whether there must be another attempt after this one: the app died of what must not get
    /// lost, or answered 5xx and the user wants it tried again.
    fn must_repeat(&self, entry: &Entry, end: &AttemptEnd) -> bool {
        let fell_short = match end {
            AttemptEnd::Failed(Failure::Died | Failure::DiedMidAnswer { .. }) => true,
            AttemptEnd::Answered {
                status: 500..=599, ..
            } => entry.tries <= self.rules.retries,
            _ => false,
        };
        fell_short && entry.sender == Sender::Promised
    }

    fn finish(
        &mut self,
        id: DeliveryId,
        end: AttemptEnd,
        timings: Timings,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.deliveries.get(&id) else {
            return;
        };
        let status = match &end {
            AttemptEnd::Answered { status, .. } => Some(*status),
            AttemptEnd::Failed(_) => None,
        };
        let refusal = entry.gate.refusal().filter(|_| status.is_some());
        let is_captured = self.rules.capture && status.is_some() || refusal.is_some();
        effects.push(match (refusal, is_captured) {
            (Some(why), _) => Effect::Update(Update::Withheld {
                delivery: entry.summary.clone(),
                why: why.clone(),
            }),
            (None, true) => Effect::Update(Update::Captured(entry.summary.clone())),
            (None, false) => attempt_ended(entry, end, timings),
        });
        if let (Some(_), true) = (status, entry.sender == Sender::Waits) {
            let by = match is_captured {
                true => AnsweredBy::Client,
                false => AnsweredBy::App,
            };
            effects.push(answered(entry, status, by));
        }
        let standing = match status {
            Some(_) if is_captured => Standing::Captured,
            Some(_) => Standing::Answered,
            None => Standing::Failed,
        };
        effects.push(Effect::Ended { id, standing });
        match status {
            Some(_) => self.counters.delivered += 1,
            None => self.failed(id),
        }
        self.forget(id, effects);
    }

    /// What an attempt needs can't be read: it is tried again, unless it is gone. Then it is lost,
    /// or the relay has it still.
    pub(super) fn unreadable(
        &mut self,
        id: DeliveryId,
        run: Run,
        cause: Unreadable,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_running(&id, run)
            && let Some(entry) = self.deliveries.get(&id)
        {
            let (is_gone, cause) = (cause.is_gone(), cause.to_string());
            let end = AttemptEnd::Failed(Failure::GivenUp { cause });
            effects.push(attempt_ended(entry, end, Timings::default()));
            if !is_gone {
                self.pause(id, now);
            } else if entry.is_ours {
                let standing = Standing::Lost;
                effects.push(Effect::Stand { id, standing });
                self.counters.lost += 1;
                self.forget(id, effects);
            } else {
                self.break_off(id, effects);
            }
        }
        self.start_those_whose_turn_it_is(effects);
    }

    /// Puts the next attempt off. A kept delivery does not lose its turn, so that those behind it
    /// wait; one the app has died of again and again does.
    fn pause(&mut self, id: DeliveryId, now: Instant) {
        if let Some(entry) = self.deliveries.get_mut(&id) {
            let doublings = entry.tries.saturating_sub(1).min(10);
            let until = now + (TRY_AGAIN * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
            let is_hopeless = entry.tries >= TRIES;
            entry.stage = Stage::Pausing(until);
            // From now on it has its turn by its position, out of the history.
            entry.is_kept = true;
            self.pausing.insert((until, id));
            self.running -= 1;
            if is_hopeless {
                self.give_turn_back(id);
            }
        }
    }

    pub(super) fn sender_left(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        if let Some(asked) = self.asked.get(&id)
            && !asked.is_complete
        {
            self.asked.remove(&id);
        }
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
        let mut refused = Vec::new();
        for (id, entry) in &mut self.deliveries {
            entry.exchange = None;
            if self.rules.strict && entry.sender == Sender::Waits {
                // The relay keeps nothing: its sender is told 502.
                entry.sender = Sender::Gone;
                if entry.stage == Stage::Waiting && entry.is_complete {
                    refused.push(*id);
                }
            }
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
        for id in refused {
            let cause = "its sender was told that it failed, as the link was lost".to_owned();
            self.give_up(id, Failure::GivenUp { cause }, effects);
        }
        self.asked.retain(|_, asked| {
            asked.exchange = None;
            asked.is_complete
        });
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
            let standing = Standing::Failed;
            effects.push(Effect::Ended { id, standing });
            self.failed(id);
            self.forget(id, effects);
        }
    }

    fn failed(&mut self, id: DeliveryId) {
        self.counters.failed += 1;
        self.failed.insert(id);
    }

    /// A request will not become complete, at least not on this exchange.
    fn break_off(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        self.counters.broken_off += 1;
        self.broken_off.insert(id);
        let standing = Standing::BrokenOff;
        effects.push(Effect::Stand { id, standing });
        self.forget(id, effects);
    }

    fn forget(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.deliveries.remove(&id) else {
            return;
        };
        if let Some(asked) = self.asked.get_mut(&id) {
            asked.has_ended = true;
        }
        self.backlog.ended(id, entry.is_ours);
        if entry.is_kept {
            self.drain.one_done();
        }
        match entry.stage {
            Stage::Running(_) | Stage::Beginning(_) => self.not_running(id),
            Stage::Pausing(until) => {
                self.pausing.remove(&(until, id));
                self.give_turn_back(id);
            }
            Stage::Waiting => {
                self.live.remove(&(entry.seq(), id));
                self.kept.remove(&(entry.seq(), id));
            }
        }
        if let Some(exchange) = entry.exchange {
            effects.push(Effect::Close { exchange });
        }
        effects.push(Effect::Drop { id });
    }
}
