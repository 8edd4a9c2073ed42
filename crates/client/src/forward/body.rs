//! The request's body as hyper reads it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::link::inbox::{Body, CutOff};

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

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutOff>>> {
        match &mut self.body {
            Body::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Body::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Body::Streamed(reader) => reader.poll_piece(cx),
        }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let piece = std::task::ready!(self.poll_piece(cx));
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
