//! Answers of the mock, errors with the bodies that are documented or were observed: one sentence
//! under a key that can be chosen, a structure for 410 and 422, a page beyond 500.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use super::form::{ErrorKey, FaultForm};
use crate::model::{SUNSET, Start, Sunset};

/// An answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// An answer in place of what was asked for.
pub(super) type Refusal = Box<Answer>;

/// The sentence of an error, kept beside its body until it is known how it is written.
#[derive(Clone)]
struct Words(String);

/// The sentence Krea answers an empty balance with.
const EMPTY_BALANCE: &str = "Your API balance is separate from your workspace compute balance. \
     Please top up your API balance to continue using the API.";

/// Where Krea explains what was taken away.
const MIGRATION: &str = "https://docs.krea.ai/developers/deprecations";

/// JSON with this status.
pub(super) fn json(status: u16, body: &Value) -> Answer {
    bytes(status, "application/json", body.to_string().into())
}

/// These bytes with this status.
pub(super) fn bytes(status: u16, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = HeaderValue::from_static(kind);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// 200 without a body, as for a deleted job.
pub(super) fn empty() -> Answer {
    Response::new(Full::default())
}

/// An error with a sentence of its own; [`spell`] gives it its key.
pub(super) fn error(status: u16, words: &str) -> Answer {
    let mut answer = bytes(status, "application/json", Bytes::new());
    answer.extensions_mut().insert(Words(words.to_owned()));
    answer
}

/// Writes an error's sentence under the key for its status. Other answers stay as they are.
pub(super) fn spell(mut answer: Answer, key: ErrorKey) -> Answer {
    if let Some(Words(words)) = answer.extensions_mut().remove() {
        let key = key.of(answer.status().as_u16());
        let body = json!({ key: words });
        *answer.body_mut() = Full::new(body.to_string().into());
    }
    answer
}

/// A body that was refused: 422 in this form, any other status in a sentence.
pub(super) fn invalid(status: u16, form: FaultForm, place: &str, words: &str) -> Answer {
    match status {
        422 => json(422, &form.body(place, words)),
        status => error(status, &format!("{place}: {words}")),
    }
}

/// Nothing is there, as pages say it.
pub(super) fn html(status: u16, title: &str) -> Answer {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    );
    bytes(status, "text/html; charset=utf-8", page.into())
}

/// The answer to a call that is to be refused with this status.
pub(super) fn refusal(status: u16, form: FaultForm, start: Option<&Start>) -> Answer {
    match status {
        400 => error(400, "Invalid request body"),
        401 => error(401, "Unauthorized"),
        402 => error(402, EMPTY_BALANCE),
        403 => error(403, "You are not allowed to do this"),
        404 => error(404, "Not found"),
        410 => gone(
            start
                .map(Start::route)
                .as_deref()
                .unwrap_or("image/acme/old"),
            None,
        ),
        422 => invalid(422, form, "image_url", "Invalid asset URL"),
        429 => error(429, "CONCURRENCY_LIMIT_REACHED"),
        500 => error(500, "Internal Server Error"),
        502 => html(502, "502 Bad Gateway"),
        503 => html(503, "503 Service Unavailable"),
        504 => html(504, "504 Gateway Time-out"),
        // Cloudflare's own, in front of the API.
        status => html(status, &format!("api.krea.ai | {status}: {}", edge(status))),
    }
}

fn edge(status: u16) -> &'static str {
    match status {
        522 => "Connection timed out",
        524 => "A timeout occurred",
        _ => "Web server is returning an unknown error",
    }
}

/// The answer for a model past its end; nothing if it is not.
pub(super) fn sunset(start: &Start) -> Option<Answer> {
    let route = start.route();
    let sunset = SUNSET.iter().find(|sunset| sunset.route == route)?;
    Some(gone(&route, Some(sunset)))
}

/// The structure Krea documents, with both fields that may be absent.
fn gone(route: &str, sunset: Option<&Sunset>) -> Answer {
    let kind = route.split('/').next().unwrap_or_default();
    let any = match kind {
        "video" => "video/google/veo-3.1",
        _ => "image/bfl/flux-1-dev",
    };
    json(
        410,
        &json!({
            "error": "model_unavailable",
            "reason": "deprecated",
            "message": format!("The model {route} is no longer available."),
            "sunset_date": sunset.map_or("2026-01-31", |sunset| sunset.day),
            "replacement": sunset.map_or(any, |sunset| sunset.replacement),
            "migration_url": MIGRATION,
        }),
    )
}

/// Adds the headers of a model that will go.
pub(super) fn deprecate(answer: &mut Answer) {
    let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 30);
    let day = day.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let link = format!("<{MIGRATION}>; rel=\"deprecation\"; type=\"text/html\"");
    for (name, value) in [("deprecation", "true"), ("sunset", &day), ("link", &link)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
}
