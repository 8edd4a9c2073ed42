//! Cassettes as files: read whole, and written from the history with secrets masked by rule.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use kreel_client::inert::inert;
use kreel_inspect::cassette::{self, BodyRules, Recorded};
use kreel_inspect::export::{Answer, Exchange, Masking, Request, Timings};
use kreel_wire::{Headers, HeadersBuilder};

use crate::past::{Taken, is_whole};
use crate::private_file;
use crate::problem::{Code, Problem, Result};

/// What is masked in a cassette.
#[derive(Debug, Clone)]
pub(crate) struct Masks {
    headers: Masking,
    /// Names of fields of the query.
    fields: Vec<String>,
    body: BodyRules,
}

/// Reads a cassette.
pub(crate) fn read(file: &Path) -> Result<Vec<Recorded>> {
    let text = fs::read(file).map_err(|error| private_file::unusable("read", file, &error))?;
    cassette::read(&text).map_err(|fault| {
        let name = file.to_string_lossy();
        Problem::new(
            Code::CassetteUnreadable,
            format!("{} is no cassette kreel understands", inert(&name)),
            fault,
            "docs/cassette.md has the format; `kreel record` writes it",
        )
    })
}

impl Masks {
    /// Masks these headers, and nothing else.
    pub(crate) fn of(headers: Masking) -> Self {
        Self {
            headers,
            fields: Vec::new(),
            body: BodyRules::default(),
        }
    }

    /// Masks what is always masked, and what these rules say.
    pub(crate) fn by_rules(rules: &[String]) -> Result<Self> {
        let mut masks = Self::of(Masking::standard());
        let mut paths = Vec::new();
        for rule in rules {
            match rule.split_once(':') {
                Some(("header", name)) if !name.trim().is_empty() => {
                    masks.headers = masks.headers.with([name]);
                }
                Some(("query", name)) if !name.is_empty() => masks.fields.push(name.to_owned()),
                _ => paths.push(rule),
            }
        }
        masks.body = BodyRules::parse(paths).map_err(|error| {
            Problem::new(
                Code::MaskInvalid,
                "the rule for what is masked can't be understood",
                error,
                "write header:x-token, query:token, $.user.email or ..password",
            )
        })?;
        Ok(masks)
    }

    /// A delivery as a line, without the line's end.
    pub(crate) fn line(&self, taken: &Taken) -> String {
        let delivery = &taken.whole.delivery;
        let id = delivery.id.to_string();
        let url = cassette::url(&self.target(&delivery.target));
        let request_body = self.body.mask(&taken.body);
        let headers = self.request_headers(&delivery.headers, request_body.len());
        // What the user changed is not what this delivery is answered.
        let own = |attempt: &&kreel_client::KeptAttempt| {
            !attempt.is_edited && attempt.other_target.is_none()
        };
        let attempt = taken.whole.attempts.iter().rev().find(own);
        let kept = attempt.and_then(|it| Some((it.status?, it.answer.as_ref()?, is_whole(it))));
        let answer_body = kept.map_or(Cow::Borrowed(&[][..]), |(_, (_, body), _)| {
            self.body.mask(body)
        });
        let answer_headers = kept.map_or_else(Headers::default, |(_, (headers, _), _)| {
            with_length(headers, answer_body.len(), |_| None)
        });
        let exchange = Exchange {
            id: &id,
            received_at_us: delivery.received_at_us,
            request: Request {
                method: &delivery.method,
                url: &url,
                headers: &headers,
                body: &request_body,
                is_whole: taken.is_whole(),
            },
            answer: kept.map(|(status, _, is_whole)| Answer {
                status,
                reason: None,
                headers: &answer_headers,
                body: &answer_body,
                is_whole,
            }),
            failure: attempt
                .and_then(|attempt| attempt.failure.as_ref())
                .map(|(code, words)| (code.as_str(), words.as_str())),
            started_at_us: attempt.map(|attempt| attempt.began_at_us),
            timings: attempt.map_or_else(Timings::default, |attempt| Timings {
                connect: attempt.timings.connect,
                first_byte: attempt.timings.first_byte,
                total: Some(attempt.timings.total),
            }),
        };
        cassette::line(&exchange, &self.headers)
    }

    /// The header lines with another host: the public address may be the tunnel's only secret.
    fn request_headers(&self, headers: &Headers, body_bytes: usize) -> Headers {
        let host = cassette::ORIGIN.trim_start_matches("https://");
        with_length(headers, body_bytes, |name| {
            (name == b"host").then_some(host.as_bytes())
        })
    }

    /// Path and query, with the fields that are secrets masked.
    fn target<'a>(&self, target: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(at) = target.iter().position(|byte| *byte == b'?') else {
            return Cow::Borrowed(target);
        };
        let is_masked = |field: &[u8]| {
            let name = field.split(|byte| *byte == b'=').next().unwrap_or(field);
            self.fields.iter().any(|hidden| hidden.as_bytes() == name)
        };
        let field = |field: &[u8]| match is_masked(field) {
            true => {
                let name = field.split(|byte| *byte == b'=').next().unwrap_or(field);
                [name, b"=masked"].concat()
            }
            false => field.to_vec(),
        };
        let (path, query) = target.split_at(at + 1);
        let fields: Vec<Vec<u8>> = query.split(|byte| *byte == b'&').map(field).collect();
        Cow::Owned([path, &fields.join(&b'&')].concat())
    }
}

/// Header lines of which some have another value, and `content-length` that of the body.
fn with_length<'a>(
    headers: &Headers,
    body_bytes: usize,
    other: impl Fn(&[u8]) -> Option<&'a [u8]>,
) -> Headers {
    let length = body_bytes.to_string();
    let mut builder = HeadersBuilder::with_capacity(headers.len());
    for line in headers {
        let value = match &line.name[..] {
            b"content-length" => length.as_bytes(),
            name => other(name).unwrap_or(&line.value),
        };
        builder.push(&line.name, value);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_query_are_masked_by_name() {
        let masks = Masks::by_rules(&["query:token".to_owned()]).unwrap();
        for (target, masked) in [
            (
                "/a?token=s3cret&x=1&token",
                "/a?token=masked&x=1&token=masked",
            ),
            ("/token=1", "/token=1"),
            ("?a&tokens=1", "?a&tokens=1"),
            ("", ""),
        ] {
            assert_eq!(masks.target(target.as_bytes()), masked.as_bytes());
        }
    }

    #[test]
    fn rules_that_make_no_sense_are_told() {
        for rule in ["password", "header:", "$.a["] {
            let problem = Masks::by_rules(&[rule.to_owned()]).unwrap_err();
            assert_eq!(problem.code, Code::MaskInvalid, "{rule}");
        }
    }
}
