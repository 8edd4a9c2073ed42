//! The request's body, wherever it comes from, as hyper reads it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::stored::Stored;
use crate::link::inbox::{CutOff, Reader};

/// A delivery's body.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of it.
    Whole(Bytes),
    /// The rest is still to come, over the link.
    Streamed(Reader),
    /// It is in the history.
    Stored(Stored),
}

impl Body {
    /// The next piece, none at the end.
    pub(super) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, CutOff>>> {
        match self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Self::Streamed(reader) => reader.poll_piece(cx),
            Self::Stored(stored) => stored.poll_piece(cx),
        }
    }

    /// How much memory it holds while nobody reads it, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Streamed(reader) => reader.held_bytes(),
            Self::Stored(_) => 0,
        }
    }

    /// Whether all of it is here, or in the history.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::Whole(_) | Self::Stored(_) => true,
            Self::Streamed(reader) => reader.is_complete(),
        }
    }
}

/// A request's body, with the framing it shall have.
#[derive(Debug)]
pub(crate) struct RequestBody {
    body: Body,
    framing: Framing,
}

/// How the end of a body is told to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Empty,
    /// By its length in bytes.
    Length(u64),
    /// By a last chunk.
    Chunked { done: bool },
}

impl RequestBody {
    pub(super) fn new(body: Body, framing: Framing) -> Self {
        Self { body, framing }
    }

    /// The body itself, of a request that was not sent.
    pub(super) fn into_body(self) -> Body {
        self.body
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let piece = std::task::ready!(self.body.poll_piece(cx));
        if piece.is_none()
            && let Framing::Chunked { done } = &mut self.framing
        {
            *done = true;
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match (self.framing, &self.body) {
            (Framing::Empty, _) => true,
            // hyper would take the header away from a body that has ended before it began.
            (Framing::Chunked { done }, _) => done,
            (Framing::Length(_), Body::Whole(bytes)) => bytes.is_empty(),
            (Framing::Length(_), Body::Streamed(reader)) => reader.is_at_end(),
            (Framing::Length(_), Body::Stored(stored)) => stored.is_at_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::Empty => SizeHint::with_exact(0),
            Framing::Length(bytes) => SizeHint::with_exact(bytes),
            Framing::Chunked { .. } => SizeHint::default(),
        }
    }
}

/// Whether sending failed because the body was cut off.
pub(super) fn is_cut_off(error: &hyper::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<CutOff>())
}
