//! Which call is answered by whom.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use super::answer::{self, Answer, Refusal};
use super::plan::{InvalidPlan, Outcome};
use super::shared::{MockEvent, Shared};
use super::{assets, create, jobs, media, others, styles};
use crate::limits::REQUEST_MAX_BYTES;
use crate::local;
use crate::model::{self, Start};

/// The header that says how a call shall go.
const OUTCOME: &str = "x-mock-outcome";

/// Answers a call, whatever it is.
pub(super) async fn answer(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
) -> Result<Answer, Infallible> {
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let answer = dispatch(request, shared).await;
    let answer = answer::spell(answer, shared.config.error_key);
    let status = answer.status().as_u16();
    shared.tell(MockEvent::Answered {
        method,
        path,
        status,
    });
    Ok(answer)
}

async fn dispatch(request: Request<Incoming>, shared: &Arc<Shared>) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if head.method == Method::GET || head.method == Method::HEAD {
        if let Some(file) = media::file(&path) {
            return file;
        }
        if path == "/openapi.json" {
            return document(shared);
        }
    }
    if !local::is_meant(&head.headers) {
        return answer::error(
            403,
            "This stand-in answers local programs only, and no web pages",
        );
    }
    if path == "/v1" || path.starts_with("/v1/") {
        // So the real API answers what many clients ask first.
        return answer::html(404, "404 Not Found");
    }
    if let Err(refusal) = authorise(shared, &head.headers) {
        return *refusal;
    }
    let start = Start::of(&path).filter(|_| head.method == Method::POST);
    let asked = match asked(&head.headers) {
        Ok(asked) => asked,
        Err(words) => return answer::error(400, &words),
    };
    if let Some(refusal) = asked.and_then(|asked| create::refusal(shared, asked, start.as_ref())) {
        return refusal;
    }
    if asked.is_some() && start.is_none() {
        return answer::error(
            400,
            "X-Mock-Outcome: this call starts no job that could end so",
        );
    }
    if head.method == Method::POST && path == "/assets" {
        return assets::post(shared, &head.headers, body).await;
    }
    let body = match Limited::new(body, REQUEST_MAX_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return answer::error(413, "The body is too large"),
    };
    if let Some(start) = start {
        if let Some(id) = app_of(&path).filter(|id| !others::is_app(id)) {
            return answer::error(404, &format!("Node app {id} not found"));
        }
        return create::job(shared, &path, start, &head.headers, &body, asked);
    }
    let query = query(head.uri.query().unwrap_or_default());
    rest(shared, &head.method, &path, &query, &body)
}

/// Everything that neither creates a job nor uploads.
fn rest(
    shared: &Arc<Shared>,
    method: &Method,
    path: &str,
    query: &[(String, String)],
    body: &Bytes,
) -> Answer {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["jobs"]) => jobs::list(shared, query),
        ("GET", ["jobs", id]) => jobs::get(shared, id),
        ("DELETE", ["jobs", id]) => jobs::delete(shared, id),
        ("GET", ["assets"]) => assets::list(shared, query),
        ("GET", ["assets", id]) => assets::one(shared, id, false),
        ("DELETE", ["assets", id]) => assets::one(shared, id, true),
        ("GET", ["styles"]) => styles::list(shared, query),
        ("GET", ["styles", id]) => styles::get(shared, id),
        ("PATCH", ["styles", id]) => styles::change(shared, id, body),
        ("GET", ["styles", id, "share", "link"]) => styles::link(shared, id),
        ("POST", ["styles", id, "share", "workspace"]) => styles::share(shared, id, true),
        ("DELETE", ["styles", id, "share", "workspace"]) => styles::share(shared, id, false),
        ("GET", ["node-apps", id]) => others::app(id),
        ("GET", ["node-apps", id, "versions"]) => others::versions(id),
        ("POST", ["export", "3d"]) => others::export(shared, body),
        ("GET", ["usage"]) => others::usage(),
        _ => answer::error(404, "Not found"),
    }
}

/// How the caller wants the call to go, or the job to end; words if that is no outcome.
fn asked(headers: &HeaderMap) -> Result<Option<Outcome>, String> {
    let Some(value) = headers.get(OUTCOME) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let asked = text.trim().parse().map(Some);
    asked.map_err(|()| {
        let part = text.into_owned();
        format!("X-Mock-Outcome: {}", InvalidPlan { part })
    })
}

/// The node app whose execution a path asks for.
fn app_of(path: &str) -> Option<&str> {
    path.strip_prefix("/node-apps/")?.strip_suffix("/execute")
}

/// Whether the call has a token that is taken.
fn authorise(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(http::header::AUTHORIZATION);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    // Krea's early samples have `Key`.
    let token = value
        .strip_prefix("Bearer ")
        .or_else(|| value.strip_prefix("Key "));
    let token = token.map(str::trim).filter(|token| !token.is_empty());
    match (token, &shared.config.token) {
        (Some(_), None) => Ok(()),
        (Some(token), Some(wanted)) if token == wanted => Ok(()),
        _ => Err(answer::error(401, "Unauthorized").into()),
    }
}

/// The user's document, or the least that lists what there is.
fn document(shared: &Shared) -> Answer {
    if let Some(openapi) = &shared.config.openapi {
        return answer::bytes(200, "application/json", openapi.text());
    }
    let calls = model::routes().map(|route| {
        let operation =
            serde_json::json!({"post": {"responses": {"200": {"description": "A job"}}}});
        (format!("/generate/{route}"), operation)
    });
    let paths: serde_json::Map<_, _> = calls.collect();
    let document = serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "kreel's stand-in for the Krea API", "version": "1"},
        "paths": paths,
    });
    answer::json(200, &document)
}

fn query(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        let part = part.replace('+', " ");
        percent_decode_str(&part).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
