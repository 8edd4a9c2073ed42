//! Asks the API about jobs: the only proof there is of what a webhook says.
//!
//! Asks for ids that are UUIDs and for nothing else, each as one part of the path, and only the
//! upstream it was made for. That a job is unknown is said by 404 alone; every other refusal is an
//! [`AskError`] and proves nothing.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::api_error;
use crate::job::{JobId, Reading};
use crate::keys::Key;
use crate::limits::{ASK_DEADLINE, JOB_MAX_BYTES, LIST_MAX_BYTES, RETRY_AFTER_MOST};
use crate::outgoing::{Outgoing, OutgoingError, full};

/// Who asks one API.
#[derive(Debug, Clone)]
pub struct Asker {
    client: Outgoing,
    upstream: Uri,
}

/// What the API said of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiAnswer {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The answer's body, byte for byte.
    pub body: Bytes,
    /// The job; nothing if the API knows no such job.
    pub reading: Option<Reading>,
}

/// A page of the jobs the API lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listed {
    /// The jobs, with their ids, the newest first.
    pub jobs: Vec<(JobId, ApiAnswer)>,
    /// What to ask the next page with.
    pub next: Option<String>,
}

/// Why asking has shown nothing.
#[derive(Debug, Error)]
pub enum AskError {
    /// The id is no UUID, so no job of Krea's can have it.
    #[error("{0:?} is not the id of a job: those are UUIDs")]
    NotAnId(String),
    /// No request could be made of upstream and id.
    #[error("no request can be made for {0}")]
    Unaskable(String),
    /// The API could not be reached, or gave no answer.
    #[error("the API could not be asked")]
    Unreachable(#[source] OutgoingError),
    /// The answer broke off, or was larger than any job.
    #[error("the API's answer could not be read")]
    Unreadable,
    /// The token was not taken, or may not see this.
    #[error("the API does not take this key ({status}): {words}")]
    KeyRefused {
        /// 401, 402 or 403.
        status: u16,
        /// The API's words.
        words: String,
    },
    /// Too much was asked.
    #[error("the API wants to be asked less often (429)")]
    TooOften {
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// The API, or something in front of it, failed.
    #[error("the API answered {status}: {words}")]
    Failed {
        /// The status.
        status: u16,
        /// Its words.
        words: String,
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
}

impl ApiAnswer {
    /// What an answer with a job in it says.
    pub fn of(asked_at: Timestamp, body: Bytes) -> Self {
        let reading = Some(Reading::of(&body));
        Self {
            asked_at,
            body,
            reading,
        }
    }

    /// The API knows no such job, or not for this key.
    pub fn unknown(asked_at: Timestamp, body: Bytes) -> Self {
        Self {
            asked_at,
            body,
            reading: None,
        }
    }
}

impl AskError {
    /// Whether it is because nobody who is trusted has signed the other end's certificate.
    pub fn is_distrust(&self) -> bool {
        let Self::Unreachable(error) = self else {
            return false;
        };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                use rustls::{CertificateError, Error};
                let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
                return *tls == unknown;
            }
            // An I/O error does not name what it is made of as its source.
            let made_of = error
                .downcast_ref()
                .and_then(|io: &std::io::Error| io.get_ref());
            cause = match made_of {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        false
    }

    /// Whether the same may be asked again later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Unreadable | Self::TooOften { .. } | Self::Failed { .. }
        )
    }

    /// How long the API wants to be left alone, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooOften { retry_after } | Self::Failed { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Asker {
    /// One that asks this API, and trusts these certificates besides the system's.
    pub fn new(
        upstream: Uri,
        trusted: Vec<CertificateDer<'static>>,
    ) -> Result<Self, OutgoingError> {
        let client = Outgoing::new(trusted)?;
        Ok(Self { client, upstream })
    }

    /// Asks about one job.
    pub async fn job(&self, id: &JobId, key: &Key) -> Result<ApiAnswer, AskError> {
        if !id.is_uuid() {
            return Err(AskError::NotAnId(id.to_string()));
        }
        let asked_at = Timestamp::now();
        let answer = self.ask(&format!("/jobs/{id}"), key).await?;
        match read(answer, JOB_MAX_BYTES).await? {
            (404, body) => Ok(ApiAnswer::unknown(asked_at, body)),
            (_, body) => Ok(ApiAnswer::of(asked_at, body)),
        }
    }

    /// Asks about one job with each of these keys until one knows it. That none knows it counts once
    /// every key has said so that the API takes; one that it refuses has nothing to say.
    pub async fn job_by_any(&self, id: &JobId, keys: &[Key]) -> Result<ApiAnswer, AskError> {
        let (mut unknown, mut refused) = (None, None);
        for key in keys {
            match self.job(id, key).await {
                Ok(answer) if answer.reading.is_some() => return Ok(answer),
                Ok(answer) => unknown = Some(answer),
                Err(error @ AskError::KeyRefused { .. }) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        let refused = refused.unwrap_or_else(|| AskError::Unaskable(format!("{id} without a key")));
        unknown.ok_or(refused)
    }

    /// Asks for so many jobs, the newest first, from a place that an earlier page gave.
    pub async fn list(
        &self,
        key: &Key,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Listed, AskError> {
        let asked_at = Timestamp::now();
        let mut path = format!("/jobs?limit={limit}");
        if let Some(from) = from {
            let from =
                percent_encoding::utf8_percent_encode(from, percent_encoding::NON_ALPHANUMERIC);
            path = format!("{path}&cursor={from}");
        }
        let (status, body) = read(self.ask(&path, key).await?, LIST_MAX_BYTES).await?;
        if status == 404 {
            let (words, retry_after) = (api_error::words(&body), None);
            return Err(AskError::Failed {
                status,
                words,
                retry_after,
            });
        }
        listed(asked_at, &body).ok_or(AskError::Unreadable)
    }

    async fn ask(&self, path: &str, key: &Key) -> Result<Response<Incoming>, AskError> {
        let base = self.upstream.to_string();
        let agent = HeaderValue::from_static(concat!("kreel/", env!("CARGO_PKG_VERSION")));
        let request = Request::get(format!("{}{path}", base.trim_end_matches('/')))
            .header(AUTHORIZATION, key.header())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, agent)
            .body(full(Bytes::new()))
            .map_err(|_| AskError::Unaskable(path.to_owned()))?;
        let sent = self.client.send(request, ASK_DEADLINE).await;
        sent.map_err(AskError::Unreachable)
    }
}

/// Status and body of an answer that says something: 2xx and 404.
async fn read(answer: Response<Incoming>, most: usize) -> Result<(u16, Bytes), AskError> {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(seconds);
    let body = Limited::new(answer.into_body(), most).collect();
    let body = tokio::time::timeout(ASK_DEADLINE, body).await;
    let body = body.ok().and_then(Result::ok).map(|body| body.to_bytes());
    let words = || api_error::words(body.as_deref().unwrap_or_default());
    match status {
        200..=299 => Ok((status, body.ok_or(AskError::Unreadable)?)),
        // A page of HTML is the edge's, or a wrong address: it knows nothing of jobs.
        404 if body.as_deref().is_some_and(is_object) => Ok((404, body.unwrap_or_default())),
        401..=403 => Err(AskError::KeyRefused {
            status,
            words: words(),
        }),
        429 => Err(AskError::TooOften { retry_after }),
        _ => Err(AskError::Failed {
            status,
            words: words(),
            retry_after,
        }),
    }
}

fn is_object(body: &[u8]) -> bool {
    body.is_empty() || serde_json::from_slice::<serde_json::Map<_, _>>(body).is_ok()
}

/// A number of seconds; a date is not read. Longer than ten minutes is ten minutes.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MOST))
}

fn listed(asked_at: Timestamp, body: &Bytes) -> Option<Listed> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        items: Vec<&'a RawValue>,
        #[serde(alias = "nextCursor")]
        next_cursor: Option<String>,
    }
    let page: Page<'_> = serde_json::from_slice(body).ok()?;
    let jobs = page.items.into_iter().filter_map(|item| {
        let answer = ApiAnswer::of(asked_at, Bytes::copy_from_slice(item.get().as_bytes()));
        let id = answer.reading.as_ref()?.job()?.id.clone()?;
        Some((id, answer))
    });
    Some(Listed {
        jobs: jobs.collect(),
        next: page.next_cursor,
    })
}

#[cfg(test)]
mod tests;
