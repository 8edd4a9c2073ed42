//! One turn of the client's task: read the link, take in reports, write the link.
//!
//! The order matters: what was read first may cause what is written last, and one write carries
//! it all.

use std::task::{Context, Poll};

use kreel_socket::MessageSocket;
use kreel_wire::Welcome;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::lanes::Outgoing;
use super::line::Line;
use super::{Hand, Running};
use crate::dial::Stream;
use crate::engine::{Event, Run};
use crate::forward::{Report, Work};
use crate::limits::READ_RUN;
use crate::link::inbox::Body;
use crate::link::{Incoming, Link, LinkNumber, Received};
use crate::{Command, LinkError};

/// What a turn ended with, beyond the daily business.
pub(super) enum Turn {
    Command(Command),
    Connected(Box<MessageSocket<Stream>>, Box<Welcome>),
    NotConnected(LinkError),
    Lost(LinkError),
    PauseOver,
    /// The client is stopping, and all is done.
    Drained,
    /// The client is stopping, and there is no more time.
    GraceOver,
}

impl Running {
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        commands: &mut mpsc::Receiver<Command>,
    ) -> Poll<Turn> {
        if self.stop_at.is_none() {
            // Whoever held the other end has gone: nobody could stop this client any more.
            if let Poll::Ready(command) = commands.poll_recv(cx) {
                return Poll::Ready(Turn::Command(command.unwrap_or(Command::Stop)));
            }
        } else if let Poll::Ready(Some(command)) = commands.poll_recv(cx) {
            return Poll::Ready(Turn::Command(command));
        }
        if let Poll::Ready(turn) = self.poll_line(cx) {
            return Poll::Ready(turn);
        }
        self.poll_time(cx);
        self.reap();
        let idle = match self.poll_out(cx) {
            Ok(idle) => idle,
            Err(error) => return Poll::Ready(Turn::Lost(error)),
        };
        self.notices.deliver();
        self.poll_stop(cx, idle)
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        match &mut self.line {
            Line::Off => Poll::Pending,
            Line::Pausing(pause) => pause.as_mut().poll(cx).map(|()| Turn::PauseOver),
            Line::Connecting(connecting) => connecting.as_mut().poll(cx).map(|done| match done {
                Ok((socket, welcome)) => Turn::Connected(Box::new(socket), Box::new(welcome)),
                Err(error) => Turn::NotConnected(error),
            }),
            Line::Up { .. } => self.poll_in(cx),
        }
    }

    /// Reads what has come, but not for ever: what is ready to be written waits.
    fn poll_in(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        for _ in 0..READ_RUN {
            let Line::Up { link, .. } = &mut self.line else {
                return Poll::Pending;
            };
            match link.poll_incoming(cx) {
                Poll::Ready(Ok(incoming)) => self.take(incoming),
                Poll::Ready(Err(error)) => return Poll::Ready(Turn::Lost(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Received(received) => self.receive(received),
            Incoming::Complete(id) => self.decide(Event::Complete(id)),
            Incoming::SenderLeft(id) => self.decide(Event::SenderLeft(id)),
            Incoming::RelayAnswered(id, status) => {
                self.decide(Event::RelayAnswered { id, status });
            }
        }
    }

    fn receive(&mut self, received: Received) {
        let Received {
            exchange,
            delivery,
            body,
            reply,
        } = received;
        let (is_complete, whole_bytes) = match &body {
            Body::Whole(bytes) => (true, Some(bytes.len() as u64)),
            Body::Streamed(_) => (false, None),
        };
        let size_bytes = delivery.body_bytes.or(whole_bytes);
        let mut effects = std::mem::take(&mut self.effects);
        let event = Event::Received {
            exchange,
            delivery: &delivery,
            size_bytes,
            is_complete,
        };
        self.engine.on(event, &mut effects);
        self.arrived = Some(Box::new(Work {
            delivery,
            run: Run(0),
            attempt: 0,
            body,
            reply,
        }));
        self.do_all(effects);
        self.arrived = None;
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) {
        while self.alarm.poll_engine(cx).is_ready() {
            self.decide(Event::Tick {
                now: Instant::now(),
            });
        }
        if self.sweep.poll_tick(cx).is_ready() {
            self.forward.sweep();
            // Polled again, so that the next tick wakes this task.
            let _ = self.sweep.poll_tick(cx);
        }
    }

    /// Forgets the tasks that have ended. One that panicked takes this one with it.
    fn reap(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Err(error) = ended
                && let Ok(panic) = error.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
        }
    }

    /// Takes in what attempts have sent and passes it on, as much as the link takes; whether
    /// nothing is left.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Result<bool, LinkError> {
        loop {
            if let Line::Up { link, .. } = &mut self.line {
                match link.poll_ready(cx)? {
                    Poll::Ready(()) => link.send_own()?,
                    Poll::Pending => return Ok(false),
                }
            }
            if let Poll::Ready(grant) = self.lanes.poll_grant(cx) {
                self.pass(grant.link, |link| link.grant(&grant))?;
            } else if let Poll::Ready(Outgoing { message, report }) = self.lanes.poll_next(cx) {
                if let Some((number, message)) = message {
                    self.pass(number, |link| link.send(message))?;
                }
                if let Some(report) = report {
                    self.report(report);
                }
            } else {
                break;
            }
        }
        match &mut self.line {
            Line::Up { link, .. } => Ok(link.poll_flush(cx)?.is_ready()),
            _ => Ok(true),
        }
    }

    /// What was meant for a link that is gone is dropped.
    fn pass(
        &mut self,
        number: LinkNumber,
        send: impl FnOnce(&mut Link) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        match &mut self.line {
            Line::Up { link, .. } if number == self.last_link => send(link),
            _ => Ok(()),
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::NoConnection { failure, work } => {
                let (id, run) = (work.delivery.id, work.run);
                if self.engine.is_running(&id, run) {
                    self.hands.insert(id, Hand::Waiting(work));
                }
                let now = Instant::now();
                self.decide(Event::NoConnection {
                    id,
                    run,
                    failure,
                    now,
                });
            }
            Report::Finished {
                id,
                run,
                end,
                timings,
                again,
            } => {
                let is_repeatable = again.is_some();
                if self.engine.is_running(&id, run) {
                    self.hands.remove(&id);
                    let hand = again.map(Hand::Waiting);
                    self.hands.extend(hand.map(|hand| (id, hand)));
                }
                self.decide(Event::Finished {
                    id,
                    run,
                    end,
                    timings,
                    is_repeatable,
                    now: Instant::now(),
                });
            }
            Report::Probed(found) => {
                let now = Instant::now();
                self.decide(Event::Probed { found, now });
            }
        }
    }

    fn poll_stop(&mut self, cx: &mut Context<'_>, idle: bool) -> Poll<Turn> {
        if self.stop_at.is_none() {
            return Poll::Pending;
        }
        if idle && self.engine.running() == 0 {
            return Poll::Ready(Turn::Drained);
        }
        self.alarm.poll_stop(cx).map(|()| Turn::GraceOver)
    }
}
