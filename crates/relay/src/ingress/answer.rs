//! Answers to senders: the app's as it comes, or a short one of the relay's own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::{Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use kreel_wire::{Chunk, ExchangeId, Response as Head};
use serde_json::Value;
use tokio::sync::mpsc;

use super::upload::UploadTask;
use crate::admission::Place;
use crate::answers::{AnswerRoom, Window};
use crate::connection::UnderWay;
use crate::link::Link;
use crate::replies::ReplyBody;

/// The body of an answer to a sender.
#[derive(Debug)]
pub(crate) struct Body {
    first: Option<Bytes>,
    rest: Option<Rest>,
    /// Whether its size may be told: an answer the app gave in chunks stays in chunks, or it
    /// would get a `Content-Length` the app has not sent.
    sized: bool,
    /// Whether the relay says this itself.
    own: bool,
    /// Keeps the connection busy until the body is written, and knows what of it is.
    under_way: Option<UnderWay>,
    /// The sender's place among its address's requests.
    _place: Option<Place>,
}

/// What of an app's answer is still to come.
#[derive(Debug)]
struct Rest {
    pieces: mpsc::Receiver<Chunk>,
    exchange: ExchangeId,
    link: Arc<Link>,
    window: Window,
    /// What the last piece cost, until it is written: not earlier may the client send more.
    handed_over: u32,
    complete: bool,
    /// The request's body, where the app answers before it has all of it.
    upload: Option<UploadTask>,
}

/// The answer broke off: the sender must not take it for whole.
#[derive(Debug, thiserror::Error)]
#[error("the app's answer broke off")]
pub(crate) struct BrokeOff;

