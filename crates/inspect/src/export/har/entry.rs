//! One entry of an archive: names and types as HAR 1.2 has them.

use std::borrow::Cow;
use std::time::Duration;

use kreel_wire::Headers;
use serde::Serialize;

use super::super::raw::masked;
use super::super::text::{Text, rfc3339};
use super::super::{Answer, Exchange, Request};
use crate::mask::Masking;

/// What HAR writes for a size or a time that is not known.
const UNKNOWN: f64 = -1.0;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    started_date_time: String,
    time: f64,
    request: RequestEntry<'a>,
    response: ResponseEntry<'a>,
    cache: Cache,
    timings: TimingsEntry,
    #[serde(rename = "_id")]
    id: &'a str,
}

#[derive(Serialize)]
struct Cache {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestEntry<'a> {
    method: &'a str,
    url: &'a str,
    http_version: &'static str,
    cookies: Vec<Pair<'a>>,
    headers: Vec<Pair<'a>>,
    query_string: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'a>>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseEntry<'a> {
    status: u16,
    status_text: Cow<'a, str>,
    http_version: &'static str,
    cookies: Vec<Pair<'a>>,
    headers: Vec<Pair<'a>>,
    content: Content<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: Cow<'a, str>,
    headers_size: i64,
    body_size: i64,
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Pair<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'a> {
    mime_type: Cow<'a, str>,
    text: Cow<'a, str>,
    #[serde(rename = "_encoding", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    size: usize,
    mime_type: Cow<'a, str>,
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
struct TimingsEntry {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

impl<'a> Entry<'a> {
    pub(super) fn of(exchange: &Exchange<'a>, masking: &Masking) -> Self {
        let timings = TimingsEntry::of(exchange);
        Self {
            started_date_time: rfc3339(exchange.started_at_us.unwrap_or(exchange.received_at_us)),
            time: timings.sum(),
            request: request(&exchange.request, masking),
            response: match &exchange.answer {
                Some(answer) => response(answer, exchange.failure, masking),
                None => no_response(exchange.failure),
            },
            cache: Cache {},
            timings,
            id: exchange.id,
        }
    }
}

impl TimingsEntry {
    /// The parts follow each other: connecting, waiting for the head, receiving the rest.
    fn of(exchange: &Exchange<'_>) -> Self {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let timings = exchange.timings;
        let connect = timings.connect.unwrap_or_default();
        let total = timings.total.or(timings.first_byte).unwrap_or(connect);
        let head = timings.first_byte.unwrap_or(total);
        Self {
            blocked: UNKNOWN,
            dns: UNKNOWN,
            connect: timings.connect.map_or(UNKNOWN, ms),
            ssl: UNKNOWN,
            send: 0.0,
            wait: ms(head.saturating_sub(connect)),
            receive: ms(total.saturating_sub(head)),
        }
    }

    /// Unknown parts do not count, as the format has it.
    fn sum(&self) -> f64 {
        self.connect.max(0.0) + self.send + self.wait + self.receive
    }
}

fn request<'a>(request: &Request<'a>, masking: &Masking) -> RequestEntry<'a> {
    let (text, encoding) = encoded(request.body);
    let post_data = (!request.body.is_empty()).then(|| PostData {
        mime_type: mime_type(request.headers),
        text,
        encoding,
        comment: comment(request.is_whole),
    });
    RequestEntry {
        method: request.method,
        url: request.url,
        http_version: "HTTP/1.1",
        cookies: cookies(request.headers, "cookie", masking),
        headers: pairs(request.headers, masking),
        query_string: query(request.url),
        post_data,
        headers_size: -1,
        body_size: size(request.body),
    }
}

fn response<'a>(
    answer: &Answer<'a>,
    failure: Option<(&'a str, &'a str)>,
    masking: &Masking,
) -> ResponseEntry<'a> {
    let (text, encoding) = encoded(answer.body);
    let reason = match answer.reason {
        Some(reason) => latin(reason),
        None => usual_reason(answer.status).into(),
    };
    let location = answer.headers.first("location");
    ResponseEntry {
        status: answer.status,
        status_text: reason,
        http_version: "HTTP/1.1",
        cookies: cookies(answer.headers, "set-cookie", masking),
        headers: pairs(answer.headers, masking),
        content: Content {
            size: answer.body.len(),
            mime_type: mime_type(answer.headers),
            text,
            encoding,
            comment: comment(answer.is_whole),
        },
        redirect_url: location.map_or(Cow::Borrowed(""), |location| latin(location)),
        headers_size: -1,
        body_size: size(answer.body),
        error: failure.map(|(_, message)| message),
    }
}

