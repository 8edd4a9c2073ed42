//! A stream that remembers whether anything came over it, and can ask for the rest of an answer.
//!
//! hyper tells a connection closed before an answer and one closed within its head by the same
//! error; only after the first may a request be sent again.
//!
//! An app that writes head and body apart without `TCP_NODELAY` (Python's `http.server` does) holds
//! the body back until its head is acknowledged, and the system delays that by 40 ms on a used
//! connection, in the hope of data to send along. None will come: the wait is for the body.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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
}

impl Heard {
    /// Whether a byte came since the last call.
    pub(super) fn take(&self) -> bool {
        self.0.heard.swap(false, Ordering::Relaxed)
    }

    /// Has what came acknowledged at once, if the next read finds nothing.
    pub(super) fn expect_more(&self) {
        self.0.rest_due.store(true, Ordering::Relaxed);
    }
}

/// A stream and what was heard on it.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    heard: Heard,
}

impl Watched {
    pub(super) fn new(stream: Stream) -> (Self, Heard) {
        let heard = Heard::default();
        let watched = Self {
            stream,
            heard: heard.clone(),
        };
        (watched, heard)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        let rest_due = self.heard.0.rest_due.swap(false, Ordering::Relaxed);
        if rest_due && read.is_pending() {
            self.stream.acknowledge_now();
        }
        ready!(read)?;
        if into.filled().len() > before {
            self.heard.0.heard.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