impl Body {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self {
            first: Some(bytes).filter(|bytes| !bytes.is_empty()),
            rest: None,
            sized: true,
            own: true,
            under_way: None,
            _place: None,
        }
    }

    /// Keeps a place until the body is written or dropped.
    pub(super) fn hold_place(&mut self, place: Place) {
        self._place = Some(place);
    }

    /// Keeps a guard until the body is written or dropped.
    pub(crate) fn hold(&mut self, under_way: UnderWay) {
        self.under_way = Some(under_way);
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

/// Takes the body from an answer of the relay's own where HTTP has none: HTTP/1.1 lets it pass
/// unwritten, in HTTP/2 it breaks the stream. An app's answer stays as the app gave it.
pub(super) fn fit(response: &mut Response<Body>, method: &Method) {
    let bodiless = matches!(
        response.status(),
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    if !response.body().own || !(bodiless || method == Method::HEAD) {
        return;
    }
    let bytes = response.body_mut().first.take().unwrap_or_default();
    let headers = response.headers_mut();
    if bodiless {
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_LENGTH);
    } else {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
}

/// The app's answer, as it comes.
pub(super) fn app_answer(
    head: Head,
    body: ReplyBody,
    link: &Arc<Link>,
    exchange: ExchangeId,
    upload: Option<UploadTask>,
    room: &AnswerRoom,
) -> Response<Body> {
    let headers = header_map(&head.headers, &body);
    let body = match body {
        ReplyBody::Whole(bytes) => Body {
            sized: bytes.is_empty() || head.headers.first("content-length").is_some(),
            own: false,
            ..Body::whole(bytes)
        },
        ReplyBody::Streamed(first, pieces) => {
            let link = link.clone();
            let rest = Rest {
                pieces,
                exchange,
                link,
                window: room.window(),
                handed_over: 0,
                complete: false,
                upload,
            };
            Body {
                first: Some(first).filter(|first| !first.is_empty()),
                rest: Some(rest),
                sized: false,
                own: false,
                under_way: None,
                _place: None,
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
    // With room for the request's id, and what hyper adds.
    let mut map = HeaderMap::with_capacity(lines.len() + 2);
    for line in lines {
        if matches!(
            line.name,
            b"connection" | b"transfer-encoding" | b"keep-alive" | b"upgrade"
        ) || (line.is("content-length") && is_false_length(line.value, body))
        {
            continue;
        }
        let name = HeaderName::from_lowercase(line.name);
        let value = HeaderValue::from_maybe_shared(line.shared_value());
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
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        let this = self.get_mut();
        let under_way = this.under_way.as_ref();
        let hand_over = |piece: Bytes| {
            if let Some(under_way) = under_way {
                under_way.hands_over(piece.len());
            }
            Poll::Ready(Some(Ok(Frame::data(piece))))
        };
        if let Some(first) = this.first.take() {
            return hand_over(first);
        }
        let Some(rest) = &mut this.rest else {
            return Poll::Ready(None);
        };
        loop {
            if rest.complete {
                return Poll::Ready(None);
            }
            // hyper would gather more for a reader who does not take what there is.
            if let Some(under_way) = under_way {
                ready!(under_way.poll_written(cx));
            }
            rest.grant();
            let Some(chunk) = ready!(rest.pieces.poll_recv(cx)) else {
                return Poll::Ready(Some(Err(BrokeOff)));
            };
            rest.complete = chunk.end;
            rest.handed_over = chunk.cost_bytes();
            if !chunk.data.is_empty() {
                return hand_over(chunk.data);
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

impl Rest {
    /// Lets the client send as much again as was written.
    fn grant(&mut self) {
        let written = std::mem::take(&mut self.handed_over);
        if let Some(grant) = self.window.read(written) {
            self.link.grant(self.exchange, grant);
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        match self.upload.take() {
            Some(upload) if self.complete => upload.detach(),
            // Dropped, the upload is taken back.
            Some(_) | None => {}
        }
        if !self.complete {
            self.link.answered(self.exchange, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::Request;
    use http_body::Body as _;
    use http_body_util::{BodyExt as _, Empty};
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use serde_json::json;

    use super::*;

    fn fitted(status: u16, method: &Method) -> Response<Body> {
        let mut response = json_answer(status, &json!({"state": "queued"}));
        fit(&mut response, method);
        response
    }

    #[test]
    fn own_answers_to_head_tell_the_length_and_have_no_body() {
        let get = fitted(200, &Method::GET);
        assert!(!get.body().is_end_stream());
        let head = fitted(200, &Method::HEAD);
        assert!(head.body().is_end_stream());
        let length = get.body().size_hint().exact().unwrap().to_string();
        assert_eq!(head.headers()[CONTENT_LENGTH], length);
        assert_eq!(head.headers()[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn own_answers_of_a_status_without_body_have_none() {
        for status in [204, 205, 304] {
            for method in [Method::POST, Method::HEAD] {
                let answer = fitted(status, &method);
                assert!(answer.body().is_end_stream(), "{status} {method}");
                assert!(!answer.headers().contains_key(CONTENT_TYPE));
                assert!(!answer.headers().contains_key(CONTENT_LENGTH));
                assert!(answer.headers().contains_key(DATE));
            }
        }
        assert!(!fitted(202, &Method::POST).body().is_end_stream());
    }

    #[test]
    fn an_apps_answer_stays_as_it_is() {
        let body = Body {
            own: false,
            ..Body::whole("odd".into())
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::NO_CONTENT;
        fit(&mut response, &Method::HEAD);
        assert!(!response.body().is_end_stream());
    }

    /// An app's answer without a body that says so.
    fn empty_of_the_apps() -> Response<Body> {
        let mut lines = kreel_wire::HeadersBuilder::with_capacity(1);
        lines.push(b"content-length", b"0");
        let body = ReplyBody::Whole(Bytes::new());
        let mut response = Response::new(Body {
            own: false,
            ..empty()
        });
        *response.headers_mut() = header_map(&lines.build(), &body);
        response
    }

    #[tokio::test]
    async fn over_http2_answers_without_a_body_are_whole() {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let service = service_fn(|request: Request<Incoming>| {
            let mut response = match request.uri().path() {
                "/app" => empty_of_the_apps(),
                path => json_answer(path[1..].parse().unwrap(), &json!({"state": "queued"})),
            };
            fit(&mut response, request.method());
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(near), service);
        let server = tokio::spawn(server);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(far))
                .await
                .unwrap();
        let client = tokio::spawn(connection);
        for (method, path, length) in [
            (Method::HEAD, "/200", Some("19")),
            (Method::POST, "/204", None),
            (Method::POST, "/205", None),
            (Method::GET, "/304", None),
            (Method::POST, "/app", Some("0")),
            (Method::HEAD, "/app", Some("0")),
        ] {
            let request = Request::builder().method(&method).uri(path);
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let response = sender.send_request(request).await.unwrap();
            let (head, body) = response.into_parts();
            let told = head.headers.get(CONTENT_LENGTH);
            let told = told.map(|value| value.to_str().unwrap());
            assert_eq!(told, length, "{method} {path}");
            let body = body.collect().await.unwrap();
            assert!(body.to_bytes().is_empty(), "{method} {path}");
        }
        server.abort();
        client.abort();
    }
}
