//! A relay, the messages on their way, a history that is slow, and an app that may die.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use bytes::Bytes;
use kreel_wire::{Delivery, ExchangeId, Kind, Seq};
use tokio::time::Instant;

use super::super::{refusal, usual};
use super::Step;
use super::replays::Replays;
use crate::engine::{Effect, Engine, Event, Rules, Run, Sender, Stage};
use crate::history::at_once::AtOnce;
use crate::history::{Changed, Done, Job, Standing, StoredAttempt};
use crate::testing::{delivery, id};
use crate::{AttemptEnd, Failure, Timings, Update};

pub(super) struct World<'a> {
    engine: Engine,
    history: &'a mut AtOnce,
    /// What the history was asked and has not done.
    jobs: VecDeque<Job>,
    /// What comes just now, and whether it is whole.
    arriving: Option<(Box<Delivery>, bool)>,
    /// The number of the attempt that ends just now.
    ending: Option<u32>,
    now: Instant,
    relay: Relay,
    is_linked: bool,
    to_client: VecDeque<ToClient>,
    to_relay: VecDeque<ToRelay>,
    runs: BTreeMap<u64, (Run, u32)>,
    is_probing: bool,
    app: HashMap<u64, Seen>,
    last: u64,
    replays: Replays,
    /// Those the user let go out of their turn.
    released: HashSet<u64>,
    /// What somebody outside decides about each delivery, if somebody does.
    gate: Option<Gate>,
}

/// What is known outside of those that somebody decides about.
#[derive(Default)]
struct Gate {
    /// Those that were told and are not decided.
    told: BTreeSet<u64>,
    /// Those the app may have.
    admitted: HashSet<u64>,
    /// Those the app may not have, once decided.
    refused: HashSet<u64>,
    /// Those that were not heard the first time.
    missed: HashSet<u64>,
}

impl Gate {
    /// Whatever is known of it, the verdict on a delivery is the same.
    fn is_true(number: u64) -> bool {
        !number.is_multiple_of(3)
    }

    /// Takes in what is told; whether there was room. Some is missed the first time.
    fn hears(&mut self, number: u64) -> bool {
        if number % 4 == 1 && self.missed.insert(number) {
            return false;
        }
        let is_new = self.told.insert(number);
        let is_open = self.admitted.contains(&number) || self.refused.contains(&number);
        assert!(is_new && !is_open, "{number} is told twice");
        true
    }
}

/// What the relay knows of each delivery that is not over.
#[derive(Default)]
struct Relay {
    /// Those whose sender waits, with the exchange they went out on.
    live: BTreeMap<u64, Open>,
    /// Those it has kept, with whether they are with the client.
    kept: BTreeMap<u64, Kept>,
    /// Those whose sender got a 2xx.
    acknowledged: Vec<u64>,
    exchange: u32,
    /// The large one whose rest is still to be sent.
    unsent_rest: Option<u64>,
}

struct Open {
    exchange: u32,
    is_complete: bool,
}

struct Kept {
    is_with_client: bool,
    was_attempted: bool,
}

enum ToClient {
    Request {
        number: u64,
        exchange: u32,
        kind: Kind,
        is_complete: bool,
        attempted: bool,
    },
    Rest(u64),
    Cancel(u64),
    Answered(u64, Option<u16>),
}

enum ToRelay {
    Answer { exchange: u32, number: u64 },
    Failed { exchange: u32 },
    Ack(u64),
}

/// What the app has seen of a delivery.
#[derive(Default)]
struct Seen {
    /// How often it did what it was told.
    times: u32,
    /// How often it may have had to do it again: the client could not know that it had.
    excused: u32,
}

