//! What is masked in a line of a cassette: header lines, fields of the query, values of bodies.

use std::borrow::Cow;

use kreel_wire::{Headers, HeadersBuilder};

use super::{BodyRules, ORIGIN, line, url};
use crate::compare::IgnoreError;
use crate::export::{Answer, Exchange, Request};
use crate::mask::Masking;

/// What is masked in a cassette.
#[derive(Debug, Clone)]
pub struct Masks {
    headers: Masking,
    /// Names of fields of the query.
    fields: Vec<String>,
    body: BodyRules,
}

impl Masks {
    /// Masks these headers, and nothing else.
    pub fn of(headers: Masking) -> Self {
        Self {
            headers,
            fields: Vec::new(),
            body: BodyRules::default(),
        }
    }

    /// Masks these headers, and what these rules say: `header:x-token`, `query:token`,
    /// `$.user.email`.
    pub fn by_rules(headers: Masking, rules: &[String]) -> Result<Self, IgnoreError> {
        let mut masks = Self::of(headers);
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
        masks.body = BodyRules::parse(paths)?;
        Ok(masks)
    }

    /// A delivery as a line, without the line's end. It has `target`, path and query as sent, in
    /// place of its URL, and another `Host`: the public address may be the tunnel's only secret.
    pub fn line(&self, exchange: &Exchange<'_>, target: &[u8]) -> String {
        let request = &exchange.request;
        let url = url(&self.target(target));
        let request_body = self.body.mask(request.body, request.is_whole);
        let host = ORIGIN.trim_start_matches("https://");
        let headers = with_length(request.headers, request_body.len(), |name| {
            (name == b"host").then_some(host.as_bytes())
        });
        let answer = exchange.answer.as_ref();
        let answer_body = answer.map(|answer| self.body.mask(answer.body, answer.is_whole));
        let answer_body = answer_body.unwrap_or_default();
        let answer_headers =
            answer.map(|answer| with_length(answer.headers, answer_body.len(), |_| None));
        let masked = Exchange {
            request: Request {
                url: &url,
                headers: &headers,
                body: &request_body,
                ..*request
            },
            answer: answer
                .zip(answer_headers.as_ref())
                .map(|(answer, headers)| Answer {
                    headers,
                    body: &answer_body,
                    ..*answer
                }),
            ..*exchange
        };
        line(&masked, &self.headers)
    }

    /// Whether there are rules for bodies and one of these has no paths they could follow: a form,
    /// text, what is compressed. Such a body stays as it is.
    pub fn misses(&self, exchange: &Exchange<'_>) -> bool {
        let request = &exchange.request;
        let of_answer = |answer: &Answer<'_>| self.body.misses(answer.body, answer.is_whole);
        self.body.misses(request.body, request.is_whole)
            || exchange.answer.as_ref().is_some_and(of_answer)
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
        let value = match line.name {
            b"content-length" => length.as_bytes(),
            name => other(name).unwrap_or(line.value),
        };
        builder.push(line.name, value);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Timings;

    #[test]
    fn fields_of_the_query_are_masked_by_name() {
        let masks = Masks::by_rules(Masking::standard(), &["query:token".to_owned()]).unwrap();
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
            assert!(
                Masks::by_rules(Masking::standard(), &[rule.to_owned()]).is_err(),
                "{rule}"
            );
        }
    }

    #[test]
    fn the_address_is_not_in_the_line() {
        let mut headers = HeadersBuilder::default();
        headers.push(b"host", b"k7mq2vxn.relay.example");
        headers.push(b"content-length", b"14");
        let headers = headers.build();
        let exchange = Exchange {
            id: "019ab5f2-7c1e-7d3a-9f00-0123456789ab",
            received_at_us: 0,
            request: Request {
                method: "POST",
                url: "https://k7mq2vxn.relay.example/hook",
                headers: &headers,
                body: b"{\"a\":\"s3cret\"}",
                is_whole: true,
            },
            answer: None,
            failure: None,
            started_at_us: None,
            timings: Timings::default(),
        };
        let masks = Masks::by_rules(Masking::standard(), &["$.a".to_owned()]).unwrap();
        let text = masks.line(&exchange, b"/hook?x=1");
        assert!(
            !text.contains("k7mq2vxn") && !text.contains("s3cret"),
            "{text}"
        );
        let recorded = super::super::read(text.as_bytes()).unwrap().remove(0);
        assert_eq!(&recorded.target[..], b"/hook?x=1");
        assert_eq!(recorded.headers.first("host").unwrap(), b"webhook.invalid");
        let length = recorded.headers.first("content-length").unwrap();
        assert_eq!(length, recorded.body.len().to_string().as_bytes());
    }
}
