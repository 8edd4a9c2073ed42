//! An engine on a table: events in, what is done about them in short.

use std::collections::VecDeque;

use super::*;

/// An engine, a history that answers at once, the time, and what was said last.
pub(super) struct Table {
    pub(super) engine: Engine,
    pub(super) shelf: Shelf,
    pub(super) now: Instant,
    pub(super) effects: Vec<Effect>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self::with(usual())
    }

    pub(super) fn with(rules: Rules) -> Self {
        Self::beside(Shelf::default(), rules)
    }

    /// A new process with this history.
    pub(super) fn beside(shelf: Shelf, rules: Rules) -> Self {
        let mut table = Self {
            engine: Engine::new(rules),
            shelf,
            now: Instant::now(),
            effects: Vec::new(),
        };
        table.on(Event::BacklogIsOurs);
        table
    }

    /// What is done about an event, in short, without what only the history is told.
    pub(super) fn on(&mut self, event: Event<'_>) -> Vec<String> {
        self.effects.clear();
        let mut effects = Vec::new();
        self.engine.on(event, &mut effects);
        let mut to_do = VecDeque::from(effects);
        while let Some(effect) = to_do.pop_front() {
            if let Some(answer) = self.shelf.take(&effect) {
                let mut effects = Vec::new();
                self.engine.on(answer, &mut effects);
                effects
                    .into_iter()
                    .rev()
                    .for_each(|it| to_do.push_front(it));
            }
            self.effects.push(effect);
        }
        let told = self.effects.iter().filter(|effect| !is_for_history(effect));
        told.map(short).collect()
    }

    pub(super) fn receive(&mut self, number: u64, exchange: u32, kind: Kind) -> Vec<String> {
        self.receive_part(number, exchange, kind, true)
    }

    pub(super) fn receive_part(
        &mut self,
        number: u64,
        exchange: u32,
        kind: Kind,
        is_complete: bool,
    ) -> Vec<String> {
        let delivery = delivery(number, kind);
        self.shelf.arrives(&delivery, is_complete);
        self.on(Event::Received {
            exchange: ExchangeId(exchange),
            delivery: &delivery,
            size_bytes: None,
            is_complete,
        })
    }

    pub(super) fn run_of(&self, number: u64) -> Run {
        match self.engine.deliveries[&id(number)].stage {
            Stage::Running(run) => run,
            _ => panic!("{number} is waiting"),
        }
    }

    pub(super) fn answered(&mut self, number: u64, status: u16) -> Vec<String> {
        let body_bytes = 0;
        self.ended(number, AttemptEnd::Answered { status, body_bytes })
    }

    pub(super) fn ended(&mut self, number: u64, end: AttemptEnd) -> Vec<String> {
        let (run, now) = (self.run_of(number), self.now);
        self.on(Event::Finished {
            id: id(number),
            run,
            end,
            timings: Timings::default(),
            now,
        })
    }

    pub(super) fn refused(&mut self, number: u64) -> Vec<String> {
        let (run, now) = (self.run_of(number), self.now);
        self.on(Event::NoConnection {
            id: id(number),
            run,
            failure: refusal(),
            now,
        })
    }

    pub(super) fn probed(&mut self, found: Result<(), Failure>) -> Vec<String> {
        let now = self.now;
        self.on(Event::Probed { found, now })
    }

    /// Lets the time pass until the engine wants to know.
    pub(super) fn wait(&mut self) -> Vec<String> {
        self.now = self.engine.deadline().expect("nothing is waited for");
        let now = self.now;
        self.on(Event::Tick { now })
    }
}

pub(super) fn usual() -> Rules {
    Rules {
        strict: false,
        capture: false,
        asks_for_past: false,
        gated: false,
        retries: 0,
        replays_at_once: crate::limits::REPLAYS_AT_ONCE,
    }
}

pub(super) fn is_for_history(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Take { .. }
            | Effect::Store { .. }
            | Effect::Promise { .. }
            | Effect::Whole { .. }
            | Effect::Begin { .. }
            | Effect::Ended { .. }
            | Effect::Stand { .. }
            | Effect::Replayed { .. }
            | Effect::Duplicate { .. }
            | Effect::Backlog { .. }
    )
}

pub(super) fn refusal() -> Failure {
    Failure::Refused {
        address: "localhost:3000".into(),
    }
}

/// An effect in a word or two; numbers are positions and exchanges.
pub(super) fn short(effect: &Effect) -> String {
    let number = |id: &DeliveryId| id.as_bytes()[15];
    match effect {
        effect if is_for_history(effect) => format!("{effect:?}"),
        Effect::Attempt {
            id,
            attempt,
            withheld: Some(why),
            ..
        } => format!("withhold {} #{attempt}: {why}", number(id)),
        Effect::Attempt { id, attempt, .. } => format!("attempt {} #{attempt}", number(id)),
        Effect::Replay { run, .. } => format!("replay {}", run.0),
        Effect::GiveUpReplay { run } => format!("give up {}", run.0),
        Effect::Drop { id } => format!("drop {}", number(id)),
        Effect::Probe => "probe".into(),
        Effect::Ack(Seq(seq)) => format!("ack {seq}"),
        Effect::Fail { exchange, failure } => format!("fail @{} {}", exchange.0, failure.code()),
        Effect::Close { exchange } => format!("close @{}", exchange.0),
        Effect::Update(update) => match update {
            Update::Delivery(_) => "row".into(),
            Update::Attempt(attempt) if attempt.replay => {
                let edited = if attempt.is_edited { ", edited" } else { "" };
                format!(
                    "replay {} #{}{edited}",
                    number(&attempt.delivery.id),
                    attempt.attempt
                )
            }
            Update::Attempt(attempt) => match &attempt.end {
                AttemptEnd::Answered { status, .. } => format!("said {status}"),
                AttemptEnd::Failed(failure) => format!("said {}", failure.code()),
            },
            Update::Answered { status, by, .. } => {
                format!("answered {} by {}", status.unwrap_or(0), by.as_str())
            }
            Update::Captured(_) => "captured".into(),
            Update::Gated(delivery) => format!("gated {}", delivery.seq.0),
            Update::Withheld { why, .. } => format!("withheld: {why}"),
            Update::AppDown { .. } => "app down".into(),
            Update::AppUp { waiting } => format!("app up, {waiting} waiting"),
            Update::Counters(_) => "counters".into(),
            Update::Held { on, waiting, .. } => {
                let how = if *on { "held" } else { "let go" };
                format!("{how}, {waiting} wait")
            }
            Update::Replaying {
                done,
                failed,
                total,
                ..
            } => format!("{done} of {total} replayed, {failed} failed"),
            Update::NotReplayed { why, .. } => format!("not replayed: {why}"),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}