fn no_response<'a>(failure: Option<(&'a str, &'a str)>) -> ResponseEntry<'a> {
    ResponseEntry {
        status: 0,
        status_text: "".into(),
        http_version: "HTTP/1.1",
        cookies: Vec::new(),
        headers: Vec::new(),
        content: Content {
            size: 0,
            mime_type: "x-unknown".into(),
            text: "".into(),
            encoding: None,
            comment: None,
        },
        redirect_url: "".into(),
        headers_size: -1,
        body_size: -1,
        error: failure.map(|(_, message)| message),
    }
}

fn usual_reason(status: u16) -> &'static str {
    let status = http::StatusCode::from_u16(status).ok();
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("")
}

fn size(body: &[u8]) -> i64 {
    i64::try_from(body.len()).unwrap_or(i64::MAX)
}

fn comment(is_whole: bool) -> Option<&'static str> {
    (!is_whole).then_some("only the beginning of the body was kept")
}

fn encoded(body: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    match Text::of(body) {
        Text::Plain(text) => (text.into(), None),
        Text::Base64(base64) => (base64.into(), Some("base64")),
    }
}

fn mime_type(headers: &Headers) -> Cow<'_, str> {
    match headers.first("content-type") {
        Some(value) => latin(value),
        None => "application/octet-stream".into(),
    }
}

fn pairs<'a>(headers: &'a Headers, masking: &Masking) -> Vec<Pair<'a>> {
    let pair = |header: kreel_wire::Header<'a>| Pair {
        name: latin(header.name),
        value: if masking.hides(header.name) {
            masked(header.value).into()
        } else {
            latin(header.value)
        },
    };
    headers.iter().map(pair).collect()
}

/// The cookies of these headers, unless they are secrets.
fn cookies<'a>(headers: &'a Headers, name: &str, masking: &Masking) -> Vec<Pair<'a>> {
    let lines = headers
        .iter()
        .filter(|header| header.name == name.as_bytes());
    let lines = lines.filter(|header| !masking.hides(header.name));
    // What follows the first `;` of a `Set-Cookie` are its attributes.
    let most = if name == "cookie" { usize::MAX } else { 1 };
    let cookies = lines.flat_map(|header| header.value.split(|byte| *byte == b';').take(most));
    let pair = |cookie: &'a [u8]| {
        let at = cookie.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (cookie.get(..at)?, cookie.get(at + 1..)?);
        Some(Pair {
            name: latin(name.trim_ascii()),
            value: latin(value.trim_ascii()),
        })
    };
    cookies.filter_map(pair).collect()
}

/// The parameters of a URL, decoded.
fn query(url: &str) -> Vec<Pair<'_>> {
    let Some((_, query)) = url.split_once('?') else {
        return Vec::new();
    };
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Pair {
            name: decoded(name).into(),
            value: decoded(value).into(),
        }
    };
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(pair)
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *byte == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(if *byte == b'+' { b' ' } else { *byte });
                rest = after;
            }
        }
    }
    latin(&bytes).into_owned()
}

/// Text as it is; other bytes each as the character with its number, so that none is lost.
fn latin(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
            .into(),
    }
}
