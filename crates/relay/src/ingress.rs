//! HTTP from senders ⇄ deliveries and answers. One `match` on where a request is meant for.

pub(crate) mod answer;
mod body;
mod forward;
mod keep;
pub(crate) mod problem;
mod retained;
mod route;
mod upload;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use http::header::{CONNECTION, CONTENT_TYPE, UPGRADE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::Service;
use kreel_wire::Scheme;
use serde_json::json;

use self::answer::{Body, fit, json_answer};
use self::forward::Arriving;
pub(crate) use self::forward::now_us;
use self::problem::{Problem, Refusal};
use self::route::{Route, route};
use crate::connection::Busy;
use crate::framing::Gate;
use crate::link::handshake;
use crate::metrics;
use crate::proxies::Origin;
use crate::shared::Shared;
use crate::store::{Bearer, Scope};
use crate::tls::Identity;

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From {
    /// The other end of it: the sender, or a proxy in front.
    pub(crate) peer: SocketAddr,
    /// Whether it is under TLS.
    pub(crate) scheme: Scheme,
}

/// What hyper calls for each request of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Ingress {
    shared: Arc<Shared>,
    from: From,
    busy: Busy,
    /// What stands before an HTTP/1.1 connection; an upgrade must be let through.
    gate: Option<Gate>,
}

/// A service for one connection.
pub(crate) fn service(shared: Arc<Shared>, from: From, busy: Busy, gate: Option<Gate>) -> Ingress {
    Ingress {
        shared,
        from,
        busy,
        gate,
    }
}

impl Service<Request<Incoming>> for Ingress {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(order) = self.gate.as_ref().and_then(Gate::next_order) {
            request.extensions_mut().insert(order);
        }
        let (shared, from, gate) = (self.shared.clone(), self.from, self.gate.clone());
        let under_way = self.busy.begin();
        let method = request.method().clone();
        let begun = shared.metrics.is_some().then(Instant::now);
        let asks_for_upgrade = request.headers().contains_key(UPGRADE);
        Box::pin(async move {
            let mut response = dispatch(&shared, from, gate, request).await;
            if asks_for_upgrade && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                // What follows might be meant in the other protocol: nothing may.
                response
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
            }
            if let (Some(metrics), Some(begun)) = (&shared.metrics, begun) {
                metrics.answered(response.status(), begun.elapsed());
                if let Some(Refusal(code)) = response.extensions().get() {
                    metrics.refused(code);
                }
            }
            fit(&mut response, &method);
            response.body_mut().hold(under_way);
            Ok(response)
        })
    }
}

async fn dispatch(
    shared: &Arc<Shared>,
    from: From,
    gate: Option<Gate>,
    request: Request<Incoming>,
) -> Response<Body> {
    let peer = Origin {
        address: from.peer.ip().to_canonical(),
        scheme: from.scheme,
    };
    let origin = shared.proxies.origin(peer, request.headers());
    let held = shared.admission.held();
    if let Err(too_often) = held.request(origin.address) {
        return Problem::TooOften(too_often.0).response();
    }
    let answer = match route(&request, shared.address.domain.as_deref()) {
        // Boxed, as all that is rare: each request has room for the rest.
        Ok(Route::Link) => {
            return Box::pin(handshake::upgrade(shared, gate.as_ref(), request)).await;
        }
        Ok(Route::Health) => own(&request, || Ok(health())),
        Ok(Route::Ready) => Box::pin(ready(shared, &request)).await,
        Ok(Route::Metrics) => Box::pin(measured(shared, &request)).await,
        Ok(Route::WhoAmI) => Box::pin(who_am_i(shared, &request)).await,
        Ok(Route::Tunnel { name, target }) => match shared.tunnels.find(&name) {
            Some(tunnel) => match held.tunnel(tunnel.shelf.tunnel) {
                Ok(()) => {
                    let arriving = Arriving {
                        origin,
                        held,
                        target,
                    };
                    return forward::forward(shared, &tunnel, arriving, request).await;
                }
                Err(too_often) => Err(Problem::TooOften(too_often.0)),
            },
            None => Err(Problem::NoTunnel),
        },
        Err(problem) => Err(problem),
    };
    answer.unwrap_or_else(|problem| problem.response())
}

/// The relay's own addresses are read-only.
fn own(
    request: &Request<Incoming>,
    answer: impl FnOnce() -> Result<Response<Body>, Problem>,
) -> Result<Response<Body>, Problem> {
    match *request.method() {
        Method::GET | Method::HEAD => answer(),
        _ => Err(Problem::MethodNotAllowed),
    }
}

/// Whether senders can be served: the certificate is there, the store answers, and the relay is
/// not about to stop.
async fn ready(shared: &Shared, request: &Request<Incoming>) -> Result<Response<Body>, Problem> {
    let certified = shared.certificate.as_ref().is_none_or(Identity::is_ready);
    let state = match (shared.stopping.is_cancelled(), certified) {
        (true, _) => "stopping",
        (false, false) => "no_certificate",
        (false, true) if shared.store.is_well().await => "ready",
        (false, true) => "store",
    };
    let status = if state == "ready" { 200 } else { 503 };
    own(request, || {
        Ok(json_answer(status, &json!({"status": state})))
    })
}

/// What is measured, for an admin's token; for all others there is nothing here.
async fn measured(shared: &Shared, request: &Request<Incoming>) -> Result<Response<Body>, Problem> {
    let bearer = handshake::authorize(shared, request.headers()).await;
    let may = bearer.is_ok_and(|bearer| bearer.scope == Scope::Admin);
    let page = if may { metrics::page(shared) } else { None };
    let page = page.ok_or(Problem::NoTunnel)?;
    own(request, || {
        let mut response = Response::new(Body::whole(page.into()));
        let type_ = HeaderValue::from_static(metrics::CONTENT);
        response.headers_mut().insert(CONTENT_TYPE, type_);
        Ok(response)
    })
}

fn health() -> Response<Body> {
    json_answer(
        200,
        &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}),
    )
}

async fn who_am_i(shared: &Shared, request: &Request<Incoming>) -> Result<Response<Body>, Problem> {
    let Bearer { name, scope, .. } = handshake::authorize(shared, request.headers()).await?;
    let said = json!({"token": name, "scope": scope.as_str()});
    own(request, || Ok(json_answer(200, &said)))
}
