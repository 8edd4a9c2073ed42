//! HTTP from senders ⇄ deliveries and answers. One `match` on where a request is meant for.

pub(crate) mod answer;
mod body;
mod checked;
mod forward;
mod head;
mod keep;
mod owner;
pub(crate) mod problem;
mod retained;
mod route;
mod upload;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, UPGRADE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::Service;
use kreel_wire::inert::inert;
use kreel_wire::{DeliveryId, Scheme};
use serde_json::json;
use tracing::{Instrument as _, debug, debug_span};

use self::answer::{Body, fit, json_answer};
pub(crate) use self::forward::now_us;
use self::forward::{Arriving, Sender};
use self::problem::{Problem, Refusal};
use self::route::{Route, route};
use crate::connection::Busy;
use crate::framing::Gate;
use crate::link::handshake;
use crate::metrics;
use crate::proxies::Origin;
use crate::rules::{self, Reason, Rules};
use crate::shared::Shared;
use crate::store::{Bearer, Scope};
use crate::tls::Identity;
use crate::tunnels::Tunnel;

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
    peer: Origin,
    /// Its address as each delivery has it: most senders are their own connection's peer.
    forwarded_for: Arc<str>,
    busy: Busy,
    /// What stands before an HTTP/1.1 connection; an upgrade must be let through.
    gate: Option<Gate>,
}

/// A service for one connection.
pub(crate) fn service(shared: Arc<Shared>, from: From, busy: Busy, gate: Option<Gate>) -> Ingress {
    let peer = Origin {
        address: from.peer.ip().to_canonical(),
        scheme: from.scheme,
    };
    Ingress {
        shared,
        peer,
        forwarded_for: peer.address.to_string().into(),
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
        let (shared, peer, gate) = (self.shared.clone(), self.peer, self.gate.clone());
        let forwarded_for = self.forwarded_for.clone();
        let under_way = self.busy.begin();
        let method = request.method().clone();
        let begun = shared.metrics.is_some().then(Instant::now);
        let asks_for_upgrade = request.headers().contains_key(UPGRADE);
        let id = DeliveryId::generate();
        // Nothing is made of it unless somebody reads that much.
        let span = debug_span!("request", %id);
        let answered = async move {
            let origin = shared.proxies.origin(peer, request.headers());
            let forwarded_for = match origin.address == peer.address {
                true => forwarded_for,
                false => origin.address.to_string().into(),
            };
            let sender = Sender {
                origin,
                forwarded_for,
            };
            let answer = dispatch(&shared, id, sender, gate, request).await;
            let mut response = answer.unwrap_or_else(|problem| problem.response(id));
            if asks_for_upgrade && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                // What follows might be meant in the other protocol: nothing may.
                response
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
            }
            if let (Some(metrics), Some(begun)) = (&shared.metrics, begun) {
                metrics.answered(response.status(), begun.elapsed());
            }
            if let Some(Refusal(code)) = response.extensions().get() {
                shared.refused_request(code, origin.address, id, response.status());
            }
            if let Ok(id) = HeaderValue::try_from(id.to_string()) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            fit(&mut response, &method);
            response.body_mut().hold(under_way);
            Ok(response)
        };
        Box::pin(answered.instrument(span))
    }
}

/// What a request is called in each answer, and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("kreel-request-id");

