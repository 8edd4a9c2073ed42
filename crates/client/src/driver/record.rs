//! The client's side of the history: what is put into it, and what comes back.

use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Running;
use crate::engine::Event;
use crate::history::{Done, History, HistoryError, Jobs, Recorder, WorkerLock};
use crate::limits::{HISTORY_QUEUED_BYTES, LOCK_TRY};
use crate::{Config, Update};

/// The history of one tunnel, before the client runs.
#[derive(Debug)]
pub(super) struct OpenHistory {
    history: History,
    recorder: Recorder,
    done: mpsc::UnboundedReceiver<Done>,
}

impl OpenHistory {
    pub(super) fn new(history: History, config: &Config) -> Result<Self, HistoryError> {
        let (recorder, done) = history.recorder(&config.relay_name, &config.tunnel)?;
        Ok(Self {
            history,
            recorder,
            done,
        })
    }
}

/// The history of one tunnel, in use.
pub(super) struct Book {
    history: History,
    /// None once it is closed.
    recorder: Option<Recorder>,
    jobs: Jobs,
    done: mpsc::UnboundedReceiver<Done>,
    relay: String,
    tunnel: kreel_wire::TunnelName,
    /// What makes this process the one that hands over what waits.
    lock: Option<WorkerLock>,
    lock_try: Interval,
    /// The history was not able to take something that the relay still has.
    owes: bool,
}

impl Book {
    pub(super) fn new(history: OpenHistory, config: &Config) -> Self {
        let mut lock_try = interval(LOCK_TRY);
        lock_try.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            history: history.history,
            jobs: history.recorder.jobs(),
            recorder: Some(history.recorder),
            done: history.done,
            relay: config.relay_name.clone(),
            tunnel: config.tunnel.clone(),
            lock: None,
            lock_try,
            owes: false,
        }
    }

    pub(super) fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Whether there is room for more; if not, this task is woken once there is.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.jobs.poll_below(HISTORY_QUEUED_BYTES, cx)
    }

    /// Does all that was put, then closes.
    pub(super) async fn close(&mut self) {
        if let Some(recorder) = self.recorder.take() {
            recorder.close().await;
        }
    }

    /// Whether this process has just become the one that hands over what waits.
    fn poll_lock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.lock.is_none() && self.lock_try.poll_tick(cx).is_ready() {
            match self.history.worker_lock(&self.relay, &self.tunnel) {
                Ok(Some(lock)) => {
                    self.lock = Some(lock);
                    return Poll::Ready(());
                }
                Ok(None) => {}
                // Tried again, and said each time someone looks at the log.
                Err(error) => tracing::warn!(%error, "the history's lock can't be taken"),
            }
        }
        Poll::Pending
    }
}

impl Running {
    /// Takes in what the history says; whether the relay is to be asked again.
    pub(super) fn poll_history(&mut self, cx: &mut Context<'_>) -> bool {
        if self.book.poll_lock(cx).is_ready() {
            self.decide(Event::BacklogIsOurs);
        }
        let mut asks_again = false;
        while let Poll::Ready(Some(done)) = self.book.done.poll_recv(cx) {
            asks_again |= self.done(done);
        }
        asks_again
    }

    fn done(&mut self, done: Done) -> bool {
        match done {
            Done::Received { row, known } => self.decide(Event::Stored { row, known }),
            Done::Began { id, attempt } => self.decide(Event::Began { id, attempt }),
            Done::Promised { id, seq, row } => self.decide(Event::Promised { id, seq, row }),
            Done::Backlog { rows, beyond } => self.decide(Event::Backlog { rows, beyond }),
            Done::NotDone { id } => {
                self.book.owes = true;
                self.decide(Event::NotStored(id));
            }
            Done::Failing { cause } => self.notices.tell(Update::HistoryFailing { cause }),
            Done::Mended => {
                self.notices.tell(Update::HistoryMended);
                return std::mem::take(&mut self.book.owes);
            }
        }
        false
    }
}
