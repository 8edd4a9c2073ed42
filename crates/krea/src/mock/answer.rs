//! Answers of the mock, errors with the bodies that are documented or were observed: `message`
//! for 401 and 402, `error` for the rest, a structure for 410.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::model::{SUNSET, Start};

/// An answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// An answer in place of what was asked for.
pub(super) type Refusal = Box<Answer>;

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

/// An error with a sentence of its own.
pub(super) fn error(status: u16, words: &str) -> Answer {
    match status {
        401 | 402 => json(status, &json!({"message": words})),
        _ => json(status, &json!({"error": words})),
    }
}

/// A body that was refused, in the form of either status.
pub(super) fn invalid(status: u16, place: &str, words: &str) -> Answer {
    match status {
        422 => json(
            422,
            &json!({"detail": [{"loc": ["body", place], "msg": words, "type": "value_error"}]}),
        ),
        status => json(status, &json!({"error": format!("{place}: {words}")})),
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
pub(super) fn refusal(status: u16, start: Option<&Start>) -> Answer {
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
        422 => invalid(422, "image_url", "Invalid asset URL"),
        429 => error(429, "CONCURRENCY_LIMIT_REACHED"),
        _ => html(502, "502 Bad Gateway"),
    }
}

/// The answer for a model past its end; nothing if it is not.
pub(super) fn sunset(start: &Start) -> Option<Answer> {
    let route = start.route();
    let (_, day) = SUNSET.iter().find(|(gone, _)| *gone == route)?;
    Some(gone(&route, Some(day)))
}

fn gone(route: &str, day: Option<&str>) -> Answer {
    json(
        410,
        &json!({
            "error": "model_unavailable",
            "reason": "deprecated",
            "message": format!("The model {route} is no longer available."),
            "sunset_date": day.unwrap_or("2026-01-31"),
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
