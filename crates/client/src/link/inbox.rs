//! The body of a request on its way from the link to the app, bounded by credit.

mod spare;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use kreel_wire::limits::CREDIT_STEP_BYTES;
use kreel_wire::{Chunk, ExchangeId};
use thiserror::Error;
use tokio::sync::mpsc;

use self::spare::Spare;
use super::LinkNumber;

/// A delivery's body.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of it.
    Whole(Bytes),
    /// The rest is still to come.
    Streamed(Reader),
}

/// Credit to grant for what was read.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) link: LinkNumber,
    pub(crate) exchange: ExchangeId,
    pub(crate) bytes: u32,
}

/// The link was lost before the body was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the link was lost before the request was complete")]
pub(crate) struct CutOff;

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
    /// Those read already, for another attempt.
    spare: Spare,
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
        spare: Spare::default(),
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
            return Poll::Ready(Some(Err(CutOff)));
        }
        if let Some(piece) = shared.spare.next() {
            return Poll::Ready(Some(Ok(piece)));
        }
        match shared.pieces.pop_front() {
            Some((piece, cost)) => {
                shared.spare.keep(&piece);
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
        shared.end == End::Reached && shared.pieces.is_empty() && shared.spare.is_at_end()
    }

    /// The same body for another attempt, should there be one.
    pub(crate) fn spare(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            exchange: self.exchange,
            link: self.link,
            grants: self.grants.clone(),
        }
    }

    /// Begins again, unless there was too much to keep, or the rest will not come.
    pub(crate) fn rewound(self) -> Option<Self> {
        let mut shared = lock(&self.shared);
        let is_whole = shared.end != End::CutOff && shared.spare.rewind();
        drop(shared);
        is_whole.then_some(self)
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

impl Body {
    /// The same body for another attempt, should there be one.
    pub(crate) fn spare(&self) -> Self {
        match self {
            Self::Whole(bytes) => Self::Whole(bytes.clone()),
            Self::Streamed(reader) => Self::Streamed(reader.spare()),
        }
    }

    /// Begins again with what was kept, if that is all.
    pub(crate) fn rewound(self) -> Option<Self> {
        match self {
            Self::Whole(bytes) => Some(Self::Whole(bytes)),
            Self::Streamed(reader) => reader.rewound().map(Self::Streamed),
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
    use crate::limits::SPARE_BYTES;

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
    async fn a_body_is_read_again_from_its_beginning_and_granted_for_once() {
        let (line, mut grants) = mpsc::channel(8);
        let (writer, mut reader) = inbox("ab".into(), ExchangeId(3), LinkNumber(1), line);
        writer.push(chunk(60_000, false));
        let spare = reader.spare();
        for _ in 0..2 {
            poll_fn(|cx| reader.poll_piece(cx)).await.unwrap().unwrap();
        }
        drop(reader);
        let mut again = spare.rewound().unwrap();
        writer.push(chunk(10_000, false));
        let mut lengths = Vec::new();
        for _ in 0..3 {
            let piece = poll_fn(|cx| again.poll_piece(cx)).await.unwrap().unwrap();
            lengths.push(piece.len());
        }
        assert_eq!(lengths, [2, 60_000, 10_000]);
        assert_eq!(grants.try_recv().unwrap().bytes, 70_128);
        assert!(grants.try_recv().is_err());
        let spare = again.spare();
        drop(writer);
        assert!(spare.rewound().is_none(), "its rest will not come");
    }

    #[tokio::test]
    async fn what_is_too_much_to_keep_is_not_read_again() {
        let (line, _grants) = mpsc::channel(8);
        let first = vec![0; SPARE_BYTES + 1].into();
        let (_writer, mut reader) = inbox(first, ExchangeId(3), LinkNumber(1), line);
        poll_fn(|cx| reader.poll_piece(cx)).await.unwrap().unwrap();
        assert!(reader.spare().rewound().is_none());
    }

    #[tokio::test]
    async fn a_body_cut_off_is_an_error_even_if_pieces_are_left() {
        let (line, _grants) = mpsc::channel(8);
        let (writer, mut reader) = inbox(Bytes::new(), ExchangeId(3), LinkNumber(1), line);
        writer.push(chunk(10, false));
        drop(writer);
        let next = poll_fn(|cx| reader.poll_piece(cx)).await;
        assert_eq!(next, Some(Err(CutOff)));
        assert!(!reader.is_at_end());
    }
}
