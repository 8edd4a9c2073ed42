//! One turn of the client's task: read the link, take in reports, write the link.
//!
//! The order matters: what was read first may cause what is written last, and one write carries
//! it all.

use std::task::{Context, Poll};

use kreel_socket::MessageSocket;
use kreel_wire::Welcome;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Running;
use super::lanes::Outgoing;
use super::line::Line;
use crate::dial::Stream;
use crate::engine::Event;
use crate::forward::Report;
use crate::history::Job;
use crate::limits::READ_RUN;
use crate::link::{Incoming, Link, LinkNumber, Piece, Received};
use crate::{Command, LinkError};

/// What a turn ended with, beyond the daily business.
pub(super) enum Turn {
    Command(Command),
    Connected(Box<MessageSocket<Stream>>, Box<Welcome>),
    NotConnected(LinkError),
    Lost(LinkError),
    PauseOver,
    /// The relay has something that could not be taken before.
    AskAgain,
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
        if self.poll_history(cx) {
            return Poll::Ready(Turn::AskAgain);
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
            std::task::ready!(self.book.poll_room(cx));
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
            Incoming::Piece(piece) => self.piece(piece),
            Incoming::SenderLeft(id) => self.decide(Event::SenderLeft(id)),
            Incoming::RelayAnswered(id, status) => {
                self.decide(Event::RelayAnswered { id, status });
            }
        }
    }

    fn receive(&mut self, received: Received) {
        let is_complete = received.is_complete;
        let whole_bytes = is_complete.then_some(received.first.len() as u64);
        let mut effects = std::mem::take(&mut self.effects);
        let event = Event::Received {
            exchange: received.exchange,
            delivery: &received.delivery,
            size_bytes: received.delivery.body_bytes.or(whole_bytes),
            is_complete,
        };
        self.engine.on(event, &mut effects);
        self.arrived = Some(Box::new(received));
        self.do_all(effects);
        self.arrived = None;
    }

    fn piece(&mut self, piece: Piece) {
        let Piece {
            delivery: id,
            data,
            end,
        } = piece;
        self.book.jobs().put(Job::Piece { id, data, end });
        if end {
            self.decide(Event::Complete(id));
        }
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) {
        while self.alarm.poll_engine(cx).is_ready() {
            self.decide(Event::Tick {
                now: Instant::now(),
            });
        }
        if self.sweep.poll_tick(cx).is_ready() {
            self.forward.sweep();
            self.tell_latency();
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
            } else if !self.send_acks()? {
                break;
            }
        }
        match &mut self.line {
            Line::Up { link, .. } => Ok(link.poll_flush(cx)?.is_ready()),
            _ => Ok(true),
        }
    }

    fn send_acks(&mut self) -> Result<bool, LinkError> {
        match &mut self.line {
            Line::Up { link, .. } => link.send_acks(),
            _ => Ok(false),
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

    /// How long the relay takes to answer, if that was measured anew.
    fn tell_latency(&mut self) {
        let latency = match &self.line {
            Line::Up { link, .. } => link.latency(),
            _ => None,
        };
        if let Some(latency) = latency.filter(|_| latency != self.latency) {
            self.latency = Some(latency);
            self.notices.tell(crate::Update::Latency(latency));
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::NoConnection {
                failure,
                work,
                record,
            } => {
                let (id, run) = (work.delivery.id, work.run);
                if self.engine.is_running(&id, run) {
                    self.hands.ended(&id);
                    self.hands.hold(id, work);
                }
                self.attempt = Some(record);
                let now = Instant::now();
                self.decide(Event::NoConnection {
                    id,
                    run,
                    failure,
                    now,
                });
                self.attempt = None;
            }
            Report::Finished { id, run, record } => {
                if self.engine.is_running(&id, run) {
                    self.hands.ended(&id);
                }
                let (end, timings) = (record.end.clone(), record.timings);
                self.attempt = Some(record);
                let now = Instant::now();
                self.decide(Event::Finished {
                    id,
                    run,
                    end,
                    timings,
                    now,
                });
                self.attempt = None;
            }
            Report::Unreadable { id, run, cause } => {
                if self.engine.is_running(&id, run) {
                    self.hands.ended(&id);
                }
                let now = Instant::now();
                self.decide(Event::Unreadable {
                    id,
                    run,
                    cause,
                    now,
                });
            }
            Report::Replayed { run, ended, record } => {
                self.replays.ended(run);
                self.attempt = Some(record);
                let now = Instant::now();
                self.decide(Event::Replayed { run, ended, now });
                self.attempt = None;
            }
            Report::NotReplayed { run, why } => {
                self.replays.ended(run);
                self.decide(Event::NotReplayed { run, why });
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
