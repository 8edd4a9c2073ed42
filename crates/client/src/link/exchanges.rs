//! The exchanges of one link: what may come on each, what may be sent, and what is stale.
//!
//! Messages for an exchange that is over are normal, since both ends speak at once; messages
//! for one that never was, or beyond its credit, break the protocol.

use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::HashMap;
use kreel_wire::limits::{CREDIT_STEP_BYTES, EXCHANGES, WINDOW_BYTES};
use kreel_wire::{Chunk, DeliveryId, ExchangeId, Kind, Request, ToRelay};
use thiserror::Error;
use tokio::sync::mpsc;

use super::exchange::Exchange;
use super::inbox::{Grant, Writer, inbox};
use super::{LinkNumber, Piece, Received};
use crate::limits::LEFT_EXCHANGES;

/// All exchanges of one link.
#[derive(Debug)]
pub(super) struct Exchanges {
    open: HashMap<ExchangeId, Open>,
    highest: ExchangeId,
    /// How many of the open ones the relay must count as open too.
    burdening: usize,
    link: LinkNumber,
    answer_window_bytes: u32,
    grants: mpsc::Sender<Grant>,
    /// Those this end has left last, with their deliveries: the relay may have answered their
    /// senders itself in the same moment.
    left: VecDeque<(ExchangeId, DeliveryId)>,
}

#[derive(Debug)]
struct Open {
    delivery: DeliveryId,
    kind: Kind,
    request: Half,
    request_credit_bytes: u64,
    answer: Option<Arc<Exchange>>,
    /// The client needs nothing of it any more.
    is_left: bool,
    /// The relay was told that there is no answer, which ends it there unless the two crossed.
    has_failed: bool,
}

/// The request's body.
#[derive(Debug)]
enum Half {
    /// It goes to an attempt, and into the history beside it.
    Streaming(Writer),
    /// It goes into the history; so much of it was not granted again yet.
    Storing { ungranted_bytes: u32 },
    /// It is dropped; so much of it was not granted again yet.
    Discarding { ungranted_bytes: u32 },
    /// It is complete.
    Done,
}

/// How the relay broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Violation {
    /// An exchange number that does not follow the last.
    #[error("exchange {got} was opened after {highest}")]
    NotIncreasing { got: u32, highest: u32 },
    /// More exchanges than may be open.
    #[error("more than {EXCHANGES} exchanges were opened")]
    TooMany,
    /// A message on an exchange that never was.
    #[error("exchange {got} was never opened")]
    NeverOpened { got: u32 },
    /// A piece of body after the last one.
    #[error("a body went on after its end, on exchange {on}")]
    AfterEnd { on: u32 },
    /// More body than was granted.
    #[error("the credit of exchange {on} was overrun by {by_bytes} bytes")]
    Overrun { on: u32, by_bytes: u64 },
}

impl Exchanges {
    pub(super) fn new(
        link: LinkNumber,
        answer_window_bytes: u32,
        grants: mpsc::Sender<Grant>,
    ) -> Self {
        Self {
            open: HashMap::default(),
            highest: ExchangeId(0),
            burdening: 0,
            link,
            answer_window_bytes,
            grants,
            left: VecDeque::new(),
        }
    }

    pub(super) fn open(&mut self, request: Request) -> Result<Received, Violation> {
        let exchange = request.exchange;
        if exchange <= self.highest {
            return Err(Violation::NotIncreasing {
                got: exchange.0,
                highest: self.highest.0,
            });
        }
        if self.burdening >= EXCHANGES {
            return Err(Violation::TooMany);
        }
        self.highest = exchange;
        let kind = request.delivery.kind;
        let (half, rest) = if request.end {
            (Half::Done, None)
        } else if kind == Kind::Queued {
            (Half::Storing { ungranted_bytes: 0 }, None)
        } else {
            let (grants, first) = (self.grants.clone(), request.body.clone());
            let (writer, reader) = inbox(first, exchange, self.link, grants);
            (Half::Streaming(writer), Some(reader))
        };
        let reply = (kind == Kind::Live)
            .then(|| Arc::new(Exchange::new(exchange, self.link, self.answer_window_bytes)));
        let open = Open {
            delivery: request.delivery.id,
            kind,
            request: half,
            request_credit_bytes: WINDOW_BYTES.into(),
            answer: reply.clone(),
            is_left: false,
            has_failed: false,
        };
        self.open.insert(exchange, open);
        self.burdening += 1;
        Ok(Received {
            exchange,
            delivery: request.delivery,
            first: request.body,
            is_complete: request.end,
            rest,
            reply,
        })
    }

