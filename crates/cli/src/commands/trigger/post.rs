//! A webhook ready to go, its way, and what was answered.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use kreel_client::inert::{inert, inert_bytes};
use kreel_krea::{Outgoing, full};
use serde_json::{Value, json};

use super::address::Address;
use super::sign::Scheme;
use crate::args::Header;
use crate::problem::{Code, Problem, Result, chain};
use crate::terminal::{object_line, print};

/// A webhook.
#[derive(Debug, Clone)]
pub(super) struct Posting {
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Bytes,
    /// How its sender signs.
    pub(super) scheme: Scheme,
}

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: StatusCode,
    body: Bytes,
    took: Duration,
}

/// What became of all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// How many were sent.
    pub(super) sent: usize,
    /// How many were not answered with 2xx.
    pub(super) refused: usize,
    /// How often each other status came.
    pub(super) statuses: BTreeMap<u16, usize>,
}

/// How long an answer may take: 60 s. A relay answers within its `--wait`; an app that was set a
/// breakpoint in is not to be cut off at once.
const DEADLINE: Duration = Duration::from_secs(60);

/// How much of an answer is read: 64 KiB; of it one line is shown.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How much of an answer is shown: 60 characters, what is left of a line.
const SHOWN: usize = 60;

impl Posting {
    /// A webhook with a JSON body.
    pub(super) fn json(body: impl Into<Bytes>, scheme: Scheme) -> Self {
        let mut headers = HeaderMap::new();
        let agent = concat!("kreel-trigger/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        Self {
            headers,
            body: body.into(),
            scheme,
        }
    }

    /// Signs what there is now, if there is a secret and the sender signs.
    pub(super) fn sign(&mut self, secret: Option<&str>) -> Result<()> {
        let now = jiff::Timestamp::now().as_second();
        let signed = self.scheme.sign(&self.headers, &self.body, secret, now)?;
        for (name, value) in signed {
            let value = HeaderValue::from_str(&value).expect("digits and letters make a header");
            self.headers.insert(HeaderName::from_static(name), value);
        }
        Ok(())
    }

    /// Sets a header.
    pub(super) fn set(&mut self, Header(name, value): &Header) {
        self.headers.insert(name, value.clone());
    }

    /// Its headers, a line each.
    pub(super) fn head(&self) -> String {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}\n", inert_bytes(value.as_bytes()))
        };
        self.headers.iter().map(line).collect()
    }

    /// Its body as text, with a line's end; on a terminal nothing in it acts.
    pub(super) fn text(&self) -> String {
        let text = match std::io::stdout().is_terminal() {
            true => inert_bytes(&self.body),
            false => String::from_utf8_lossy(&self.body),
        };
        text.into_owned() + "\n"
    }

    /// All of it as one object.
    pub(super) fn object(&self, event: &str) -> Value {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
            .collect();
        json!({
            "type": "webhook",
            "event": event,
            "headers": headers,
            "body": String::from_utf8_lossy(&self.body),
        })
    }
}

/// Posts a webhook and waits for the whole answer.
pub(super) async fn send(client: &Outgoing, to: &Address, posting: &Posting) -> Result<Answer> {
    let mut request = Request::post(to.url.clone())
        .body(full(posting.body.clone()))
        .expect("an address that was parsed");
    *request.headers_mut() = posting.headers.clone();
    let start = Instant::now();
    let failed = |why: String| {
        Problem::new(
            Code::WebhookNotDelivered,
            format!("the webhook did not get to {}", to.url),
            inert(&why),
            to.advice,
        )
    };
    let response = client.send(request, DEADLINE).await;
    let response = response.map_err(|error| failed(chain(&error)))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES);
    // An answer that is too long, or breaks off, is an answer all the same.
    let body = tokio::time::timeout(DEADLINE, body.collect()).await;
    let body = body.ok().and_then(std::result::Result::ok);
    Ok(Answer {
        status,
        body: body
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default(),
        took: start.elapsed(),
    })
}

impl Answer {
    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Says what came back.
    pub(super) fn show(&self, event: &str, to: &Address, as_json: bool) -> Result<()> {
        let milliseconds = self.took.as_secs_f64() * 1000.0;
        if as_json {
            let object = json!({
                "type": "triggered",
                "event": event,
                "url": to.url.to_string(),
                "status": self.status.as_u16(),
                "duration_ms": (milliseconds * 1000.0).round() / 1000.0,
                "answer": String::from_utf8_lossy(&self.body),
            });
            return print(&object_line(&object));
        }
        let text = inert_bytes(&self.body).into_owned();
        let shown: String = text.chars().take(SHOWN).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        print(&format!(
            "{event}  {}  {milliseconds:.0} ms  {shown}{more}\n",
            self.status
        ))
    }
}

impl Told {
    /// Counts an answer.
    pub(super) fn count(&mut self, answer: &Answer) {
        self.sent += 1;
        if !answer.status.is_success() {
            self.refused += 1;
            *self.statuses.entry(answer.status.as_u16()).or_default() += 1;
        }
    }
}
