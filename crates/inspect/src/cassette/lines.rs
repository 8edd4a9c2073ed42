//! One line of a cassette as it is read. Fields that are not known are passed over, so that
//! lines may gain some.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use kreel_wire::{Headers, is_token};
use serde::Deserialize;

use super::{CASSETTE_VERSION, Problem, Recorded, RecordedAnswer};

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Preamble {
    r#type: Option<String>,
    kreel_cassette: Option<u64>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    received_at: Timestamp,
    request: RequestParts,
    answer: Option<AnswerParts>,
}

#[derive(Deserialize)]
struct RequestParts {
    method: String,
    url: String,
    headers: Vec<HeaderLine>,
    body: BodyParts,
}

#[derive(Deserialize)]
struct AnswerParts {
    status: u16,
    headers: Vec<HeaderLine>,
    body: BodyParts,
}

#[derive(Deserialize)]
struct HeaderLine {
    name: String,
    value: Option<String>,
    value_base64: Option<String>,
}

#[derive(Deserialize)]
struct BodyParts {
    text: Option<String>,
    base64: Option<String>,
    whole: bool,
}

pub(super) fn read(line: &[u8]) -> Result<Recorded, Problem> {
    let preamble: Preamble = parse(line)?;
    match preamble.kreel_cassette {
        None | Some(0) => return Err(Problem::NoCassette),
        Some(found) if found > CASSETTE_VERSION.into() => return Err(Problem::Newer { found }),
        Some(_) => {}
    }
    match preamble.r#type.as_deref() {
        Some("fixture") => {}
        other => {
            let found = other.unwrap_or_default().to_owned();
            return Err(Problem::Type { found });
        }
    }
    parse::<Line>(line)?.checked()
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(line).map_err(|error| {
        let said = error.to_string();
        // Each line is parsed by itself, so the position it would tell is always of line 1.
        let what = said.split(" at line ").next().unwrap_or(&said).to_owned();
        let column = error.column().max(1);
        Problem::Unreadable { what, column }
    })
}

impl Line {
    fn checked(self) -> Result<Recorded, Problem> {
        let id = self.id.parse();
        let received_at_us = u64::try_from(self.received_at.as_microsecond());
        let RequestParts {
            method,
            url,
            headers,
            body,
        } = self.request;
        if !is_token(method.as_bytes()) {
            return Err(wrong("request.method", "is no method"));
        }
        if !body.whole {
            return Err(wrong("request.body", "is cut off: its \"whole\" is false"));
        }
        Ok(Recorded {
            id: id.map_err(|_| wrong("id", "is no UUID"))?,
            received_at_us: received_at_us.map_err(|_| wrong("received_at", "is before 1970"))?,
            method,
            target: target(&url)?,
            headers: read_headers(headers, "request.headers")?,
            body: body.bytes("request.body")?,
            answer: self.answer.map(AnswerParts::checked).transpose()?,
        })
    }
}

impl AnswerParts {
    fn checked(self) -> Result<RecordedAnswer, Problem> {
        if !(100..=999).contains(&self.status) {
            return Err(wrong("answer.status", "is no status"));
        }
        Ok(RecordedAnswer {
            status: self.status,
            headers: read_headers(self.headers, "answer.headers")?,
            is_whole: self.body.whole,
            body: self.body.bytes("answer.body")?,
        })
    }
}

impl BodyParts {
    fn bytes(self, field: &'static str) -> Result<Bytes, Problem> {
        one_of(self.text, self.base64, field)
    }
}

/// What stands behind scheme and host, fragment aside.
fn target(url: &str) -> Result<Bytes, Problem> {
    let field = "request.url";
    let (_, rest) = url
        .split_once("://")
        .ok_or(wrong(field, "is no address with a scheme and a host"))?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let target = &rest[rest.find(['/', '?']).unwrap_or(rest.len())..];
    match target.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Bytes::copy_from_slice(target.as_bytes())),
        false => Err(wrong(field, "holds what has to be percent-encoded")),
    }
}

fn read_headers(lines: Vec<HeaderLine>, field: &'static str) -> Result<Headers, Problem> {
    let header = |line: HeaderLine| {
        Ok((
            line.name.to_ascii_lowercase(),
            one_of(line.value, line.value_base64, field)?,
        ))
    };
    let lines = lines
        .into_iter()
        .map(header)
        .collect::<Result<Vec<_>, Problem>>()?;
    Headers::checked(lines).map_err(|_| wrong(field, "has a line that can't be one"))
}

/// Text, or bytes in base64: exactly one of them.
fn one_of(
    text: Option<String>,
    base64: Option<String>,
    field: &'static str,
) -> Result<Bytes, Problem> {
    match (text, base64) {
        (Some(text), None) => Ok(text.into()),
        (None, Some(base64)) => match STANDARD.decode(base64) {
            Ok(bytes) => Ok(bytes.into()),
            Err(_) => Err(wrong(field, "holds what is no base64")),
        },
        _ => Err(wrong(field, "needs either text or base64")),
    }
}

fn wrong(field: &'static str, what: &'static str) -> Problem {
    Problem::Field { field, what }
}
