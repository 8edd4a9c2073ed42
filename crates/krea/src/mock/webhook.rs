//! The way of a webhook: as it should be, or as chaos will have it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::chaos::Fate;
use super::shared::{MockEvent, Shared};
use super::world::MockJob;
use crate::limits::{HELD_BACK, WEBHOOK_DEADLINE};
use crate::outgoing::{Body, full};
use crate::status::Status;

/// Into how many pieces a slow body is cut.
const PIECES: usize = 10;

/// How long a slow body takes for each of them: a second in all.
const PAUSE: Duration = Duration::from_millis(100);

/// How long after the first attempt the second one comes, at real speed; each further one takes
/// twice as long. Our choice: Krea documents no retries.
const FIRST_RETRY: Duration = Duration::from_secs(5);

/// The longest wait between two attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(600);

/// Sends the webhook of a job that has ended, if it asked for one.
pub(super) fn send(shared: &Arc<Shared>, job: &MockJob) {
    let Some(url) = job.webhook.clone() else {
        return;
    };
    let fate = shared.config.chaos.fate(shared.config.seed, job.number);
    if fate.lost {
        shared.tell(MockEvent::Lost {
            job_id: job.id.clone(),
        });
        return;
    }
    let posting = Posting {
        shared: shared.clone(),
        job_id: job.id.clone(),
        url,
        object: job.object(),
        fate,
    };
    let stop = shared.stop.clone();
    shared.tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = posting.travel() => {}
        }
    });
}

/// A webhook on its way.
struct Posting {
    shared: Arc<Shared>,
    job_id: String,
    url: http::Uri,
    object: Value,
    fate: Fate,
}

impl Posting {
    async fn travel(self) {
        if self.fate.early {
            self.post(self.early()).await;
        }
        tokio::time::sleep(self.fate.delay).await;
        if self.fate.overtaken {
            let _ = tokio::time::timeout(HELD_BACK, self.shared.posted.notified()).await;
        }
        let body = self.body();
        self.until_taken(&body).await;
        if self.fate.twice {
            self.post(body).await;
        }
        if self.fate.contradicted {
            self.post(self.contradiction()).await;
        }
    }

    /// Posts, and tries again as often as chaos says, until it is answered with 2xx.
    async fn until_taken(&self, body: &Bytes) {
        let mut wait = FIRST_RETRY;
        for attempt in 0..=self.fate.retries {
            if self.post(body.clone()).await || attempt == self.fate.retries {
                return;
            }
            let speed = self.shared.config.speed.max(f64::MIN_POSITIVE);
            tokio::time::sleep(wait.div_f64(speed).min(LONGEST_RETRY)).await;
            wait = (wait * 2).min(LONGEST_RETRY);
        }
    }

    /// Posts once; whether it was answered with 2xx.
    async fn post(&self, body: Bytes) -> bool {
        let Ok(_permit) = self.shared.posts.acquire().await else {
            return false;
        };
        let request = Request::post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::USER_AGENT,
                concat!("kreel-mock-krea/", env!("CARGO_PKG_VERSION")),
            )
            .body(self.pieces(body));
        let Ok(request) = request else {
            return false;
        };
        let start = Instant::now();
        let answer = self.shared.client.send(request, WEBHOOK_DEADLINE).await;
        self.shared.posted.notify_waiters();
        let outcome = match answer {
            Ok(response) => {
                let status = response.status();
                // Read to its end, so that the connection can be used again.
                let rest = http_body_util::Limited::new(response.into_body(), 64 * 1024);
                let _ = tokio::time::timeout(WEBHOOK_DEADLINE, rest.collect()).await;
                Ok(status.as_u16())
            }
            Err(error) => Err(error.to_string()),
        };
        let taken = matches!(outcome, Ok(200..=299));
        self.shared.tell(MockEvent::Posted {
            job_id: self.job_id.clone(),
            url: self.url.to_string(),
            outcome,
            took: start.elapsed(),
        });
        taken
    }

    /// The body, at once or in its own time.
    fn pieces(&self, body: Bytes) -> Body {
        if !self.fate.slow {
            return full(body);
        }
        let (pieces, mut waiting) = mpsc::channel::<Bytes>(1);
        let size = body.len().div_ceil(PIECES).max(1);
        self.shared.tasks.spawn(async move {
            let mut rest = body;
            while !rest.is_empty() {
                let piece = rest.split_to(size.min(rest.len()));
                tokio::time::sleep(PAUSE).await;
                if pieces.send(piece).await.is_err() {
                    return;
                }
            }
        });
        let frames = futures_util::stream::poll_fn(move |context| {
            let piece = waiting.poll_recv(context);
            piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
        });
        StreamBody::new(frames).boxed_unsync()
    }

    fn body(&self) -> Bytes {
        let text = self.object.to_string();
        match &self.fate {
            Fate { garbled: true, .. } => "{\"job_id\": oops, 'status': }".into(),
            Fate {
                truncated: true, ..
            } => text[..text.len() / 2].to_owned().into(),
            _ => text.into(),
        }
    }

    /// The same job while it was still being worked on.
    fn early(&self) -> Bytes {
        let mut object = self.object.clone();
        object["status"] = json!(Status::Processing.as_str());
        for later in ["completed_at", "result", "error"] {
            object
                .as_object_mut()
                .and_then(|object| object.shift_remove(later));
        }
        object.to_string().into()
    }

    /// The same job with another end.
    fn contradiction(&self) -> Bytes {
        let mut object = self.object.clone();
        let status = match object["status"].as_str() {
            Some("completed") => Status::Failed,
            _ => Status::Completed,
        };
        object["status"] = json!(status.as_str());
        object.to_string().into()
    }
}
