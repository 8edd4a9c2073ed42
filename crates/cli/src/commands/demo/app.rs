//! The sample app's handler: what a developer's might be, with the bug it might have.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use kreel_krea::{Job, JobId, Note, Reading, Status, annotate};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A webhook as the app has seen it.
#[derive(Debug)]
pub(super) struct Told {
    /// The job it is about.
    pub(super) job: Option<JobId>,
    /// What is worth saying about it.
    pub(super) notes: Vec<Note>,
    /// Whether the same had come before.
    pub(super) is_repeated: bool,
}

/// The jobs whose end the app knows already.
type Known = Arc<Mutex<HashSet<JobId>>>;

/// The largest body the app takes: 1 MiB, a thousand times a job.
const BODY_BYTES: usize = 1024 * 1024;

/// Serves every connection, until it is dropped.
pub(super) async fn serve(listener: TcpListener, telling: mpsc::Sender<Told>) {
    let known = Known::default();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((tcp, _)) = accepted {
                connections.spawn(connection(tcp, known.clone(), telling.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(tcp: TcpStream, known: Known, telling: mpsc::Sender<Told>) {
    let _ = tcp.set_nodelay(true);
    let service = service_fn(|request| answer(request, known.clone(), telling.clone()));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(tcp), service);
    // Whoever leaves early has had its answer, or wants none.
    let _ = served.await;
}

async fn answer(
    request: Request<Incoming>,
    known: Known,
    telling: mpsc::Sender<Told>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = Limited::new(request.into_body(), BODY_BYTES)
        .collect()
        .await;
    let body = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let reading = Reading::of(&body);
    let job = reading.job();
    let (status, answer) = handler(job, body.len());
    let id = job.and_then(|job| job.id.clone());
    let is_new = id.as_ref().is_none_or(|id| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.clone())
    });
    // Whoever shows it may be behind; the app waits for nobody.
    let _ = telling.try_send(Told {
        job: id,
        notes: annotate(&reading),
        is_repeated: !is_new,
    });
    let mut response = Response::new(Full::from(answer.to_string()));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}

/// The handler itself. Like many it forgets that a job can be cancelled.
fn handler(job: Option<&Job>, bytes: usize) -> (StatusCode, Value) {
    let Some(job) = job else {
        return (StatusCode::ACCEPTED, json!({"bytes": bytes}));
    };
    match (&job.status, &job.style_id) {
        (Some(Status::Completed), Some(style)) => (StatusCode::CREATED, json!({"style": style})),
        (Some(Status::Completed), None) => (StatusCode::OK, json!({"saved": job.results.count})),
        (Some(Status::Failed), _) => {
            let why = job.error.as_ref().map(|error| error.words());
            (StatusCode::OK, json!({"noted": why}))
        }
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({"error": "Cannot read properties of undefined (reading '0')"}),
        ),
    }
}

#[cfg(test)]
mod tests {
    use kreel_krea::Fixture;

    use super::*;

    #[test]
    fn the_handler_knows_all_jobs_but_cancelled_ones() {
        let status = |body: &str| {
            let reading = Reading::of(body.as_bytes());
            handler(reading.job(), body.len()).0.as_u16()
        };
        let fixtures = [
            Fixture::Image,
            Fixture::Model,
            Fixture::NodeApp,
            Fixture::Training,
            Fixture::Failed,
            Fixture::Cancelled,
        ];
        let statuses = fixtures.map(|fixture| status(&fixture.body()));
        assert_eq!(statuses, [200, 200, 200, 201, 200, 500]);
        assert_eq!(status("anything"), 202);
    }
}
