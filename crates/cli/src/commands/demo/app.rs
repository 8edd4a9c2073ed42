//! The sample app: what a developer's handler might be, with the bug it might have.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Serves every connection, until it is dropped.
pub(super) async fn serve(listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((tcp, _)) = accepted {
                connections.spawn(connection(tcp));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(tcp: TcpStream) {
    let _ = tcp.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(tcp), service_fn(answer));
    // Whoever leaves early has had its answer, or wants none.
    let _ = served.await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let (status, answer) = handler(&body);
    let mut response = Response::new(Full::from(answer.to_string()));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}

/// The handler itself. Like many it forgets that a job can be cancelled.
pub(super) fn handler(body: &[u8]) -> (StatusCode, Value) {
    let job: Value = serde_json::from_slice(body).unwrap_or_default();
    match job["status"].as_str() {
        Some("completed") => match (&job["result"]["urls"][0], &job["result"]["style_id"]) {
            (Value::String(file), _) => (StatusCode::OK, json!({"saved": file})),
            (_, style) => (StatusCode::CREATED, json!({"style": style})),
        },
        Some("failed") => (StatusCode::OK, json!({"noted": job["error"]["code"]})),
        Some(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({"error": "Cannot read properties of undefined (reading 'urls')"}),
        ),
        None => (StatusCode::ACCEPTED, json!({"bytes": body.len()})),
    }
}

#[cfg(test)]
mod tests {
    use kreel_krea::Fixture;

    use super::*;

    #[test]
    fn the_handler_knows_all_jobs_but_cancelled_ones() {
        let status = |fixture: Fixture| handler(fixture.body().as_bytes()).0.as_u16();
        let fixtures = [
            Fixture::Image,
            Fixture::Video,
            Fixture::Training,
            Fixture::Failed,
            Fixture::Cancelled,
        ];
        assert_eq!(fixtures.map(status), [200, 200, 201, 200, 500]);
        assert_eq!(handler(b"\x00 anything").0, StatusCode::ACCEPTED);
    }
}
