//! A body read from the history, piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use kreel_wire::{Delivery, DeliveryId};
use thiserror::Error;
use tokio::sync::oneshot;

use super::body::Body;
use crate::history::{Job, Jobs};
use crate::link::inbox::CutOff;

/// The reading end of a body in the history.
#[derive(Debug)]
pub(crate) struct Stored {
    history: Jobs,
    id: DeliveryId,
    size_bytes: u64,
    read_bytes: u64,
    /// The number of the piece to ask for next.
    next: u32,
    /// One that is here.
    at_hand: Option<Bytes>,
    asked: Option<oneshot::Receiver<Result<Option<Bytes>, String>>>,
}

const CLOSED: &str = "the history is closed";

impl Stored {
    /// A body of this size, from its beginning.
    pub(crate) fn new(history: Jobs, id: DeliveryId, size_bytes: u64) -> Self {
        Self {
            history,
            id,
            size_bytes,
            read_bytes: 0,
            next: 0,
            at_hand: None,
            asked: None,
        }
    }

    /// Whether the last piece was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.read_bytes >= self.size_bytes
    }

    /// Its size in bytes, all of it.
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(super) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, CutOff>>> {
        if self.is_at_end() {
            return Poll::Ready(None);
        }
        let piece = match self.at_hand.take() {
            Some(piece) => piece,
            None => match ready!(self.poll_load(cx)) {
                Ok(piece) => piece,
                Err(cause) => return Poll::Ready(Some(Err(CutOff::Unreadable(cause.to_string())))),
            },
        };
        self.read_bytes += piece.len() as u64;
        Poll::Ready(Some(Ok(piece)))
    }

    fn poll_load(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Unreadable>> {
        let asked = self.asked.get_or_insert_with(|| {
            let (reply, asked) = oneshot::channel();
            let (id, number) = (self.id, self.next);
            self.history.put(Job::Load { id, number, reply });
            asked
        });
        let loaded = ready!(Pin::new(asked).poll(cx));
        self.asked = None;
        self.next += 1;
        Poll::Ready(match loaded {
            Ok(Ok(Some(piece))) if !piece.is_empty() => Ok(piece),
            Ok(Ok(_)) => Err(Unreadable::Gone("its body ends too early")),
            Ok(Err(cause)) => Err(cause.into()),
            Err(_) => Err(CLOSED.to_owned().into()),
        })
    }
}

/// Why a delivery can't be handed over from the history.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Unreadable {
    /// It is not there, or not whole.
    #[error("it is not in the history any more: {0}")]
    Gone(&'static str),
    /// It can't be read at the moment.
    #[error("it can't be read from the history: {0}")]
    Failed(String),
}

impl Unreadable {
    /// Whether it makes no sense to try again.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }
}

impl From<String> for Unreadable {
    fn from(cause: String) -> Self {
        Self::Failed(cause)
    }
}

/// A delivery that waits in the history: its head, and its body as far as it is small.
pub(super) async fn load(
    history: &Jobs,
    id: DeliveryId,
) -> Result<(Box<Delivery>, Body), Unreadable> {
    let head = head(history, id).await?;
    let size_bytes = head
        .body_bytes
        .ok_or(Unreadable::Gone("its size is unknown"))?;
    let body = body(history, id, size_bytes).await?;
    Ok((head, body))
}

/// The head of a delivery.
pub(super) async fn head(history: &Jobs, id: DeliveryId) -> Result<Box<Delivery>, Unreadable> {
    let (reply, head) = oneshot::channel();
    history.put(Job::Head { id, reply });
    let head = head.await.map_err(|_| CLOSED.to_owned())??;
    head.ok_or(Unreadable::Gone("there is no such row"))
}

/// A body of this size, as far as it is small.
pub(super) async fn body(
    history: &Jobs,
    id: DeliveryId,
    size_bytes: u64,
) -> Result<Body, Unreadable> {
    let mut stored = Stored::new(history.clone(), id, size_bytes);
    Ok(match first(&mut stored).await? {
        Some(whole) => Body::Whole(whole),
        None => Body::Stored(stored),
    })
}

/// Reads the first piece, and gives it back if it is all.
async fn first(stored: &mut Stored) -> Result<Option<Bytes>, Unreadable> {
    if stored.is_at_end() {
        return Ok(Some(Bytes::new()));
    }
    let piece = std::future::poll_fn(|cx| stored.poll_load(cx)).await?;
    if piece.len() as u64 == stored.size_bytes {
        return Ok(Some(piece));
    }
    stored.at_hand = Some(piece);
    Ok(None)
}
