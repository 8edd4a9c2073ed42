//! A body that goes through unchanged, the beginning of which is kept until its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::limits::KEPT_BYTES;
use crate::outgoing::BoxError;

/// What is done with the beginning of a body when it ends; `true` if that was all of it.
type AtEnd = Box<dyn FnOnce(Bytes, bool) + Send>;

/// A body that is looked at as it passes.
pub(super) struct Tee {
    inner: Incoming,
    kept: BytesMut,
    is_whole: bool,
    at_end: Option<AtEnd>,
}

impl Tee {
    /// Passes a body on, and gives its beginning to `at_end` once, before its end is passed on,
    /// or when the reader gives up.
    pub(super) fn new(inner: Incoming, at_end: impl FnOnce(Bytes, bool) + Send + 'static) -> Self {
        Self {
            inner,
            kept: BytesMut::new(),
            is_whole: true,
            at_end: Some(Box::new(at_end)),
        }
    }

    fn keep(&mut self, piece: &Bytes) {
        let room = KEPT_BYTES
            .saturating_sub(self.kept.len())
            .min(piece.remaining());
        self.kept.extend_from_slice(&piece[..room]);
        self.is_whole &= room == piece.len();
    }

    fn end(&mut self, is_whole: bool) {
        if let Some(at_end) = self.at_end.take() {
            at_end(self.kept.split().freeze(), is_whole && self.is_whole);
        }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(piece) = frame.data_ref() {
                    self.keep(piece);
                }
                // Readers that know the length do not ask for what comes after it.
                if self.inner.is_end_stream() {
                    self.end(true);
                }
            }
            Some(Err(_)) => self.end(false),
            None => self.end(true),
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        let ended = self.inner.is_end_stream();
        self.end(ended);
    }
}
