//! Decides what becomes of each delivery. No I/O, no clock: events in, effects out.
//!
//! ```text
//!              ┌── app down, held, its turn not come ──┐
//!  Received ─▶ Waiting ──────────▶ Running ──▶ Finished (acknowledged, remembered)
//!              ▲                     │  └────▶ gone: the sender left, or the link was lost
//!              └─── NoConnection ────┘         before the request was complete
//! ```
//!
//! Kept deliveries are attempted one after another, oldest first; live ones beside them, as they
//! come. Bodies and answers do not pass here.

mod app;
mod effect;
mod finished;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kreel_wire::{DeliveryId, ExchangeId, Failure, Kind, Seq};
use tokio::time::Instant;

use self::app::AppState;
pub(crate) use self::effect::{Effect, Event, Run};
use self::finished::Finished;
use crate::limits::{ATTEMPTS, FINISHED, WAITING};
use crate::{AnsweredBy, Attempt, AttemptEnd, Counters, Summary, Timings, Update};

/// What the engine must know of the options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    /// A live delivery whose app can't be reached fails at once.
    pub(crate) strict: bool,
    /// There is no app: deliveries are only taken.
    pub(crate) capture: bool,
}

/// The deliveries of one tunnel, and the state of the app.
#[derive(Debug)]
pub(crate) struct Engine {
    rules: Rules,
    deliveries: HashMap<DeliveryId, Entry>,
    finished: Finished,
    /// Those waiting, by position, apart by kind since their turns come by different rules.
    kept: BTreeSet<(Seq, DeliveryId)>,
    live: BTreeSet<(Seq, DeliveryId)>,
    running: usize,
    last_run: Run,
    /// The kept delivery that is being attempted.
    kept_running: Option<DeliveryId>,
    app: AppState,
    hold: Hold,
    counters: Counters,
}

/// A delivery that is not finished.
#[derive(Debug)]
struct Entry {
    summary: Arc<Summary>,
    /// On the present link, if the relay has spoken of it there.
    exchange: Option<ExchangeId>,
    /// A sender waits for the app's answer.
    is_wanted: bool,
    /// Its whole body is here.
    is_complete: bool,
    stage: Stage,
    attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Running(Run),
}

/// Whether attempts may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// They may.
    Off,
    /// They wait for the user.
    On,
    /// They never will again.
    Stopped,
}

