//! Decides what becomes of each delivery. No I/O, no clock: events in, effects out.
//!
//! ```text
//!  live ────────────▶ Waiting ─────────────▶ Running ──▶ Finished (in the history)
//!  (a sender waits)   ▲ ▲ ▲                   │  └────▶ broken off, before the request was
//!                     │ │ └─── NoConnection ──┤         complete: it may come again
//!                     │ └────── Pausing ◀─────┘ the app died of what was promised
//!  queued ─▶ history ─┘
//!  (the relay kept it)  acknowledged: now it is ours
//! ```
//!
//! What waits in the history is attempted one after another, oldest first; live ones beside it, as
//! they come. Bodies and answers do not pass here.

mod app;
mod backlog;
mod drain;
mod effect;
mod ends;
mod entry;
mod gate;
mod held;
mod memory;
mod replays;
mod turns;

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::HashMap;
use kreel_wire::{DeliveryId, ExchangeId, Failure, Kind, Seq};
use tokio::time::Instant;

use self::app::AppState;
use self::backlog::{Asked, Backlog};
use self::drain::Drain;
pub(crate) use self::effect::{Effect, Event, Run};
use self::entry::{Entry, Sender, Stage, answered};
use self::gate::Gate;
use self::held::HeldNotice;
use self::memory::Memory;
pub(crate) use self::replays::Replayed;
use self::replays::Replays;
use crate::limits::{BROKEN_OFF, WAITING};
use crate::{AnsweredBy, Counters, Summary, Update};

/// What the engine must know of the options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    /// A live delivery whose app can't be reached fails at once.
    pub(crate) strict: bool,
    /// There is no app: deliveries are only taken.
    pub(crate) capture: bool,
    /// What was settled is asked for again: to know it is no news.
    pub(crate) asks_for_past: bool,
    /// Somebody decides of each delivery whether the app may have it.
    pub(crate) gated: bool,
    /// How often a promised delivery is attempted again when the app answers 5xx.
    pub(crate) retries: u32,
    /// How many replays may run at the same time, in all.
    pub(crate) replays_at_once: usize,
}

