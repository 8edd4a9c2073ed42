//! The body of a request on its way from the link to the app, bounded by credit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use kreel_wire::limits::CREDIT_STEP_BYTES;
use kreel_wire::{Chunk, ExchangeId};
use thiserror::Error;
use tokio::sync::mpsc;

use super::LinkNumber;

/// Credit to grant for what was read.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) link: LinkNumber,
    pub(crate) exchange: ExchangeId,
    pub(crate) bytes: u32,
}

/// A body that does not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum CutOff {
    /// The link was lost.
    #[error("the link was lost before the request was complete")]
    LinkLost,
    /// The history can't be read.
    #[error("{0}")]
    Unreadable(String),
}

/// The reading end of a body that comes in pieces. Grants credit as it is read.
#[derive(Debug)]
pub(crate) struct Reader {
    shared: Arc<Mutex<Shared>>,
    exchange: ExchangeId,
    link: LinkNumber,
    grants: mpsc::Sender<Grant>,
}

/// The writing end, in the link.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    /// Pieces not read yet, each with what it cost.
    pieces: VecDeque<(Bytes, u32)>,
    /// What was read and not granted again yet.
    ungranted_bytes: u32,
    end: End,
    waiting: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    ToCome,
    Reached,
    CutOff,
}

/// A body whose first piece is here and whose others follow.
pub(crate) fn inbox(
    first: Bytes,
    exchange: ExchangeId,
    link: LinkNumber,
    grants: mpsc::Sender<Grant>,
) -> (Writer, Reader) {
    let pieces = (!first.is_empty()).then_some((first, 0));
    let shared = Arc::new(Mutex::new(Shared {
        pieces: pieces.into_iter().collect(),
        ungranted_bytes: 0,
        end: End::ToCome,
        waiting: None,
    }));
    let reader = Reader {
        shared: shared.clone(),
        exchange,
        link,
        grants,
    };
    (Writer { shared }, reader)
}

impl Reader {
    /// The next piece, none at the end.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, CutOff>>> {
        let mut shared = lock(&self.shared);
        if shared.end == End::CutOff {
            return Poll::Ready(Some(Err(CutOff::LinkLost)));
        }
        match shared.pieces.pop_front() {
            Some((piece, cost)) => {
                if shared.end == End::ToCome {
                    self.note_read(&mut shared, cost);
                }
                Poll::Ready(Some(Ok(piece)))
            }
            None if shared.end == End::Reached => Poll::Ready(None),
            None => {
                shared.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether the last piece was read.
    pub(crate) fn is_at_end(&self) -> bool {
        let shared = lock(&self.shared);
        shared.end == End::Reached && shared.pieces.is_empty()
    }

    /// Whether all of it is here.
    pub(crate) fn is_complete(&self) -> bool {
        lock(&self.shared).end == End::Reached
    }

    /// How much of it is here, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let shared = lock(&self.shared);
        shared.pieces.iter().map(|(piece, _)| piece.len()).sum()
    }

    fn note_read(&self, shared: &mut Shared, cost: u32) {
        shared.ungranted_bytes += cost;
        if shared.ungranted_bytes >= CREDIT_STEP_BYTES {
            let grant = Grant {
                link: self.link,
                exchange: self.exchange,
                bytes: std::mem::take(&mut shared.ungranted_bytes),
            };
            // Full it can't be (see `CREDIT_LANE`); closed it is when nobody needs credit.
            let _ = self.grants.try_send(grant);
        }
    }
}

impl Writer {
    /// Nothing of it will be read any more: how much of what came was not granted again yet.
    pub(super) fn abandon(&self) -> u32 {
        let mut shared = lock(&self.shared);
        let unread = std::mem::take(&mut shared.pieces);
        let costs = unread.iter().map(|(_, cost)| cost);
        std::mem::take(&mut shared.ungranted_bytes) + costs.sum::<u32>()
    }

    pub(super) fn push(&self, piece: Chunk) {
        let cost = piece.cost_bytes();
        let mut shared = lock(&self.shared);
        if !piece.data.is_empty() {
            shared.pieces.push_back((piece.data, cost));
        }
        if piece.end {
            shared.end = End::Reached;
        }
        wake(shared);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        if shared.end == End::ToCome {
            shared.end = End::CutOff;
            wake(shared);
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(mut shared: MutexGuard<'_, Shared>) {
    let waiting = shared.waiting.take();
    drop(shared);
    if let Some(waker) = waiting {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn chunk(bytes: usize, end: bool) -> Chunk {
        Chunk {
            exchange: ExchangeId(3),
            data: Bytes::from(vec![1; bytes]),
            end,
        }
    }

    #[tokio::test]
    async fn credit_is_granted_for_what_is_read_and_not_before() {
        let (line, mut grants) = mpsc::channel(8);
        let (writer, mut reader) = inbox(
            Bytes::from_static(b"first"),
            ExchangeId(3),
            LinkNumber(1),
            line,
        );
        writer.push(chunk(60_000, false));
        writer.push(chunk(60_000, false));
        for _ in 0..2 {
            poll_fn(|cx| reader.poll_piece(cx)).await.unwrap().unwrap();
        }
        assert!(grants.try_recv().is_err(), "60,064 bytes are below a step");
        poll_fn(|cx| reader.poll_piece(cx)).await.unwrap().unwrap();
        assert_eq!(grants.try_recv().unwrap().bytes, 120_128);
        writer.push(chunk(0, true));
        assert!(reader.is_at_end());
        assert!(poll_fn(|cx| reader.poll_piece(cx)).await.is_none());
    }

    #[tokio::test]
    async fn a_body_cut_off_is_an_error_even_if_pieces_are_left() {
        let (line, _grants) = mpsc::channel(8);
        let (writer, mut reader) = inbox(Bytes::new(), ExchangeId(3), LinkNumber(1), line);
        writer.push(chunk(10, false));
        drop(writer);
        let next = poll_fn(|cx| reader.poll_piece(cx)).await;
        assert_eq!(next, Some(Err(CutOff::LinkLost)));
        assert!(!reader.is_at_end());
    }
}
