//! The client's side of the history: what is put into it, and what comes back.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep, timeout};

use super::Running;
use crate::engine::Event;
use crate::history::{Done, History, HistoryError, Jobs, Recorder, WorkerLock};
use crate::limits::{ASK_AGAIN, HISTORY_QUEUED_BYTES, LAST_WRITES, LOCK_TRY, LONGEST_PAUSE};
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
    /// Why the lock can't be taken, as was said last.
    lock_fault: Option<String>,
    /// The history was not able to take something that the relay still has: when the relay is to
    /// be asked for it again.
    ask_again: Option<Pin<Box<Sleep>>>,
    /// How long to wait before that.
    pause: Duration,
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
            lock_fault: None,
            ask_again: None,
            pause: ASK_AGAIN,
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
            // What could not be written by then is with the relay still, or was nobody's promise.
            if timeout(LAST_WRITES, recorder.close()).await.is_err() {
                tracing::warn!("the history did not take its last records in time");
            }
        }
    }

    /// The relay is asked again after a pause, a longer one each time it is in vain.
    fn will_ask_again(&mut self) {
        if self.ask_again.is_none() {
            self.ask_again = Some(Box::pin(sleep(self.pause)));
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
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
                Err(error) => {
                    let fault = error.to_string();
                    if self.lock_fault.as_ref() != Some(&fault) {
                        tracing::warn!(%error, "what waits is not handed over: its lock can't be taken");
                        self.lock_fault = Some(fault);
                    }
                }
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
        while let Poll::Ready(Some(done)) = self.book.done.poll_recv(cx) {
            self.done(done);
        }
        let asks_again = self.book.ask_again.as_mut();
        let is_due = asks_again.is_some_and(|due| due.as_mut().poll(cx).is_ready());
        if is_due {
            self.book.ask_again = None;
        }
        is_due
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Received { row, known } => {
                self.book.pause = ASK_AGAIN;
                self.decide(Event::Stored { row, known });
            }
            Done::Began {
                id,
                attempt,
                number,
            } => self.decide(Event::Began {
                id,
                attempt,
                number,
            }),
            Done::Whole { id } => self.decide(Event::Whole(id)),
            Done::Promised { id, seq, row } => self.decide(Event::Promised { id, seq, row }),
            Done::Backlog { rows, beyond } => self.decide(Event::Backlog { rows, beyond }),
            Done::NotDone { id } => {
                self.book.will_ask_again();
                self.decide(Event::NotStored(id));
            }
            Done::Failing { cause } => self.notices.tell(Update::HistoryFailing { cause }),
            Done::Mended => {
                self.notices.tell(Update::HistoryMended);
                self.decide(Event::HistoryMended);
            }
        }
    }
}