    /// Takes a piece of body; gives it back for the history if it is wanted.
    pub(super) fn body(&mut self, piece: Chunk) -> Result<Option<Piece>, Violation> {
        let on = piece.exchange;
        let Some(open) = find(&mut self.open, self.highest, on)? else {
            return Ok(None);
        };
        let cost = u64::from(piece.cost_bytes());
        let end = piece.end;
        if let Half::Done = open.request {
            return Err(Violation::AfterEnd { on: on.0 });
        }
        let granted = open.request_credit_bytes;
        open.request_credit_bytes =
            granted
                .checked_sub(cost)
                .ok_or_else(|| Violation::Overrun {
                    on: on.0,
                    by_bytes: cost - granted,
                })?;
        let wanted = Piece {
            delivery: open.delivery,
            data: piece.data.clone(),
            end,
        };
        let is_wanted = match &mut open.request {
            Half::Streaming(writer) => {
                writer.push(piece);
                true
            }
            Half::Storing { ungranted_bytes } => {
                *ungranted_bytes += piece.cost_bytes();
                true
            }
            Half::Discarding { ungranted_bytes } => {
                *ungranted_bytes += piece.cost_bytes();
                false
            }
            Half::Done => false,
        };
        let is_left = open.is_left;
        self.grant_read(on);
        if end && is_left {
            self.remove(on);
        } else if end {
            self.change(on, |open| open.request = Half::Done);
        }
        Ok(is_wanted.then_some(wanted))
    }

    pub(super) fn credit(&mut self, on: ExchangeId, bytes: u32) -> Result<(), Violation> {
        if let Some(open) = find(&mut self.open, self.highest, on)?
            && let Some(answer) = &open.answer
        {
            answer.add_credit(bytes);
        }
        Ok(())
    }

    /// The sender broke off, or the relay took the request back: of which delivery, if it is not
    /// over and goes by this exchange.
    pub(super) fn cancel(&mut self, on: ExchangeId) -> Result<Option<DeliveryId>, Violation> {
        let open = find(&mut self.open, self.highest, on)?;
        let goes_by = |open: &&mut Open| !matches!(open.request, Half::Discarding { .. });
        let delivery = open.filter(goes_by).map(|open| open.delivery);
        self.remove(on);
        Ok(delivery)
    }

    /// The sender needs no answer any more: to which delivery, even if this end has just left its
    /// exchange.
    pub(super) fn answered(&mut self, on: ExchangeId) -> Result<Option<DeliveryId>, Violation> {
        let Some(open) = find(&mut self.open, self.highest, on)? else {
            let left = self.left.iter().find(|(left, _)| *left == on);
            return Ok(left.map(|(_, delivery)| *delivery));
        };
        let delivery = (open.kind == Kind::Live).then_some(open.delivery);
        self.end_answer(on);
        Ok(delivery)
    }

    /// Whether a message of ours still has someone to reach; if it is the last of an answer,
    /// nothing follows it.
    pub(super) fn may_send(&mut self, message: &ToRelay) -> bool {
        let (on, is_last) = match message {
            ToRelay::Answer(answer) => (answer.exchange, answer.end),
            ToRelay::AnswerBody(piece) => (piece.exchange, piece.end),
            ToRelay::Failed { exchange, .. } => (*exchange, true),
            ToRelay::Credit { .. } | ToRelay::Ack { .. } | ToRelay::Goodbye { .. } => return true,
        };
        if let ToRelay::Failed { .. } = message {
            self.change(on, |open| open.has_failed = true);
        }
        let wanted = self.open.get(&on).is_some_and(|open| open.answer.is_some());
        if wanted && is_last {
            self.end_answer(on);
        }
        wanted
    }

