//! One HTTP/1.1 connection to the app, driven by the attempt that uses it.
//!
//! hyper's usual way is a task per connection; here the attempt polls it, which saves two
//! wake-ups on the way of each delivery.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use kreel_wire::{Failure, limits};

use super::body::RequestBody;
use super::order::Order;
use super::watched::{Heard, Watched};
use crate::dial::Stream;
use crate::error::with_causes;
use crate::limits::{APP_BUFFER_BYTES, APP_HEADER_LINES};

/// A connection to the app.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    /// None once it has ended. Boxed, since it is moved into the pool and out again.
    wire: Option<Box<http1::Connection<TokioIo<Watched>, RequestBody>>>,
    heard: Heard,
    reused: bool,
}

/// A request that got no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    /// Whether the connection was closed without a byte of an answer.
    pub(super) is_untouched: bool,
    /// The body, if nothing of the request was sent.
    pub(super) body: Option<RequestBody>,
}

impl Connection {
    pub(super) async fn new(stream: Stream) -> Result<Self, Failure> {
        let mut builder = http1::Builder::new();
        builder
            .max_buf_size(APP_BUFFER_BYTES)
            .max_header_size(limits::HEAD_BYTES);
        // As many lines as `APP_HEADER_LINES` is hyper's own limit.
        let (stream, heard) = Watched::new(stream);
        match builder.handshake(TokioIo::new(stream)).await {
            Ok((sender, wire)) => Ok(Self {
                sender,
                wire: Some(Box::new(wire)),
                heard,
                reused: false,
            }),
            Err(error) => Err(Failure::Garbled {
                cause: with_causes(&error),
            }),
        }
    }

    /// Whether it has carried another request before.
    pub(super) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Unanswered> {
        self.heard.take();
        if let Some(order) = request.extensions().get::<Order>() {
            self.heard.put_in_order(order.clone());
        }
        self.heard.expect_answer(request.method() == Method::HEAD);
        let mut sent = pin!(self.sender.try_send_request(request));
        let answered = poll_fn(|cx| {
            self.drive(cx);
            sent.as_mut().poll(cx)
        });
        answered.await.map_err(|mut error| {
            let body = error.take_message().map(Request::into_body);
            let error = error.into_error();
            Unanswered {
                is_untouched: is_close(&error) && !self.heard.take(),
                failure: unanswered(error),
                body,
            }
        })
    }

    /// Waits for something while keeping the connection going.
    pub(super) async fn with<T>(&mut self, what: impl Future<Output = T>) -> T {
        let mut what = pin!(what);
        poll_fn(|cx| {
            self.drive(cx);
            what.as_mut().poll(cx)
        })
        .await
    }

    /// An answer has begun and is not complete: the app shall not wait before it sends the rest.
    pub(super) fn expect_more(&self) {
        self.heard.expect_more();
    }

    /// The next piece of an answer's body, none at its end.
    pub(super) async fn piece(
        &mut self,
        body: &mut Incoming,
    ) -> Result<Option<Bytes>, hyper::Error> {
        poll_fn(|cx| self.poll_piece(body, cx)).await
    }

    /// The same, if it is here already.
    pub(super) async fn piece_at_hand(
        &mut self,
        body: &mut Incoming,
    ) -> Option<Result<Option<Bytes>, hyper::Error>> {
        poll_fn(|cx| {
            // The first poll asks for more, the second gives what has come of it.
            for _ in 0..2 {
                if let Poll::Ready(piece) = self.poll_piece(body, cx) {
                    return Poll::Ready(Some(piece));
                }
            }
            Poll::Ready(None)
        })
        .await
    }

    fn poll_piece(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, hyper::Error>> {
        loop {
            self.drive(cx);
            let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) else {
                return Poll::Pending;
            };
            match frame.transpose()?.map(hyper::body::Frame::into_data) {
                Some(Ok(data)) if data.is_empty() => {}
                // Trailers do not travel.
                Some(Err(_)) => {}
                Some(Ok(data)) => return Poll::Ready(Ok(Some(data))),
                None => return Poll::Ready(Ok(None)),
            }
        }
    }

    /// The connection, ready for another request, unless it can't carry one.
    pub(super) async fn recycle(mut self) -> Option<Self> {
        let ready = poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(matches!(self.sender.poll_ready(cx), Poll::Ready(Ok(()))))
        });
        let ready = ready.await && self.wire.is_some();
        self.reused = true;
        ready.then_some(self)
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(wire) = &mut self.wire
            && Pin::new(wire).poll(cx).is_ready()
        {
            // How it ended is told to the request or the body that was under way.
            self.wire = None;
        }
    }
}

/// Whether the app closed the connection, rather than said something wrong.
fn is_close(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || error.is_closed() || is_reset(error)
}

fn is_reset(error: &hyper::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    let source = std::error::Error::source(error);
    source
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|error| {
            matches!(
                error.kind(),
                BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected
            )
        })
}

fn unanswered(error: hyper::Error) -> Failure {
    if is_close(&error) {
        Failure::Died
    } else if super::body::is_cut_off(&error) {
        Failure::SenderLeft
    } else if error.is_parse_too_large() {
        Failure::Garbled {
            cause: format!(
                "the head of its answer is over a limit: {APP_HEADER_LINES} lines, {} KiB",
                limits::HEAD_BYTES / 1024
            ),
        }
    } else {
        Failure::Garbled {
            cause: with_causes(&error),
        }
    }
}
