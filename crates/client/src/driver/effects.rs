//! What the engine says, done.

use std::sync::Arc;

use kreel_wire::DeliveryId;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use super::Running;
use super::line::Line;
use crate::engine::{Effect, Event, Run};
use crate::forward::{Body, Work};
use crate::history::Job;
use crate::link::Link;
use crate::{Summary, Update};

impl Running {
    /// Lets the engine decide, and does what it says.
    pub(super) fn decide(&mut self, event: Event<'_>) {
        let mut effects = std::mem::take(&mut self.effects);
        self.engine.on(event, &mut effects);
        self.do_all(effects);
    }

    pub(super) fn do_all(&mut self, mut effects: Vec<Effect>) {
        for effect in effects.drain(..) {
            self.carry_out(effect);
        }
        self.effects = effects;
        self.alarm.set(self.engine.deadline());
    }

    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Take { id } => self.take_live(id),
            Effect::Store { id } => self.store_queued(id),
            Effect::Promise { id, attempts } => self.put(Job::Promise { id, attempts }),
            Effect::Whole { id } => self.put(Job::Whole { id }),
            Effect::Begin { id, attempt } => self.put(Job::Begun { id, attempt }),
            Effect::Attempt {
                id,
                run,
                attempt,
                withheld,
            } => self.attempt(id, run, attempt, withheld),
            Effect::Ended { id, standing } => match self.attempt.take() {
                Some(attempt) => self.put(Job::Ended {
                    id,
                    standing,
                    attempt,
                }),
                None => self.put(Job::Stand { id, standing }),
            },
            Effect::Stand { id, standing } => self.put(Job::Stand { id, standing }),
            Effect::Duplicate { id } => self.put(Job::Duplicate { id }),
            Effect::Backlog { after, limit } => {
                let since_us = self.introduction.since_us;
                self.put(Job::Backlog {
                    after,
                    since_us,
                    limit,
                });
            }
            Effect::Replay { run, replay } => {
                let history = self.book.jobs().clone();
                let stopped = self.replays.begins(run);
                let forward = self.forward.clone();
                self.tasks
                    .spawn(forward.replay(history, run, replay, stopped));
            }
            Effect::Replayed { id } => {
                if let Some(attempt) = self.attempt.take() {
                    self.put(Job::Replayed { id, attempt });
                }
            }
            Effect::GiveUpReplay { run } => self.replays.give_up(run),
            Effect::Drop { id } => self.hands.let_go(&id),
            Effect::Probe => {
                self.tasks.spawn(self.forward.clone().probe());
            }
            Effect::Update(Update::Gated(delivery)) => self.at_the_gate(delivery),
            Effect::Update(update) => self.notices.tell(update),
            Effect::Ack(seq) => self.on_link(|link| link.ack(seq)),
            Effect::Fail { exchange, failure } => {
                self.on_link(|link| link.fail(exchange, failure));
            }
            Effect::Close { exchange } => self.on_link(|link| link.close(exchange)),
        }
    }

    /// Tells whoever decides, and those who show it.
    fn at_the_gate(&mut self, delivery: Arc<Summary>) {
        let told = self
            .config
            .gate
            .as_ref()
            .map(|gate| gate.try_send(delivery.id));
        if let Some(Err(TrySendError::Full(id))) = told {
            self.engine.was_not_told(&id, Instant::now());
        }
        self.notices.tell(Update::Gated(delivery));
    }

    fn put(&self, job: Job) {
        self.book.jobs().put(job);
    }

    /// A sender waits for what has just come: it is held for an attempt, and recorded beside it.
    fn take_live(&mut self, id: DeliveryId) {
        let Some(received) = self.arrived.take_if(|it| it.delivery.id == id) else {
            return;
        };
        self.put(Job::Begin {
            delivery: received.delivery.clone(),
            first: received.first.clone(),
            is_complete: received.is_complete,
        });
        let body = match received.rest {
            Some(reader) => Body::Streamed(reader),
            None => Body::Whole(received.first),
        };
        let work = Work {
            delivery: received.delivery,
            run: Run(0),
            attempt: 0,
            body,
            reply: received.reply,
            special: None,
            withheld: None,
        };
        self.hands.hold(id, Box::new(work));
    }

    /// The relay has kept what has just come, until the history has it.
    fn store_queued(&mut self, id: DeliveryId) {
        if let Some(received) = self.arrived.take_if(|it| it.delivery.id == id) {
            self.put(Job::Receive {
                delivery: received.delivery,
                first: received.first,
                is_complete: received.is_complete,
            });
        }
    }

    fn attempt(&mut self, id: DeliveryId, run: Run, attempt: u32, withheld: Option<Arc<str>>) {
        let forward = self.forward.clone();
        let task = match self.hands.take(&id) {
            Some(mut work) => {
                work.run = run;
                work.attempt = attempt;
                work.withheld = withheld;
                // Boxed: the task is moved several times before it first runs.
                self.tasks.spawn(Box::pin(forward.attempt(work)))
            }
            None => {
                let history = self.book.jobs().clone();
                self.tasks
                    .spawn(forward.attempt_stored(history, id, run, attempt, withheld))
            }
        };
        self.hands.runs(id, task);
    }

    /// Without a link there is nobody to tell; the relay asks again on the next one.
    fn on_link(&mut self, tell: impl FnOnce(&mut Link)) {
        if let Line::Up { link, .. } = &mut self.line {
            tell(link);
        }
    }
}
