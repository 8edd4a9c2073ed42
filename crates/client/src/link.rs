//! One life of the link: a websocket to the relay from its handshake to its end.
//!
//! Messages become [`Incoming`]s, the few things the rest of the client must decide on; bodies
//! and credit are dealt with here. Polled by one task, which never waits for its own writes.

pub(crate) mod backoff;
pub(crate) mod exchange;
mod exchanges;
mod handshake;
pub(crate) mod inbox;

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use kreel_socket::MessageSocket;
use kreel_wire::{
    Delivery, DeliveryId, ExchangeId, Failure, GoodbyeReason, Seq, ToClient, ToRelay, TunnelName,
    Welcome, limits,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use self::exchange::Exchange;
use self::exchanges::{Exchanges, Violation};
pub(crate) use self::handshake::{Introduction, PROGRAM, connect};
use self::inbox::{Grant, Reader};
use crate::LinkError;
use crate::dial::Stream;
use crate::limits::FAREWELL;

/// Tells one life of the link from the next, so that nothing meant for one reaches another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkNumber(pub(crate) u32);

/// An open link.
#[derive(Debug)]
pub(crate) struct Link {
    socket: MessageSocket<Stream>,
    exchanges: Exchanges,
    tunnel: TunnelName,
    /// What the engine wants said, until the socket takes it.
    own: Vec<ToRelay>,
    acks: Vec<Seq>,
    /// The relay knows that this end comes soon.
    is_ending: bool,
}

/// What the relay said, as far as the rest of the client must know.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A delivery came.
    Received(Received),
    /// A further piece of a delivery's body came.
    Piece(Piece),
    /// The sender broke off before its request was complete, or the relay took it back.
    SenderLeft(DeliveryId),
    /// The sender has its answer from the relay, or left after its request was complete.
    RelayAnswered(DeliveryId, Option<u16>),
}

/// A delivery as it came over the link.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) exchange: ExchangeId,
    pub(crate) delivery: Box<Delivery>,
    /// The body, or its beginning.
    pub(crate) first: Bytes,
    pub(crate) is_complete: bool,
    /// All of the body as it comes, from its beginning on, if a sender waits and more is to come.
    pub(crate) rest: Option<Reader>,
    /// Where the answer goes, if a sender waits for one.
    pub(crate) reply: Option<Arc<Exchange>>,
}

/// A further piece of a delivery's body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) delivery: DeliveryId,
    pub(crate) data: Bytes,
    /// It is the last.
    pub(crate) end: bool,
}

impl Link {
    /// A link whose handshake is done. Grants of credit from the readers of bodies go into
    /// `grants` and come back through [`grant`](Self::grant).
    pub(crate) fn new(
        socket: MessageSocket<Stream>,
        welcome: &Welcome,
        tunnel: TunnelName,
        number: LinkNumber,
        grants: mpsc::Sender<Grant>,
    ) -> Self {
        Self {
            socket,
            exchanges: Exchanges::new(number, welcome.window_bytes, grants),
            tunnel,
            own: Vec::new(),
            acks: Vec::new(),
            is_ending: false,
        }
    }

    /// The next thing the relay said, or why the link is over.
    pub(crate) fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Incoming, LinkError>> {
        loop {
            let message = ready!(self.socket.poll_receive(cx))?;
            if let Some(incoming) = self.take(message)? {
                return Poll::Ready(Ok(incoming));
            }
        }
    }

    fn take(&mut self, message: ToClient) -> Result<Option<Incoming>, LinkError> {
        Ok(match message {
            ToClient::Request(request) => Some(Incoming::Received(self.exchanges.open(request)?)),
            ToClient::RequestBody(piece) => self.exchanges.body(piece)?.map(Incoming::Piece),
            ToClient::Credit { exchange, bytes } => {
                self.exchanges.credit(exchange, bytes)?;
                None
            }
            ToClient::Cancel { exchange } => {
                self.exchanges.cancel(exchange)?.map(Incoming::SenderLeft)
            }
            ToClient::Answered { exchange, status } => self
                .exchanges
                .answered(exchange)?
                .map(|delivery| Incoming::RelayAnswered(delivery, status)),
            ToClient::Goodbye { reason, message } => return Err(self.farewell(reason, message)),
        })
    }