/// The deliveries of one tunnel, and the state of the app.
#[derive(Debug)]
pub(crate) struct Engine {
    rules: Rules,
    deliveries: HashMap<DeliveryId, Entry>,
    /// What the history was asked and has not answered.
    asked: HashMap<DeliveryId, Asked>,
    backlog: Backlog,
    /// Those broken off last, by their sender or by the loss of the link: the relay may still
    /// have got the whole of them, and then they come again.
    broken_off: Memory,
    /// Those that failed last while their sender waited: the relay may have promised them in the
    /// same moment, and then they come again.
    failed: Memory,
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
    held: HeldNotice,
    /// When those at the gate are told again that were not heard.
    gate_at: Option<Instant>,
    replays: Replays,
    counters: Counters,
    drain: Drain,
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
            deliveries: HashMap::default(),
            asked: HashMap::default(),
            backlog: Backlog::default(),
            broken_off: Memory::new(BROKEN_OFF),
            failed: Memory::new(BROKEN_OFF),
            kept: BTreeSet::new(),
            live: BTreeSet::new(),
            running: 0,
            last_run: Run(0),
            pausing: BTreeSet::new(),
            kept_turn: None,
            app: AppState::Up,
            hold: Hold::Off,
            held: HeldNotice::default(),
            gate_at: None,
            replays: Replays::default(),
            counters: Counters::default(),
            drain: Drain::default(),
        }
    }

    /// Takes in what happened and says, in order, what is to be done about it.
    pub(crate) fn on(&mut self, event: Event<'_>, effects: &mut Vec<Effect>) {
        match event {
            Event::LinkUp { waiting, now } => {
                self.drain.add(waiting);
                self.drain.tell(now, effects);
                effects.push(self.counted());
            }
            Event::LinkLost => self.link_lost(effects),
            Event::Received {
                exchange,
                delivery,
                size_bytes,
                is_complete,
            } => match delivery.kind {
                Kind::Live => {
                    let summary = Arc::new(Summary::new(delivery, size_bytes));
                    self.received(exchange, summary, is_complete, effects);
                }
                Kind::Queued => {
                    let (id, seq) = (delivery.id, delivery.seq);
                    self.came_queued(exchange, id, seq, is_complete, effects);
                }
            },
            Event::Complete(id) => self.complete(&id, effects),
            Event::Whole(id) => self.is_whole(&id, effects),
            Event::SenderLeft(id) => self.sender_left(id, effects),
            Event::RelayAnswered { id, status } => self.relay_answered(id, status, effects),
            Event::Stored { row, known } => self.stored(&row, known, effects),
            Event::Promised { id, seq, row } => self.promised(id, seq, row, effects),
            Event::NotStored(id) => self.not_stored(id, effects),
            Event::Began {
                id,
                attempt,
                number,
            } => self.began(id, attempt, number, effects),
            Event::BacklogIsOurs => self.backlog_is_ours(effects),
            Event::Backlog { rows, beyond } => self.backlog_came(rows, beyond, effects),
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
                now,
            } => self.ended(id, run, end, timings, now, effects),
            Event::Unreadable {
                id,
                run,
                cause,
                now,
            } => self.unreadable(id, run, cause, now, effects),
            Event::HistoryMended => self.history_mended(effects),
            Event::Probed { found, now } => self.probed(found, now, effects),
            Event::Tick { now } => self.tick(now, effects),
            Event::Hold { now } => self.hold(now, effects),
            Event::Release { now } => self.release(now, effects),
            Event::ReleaseOne => self.release_one(effects),
            Event::ReleaseThis(id) => self.release_this(id, effects),
            Event::Admit(id) => self.let_in(&id, effects),
            Event::Refuse { id, why } => self.refuse(id, why, effects),
            Event::Replay { replay, now } => self.replay(*replay, now, effects),
            Event::Replayed { run, ended, now } => self.replayed(run, ended, now, effects),
            Event::NotReplayed { run, why } => self.not_replayed(run, why, effects),
            Event::StopReplaying(id) => self.stop_replaying(id, effects),
            Event::Stop => {
                self.hold = Hold::Stopped;
                self.stop_replays(effects);
            }
            Event::StopNow => {
                self.hold = Hold::Stopped;
                self.give_up_replays(effects);
            }
        }
    }

    /// When the next [`Event::Tick`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let pause = self.pausing.first().map(|(until, _)| *until);
        let told = [self.held_deadline(), self.replays.deadline(), self.gate_at];
        let due = [self.app.deadline(), pause].into_iter().chain(told);
        due.flatten().min()
    }

    /// Whether this run is the attempt that is going on at this delivery: a run that was broken
    /// off may have left a report behind.
    pub(crate) fn is_running(&self, id: &DeliveryId, run: Run) -> bool {
        let entry = self.deliveries.get(id);
        entry.is_some_and(|entry| entry.stage == Stage::Running(run))
    }

    /// How many attempts are running, replays among them.
    pub(crate) fn running(&self) -> usize {
        self.running + self.replays.running()
    }

    /// What became of all deliveries so far.
    pub(crate) fn counters(&self) -> Counters {
        let waiting = self.deliveries.len() as u64 + self.backlog.beyond();
        Counters {
            waiting,
            ..self.counters
        }
    }

    fn counted(&self) -> Effect {
        Effect::Update(Update::Counters(self.counters()))
    }

    /// A delivery came whose sender waits.
    fn received(
        &mut self,
        exchange: ExchangeId,
        summary: Arc<Summary>,
        is_complete: bool,
        effects: &mut Vec<Effect>,
    ) {
        let (id, seq) = (summary.id, summary.seq);
        let is_full = self.live.len() + self.pausing.len() >= WAITING;
        if is_full || self.deliveries.contains_key(&id) {
            // Not taken: the relay tells its sender, or keeps it and sends it again.
            let cause = match is_full {
                true => format!("{WAITING} deliveries wait for the app already"),
                false => "it came before".to_owned(),
            };
            let failure = Failure::GivenUp { cause };
            effects.push(Effect::Fail { exchange, failure });
            effects.push(Effect::Close { exchange });
            return;
        }
        self.counters.received += 1;
        effects.push(Effect::Update(Update::Delivery(summary.clone())));
        let gate = Gate::of(self.rules.gated);
        self.deliveries
            .insert(id, Entry::live(summary, exchange, is_complete, gate));
        effects.push(Effect::Take { id });
        if is_complete {
            self.ask_whether_whole(&id, effects);
        }
        self.live.insert((seq, id));
        self.start_those_whose_turn_it_is(effects);
    }

    /// A delivery came that the relay has kept: the history takes it, unless it is here.
    fn came_queued(
        &mut self,
        exchange: ExchangeId,
        id: DeliveryId,
        seq: Seq,
        is_complete: bool,
        effects: &mut Vec<Effect>,
    ) {
        let is_here = (self.deliveries.get(&id)).is_some_and(|entry| entry.is_complete);
        if is_here {
            self.is_promised(id);
        } else {
            // What was begun on another exchange ends nowhere: this is the whole.
            self.take_back(id, effects);
        }
        let arriving = (!is_here).then_some(seq);
        // Of one that is here the history has all it needs: its answer comes in any case.
        self.ask(
            id,
            Some(exchange),
            arriving,
            is_complete || is_here,
            effects,
        );
        effects.push(Effect::Store { id });
    }

    fn complete(&mut self, id: &DeliveryId, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get_mut(id) {
            entry.is_complete = true;
            self.ask_whether_whole(id, effects);
        }
        if let Some(asked) = self.asked.get_mut(id) {
            asked.is_complete = true;
        }
    }

    /// Its sender was told that it is in safety: the history has to answer for it.
    fn promise(&mut self, id: DeliveryId, effects: &mut Vec<Effect>) {
        self.is_promised(id);
        self.ask(id, None, None, true, effects);
        let attempts = self.deliveries.get(&id).map_or(0, |entry| entry.attempts);
        effects.push(Effect::Promise { id, attempts });
        self.start_those_whose_turn_it_is(effects);
    }

    /// It must not get lost; if it waits, it does so in its turn from now on.
    fn is_promised(&mut self, id: DeliveryId) {
        if let Some(entry) = self.deliveries.get_mut(&id) {
            entry.sender.is_promised();
            if entry.stage == Stage::Waiting && !entry.is_kept {
                let place = (entry.seq(), id);
                entry.is_kept = true;
                self.live.remove(&place);
                self.kept.insert(place);
            }
        }
    }

    fn relay_answered(&mut self, id: DeliveryId, status: Option<u16>, effects: &mut Vec<Effect>) {
        let entry = self.deliveries.get_mut(&id);
        // One that is not here has just been finished: the two crossed.
        let waited = entry.is_none_or(|entry| {
            let waited = entry.sender.is_told(status);
            if waited {
                effects.push(answered(entry, status, AnsweredBy::Relay));
            }
            waited
        });
        if waited && matches!(status, Some(200..300)) {
            self.promise(id, effects);
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
            entry.stage = Stage::Waiting;
            entry.attempts -= 1;
            entry.tries -= 1;
            // It may have been promised while it was tried: then it comes in its turn.
            entry.is_kept |= entry.sender == Sender::Promised;
            self.not_running(id);
            self.wait_in_line(id);
        }
        self.start_those_whose_turn_it_is(effects);
    }

    fn probed(&mut self, found: Result<(), Failure>, now: Instant, effects: &mut Vec<Effect>) {
        match found {
            Err(_) => self.app.was_not_found(now),
            Ok(()) if self.app.came_back(now) => {
                let waiting = self.in_line();
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
        self.drain.tell(now, effects);
        self.tell_held_again(now, effects);
        self.tell_gated(now, effects);
        self.tell_of_replays(now, effects);
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
