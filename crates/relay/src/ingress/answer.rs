//! Answers to senders: the app's as it comes, or a short one of the relay's own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use kreel_wire::{Chunk, ExchangeId, Response as Head};
use serde_json::Value;
use tokio::sync::mpsc;

use super::upload::UploadTask;
use crate::connection::UnderWay;
use crate::link::Link;
use crate::replies::{Consumed, ReplyBody};

/// The body of an answer to a sender.
#[derive(Debug)]
pub(crate) struct Body {
    first: Option<Bytes>,
    rest: Option<Rest>,
    /// Whether its size may be told: an answer the app gave in chunks stays in chunks, or it
    /// would get a `Content-Length` the app has not sent.
    sized: bool,
    /// Keeps the connection busy until the body is written.
    _under_way: Option<UnderWay>,
}

/// What of an app's answer is still to come.
#[derive(Debug)]
struct Rest {
    pieces: mpsc::Receiver<Chunk>,
    exchange: ExchangeId,
    link: Arc<Link>,
    consumed: Consumed,
    complete: bool,
    /// The request's body, where the app answers before it has all of it.
    _upload: Option<UploadTask>,
}

/// The answer broke off: the sender must not take it for whole.
#[derive(Debug, thiserror::Error)]
#[error("the app's answer broke off")]
pub(crate) struct BrokeOff;

impl Body {
    fn whole(bytes: Bytes) -> Self {
        Self {
            first: Some(bytes).filter(|bytes| !bytes.is_empty()),
            rest: None,
            sized: true,
            _under_way: None,
        }
    }

    /// Keeps a guard until the body is written or dropped.
    pub(crate) fn hold(&mut self, under_way: UnderWay) {
        self._under_way = Some(under_way);
    }
}

/// No body at all.
pub(crate) fn empty() -> Body {
    Body::whole(Bytes::new())
}

/// A short answer of the relay's own.
pub(crate) fn json_answer(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::whole(format!("{body}\n").into()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // RFC 9110, section 6.6.1: an origin server with a clock says the date. (The app's answers
    // carry the app's.)
    if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())) {
        headers.insert(DATE, date);
    }
    response
}

/// The app's answer, as it comes.
pub(super) fn app_answer(
    head: Head,
    body: ReplyBody,
    link: &Arc<Link>,
    exchange: ExchangeId,
    upload: Option<UploadTask>,
) -> Response<Body> {
    let headers = header_map(&head.headers, &body);
    let body = match body {
        ReplyBody::Whole(bytes) => Body {
            sized: bytes.is_empty() || head.headers.first("content-length").is_some(),
            ..Body::whole(bytes)
        },
        ReplyBody::Streamed(first, pieces) => {
            let link = link.clone();
            let rest = Rest {
                pieces,
                exchange,
                link,
                consumed: Consumed::default(),
                complete: false,
                _upload: upload,
            };
            Body {
                first: Some(first).filter(|first| !first.is_empty()),
                rest: Some(rest),
                sized: false,
                _under_way: None,
            }
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(head.status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Some(reason) = head
        .reason
        .and_then(|reason| ReasonPhrase::try_from(reason).ok())
    {
        response.extensions_mut().insert(reason);
    }
    *response.headers_mut() = headers;
    response
}

/// The app's header lines. The client leaves those of its own hop out; a hostile one might not.
fn header_map(lines: &kreel_wire::Headers, body: &ReplyBody) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(lines.len());
    for line in lines {
        if matches!(
            &line.name[..],
            b"connection" | b"transfer-encoding" | b"keep-alive" | b"upgrade"
        ) || (line.name == "content-length" && is_false_length(&line.value, body))
        {
            continue;
        }
        let name = HeaderName::from_lowercase(&line.name);
        let value = HeaderValue::from_maybe_shared(line.value.clone());
        if let (Ok(name), Ok(value)) = (name, value) {
            map.append(name, value);
        }
    }
    map
}

/// Whether this is not the length of a body that is all here. hyper would believe it, and the
/// sender take what is left of the body for its next answer. (An empty body may have a length:
/// that of the one a GET would get.)
fn is_false_length(told: &[u8], body: &ReplyBody) -> bool {
    let digits = || {
        std::str::from_utf8(told)
            .ok()
            .filter(|_| told.iter().all(u8::is_ascii_digit))
    };
    match body {
        ReplyBody::Whole(bytes) if !bytes.is_empty() => {
            digits().and_then(|digits| digits.parse().ok()) != Some(bytes.len())
        }
        _ => false,
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        loop {
            if rest.complete {
                return Poll::Ready(None);
            }
            let Some(chunk) = ready!(rest.pieces.poll_recv(cx)) else {
                return Poll::Ready(Some(Err(BrokeOff)));
            };
            rest.complete = chunk.end;
            if let Some(grant) = rest.consumed.add(&chunk)
                && !chunk.end
            {
                rest.link.grant(rest.exchange, grant);
            }
            if !chunk.data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(chunk.data))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.as_ref().is_none_or(|rest| rest.complete)
    }

    fn size_hint(&self) -> SizeHint {
        match self.sized {
            true => SizeHint::with_exact(self.first.as_ref().map_or(0, Bytes::len) as u64),
            false => SizeHint::default(),
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if !self.complete {
            self.link.answered(self.exchange, None);
        }
    }
}