impl<'a> World<'a> {
    /// A world with a history that is empty.
    pub(super) fn new(history: &'a mut AtOnce, is_gated: bool) -> Self {
        history.clear();
        let mut world = Self {
            engine: Engine::new(rules(is_gated)),
            history,
            jobs: VecDeque::new(),
            arriving: None,
            ending: None,
            now: Instant::now(),
            relay: Relay::default(),
            is_linked: false,
            to_client: VecDeque::new(),
            to_relay: VecDeque::new(),
            runs: BTreeMap::new(),
            is_probing: false,
            app: HashMap::new(),
            last: 0,
            replays: Replays::default(),
            released: HashSet::new(),
            gate: is_gated.then(Gate::default),
        };
        world.on(Event::BacklogIsOurs);
        world
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Post { large } => self.post(large),
            Step::Rest(which) => self.rest(which),
            Step::BreakOff(which) => self.break_off(which),
            Step::WaitOver(which) => self.wait_over(which),
            Step::Leave(which) => self.leave(which),
            Step::Link if !self.is_linked => {
                self.is_linked = true;
                let (waiting, now) = (self.relay.kept.len() as u64, self.now);
                self.on(Event::LinkUp { waiting, now });
            }
            Step::Link => {}
            Step::Loss => self.loss(),
            Step::Drain => self.drain(),
            Step::ToClient => self.reach_client(),
            Step::ToRelay => self.reach_relay(),
            Step::Commit(count) => self.commit(count.into()),
            Step::Answer(which) => {
                if let Some((number, run)) = self.one_run(which) {
                    self.processed(number);
                    self.finished(
                        number,
                        run,
                        AttemptEnd::Answered {
                            status: 200,
                            body_bytes: 0,
                        },
                    );
                }
            }
            Step::Die(which) => {
                if let Some((number, run)) = self.one_of_the_app(which) {
                    self.finished(number, run, AttemptEnd::Failed(Failure::Died));
                }
            }
            Step::AnswerAndKill(which) => {
                if let Some((number, _)) = self.one_run(which) {
                    self.processed(number);
                    self.kill();
                }
            }
            Step::Refuse(which) => {
                if let Some((number, run)) = self.one_of_the_app(which) {
                    let now = self.now;
                    self.on(Event::NoConnection {
                        id: id(number),
                        run,
                        failure: refusal(),
                        now,
                    });
                }
            }
            Step::Probe(found) if self.is_probing => {
                self.is_probing = false;
                let found = if found { Ok(()) } else { Err(refusal()) };
                let now = self.now;
                self.on(Event::Probed { found, now });
            }
            Step::Probe(_) => {}
            Step::Wait => {
                if let Some(at) = self.engine.deadline() {
                    self.now = at;
                    self.on(Event::Tick { now: at });
                }
            }
            Step::Kill => self.kill(),
            Step::KillRelay => {
                // Whoever waited hears nothing; what was kept is on disk.
                self.relay.live.clear();
                self.loss();
            }
            Step::Decide(which) => self.decide(which),
            Step::Hold => self.on(Event::Hold { now: self.now }),
            Step::Release => self.on(Event::Release { now: self.now }),
            Step::ReleaseOne => self.on(Event::ReleaseOne),
            Step::ReleaseThis(which) => {
                let number = u64::from(which) % self.last.max(1) + 1;
                self.released.insert(number);
                self.on(Event::ReleaseThis(id(number)));
            }
            Step::Replay(which) => {
                let (replay, now) = (Replays::wanted(which, self.last), self.now);
                self.on(Event::Replay { replay, now });
            }
            Step::EndReplay(which, answered) => {
                if let Some((run, ended)) = self.replays.end(which, answered) {
                    self.ending = Some(ended.attempt);
                    let now = self.now;
                    self.on(Event::Replayed { run, ended, now });
                }
            }
            Step::StopReplaying(which) => {
                let number = u64::from(which) % self.last.max(1) + 1;
                self.on(Event::StopReplaying(Some(id(number))));
            }
        }
    }

    fn on(&mut self, event: Event<'_>) {
        let mut effects = Vec::new();
        self.engine.on(event, &mut effects);
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Attempt {
                id,
                run,
                attempt,
                withheld: Some(_),
            } => self.withheld(number(&id), run, attempt),
            Effect::Attempt {
                id, run, attempt, ..
            } => self.attempted(number(&id), run, attempt),
            Effect::Drop { id } => {
                self.runs.remove(&number(&id));
                if let Some(gate) = &mut self.gate {
                    // Should it come again, it is decided about anew.
                    gate.told.remove(&number(&id));
                    gate.admitted.remove(&number(&id));
                }
            }
            Effect::Probe => {
                assert!(!self.is_probing, "the app is looked for twice at once");
                self.is_probing = true;
            }
            Effect::Ack(Seq(number)) => self.say(ToRelay::Ack(number)),
            Effect::Fail { exchange, .. } => self.say(ToRelay::Failed {
                exchange: exchange.0,
            }),
            Effect::Whole { id } => self.jobs.push_back(Job::Whole { id }),
            Effect::Begin { id, attempt } => {
                self.check_turn(number(&id));
                self.jobs.push_back(Job::Begun { id, attempt });
            }
            Effect::Take { .. } => {
                let (delivery, is_complete) = self.arriving.take().expect("something came");
                self.jobs.push_back(Job::Begin {
                    delivery,
                    first: Bytes::from_static(b"first"),
                    is_complete,
                });
            }
            Effect::Store { .. } => {
                let (delivery, is_complete) = self.arriving.take().expect("something came");
                self.jobs.push_back(Job::Receive {
                    delivery,
                    first: Bytes::from_static(b"first"),
                    is_complete,
                });
            }
            Effect::Promise { id, attempts } => self.jobs.push_back(Job::Promise { id, attempts }),
            Effect::Ended { id, standing } => {
                let attempt = self.ending.take().expect("an attempt has ended");
                self.jobs.push_back(Job::Ended {
                    id,
                    standing,
                    attempt: stored(attempt),
                });
            }
            Effect::Stand { id, standing } => self.jobs.push_back(Job::Stand { id, standing }),
            Effect::Duplicate { id } => self.jobs.push_back(Job::Duplicate { id }),
            Effect::Backlog { after, limit } => self.jobs.push_back(Job::Backlog {
                after,
                since_us: None,
                limit,
            }),
            Effect::Replay { run, replay } => {
                self.jobs.push_back(self.replays.begin(run, &replay));
            }
            Effect::Replayed { id } => {
                let attempt = self.ending.take().expect("a replay has ended");
                let mut attempt = stored(attempt);
                attempt.is_replay = true;
                self.jobs.push_back(Job::Replayed { id, attempt });
            }
            Effect::GiveUpReplay { run } => self.replays.check_runs(run),
            Effect::Update(Update::Gated(delivery)) => {
                let Seq(number) = delivery.seq;
                assert!(self.history.is_whole(number), "{number} is not all here");
                if !self.gate.as_mut().expect("a gate").hears(number) {
                    self.engine.was_not_told(&delivery.id, self.now);
                }
            }
            Effect::Update(Update::Replaying {
                done,
                failed,
                total,
                ..
            }) => assert!(failed <= done && done <= total),
            Effect::Close { .. } | Effect::Update(_) => {}
        }
    }

    /// One that was refused is taken without the app.
    fn withheld(&mut self, number: u64, run: Run, attempt: u32) {
        assert!(self.is_refused(number), "{number} was not refused");
        self.replays.check_own_number(number, attempt);
        let before = self.runs.insert(number, (run, attempt));
        assert!(before.is_none(), "{number} is attempted twice at once");
    }

    fn is_refused(&self, number: u64) -> bool {
        let gate = self.gate.as_ref();
        gate.is_some_and(|gate| gate.refused.contains(&number))
    }

    /// Somebody decides about one of those that were told.
    fn decide(&mut self, which: u8) {
        let Some(gate) = &mut self.gate else {
            return;
        };
        let Some(number) = pick(gate.told.iter(), which) else {
            return;
        };
        gate.told.remove(&number);
        let id = id(number);
        if Gate::is_true(number) {
            gate.admitted.insert(number);
            self.on(Event::Admit(id));
        } else {
            gate.refused.insert(number);
            let why = "it is not true".into();
            self.on(Event::Refuse { id, why });
        }
    }

    fn attempted(&mut self, number: u64, run: Run, attempt: u32) {
        if let Some(gate) = &self.gate {
            let is_admitted = gate.admitted.contains(&number);
            assert!(
                is_admitted,
                "nobody has said that the app may have {number}"
            );
        }
        let seen = self.app.entry(number).or_default();
        assert!(
            seen.times <= seen.excused,
            "{number} was done, and is handed over again unasked"
        );
        assert!(
            seen.times == 0 || attempt > 1,
            "{number} was done before, and is said to come for the first time"
        );
        self.replays.check_own_number(number, attempt);
        let before = self.runs.insert(number, (run, attempt));
        assert!(before.is_none(), "{number} is attempted twice at once");
    }

    /// A kept one begins when no other has its turn, and none that is known and older waits.
    fn check_turn(&self, number: u64) {
        if self.released.contains(&number) || self.is_refused(number) {
            return;
        }
        assert_eq!(self.engine.kept_turn, Some(id(number)));
        let mut open = self.engine.kept.iter();
        let open = open.find(|(_, id)| !self.engine.is_shut_out(id));
        let older = open.filter(|(seq, _)| seq.0 < number);
        assert_eq!(
            older, None,
            "an older one waits while {number} is handed over"
        );
        let arriving = self
            .engine
            .asked
            .values()
            .filter_map(|asked| asked.arriving);
        let overtaken = arriving.min().filter(|seq| seq.0 < number);
        assert_eq!(
            overtaken, None,
            "it is overtaken by {number} while it arrives"
        );
        let entries = &self.engine.deliveries;
        let mut others = entries
            .values()
            .filter(|it| it.is_kept && it.seq().0 != number);
        let beside = others.find(|it| {
            let is_at_it = matches!(it.stage, Stage::Beginning(_) | Stage::Running(_));
            // One whose sender waited when it was begun goes on beside it.
            let Seq(number) = it.seq();
            let is_apart = self.released.contains(&number) || self.is_refused(number);
            is_at_it && it.summary.kind == Kind::Queued && !is_apart
        });
        assert!(
            beside.is_none(),
            "{beside:?} is handed over beside {number}"
        );
    }

    fn one_run(&mut self, which: u8) -> Option<(u64, Run)> {
        let number = pick(self.runs.keys(), which)?;
        self.end_run(number)
    }

    /// The same, of those that the app has.
    fn one_of_the_app(&mut self, which: u8) -> Option<(u64, Run)> {
        let at_app = self.runs.keys().filter(|number| !self.is_refused(**number));
        let number = pick(at_app, which)?;
        self.end_run(number)
    }

    fn end_run(&mut self, number: u64) -> Option<(u64, Run)> {
        let (run, attempt) = self.runs.remove(&number)?;
        self.ending = Some(attempt);
        Some((number, run))
    }

    /// The app did what it was told, if it is the app that has it.
    fn processed(&mut self, number: u64) {
        if !self.is_refused(number) {
            self.app.entry(number).or_default().times += 1;
        }
    }

    fn finished(&mut self, number: u64, run: Run, end: AttemptEnd) {
        if let Some(open) = self.relay.live.get(&number)
            && self.engine.deliveries[&id(number)].sender == Sender::Waits
            && self.is_linked
        {
            let exchange = open.exchange;
            self.say(match end {
                AttemptEnd::Answered { .. } => ToRelay::Answer { exchange, number },
                AttemptEnd::Failed(_) => ToRelay::Failed { exchange },
            });
        }
        let now = self.now;
        self.on(Event::Finished {
            id: id(number),
            run,
            end,
            timings: Timings::default(),
            now,
        });
    }

    fn say(&mut self, message: ToRelay) {
        if self.is_linked {
            self.to_relay.push_back(message);
        }
    }

    fn tell(&mut self, message: ToClient) {
        if self.is_linked {
            self.to_client.push_back(message);
        }
    }

    fn post(&mut self, large: bool) {
        if self.last >= 200 {
            return;
        }
        self.last += 1;
        let number = self.last;
        if !self.is_linked {
            return self.keep(number, false, false);
        }
        self.relay.exchange += 1;
        let exchange = self.relay.exchange;
        let is_complete = !large;
        self.relay.live.insert(
            number,
            Open {
                exchange,
                is_complete,
            },
        );
        self.tell(ToClient::Request {
            number,
            exchange,
            kind: Kind::Live,
            is_complete,
            attempted: false,
        });
    }

    /// On the relay's disk, and its sender told so.
    fn keep(&mut self, number: u64, is_with_client: bool, was_attempted: bool) {
        self.relay.acknowledged.push(number);
        self.relay.kept.insert(
            number,
            Kept {
                is_with_client,
                was_attempted,
            },
        );
    }

    fn rest(&mut self, which: u8) {
        let incomplete = |(_, open): &(&u64, &Open)| !open.is_complete;
        let numbers = self.relay.live.iter().filter(incomplete);
        if let Some(number) = pick(numbers.map(|(number, _)| number), which) {
            if let Some(open) = self.relay.live.get_mut(&number) {
                open.is_complete = true;
            }
            self.tell(ToClient::Rest(number));
        }
    }

    fn break_off(&mut self, which: u8) {
        let incomplete = |(_, open): &(&u64, &Open)| !open.is_complete;
        let numbers = self.relay.live.iter().filter(incomplete);
        if let Some(number) = pick(numbers.map(|(number, _)| number), which) {
            self.relay.live.remove(&number);
            self.tell(ToClient::Cancel(number));
        }
    }

    fn wait_over(&mut self, which: u8) {
        let Some(number) = pick(self.relay.live.keys(), which) else {
            return;
        };
        let open = &self.relay.live[&number];
        if open.is_complete {
            self.relay.live.remove(&number);
            self.keep(number, true, true);
            self.tell(ToClient::Answered(number, Some(202)));
        } else {
            // Taken back, read to its end and kept.
            self.relay.live.remove(&number);
            self.tell(ToClient::Cancel(number));
            self.keep(number, false, true);
        }
    }

    fn leave(&mut self, which: u8) {
        let complete = |(_, open): &(&u64, &Open)| open.is_complete;
        let numbers = self.relay.live.iter().filter(complete);
        if let Some(number) = pick(numbers.map(|(number, _)| number), which) {
            self.relay.live.remove(&number);
            self.tell(ToClient::Answered(number, None));
        }
    }

    /// The link is gone; the relay keeps what its senders wait for.
    fn loss(&mut self) {
        if !std::mem::replace(&mut self.is_linked, false) {
            return;
        }
        self.to_client.clear();
        self.to_relay.clear();
        self.relay.unsent_rest = None;
        for (number, _) in std::mem::take(&mut self.relay.live) {
            self.keep(number, false, true);
        }
        for kept in self.relay.kept.values_mut() {
            kept.is_with_client = false;
        }
        self.on(Event::LinkLost);
    }

    fn drain(&mut self) {
        if !self.is_linked {
            return;
        }
        let oldest = self.relay.kept.iter_mut().find(|it| !it.1.is_with_client);
        if let Some((number, kept)) = oldest {
            kept.is_with_client = true;
            let (number, attempted) = (*number, kept.was_attempted);
            self.relay.exchange += 1;
            let exchange = self.relay.exchange;
            self.tell(ToClient::Request {
                number,
                exchange,
                kind: Kind::Queued,
                is_complete: number % 5 != 0,
                attempted,
            });
            // The rest of a large one is overtaken by the next.
            let before = self.relay.unsent_rest.take();
            self.relay.unsent_rest = (number % 5 == 0).then_some(number);
            if let Some(number) = before {
                self.tell(ToClient::Rest(number));
            }
        } else if let Some(number) = self.relay.unsent_rest.take() {
            self.tell(ToClient::Rest(number));
        }
    }

    fn reach_client(&mut self) {
        match self.to_client.pop_front() {
            Some(ToClient::Request {
                number,
                exchange,
                kind,
                is_complete,
                attempted,
            }) => {
                let mut delivery = delivery(number, kind);
                delivery.attempted = attempted;
                self.arriving = Some((Box::new(delivery.clone()), is_complete));
                self.on(Event::Received {
                    exchange: ExchangeId(exchange),
                    delivery: &delivery,
                    size_bytes: None,
                    is_complete,
                });
                self.arriving = None;
            }
            Some(ToClient::Rest(number)) => {
                self.jobs.push_back(Job::Piece {
                    id: id(number),
                    data: Bytes::from_static(b" and rest"),
                    end: true,
                });
                self.on(Event::Complete(id(number)));
            }
            Some(ToClient::Cancel(number)) => self.on(Event::SenderLeft(id(number))),
            Some(ToClient::Answered(number, status)) => {
                let id = id(number);
                self.on(Event::RelayAnswered { id, status });
            }
            None => {}
        }
    }

    fn reach_relay(&mut self) {
        match self.to_relay.pop_front() {
            Some(ToRelay::Answer { exchange, number }) => {
                let times = self.app.get(&number).map_or(0, |seen| seen.times);
                let reaches_a_sender = self.closes(exchange);
                assert!(
                    !reaches_a_sender || times > 0 || self.is_refused(number),
                    "{number} was answered by nobody"
                );
            }
            Some(ToRelay::Failed { exchange }) => {
                self.closes(exchange);
            }
            Some(ToRelay::Ack(number)) => {
                self.relay.kept.remove(&number);
            }
            None => {}
        }
    }

    /// A sender has its answer, if it still waited.
    fn closes(&mut self, exchange: u32) -> bool {
        let live = &mut self.relay.live;
        let before = live.len();
        live.retain(|_, open| open.exchange != exchange);
        live.len() < before
    }

    fn commit(&mut self, count: usize) {
        let count = self.jobs.len().min(count + 1);
        for done in self.history.commit(self.jobs.drain(..count)) {
            self.on(match done {
                Done::Received { row, known } => Event::Stored { row, known },
                Done::Began {
                    id,
                    attempt,
                    number,
                } => Event::Began {
                    id,
                    attempt,
                    number,
                },
                Done::Whole { id } => Event::Whole(id),
                Done::Promised { id, seq, row } => Event::Promised { id, seq, row },
                Done::Backlog { rows, beyond } => Event::Backlog { rows, beyond },
                Done::NotDone { id } => Event::NotStored(id),
                Done::Failing { .. } | Done::Mended => unreachable!("it does not fail"),
            });
        }
        for (run, refused) in self.replays.allotted() {
            let why = refused.to_string();
            self.on(Event::NotReplayed { run, why });
        }
    }

    /// The client is killed: what the history has not done is gone, as is the link.
    fn kill(&mut self) {
        // Of what the app has done, the history may know nothing.
        for (number, seen) in &mut self.app {
            if self.history.standing(*number) != Some(Standing::Answered) {
                seen.excused = seen.times;
            }
        }
        self.jobs.clear();
        self.history.kill();
        self.runs.clear();
        self.replays.kill();
        self.is_probing = false;
        let is_gated = self.gate.is_some();
        self.engine = Engine::new(rules(is_gated));
        self.gate = is_gated.then(Gate::default);
        if self.is_linked {
            self.loss();
        }
        self.on(Event::BacklogIsOurs);
    }

    pub(super) fn check(&self) {
        let engine = &self.engine;
        let counters = engine.counters();
        assert_eq!(
            counters.received,
            counters.delivered
                + counters.failed
                + counters.broken_off
                + counters.lost
                + counters.waiting,
            "{counters:?}"
        );
        assert_eq!(counters.lost, 0);
        let beginning = engine
            .deliveries
            .values()
            .filter(|entry| matches!(entry.stage, Stage::Beginning(_)));
        let own = self.runs.len() + beginning.count();
        assert_eq!(engine.running(), own + self.replays.count());
        for (number, (run, _)) in &self.runs {
            assert!(engine.is_running(&id(*number), *run));
        }
        let waiting = engine.kept.len() + engine.live.len();
        assert_eq!(
            engine.deliveries.len(),
            waiting + engine.pausing.len() + own
        );
    }

    pub(super) fn is_settled(&self) -> bool {
        let is_quiet =
            self.to_client.is_empty() && self.to_relay.is_empty() && self.jobs.is_empty();
        is_quiet
            && self.is_linked
            && self.relay.live.is_empty()
            && self.relay.kept.is_empty()
            && self.engine.counters().waiting == 0
            && self.engine.replays_waiting() == 0
    }

    /// Everything is well again and has come to its end.
    pub(super) fn check_end(&self) {
        assert!(self.relay.kept.is_empty(), "the relay still has some");
        assert_eq!(self.engine.counters().waiting, 0);
        assert_eq!(self.engine.replays_waiting(), 0);
        for number in 1..=self.last {
            self.replays
                .check_kept(number, &self.history.attempts(number));
        }
        for number in &self.relay.acknowledged {
            let times = self.app.get(number).map_or(0, |seen| seen.times);
            let standing = self.history.standing(*number);
            if self.gate.is_some() && !Gate::is_true(*number) {
                assert_eq!((times, standing), (0, Some(Standing::Captured)), "{number}");
                continue;
            }
            assert!(
                times > 0,
                "{number} was acknowledged, and the app never had it"
            );
            assert_eq!(standing, Some(Standing::Answered), "{number}");
        }
    }
}

fn rules(is_gated: bool) -> Rules {
    Rules {
        gated: is_gated,
        ..usual()
    }
}

/// The record of an attempt, as far as anyone looks at it here.
fn stored(attempt: u32) -> Box<StoredAttempt> {
    Box::new(StoredAttempt {
        attempt,
        began_at_us: 0,
        is_replay: false,
        changed: Changed::default(),
        request: None,
        withheld: None,
        end: AttemptEnd::Failed(Failure::Died),
        answer: None,
        timings: Timings::default(),
    })
}

pub(super) fn number(id: &kreel_wire::DeliveryId) -> u64 {
    let bytes = id.as_bytes()[8..].try_into().expect("eight bytes");
    u64::from_be_bytes(bytes)
}

pub(super) fn pick<'a>(numbers: impl Iterator<Item = &'a u64> + Clone, which: u8) -> Option<u64> {
    let count = numbers.clone().count();
    let nth = usize::from(which).checked_rem(count)?;
    numbers.copied().nth(nth)
}
