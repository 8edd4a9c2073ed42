//! An exchange as one JSON object, and as a line of a cassette. `docs/json.md` has both schemas.

use serde::Serialize;

use super::raw::masked;
use super::text::{Text, line, rfc3339};
use super::{Answer, Exchange, Request};
use crate::mask::Masking;

/// The version of a cassette's lines. Fields are only ever added within one.
pub const CASSETTE_VERSION: u32 = 1;

/// The exchange as one JSON object on one line.
pub fn json(exchange: &Exchange<'_>, masking: &Masking) -> String {
    line(&Document {
        r#type: "exchange",
        kreel_cassette: None,
        exchange: Parts::of(exchange, masking),
    })
}

/// The exchange as a line of a cassette: what [`json`] has, with the version of the format.
/// Made to be kept with the sources, so a secret is shown only if the caller insists.
pub fn fixture(exchange: &Exchange<'_>, masking: &Masking) -> String {
    line(&Document {
        r#type: "fixture",
        kreel_cassette: Some(CASSETTE_VERSION),
        exchange: Parts::of(exchange, masking),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kreel_cassette: Option<u32>,
    #[serde(flatten)]
    exchange: Parts<'a>,
}

#[derive(Serialize)]
struct Parts<'a> {
    id: &'a str,
    received_at: String,
    request: RequestParts<'a>,
    answer: Option<AnswerParts<'a>>,
    failure: Option<FailureParts<'a>>,
    started_at: Option<String>,
    timings: TimingParts,
}

#[derive(Serialize)]
struct RequestParts<'a> {
    method: &'a str,
    url: &'a str,
    headers: Vec<Line<'a>>,
    body: BodyParts<'a>,
}

#[derive(Serialize)]
struct AnswerParts<'a> {
    status: u16,
    reason: Option<String>,
    headers: Vec<Line<'a>>,
    body: BodyParts<'a>,
}

#[derive(Serialize)]
struct FailureParts<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct TimingParts {
    connect_ms: Option<f64>,
    first_byte_ms: Option<f64>,
    total_ms: Option<f64>,
}

/// A header line. Exactly one of `value` and `value_base64` is there.
#[derive(Serialize, Default)]
struct Line<'a> {
    name: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
}

/// A body. Exactly one of `text` and `base64` is there.
#[derive(Serialize, Default)]
struct BodyParts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    size_bytes: usize,
    whole: bool,
}

impl<'a> Parts<'a> {
    fn of(exchange: &Exchange<'a>, masking: &Masking) -> Self {
        let Request {
            method,
            url,
            headers,
            body,
            is_whole,
        } = exchange.request;
        let answer = |answer: Answer<'a>| AnswerParts {
            status: answer.status,
            reason: answer
                .reason
                .map(|reason| String::from_utf8_lossy(reason).into_owned()),
            headers: lines(answer.headers, masking),
            body: BodyParts::of(answer.body, answer.is_whole),
        };
        let ms = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64() * 1e3);
        Self {
            id: exchange.id,
            received_at: rfc3339(exchange.received_at_us),
            request: RequestParts {
                method,
                url,
                headers: lines(headers, masking),
                body: BodyParts::of(body, is_whole),
            },
            answer: exchange.answer.map(answer),
            failure: exchange
                .failure
                .map(|(code, message)| FailureParts { code, message }),
            started_at: exchange.started_at_us.map(rfc3339),
            timings: TimingParts {
                connect_ms: ms(exchange.timings.connect),
                first_byte_ms: ms(exchange.timings.first_byte),
                total_ms: ms(exchange.timings.total),
            },
        }
    }
}

impl<'a> BodyParts<'a> {
    fn of(bytes: &'a [u8], is_whole: bool) -> Self {
        let (text, base64) = match Text::of(bytes) {
            Text::Plain(text) => (Some(text), None),
            Text::Base64(base64) => (None, Some(base64)),
        };
        Self {
            text,
            base64,
            size_bytes: bytes.len(),
            whole: is_whole,
        }
    }
}

fn lines<'a>(headers: &'a kreel_wire::Headers, masking: &Masking) -> Vec<Line<'a>> {
    let line = |header: kreel_wire::Header<'a>| {
        let name = String::from_utf8_lossy(header.name);
        if masking.hides(header.name) {
            let value = Some(masked(header.value).into());
            return Line {
                name,
                value,
                masked: true,
                ..Line::default()
            };
        }
        match Text::of(header.value) {
            Text::Plain(text) => Line {
                name,
                value: Some(text.into()),
                ..Line::default()
            },
            Text::Base64(base64) => Line {
                name,
                value_base64: Some(base64),
                ..Line::default()
            },
        }
    };
    headers.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
