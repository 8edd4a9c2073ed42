//! One call through the proxy: its body streams to the API while the answer may already stream
//! back.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::json;

use super::Shared;
use super::call::{Call, passed_on};
use super::notice::{Notice, ProxyEvent};
use super::record::{self, Facts, Status};
use super::tee::Tee;
use crate::keys::Key;
use crate::limits::API_DEADLINE;
use crate::local;
use crate::outgoing::{Body, BoxError, OutgoingError, full};

/// Passes a call on, and its answer back.
pub(super) async fn through(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    let begun = Instant::now();
    let method = request.method().to_string();
    let asked = request.uri().path().to_owned();
    let (head, body) = request.into_parts();
    let (path, answer, notices) = if local::is_meant(&head.headers) {
        if head.method == Method::POST {
            // The address may have become known, or another, since it was looked up; what is found
            // the call says.
            let _ = shared.config.look_up().await;
        }
        match Call::ready(&shared.config, head) {
            Some(call) => pass(call, body, &shared).await,
            None => (
                asked,
                own(StatusCode::BAD_REQUEST, "this is no path"),
                Vec::new(),
            ),
        }
    } else {
        let words = "this port answers calls to 127.0.0.1 and localhost only, and no web pages";
        (
            asked,
            own(StatusCode::FORBIDDEN, words),
            vec![Notice::NotMeant],
        )
    };
    shared.tell(ProxyEvent::Answered {
        method,
        path,
        status: answer.status().as_u16(),
        took: begun.elapsed(),
        notices,
    });
    Ok(answer)
}

async fn pass(
    call: Call,
    body: Incoming,
    shared: &Arc<Shared>,
) -> (String, Response<Body>, Vec<Notice>) {
    let mut notices = call.notices;
    let facts = Facts {
        path: call.path.clone(),
        start: call.start,
        webhook: call.webhook,
        is_own_webhook: call.is_own_webhook,
        own_webhook: call.own_webhook,
        key: call.head.headers.get(AUTHORIZATION).map(Key::sent),
        started_at: Timestamp::now(),
    };
    let asked = Arc::new(Mutex::new(Bytes::new()));
    let body = match facts.start {
        Some(_) => parameters(body, asked.clone()),
        None => body.map_err(BoxError::from).boxed_unsync(),
    };
    let request = Request::from_parts(call.head, body);
    let answer = match shared.client.send(request, API_DEADLINE).await {
        Ok(response) => {
            notices.extend(record::deprecation(response.headers()));
            hand_back(response, facts, asked, shared)
        }
        Err(error) => {
            let (status, why) = unreachable(&error);
            notices.push(Notice::Unreachable(why.clone()));
            own(status, &why)
        }
    };
    (call.path, answer, notices)
}

/// The body of a call that starts a job; its beginning is kept.
fn parameters(body: Incoming, kept: Arc<Mutex<Bytes>>) -> Body {
    let keep = move |bytes, is_whole| {
        if is_whole {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        }
    };
    Tee::new(body, keep).boxed_unsync()
}

/// The answer as it comes. That to a call that starts a job, and every refusal, is looked at.
fn hand_back(
    response: Response<Incoming>,
    facts: Facts,
    asked: Arc<Mutex<Bytes>>,
    shared: &Arc<Shared>,
) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    head.headers = passed_on(head.headers);
    let begun = Status::of(&head);
    if let Some(key) = facts.key.as_ref().filter(|_| begun.is_taken(&facts.path)) {
        shared.config.keys.taken(key);
    }
    let is_read = facts.start.is_some() || begun.status >= 400;
    if !is_read {
        return Response::from_parts(head, body.map_err(BoxError::from).boxed_unsync());
    }
    let shared = shared.clone();
    let at_end = move |answer: Bytes, _| {
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        record::read(&shared, &facts, begun, &asked, &answer);
    };
    Response::from_parts(head, Tee::new(body, at_end).boxed_unsync())
}

fn unreachable(error: &OutgoingError) -> (StatusCode, String) {
    let mut why = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        why = format!("{why}: {inner}");
        cause = inner.source();
    }
    let status = match error {
        OutgoingError::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    (status, why)
}

/// An answer of the proxy's own, told apart from the API's by its source.
fn own(status: StatusCode, words: &str) -> Response<Body> {
    let body = json!({"error": words, "source": "kreel proxy"});
    let mut answer = Response::new(full(body.to_string()));
    *answer.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    answer
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    answer
}