    /// Books a grant of ours; whether it still has someone to reach.
    pub(super) fn grant(&mut self, grant: &Grant) -> bool {
        let Some(open) = self.open.get_mut(&grant.exchange) else {
            return false;
        };
        open.request_credit_bytes += u64::from(grant.bytes);
        grant.link == self.link && !matches!(open.request, Half::Done)
    }

    pub(super) fn discard(&mut self, on: ExchangeId) {
        self.change(on, |open| {
            let ungranted_bytes = match &open.request {
                Half::Streaming(writer) => writer.abandon(),
                Half::Storing { ungranted_bytes } => *ungranted_bytes,
                Half::Discarding { .. } | Half::Done => return,
            };
            open.request = Half::Discarding { ungranted_bytes };
        });
        self.grant_read(on);
    }

    /// Grants credit for what no attempt reads, once it is worth a message.
    fn grant_read(&mut self, on: ExchangeId) {
        if let Some(open) = self.open.get_mut(&on)
            && let Half::Discarding { ungranted_bytes } | Half::Storing { ungranted_bytes } =
                &mut open.request
            && *ungranted_bytes >= CREDIT_STEP_BYTES
        {
            // Full it can't be, see `CREDIT_LANE`.
            let _ = self.grants.try_send(Grant {
                link: self.link,
                exchange: on,
                bytes: std::mem::take(ungranted_bytes),
            });
        }
    }

    /// Nothing is needed of this exchange any more. The rest of its request is dropped as it
    /// comes: the relay has to get rid of it before it can end the exchange.
    pub(super) fn close(&mut self, on: ExchangeId) {
        self.note_left(on);
        self.end_answer(on);
        self.discard(on);
        match self.open.get(&on).map(|open| &open.request) {
            Some(Half::Done) => self.remove(on),
            _ => self.change(on, |open| open.is_left = true),
        }
    }

    fn note_left(&mut self, on: ExchangeId) {
        if let Some(open) = self.open.get(&on)
            && open.kind == Kind::Live
        {
            if self.left.len() == LEFT_EXCHANGES {
                self.left.pop_front();
            }
            self.left.push_back((on, open.delivery));
        }
    }

    fn remove(&mut self, on: ExchangeId) {
        if let Some(open) = self.open.remove(&on) {
            self.burdening -= usize::from(open.is_burdening());
            if let Some(answer) = &open.answer {
                answer.end();
            }
        }
    }

    fn end_answer(&mut self, on: ExchangeId) {
        self.change(on, |open| {
            if let Some(answer) = open.answer.take() {
                answer.end();
            }
        });
    }

    fn change(&mut self, on: ExchangeId, how: impl FnOnce(&mut Open)) {
        if let Some(open) = self.open.get_mut(&on) {
            let before = open.is_burdening();
            how(open);
            self.burdening -= usize::from(before && !open.is_burdening());
        }
    }
}

impl Drop for Exchanges {
    /// The link is over: nobody waits for an answer on it.
    fn drop(&mut self) {
        for open in self.open.values() {
            if let Some(answer) = &open.answer {
                answer.end();
            }
        }
    }
}

impl Open {
    /// Whether the relay knows, too, that it is open: it may think an exchange over once the
    /// body was sent and the sender answered, while this client still works on the delivery.
    fn is_burdening(&self) -> bool {
        let is_over = self.is_left && self.has_failed;
        let is_complete = matches!(self.request, Half::Done);
        !is_over && (self.kind == Kind::Queued || self.answer.is_some() || !is_complete)
    }
}

fn find(
    open: &mut HashMap<ExchangeId, Open>,
    highest: ExchangeId,
    on: ExchangeId,
) -> Result<Option<&mut Open>, Violation> {
    if on > highest || on.0 == 0 {
        return Err(Violation::NeverOpened { got: on.0 });
    }
    Ok(open.get_mut(&on))
}

#[cfg(test)]
mod tests;
