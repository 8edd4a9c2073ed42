//! The deadlines that the client's task watches.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// The deadlines of the engine and of a stop.
#[derive(Default)]
pub(super) struct Alarm {
    engine: Option<Pin<Box<Sleep>>>,
    stop: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Rings for the engine at this time, or not at all.
    pub(super) fn set(&mut self, at: Option<Instant>) {
        match (at, &mut self.engine) {
            (None, engine) => *engine = None,
            (Some(at), Some(engine)) if engine.deadline() == at => {}
            (Some(at), Some(engine)) => engine.as_mut().reset(at),
            (Some(at), engine) => *engine = Some(Box::pin(sleep_until(at))),
        }
    }

    /// Rings for a stop at this time.
    pub(super) fn set_stop(&mut self, at: Instant) {
        self.stop = Some(Box::pin(sleep_until(at)));
    }

    pub(super) fn poll_engine(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        poll_option(&mut self.engine, cx)
    }

    pub(super) fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        poll_option(&mut self.stop, cx)
    }
}

fn poll_option(sleep: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    match sleep {
        Some(sleep) => sleep.as_mut().poll(cx),
        None => Poll::Pending,
    }
}