async fn dispatch(
    shared: &Arc<Shared>,
    id: DeliveryId,
    sender: Sender,
    gate: Option<Gate>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let origin = sender.origin;
    debug!(
        sender = %origin.address,
        method = %request.method(),
        target = %inert(&told_target(shared, &request)),
        "a request arrives"
    );
    let held = shared.admission.held();
    held.request(origin.address).map_err(Problem::from)?;
    head::check(&request, &held.limits)?;
    let route = route(&request, shared.address.domain.as_deref())?;
    if route.wants_token() {
        held.link(origin.address).map_err(Problem::from)?;
    }
    match route {
        // Boxed, as all that is rare: each request has room for the rest.
        Route::Link => Box::pin(handshake::upgrade(shared, gate.as_ref(), request)).await,
        Route::Health => own(&request, || Ok(health())),
        Route::Ready => Box::pin(ready(shared, &request)).await,
        Route::Metrics => Box::pin(measured(shared, &request)).await,
        Route::WhoAmI => Box::pin(who_am_i(shared, &request)).await,
        Route::Tunnels => Box::pin(owner::tunnels(shared, &request)).await,
        Route::Rules { name, claim } => {
            Box::pin(owner::rules(shared, &held, &name, claim, request)).await
        }
        Route::Tunnel { name, target } => {
            let Some(tunnel) = shared.tunnels.find(&name) else {
                rules::look_for_nothing(&target);
                return Err(Problem::NoTunnel);
            };
            let rules = tunnel.shelf.posting.rules();
            let target = match &rules {
                None => target,
                Some(rules) => admit(&tunnel, rules, origin, &request, target)?,
            };
            held.tunnel(tunnel.shelf.tunnel).map_err(Problem::from)?;
            let (head, incoming) = request.into_parts();
            let arriving = Arriving {
                id,
                sender,
                held,
                target,
                rules: rules.clone(),
                head: Box::new(head),
                incoming,
            };
            let answer = forward::forward(shared, &tunnel, arriving).await;
            if let (Some(rules), Err(problem)) = (rules, &answer) {
                count_broken(&tunnel, &rules, problem);
            }
            answer
        }
    }
}

/// Whether a tunnel's owner lets this request in, as far as its head tells; its target without what
/// is secret of it.
fn admit(
    tunnel: &Tunnel,
    rules: &Rules,
    origin: Origin,
    request: &Request<Incoming>,
    target: Bytes,
) -> Result<Bytes, Problem> {
    let (method, headers) = (request.method(), request.headers());
    let admitted = rules.admit(origin.address, method, headers, target);
    admitted.map_err(|broken| {
        if let Some(reason) = broken.reason() {
            tunnel.shelf.posting.count(reason);
        }
        broken.into()
    })
}

/// Counts what was refused for more than its head tells.
fn count_broken(tunnel: &Tunnel, rules: &Rules, problem: &Problem) {
    let posting = &tunnel.shelf.posting;
    match problem {
        Problem::Signature(_) => posting.count(Reason::Signature),
        Problem::Rate(_) => posting.count(Reason::Rate),
        Problem::TooLarge(_) if rules.max_body_bytes().is_some() => posting.count(Reason::Body),
        _ => {}
    }
}

/// What of a request's target may be told: where a tunnel has a secret path, or there is none that
/// could say whether it has, nothing behind its name.
fn told_target(shared: &Shared, request: &Request<Incoming>) -> String {
    let target = request.uri().path_and_query();
    let target = target.map_or("", |target| target.as_str());
    let Ok(Route::Tunnel { name, .. }) = route(request, shared.address.domain.as_deref()) else {
        return target.to_owned();
    };
    let hides = shared.tunnels.find(&name).is_none_or(|tunnel| {
        let rules = tunnel.shelf.posting.rules();
        rules.is_some_and(|rules| rules.may_hide())
    });
    match hides {
        true => format!("/{name}/…"),
        false => target.to_owned(),
    }
}

/// The relay's own addresses are read-only.
fn own<T>(
    request: &Request<Incoming>,
    answer: impl FnOnce() -> Result<T, Problem>,
) -> Result<T, Problem> {
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
    let said = match handshake::authorize(shared, request.headers()).await {
        Ok(Bearer { name, scope, .. }) => json!({"token": name, "scope": scope.as_str()}),
        // Good for a link, which is where it gets its name.
        Err(Problem::BadToken) if handshake::is_welcome(shared, request.headers()).await? => {
            json!({"token": "new", "scope": Scope::Listen.as_str()})
        }
        Err(problem) => return Err(problem),
    };
    own(request, || Ok(json_answer(200, &said)))
}
