//! The way back to the sender, as long as one waits.

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::{Answer, Chunk, Failure, Response, ToRelay};

use crate::AttemptEnd;
use crate::driver::lanes::{Lane, Outgoing, Outlet};
use crate::forward::Ending;
use crate::link::LinkNumber;
use crate::link::exchange::{Exchange, Unwanted};

/// Makes the messages of an answer and sends them, each only while it is wanted.
pub(in crate::forward) struct Reply {
    exchange: Option<Arc<Exchange>>,
    outlet: Outlet,
    /// The lane that everything sent so far has gone by, or one that is drained after it.
    lane: Lane,
}

impl Reply {
    pub(in crate::forward) fn new(exchange: Option<Arc<Exchange>>, outlet: Outlet) -> Self {
        Self {
            exchange,
            outlet,
            lane: Lane::Urgent,
        }
    }

    /// Whether a sender still waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted().is_some()
    }

    /// Waits until no sender waits any more.
    pub(super) async fn unwanted(&self) {
        if let Some(exchange) = &self.exchange {
            exchange.ended().await;
        }
    }

    /// Waits for the credit of a piece of body and takes as much of it as there is.
    pub(super) async fn take_credit(&self, wanted_bytes: usize) -> Result<usize, Unwanted> {
        match &self.exchange {
            Some(exchange) => exchange.take_credit(wanted_bytes).await,
            None => Err(Unwanted),
        }
    }

    /// The message with the head of an answer.
    pub(in crate::forward) fn answer(
        &self,
        response: Response,
        body: Bytes,
        end: bool,
    ) -> Option<ToRelay> {
        self.wanted().map(|exchange| {
            ToRelay::Answer(Answer {
                exchange: exchange.id,
                response,
                body,
                end,
            })
        })
    }

    /// The message with a further piece of body.
    pub(super) fn piece(&self, data: Bytes, end: bool) -> Option<ToRelay> {
        self.wanted().map(|exchange| {
            ToRelay::AnswerBody(Chunk {
                exchange: exchange.id,
                data,
                end,
            })
        })
    }

    /// Sends a piece of body, behind all heads that wait.
    pub(super) async fn put_piece(&mut self, message: Option<ToRelay>) {
        self.lane = Lane::Bulk;
        self.put(message).await;
    }

    /// Sends a message, if it is one that is still wanted.
    pub(super) async fn put(&mut self, message: Option<ToRelay>) {
        if let Some(message) = message {
            let outgoing = Outgoing {
                message: self.addressed(message),
                report: None,
            };
            self.outlet.put(self.lane, outgoing).await;
        }
    }

    /// The end of an attempt that failed.
    pub(in crate::forward) fn failed(&self, failure: Failure) -> Ending {
        let last = self.wanted().map(|exchange| ToRelay::Failed {
            exchange: exchange.id,
            failure: failure.clone(),
        });
        self.ended(AttemptEnd::Failed(failure), last)
    }

    /// The end of an attempt, with its last message.
    pub(in crate::forward) fn ended(&self, end: AttemptEnd, last: Option<ToRelay>) -> Ending {
        Ending {
            end,
            last,
            lane: self.lane,
        }
    }

    /// A message with the link it is for.
    pub(in crate::forward) fn addressed(&self, message: ToRelay) -> Option<(LinkNumber, ToRelay)> {
        self.exchange
            .as_ref()
            .map(|exchange| (exchange.link, message))
    }

    fn wanted(&self) -> Option<&Exchange> {
        self.exchange
            .as_deref()
            .filter(|exchange| !exchange.is_over())
    }
}
