//! Whose turn it is: kept deliveries one after another, live ones as they come, none while the
//! user holds them or the app is down.

use std::collections::BTreeSet;

use kreel_wire::{DeliveryId, Seq};
use tokio::time::Instant;

use super::entry::Sender;
use super::{Effect, Engine, Hold, Run, Stage};
use crate::limits::ATTEMPTS;

impl Engine {
    /// Starts attempts as far as the app, the user and the order allow.
    pub(super) fn start_those_whose_turn_it_is(&mut self, effects: &mut Vec<Effect>) {
        self.ask_for_more(effects);
        while self.hold == Hold::Off && self.running < ATTEMPTS {
            let next = match self.app.takes_more() {
                true => self.oldest(),
                false => self.oldest_strict(),
            };
            match next {
                Some(id) => self.start(id, effects),
                None if self.first_open(&self.live).is_none() && self.app.caught_up() => {}
                None => return,
            }
        }
    }

    /// The oldest of those waiting that the app may have: of the kept ones only while it is nobody's
    /// turn, and none while an older one is still arriving, which a large one does more slowly than
    /// those behind it.
    pub(super) fn oldest(&self) -> Option<DeliveryId> {
        let is_free = self.kept_turn.is_none();
        let kept = is_free.then(|| self.first_open(&self.kept)).flatten();
        let kept = kept.filter(|(seq, _)| {
            let mut arriving = self.asked.values().filter_map(|asked| asked.arriving);
            arriving.all(|arriving| *seq < arriving)
        });
        let next = match (kept, self.first_open(&self.live)) {
            (Some(kept), Some(live)) => Some(kept.min(live)),
            (kept, live) => kept.or(live),
        };
        next.map(|(_, id)| *id)
    }

    /// The first that is not at a closed gate; all are beyond it where there is none.
    fn first_open<'a>(
        &self,
        line: &'a BTreeSet<(Seq, DeliveryId)>,
    ) -> Option<&'a (Seq, DeliveryId)> {
        match self.rules.gated {
            true => line.iter().find(|(_, id)| !self.is_shut_out(id)),
            false => line.first(),
        }
    }

    /// Under `strict` a waiting sender is told at once that the app is down, by trying it.
    fn oldest_strict(&self) -> Option<DeliveryId> {
        if !self.rules.strict {
            return None;
        }
        let mut live = self.live.iter().map(|(_, id)| *id);
        live.find(|id| {
            let entry = &self.deliveries[id];
            entry.sender == Sender::Waits && !entry.gate.is_closed()
        })
    }

    /// Starts an attempt; at a kept delivery the history is told first, since it may have to know
    /// of it after a crash.
    pub(super) fn start(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.deliveries.get_mut(&id) else {
            return;
        };
        let run = Run(self.last_run.0 + 1);
        entry.attempts += 1;
        entry.tries += 1;
        let attempt = entry.attempts;
        let place = (entry.seq(), id);
        if entry.is_kept {
            entry.stage = Stage::Beginning(run);
            if entry.gate.refusal().is_none() {
                // One that the user let go out of its turn takes it from nobody.
                self.kept_turn.get_or_insert(id);
            }
            self.kept.remove(&place);
            effects.push(Effect::Begin { id, attempt });
        } else {
            entry.stage = Stage::Running(run);
            self.live.remove(&place);
            effects.push(entry.attempt(run));
        }
        self.last_run = run;
        self.running += 1;
        self.app.attempt_started();
    }

    /// The history knows that this attempt begins, and by which number, or can't be told.
    pub(super) fn began(
        &mut self,
        id: DeliveryId,
        attempt: u32,
        number: u32,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(entry) = self.deliveries.get_mut(&id)
            && let Stage::Beginning(run) = entry.stage
            && entry.attempts == attempt
        {
            entry.stage = Stage::Running(run);
            entry.attempts = number;
            effects.push(entry.attempt(run));
        }
    }

    /// The history can't be told: better one attempt it does not know of than none.
    pub(super) fn not_stored(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let asked = self.asked.remove(&id);
        if let Some(exchange) = asked.and_then(|asked| asked.exchange) {
            effects.push(Effect::Close { exchange });
        }
        if let Some(attempt) = self.deliveries.get(&id).map(|entry| entry.attempts) {
            self.began(id, attempt, attempt, effects);
        }
        self.start_those_whose_turn_it_is(effects);
    }

    /// Puts one that waits in the line it belongs to.
    pub(super) fn wait_in_line(&mut self, id: DeliveryId) {
        if let Some(entry) = self.deliveries.get(&id) {
            let place = (entry.seq(), id);
            match entry.is_kept {
                true => self.kept.insert(place),
                false => self.live.insert(place),
            };
        }
    }

    pub(super) fn not_running(&mut self, id: DeliveryId) {
        self.running -= 1;
        self.give_turn_back(id);
    }

    /// Lets the next kept delivery have its turn, if this one had it.
    pub(super) fn give_turn_back(&mut self, id: DeliveryId) {
        if self.kept_turn == Some(id) {
            self.kept_turn = None;
        }
    }

    /// Has those wait for their turn again whose pause is over; whether there are any.
    pub(super) fn end_pauses(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some((until, id)) = self.pausing.first().copied()
            && until <= now
        {
            any = true;
            self.pausing.remove(&(until, id));
            self.give_turn_back(id);
            if let Some(entry) = self.deliveries.get_mut(&id) {
                entry.stage = Stage::Waiting;
                self.wait_in_line(id);
            }
        }
        any
    }
}
