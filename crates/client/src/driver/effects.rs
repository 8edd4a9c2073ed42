//! What the engine says, done.

use super::line::Line;
use super::{Hand, Running};
use crate::engine::{Effect, Event};
use crate::link::Link;

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
            Effect::Take { id } => {
                if let Some(work) = self.arrived.take() {
                    self.hands.insert(id, Hand::Waiting(work));
                }
            }
            Effect::Attempt { id, run, attempt } => {
                if let Some(Hand::Waiting(mut work)) = self.hands.remove(&id) {
                    work.run = run;
                    work.attempt = attempt;
                    let task = self.tasks.spawn(self.forward.clone().attempt(*work));
                    self.hands.insert(id, Hand::Running(task));
                }
            }
            Effect::Drop { id } => {
                if let Some(Hand::Running(task)) = self.hands.remove(&id) {
                    task.abort();
                }
            }
            Effect::Probe => {
                self.tasks.spawn(self.forward.clone().probe());
            }
            Effect::Update(update) => self.notices.tell(update),
            Effect::Ack(seq) => self.on_link(|link| link.ack(seq)),
            Effect::Fail { exchange, failure } => {
                self.on_link(|link| link.fail(exchange, failure));
            }
            Effect::Discard { exchange } => self.on_link(|link| link.discard(exchange)),
            Effect::Close { exchange } => self.on_link(|link| link.close(exchange)),
        }
    }

    /// Without a link there is nobody to tell; the relay asks again on the next one.
    fn on_link(&mut self, tell: impl FnOnce(&mut Link)) {
        if let Line::Up { link, .. } = &mut self.line {
            tell(link);
        }
    }
}
