//! A stream that remembers whether anything came over it, lets through what [`Answers`] has no doubt
//! about, can ask for the rest of an answer, and puts the lines of a head in order.
//!
//! hyper tells a connection closed before an answer and one closed within its head by the same
//! error; only after the first may a request be sent again.
//!
//! An app that writes head and body apart without `TCP_NODELAY` (Python's `http.server` does) holds
//! the body back until its head is acknowledged, and the system delays that by 40 ms on a used
//! connection, in the hope of data to send along. None will come: the wait is for the body.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::order::{self, Order};
use super::strict::{Answers, Fault};
use crate::dial::Stream;

/// The owner's side of a [`Watched`] stream. One task both reads and asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    /// A byte came.
    heard: AtomicBool,
    /// An answer has begun, and the next read waits for more of it.
    rest_due: AtomicBool,
    /// The next head that is written has an order.
    has_order: AtomicBool,
    order: Mutex<Option<Order>>,
    /// Which answer is due that has not begun.
    due: AtomicU8,
}

/// No answer is due, or it has begun.
const NONE: u8 = 0;
/// The answer to a request with any method but `HEAD`.
const WITH_BODY: u8 = 1;
/// The answer to `HEAD`.
const TO_HEAD: u8 = 2;

impl Heard {
    /// Whether a byte came since the last call.
    pub(super) fn take(&self) -> bool {
        self.0.heard.swap(false, Ordering::Relaxed)
    }

    /// A request is about to be sent.
    pub(super) fn expect_answer(&self, to_head: bool) {
        let due = if to_head { TO_HEAD } else { WITH_BODY };
        self.0.due.store(due, Ordering::Relaxed);
    }

    /// Has what came acknowledged at once, if the next read finds nothing.
    pub(super) fn expect_more(&self) {
        self.0.rest_due.store(true, Ordering::Relaxed);
    }

    /// Has the lines of the head that is written next put in this order.
    pub(super) fn put_in_order(&self, order: Order) {
        *self.0.order.lock().unwrap_or_else(PoisonError::into_inner) = Some(order);
        self.0.has_order.store(true, Ordering::Release);
    }

    fn order(&self) -> Option<Order> {
        let has_order = &self.0.has_order;
        if !has_order.load(Ordering::Acquire) {
            return None;
        }
        has_order.store(false, Ordering::Relaxed);
        self.0
            .order
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// A stream and what was heard on it.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    heard: Heard,
    /// A head that is being put in order. Boxed: there hardly ever is one.
    ordering: Option<Box<order::Ordering>>,
    answers: Answers,
    /// What was wrong with the bytes behind those that were read last.
    fault: Option<Fault>,
}

impl Watched {
    pub(super) fn new(stream: Stream) -> (Self, Heard) {
        let heard = Heard::default();
        let watched = Self {
            stream,
            heard: heard.clone(),
            ordering: None,
            answers: Answers::default(),
            fault: None,
        };
        (watched, heard)
    }

    /// Takes the part of these bytes that belongs to a head that is put in order; nothing if the
    /// stream may have them as they are.
    fn poll_in_order(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<Option<usize>>> {
        if self.ordering.is_none() {
            let order = self.heard.order();
            self.ordering = order.map(|order| Box::new(order::Ordering::new(order)));
        }
        ready!(self.poll_ordered(cx))?;
        let taken = self.ordering.as_mut().map(|ordering| ordering.take(bytes));
        Poll::Ready(Ok(taken))
    }

    /// Writes what of a head has been put in order.
    fn poll_ordered(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(ordering) = &mut self.ordering else {
            return Poll::Ready(Ok(()));
        };
        while !ordering.unwritten().is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(cx, ordering.unwritten());
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => ordering.wrote(written),
            }
        }
        if ordering.is_over() {
            self.ordering = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(fault) = self.fault {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        let rest_due = self.heard.0.rest_due.swap(false, Ordering::Relaxed);
        if rest_due && read.is_pending() {
            self.stream.acknowledge_now();
        }
        ready!(read)?;
        if into.filled().len() == before {
            return Poll::Ready(Ok(()));
        }
        self.heard.0.heard.store(true, Ordering::Relaxed);
        match self.heard.0.due.swap(NONE, Ordering::Relaxed) {
            NONE => {}
            due => self.answers.expect(due == TO_HEAD),
        }
        let (passed, fault) = self.answers.advance(&into.filled()[before..]);
        self.fault = fault;
        into.set_filled(before + passed);
        match fault {
            // An empty read would be the end of the stream.
            Some(fault) if passed == 0 => {
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)))
            }
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.poll_in_order(cx, bytes))? {
            Some(taken) => Poll::Ready(Ok(taken)),
            None => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = pieces.iter().find(|piece| !piece.is_empty());
        match ready!(self.poll_in_order(cx, first.map_or(&[][..], |piece| &piece[..])))? {
            Some(taken) => Poll::Ready(Ok(taken)),
            None => Pin::new(&mut self.stream).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ordered(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ordered(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