    fn farewell(&self, reason: GoodbyeReason, message: String) -> LinkError {
        match reason {
            GoodbyeReason::Draining => LinkError::Draining,
            GoodbyeReason::Replaced => LinkError::Replaced {
                tunnel: self.tunnel.clone(),
            },
            GoodbyeReason::Revoked => LinkError::Revoked,
            GoodbyeReason::Protocol => LinkError::Accused { message },
            GoodbyeReason::Unknown => LinkError::Closed,
        }
    }

    /// How long the relay took to answer the last ping.
    pub(crate) fn latency(&self) -> Option<std::time::Duration> {
        self.socket.latency()
    }

    /// Whether another message may be sent.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        self.socket.poll_ready(cx).map_err(LinkError::from)
    }

    /// Queues a message that belongs to an exchange; one that is over is not spoken on.
    pub(crate) fn send(&mut self, message: ToRelay) -> Result<(), LinkError> {
        if self.exchanges.may_send(&message) {
            self.socket.send(message)?;
        }
        Ok(())
    }

    /// Queues a grant of credit for a body that was read on.
    pub(crate) fn grant(&mut self, grant: &Grant) -> Result<(), LinkError> {
        if self.exchanges.grant(grant) {
            self.socket.send(ToRelay::Credit {
                exchange: grant.exchange,
                bytes: grant.bytes,
            })?;
        }
        Ok(())
    }

    /// Notes an acknowledgement.
    pub(crate) fn ack(&mut self, seq: Seq) {
        self.acks.push(seq);
    }

    /// Notes that an exchange will have no answer.
    pub(crate) fn fail(&mut self, exchange: ExchangeId, failure: Failure) {
        let message = ToRelay::Failed { exchange, failure };
        if self.exchanges.may_send(&message) {
            self.own.push(message);
        }
    }

    /// Queues the failures that were noted.
    pub(crate) fn send_own(&mut self) -> Result<(), LinkError> {
        for message in self.own.drain(..) {
            self.socket.send(message)?;
        }
        Ok(())
    }

    /// Queues acknowledgements, as many as fit one message; whether there were any. To be called
    /// when nothing else is at hand, so that one message has those of a whole turn.
    pub(crate) fn send_acks(&mut self) -> Result<bool, LinkError> {
        let from = self.acks.len().saturating_sub(limits::ACKS);
        let seqs = self.acks.split_off(from);
        let any = !seqs.is_empty();
        if any {
            self.socket.send(ToRelay::Ack { seqs })?;
        }
        Ok(any)
    }

    /// Writes out what is queued.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        self.socket.poll_flush(cx).map_err(LinkError::from)
    }

    /// The client is done with this exchange: whatever still comes on it is dropped, though credit
    /// is granted for it, since the relay can't end it before it is all sent.
    pub(crate) fn close(&mut self, exchange: ExchangeId) {
        self.exchanges.close(exchange);
    }

    /// Says goodbye for later: nothing new shall come, and what is going on goes on.
    pub(crate) fn announce_end(&mut self, message: &str) {
        if !std::mem::replace(&mut self.is_ending, true) {
            self.own.push(ToRelay::Goodbye {
                reason: GoodbyeReason::Draining,
                message: message.to_owned(),
            });
        }
    }

    /// Says goodbye and closes, without waiting long for a relay that has gone itself.
    pub(crate) async fn bid_farewell(mut self, reason: GoodbyeReason, message: &str) {
        let farewell = async {
            let goodbye = ToRelay::Goodbye {
                reason,
                message: message.to_owned(),
            };
            let violation = reason == GoodbyeReason::Protocol;
            let is_said = self.is_ending && !violation;
            if is_said || self.socket.send_now(goodbye).await.is_ok() {
                self.socket.close(violation, message).await;
            }
        };
        // Whether the relay heard it makes no difference any more.
        let _ = timeout(FAREWELL, farewell).await;
    }
}

impl From<Violation> for LinkError {
    fn from(violation: Violation) -> Self {
        Self::Violation {
            cause: violation.to_string(),
        }
    }
}
