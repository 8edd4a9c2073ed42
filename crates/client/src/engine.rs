//! Decides what becomes of each delivery. No I/O, no clock: events in, effects out.
//!
//! ```text
//!              ┌── app down, held, its turn not come ──┐
//!  Received ─▶ Waiting ──────────▶ Running ──▶ Finished (acknowledged, remembered)
//!              ▲ ▲                   │  └────▶ broken off, before the request was complete:
//!              │ └─── NoConnection ──┤         it may come again
//!              └─────── Pausing ◀────┘ the app died of what the relay vouched for
//! ```
//!
//! Kept deliveries are attempted one after another, oldest first; live ones beside them, as they
//! come. Bodies and answers do not pass here.

mod app;
mod effect;
mod ends;
mod entry;
mod memory;
mod turns;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kreel_wire::{DeliveryId, ExchangeId, Failure, Kind, Seq};
use tokio::time::Instant;

use self::app::AppState;
pub(crate) use self::effect::{Effect, Event, Run};
use self::ends::Again;
use self::entry::{Entry, Sender, Stage, answered};
use self::memory::Memory;
use crate::limits::{BROKEN_OFF, FINISHED, WAITING};
use crate::{AnsweredBy, Counters, Summary, Update};

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
    /// Those finished last, in case they come again.
    finished: Memory,
    /// Those broken off last, by their sender or by the loss of the link: the relay may still
    /// have got the whole of them, and then they come again.
    broken_off: Memory,
    /// Those waiting, by position, apart by kind since their turns come by different rules.
    kept: BTreeSet<(Seq, DeliveryId)>,
    live: BTreeSet<(Seq, DeliveryId)>,
    running: usize,
    last_run: Run,
    /// Those whose app died, by the time from which they wait for their turn again.
    pausing: BTreeSet<(Instant, DeliveryId)>,
    /// The kept delivery that is being attempted, or will be after a pause.
    kept_turn: Option<DeliveryId>,
    app: AppState,
    hold: Hold,
    counters: Counters,
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
            finished: Memory::new(FINISHED),
            broken_off: Memory::new(BROKEN_OFF),
            kept: BTreeSet::new(),
            live: BTreeSet::new(),
            running: 0,
            last_run: Run(0),
            pausing: BTreeSet::new(),
            kept_turn: None,
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
                is_repeatable,
                now,
            } => {
                let again = match is_repeatable {
                    true => Again::Possible { now },
                    false => Again::Impossible,
                };
                self.ended(id, run, end, timings, again, effects);
            }
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
        let pause = self.pausing.first().map(|(until, _)| *until);
        [self.app.deadline(), pause].into_iter().flatten().min()
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
        if let Some(entry) = self.deliveries.get_mut(&id).filter(|it| it.is_complete) {
            let before = entry.exchange.replace(exchange);
            effects.extend(before.map(|exchange| Effect::Close { exchange }));
            entry.sender.is_promised();
            effects.push(Effect::Discard { exchange });
            return;
        }
        // What was begun on another exchange ends nowhere: this is the whole.
        self.take_back(id, effects);
        let summary = summary();
        if self.finished.contains(&id) {
            self.counters.duplicates += 1;
            if summary.kind == Kind::Live {
                let cause = "it was finished before".to_owned();
                let failure = Failure::GivenUp { cause };
                effects.push(Effect::Fail { exchange, failure });
            }
            effects.push(Effect::Close { exchange });
            effects.push(Effect::Ack(summary.seq));
            return;
        }
        if summary.kind == Kind::Live && self.live.len() + self.pausing.len() >= WAITING {
            // Neither taken nor acknowledged: if the relay vouched for it, it comes again.
            let cause = format!("{WAITING} deliveries wait for the app already");
            let failure = Failure::GivenUp { cause };
            effects.push(Effect::Fail { exchange, failure });
            effects.push(Effect::Close { exchange });
            return;
        }
        if self.broken_off.remove(&id) {
            self.counters.broken_off -= 1;
        } else {
            self.counters.received += 1;
            effects.push(Effect::Update(Update::Delivery(summary.clone())));
        }
        let kind = summary.kind;
        let seq = summary.seq;
        let entry = Entry {
            summary,
            exchange: Some(exchange),
            sender: match kind {
                Kind::Live => Sender::Waits,
                Kind::Queued => Sender::Promised,
            },
            is_complete,
            stage: Stage::Waiting,
            attempts: 0,
        };
        self.deliveries.insert(id, entry);
        effects.push(Effect::Take { id });
        self.queue(kind, seq, id);
        self.start_those_whose_turn_it_is(effects);
    }

    fn relay_answered(&mut self, id: DeliveryId, status: Option<u16>, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get_mut(&id)
            && entry.sender.is_told(status)
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
        if self.rules.strict && entry.sender == Sender::Waits {
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

    fn probed(&mut self, found: Result<(), Failure>, now: Instant, effects: &mut Vec<Effect>) {
        match found {
            Err(_) => self.app.was_not_found(now),
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
        let is_raised = self.app.raise_is_due(now);
        if self.end_pauses(now) || is_raised {
            self.start_those_whose_turn_it_is(effects);
        }
    }
}

fn address_of(failure: &Failure) -> String {
    match failure {
        Failure::Refused { address } | Failure::Unreachable { address, .. } => address.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