impl Engine {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            deliveries: HashMap::new(),
            finished: Finished::new(FINISHED),
            kept: BTreeSet::new(),
            live: BTreeSet::new(),
            running: 0,
            last_run: Run(0),
            kept_running: None,
            app: AppState::Up,
            hold: Hold::Off,
            counters: Counters::default(),
        }
    }

    /// Takes in what happened and says, in order, what is to be done about it.
    pub(crate) fn on(&mut self, event: Event<'_>, effects: &mut Vec<Effect>) {
        match event {
            Event::LinkUp => effects.push(self.counted()),
            Event::LinkLost => self.link_lost(effects),
            Event::Received {
                exchange,
                delivery,
                size_bytes,
                is_complete,
            } => {
                let summary = || Arc::new(Summary::new(delivery, size_bytes));
                self.received(exchange, delivery.id, is_complete, summary, effects);
            }
            Event::Complete(id) => {
                if let Some(entry) = self.deliveries.get_mut(&id) {
                    entry.is_complete = true;
                }
            }
            Event::SenderLeft(id) => self.sender_left(id, effects),
            Event::RelayAnswered { id, status } => self.relay_answered(id, status, effects),
            Event::NoConnection {
                id,
                run,
                failure,
                now,
            } => self.no_connection(id, run, failure, now, effects),
            Event::Finished {
                id,
                run,
                end,
                timings,
            } => self.ended(id, run, end, timings, effects),
            Event::Probed { found, now } => self.probed(found, now, effects),
            Event::Tick { now } => self.tick(now, effects),
            Event::Hold => self.held(Hold::On),
            Event::Release => {
                self.held(Hold::Off);
                self.start_those_whose_turn_it_is(effects);
            }
            Event::ReleaseOne => self.release_one(effects),
            Event::Stop => self.hold = Hold::Stopped,
        }
    }

    /// When the next [`Event::Tick`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.app.deadline()
    }

    /// Whether this run is the attempt that is going on at this delivery: a run that was broken
    /// off may have left a report behind.
    pub(crate) fn is_running(&self, id: &DeliveryId, run: Run) -> bool {
        let entry = self.deliveries.get(id);
        entry.is_some_and(|entry| entry.stage == Stage::Running(run))
    }

    /// How many attempts are running.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// What became of all deliveries so far.
    pub(crate) fn counters(&self) -> Counters {
        let waiting = self.deliveries.len() as u64;
        Counters {
            waiting,
            ..self.counters
        }
    }

    fn counted(&self) -> Effect {
        Effect::Update(Update::Counters(self.counters()))
    }

    fn received(
        &mut self,
        exchange: ExchangeId,
        id: DeliveryId,
        is_complete: bool,
        summary: impl FnOnce() -> Arc<Summary>,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(entry) = self.deliveries.get_mut(&id) {
            let before = entry.exchange.replace(exchange);
            effects.extend(before.map(|exchange| Effect::Close { exchange }));
            entry.is_wanted = false;
            effects.push(Effect::Discard { exchange });
            return;
        }
        let summary = summary();
        if self.finished.contains(&id) {
            self.counters.duplicates += 1;
            effects.push(Effect::Close { exchange });
            effects.push(Effect::Drop { id });
            effects.push(Effect::Ack(summary.seq));
            return;
        }
        self.counters.received += 1;
        let kind = summary.kind;
        let seq = summary.seq;
        effects.push(Effect::Update(Update::Delivery(summary.clone())));
        let entry = Entry {
            summary,
            exchange: Some(exchange),
            is_wanted: kind == Kind::Live,
            is_complete,
            stage: Stage::Waiting,
            attempts: 0,
        };
        self.deliveries.insert(id, entry);
        if kind == Kind::Live && self.live.len() >= WAITING {
            let cause = format!("{WAITING} deliveries wait for the app already");
            self.give_up(id, Failure::GivenUp { cause }, effects);
            return;
        }
        self.queue(kind, seq, id);
        self.start_those_whose_turn_it_is(effects);
    }

    fn sender_left(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.deliveries.get(&id) else {
            return;
        };
        if let Stage::Running(_) = entry.stage {
            let end = AttemptEnd::Failed(Failure::SenderLeft);
            effects.push(attempt_ended(entry, end, Timings::default()));
        }
        self.counters.sender_left += 1;
        self.forget(id, effects);
        self.start_those_whose_turn_it_is(effects);
    }

    fn relay_answered(&mut self, id: DeliveryId, status: Option<u16>, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get_mut(&id)
            && std::mem::take(&mut entry.is_wanted)
        {
            effects.push(answered(entry, status, AnsweredBy::Relay));
        }
    }

    fn no_connection(
        &mut self,
        id: DeliveryId,
        run: Run,
        failure: Failure,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if self.app.went_down(now) {
            effects.push(Effect::Update(Update::AppDown {
                address: address_of(&failure),
                failure: failure.clone(),
            }));
        }
        if !self.is_running(&id, run) {
            return;
        }
        let Some(entry) = self.deliveries.get_mut(&id) else {
            return;
        };
        if self.rules.strict && entry.is_wanted {
            self.give_up(id, failure, effects);
        } else {
            let (kind, seq) = (entry.summary.kind, entry.summary.seq);
            entry.stage = Stage::Waiting;
            entry.attempts -= 1;
            self.not_running(id);
            self.queue(kind, seq, id);
        }
        self.start_those_whose_turn_it_is(effects);
    }

    fn ended(
        &mut self,
        id: DeliveryId,
        run: Run,
        end: AttemptEnd,
        timings: Timings,
        effects: &mut Vec<Effect>,
    ) {
        self.app.attempt_ended();
        if self.is_running(&id, run)
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
            if let (Some(_), true) = (status, entry.is_wanted) {
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

    fn probed(&mut self, found: Result<(), Failure>, now: Instant, effects: &mut Vec<Effect>) {
        match found {
            Err(_) => {
                self.app.went_down(now);
            }
            Ok(()) if self.app.came_back(now) => {
                let waiting = (self.kept.len() + self.live.len()) as u64;
                effects.push(Effect::Update(Update::AppUp { waiting }));
                self.start_those_whose_turn_it_is(effects);
            }
            Ok(()) => {}
        }
    }

    fn tick(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.app.probe_is_due(now) {
            effects.push(Effect::Probe);
        }
        if self.app.raise_is_due(now) {
            self.start_those_whose_turn_it_is(effects);
        }
    }

    fn link_lost(&mut self, effects: &mut Vec<Effect>) {
        let mut cut_off = Vec::new();
        for (id, entry) in &mut self.deliveries {
            entry.exchange = None;
            entry.is_wanted = false;
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
            self.counters.received -= 1;
            self.forget(id, effects);
        }
        effects.push(self.counted());
        self.start_those_whose_turn_it_is(effects);
    }

    fn held(&mut self, hold: Hold) {
        if self.hold != Hold::Stopped {
            self.hold = hold;
        }
    }

    fn release_one(&mut self, effects: &mut Vec<Effect>) {
        if self.hold == Hold::On
            && let Some(id) = self.oldest()
        {
            self.start(id, effects);
        }
    }

    /// Starts attempts as far as the app, the user and the order allow.
    fn start_those_whose_turn_it_is(&mut self, effects: &mut Vec<Effect>) {
        while self.hold == Hold::Off && self.running < ATTEMPTS {
            let next = match self.app.takes_more() {
                true => self.oldest(),
                false => self.oldest_strict(),
            };
            let Some(id) = next else {
                if self.live.is_empty() {
                    self.app.caught_up();
                }
                return;
            };
            self.start(id, effects);
        }
    }

    /// The oldest of those waiting: of the kept ones only while none is being attempted.
    fn oldest(&self) -> Option<DeliveryId> {
        let kept = self.kept.first().filter(|_| self.kept_running.is_none());
        let next = match (kept, self.live.first()) {
            (Some(kept), Some(live)) => Some(kept.min(live)),
            (kept, live) => kept.or(live),
        };
        next.map(|(_, id)| *id)
    }

    /// Under `strict` a waiting sender is told at once that the app is down, by trying it.
    fn oldest_strict(&self) -> Option<DeliveryId> {
        let (_, id) = self.live.first().filter(|_| self.rules.strict)?;
        self.deliveries[id].is_wanted.then_some(*id)
    }

    fn start(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.deliveries.get_mut(&id) else {
            return;
        };
        let run = Run(self.last_run.0 + 1);
        entry.stage = Stage::Running(run);
        entry.attempts += 1;
        let attempt = entry.attempts;
        let place = (entry.summary.seq, id);
        match entry.summary.kind {
            Kind::Live => self.live.remove(&place),
            Kind::Queued => {
                self.kept_running = Some(id);
                self.kept.remove(&place)
            }
        };
        self.last_run = run;
        self.running += 1;
        self.app.attempt_started();
        effects.push(Effect::Attempt { id, run, attempt });
    }

    fn queue(&mut self, kind: Kind, seq: Seq, id: DeliveryId) {
        match kind {
            Kind::Live => self.live.insert((seq, id)),
            Kind::Queued => self.kept.insert((seq, id)),
        };
    }

    /// Ends a delivery that had no attempt, or one that never reached the app.
    fn give_up(&mut self, id: DeliveryId, failure: Failure, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get(&id) {
            if let (Some(exchange), true) = (entry.exchange, entry.is_wanted) {
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

    fn forget(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.deliveries.remove(&id) else {
            return;
        };
        match entry.stage {
            Stage::Running(_) => self.not_running(id),
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

    fn not_running(&mut self, id: DeliveryId) {
        self.running -= 1;
        if self.kept_running == Some(id) {
            self.kept_running = None;
        }
    }
}

fn attempt_ended(entry: &Entry, end: AttemptEnd, timings: Timings) -> Effect {
    Effect::Update(Update::Attempt(Attempt {
        delivery: entry.summary.clone(),
        attempt: entry.attempts.max(1),
        end,
        timings,
        replay: false,
    }))
}

fn answered(entry: &Entry, status: Option<u16>, by: AnsweredBy) -> Effect {
    Effect::Update(Update::Answered {
        delivery: entry.summary.clone(),
        status,
        by,
    })
}

fn address_of(failure: &Failure) -> String {
    match failure {
        Failure::Refused { address } | Failure::Unreachable { address, .. } => address.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
