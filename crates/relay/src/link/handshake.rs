//! From a client's upgrade request to a tunnel that is open, and on to its end.

use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use kreel_socket::{MessageSocket, SocketError};
use kreel_wire::inert::inert;
use kreel_wire::limits::HANDSHAKE;
use kreel_wire::{Hello, Reject, RejectReason, SUBPROTOCOLS, Version, Welcome, WelcomeOrReject};
use tokio::time::timeout;
use tracing::{Instrument as _, debug, info, info_span, warn};

use super::{Heard, Link, Past, Queues, run};
use crate::config::Access;
use crate::connection::{Upgraded, into_stream};
use crate::framing::Gate;
use crate::ingress::answer::{Body, empty};
use crate::ingress::problem::Problem;
use crate::limits::ANSWER_WINDOW_BYTES;
use crate::shared::Shared;
use crate::store::{Bearer, Claim, Terms, hash};
use crate::tunnels::{Registration, Tunnel};

/// What this relay calls itself.
const RELAY: &str = concat!("kreel/", env!("CARGO_PKG_VERSION"));

/// Answers a request for `/_kreel/link`: with an upgrade, or with why not.
pub(crate) async fn upgrade(
    shared: &Arc<Shared>,
    gate: Option<&Gate>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let (token, version, accept) = check(shared, gate, &request).await?;
    let upgrade = hyper::upgrade::on(&mut request);
    let task = serve(shared.clone(), token, upgrade);
    shared
        .links
        .spawn(task.instrument(info_span!("link", token)));
    Ok(switching(version, accept))
}

async fn check(
    shared: &Shared,
    gate: Option<&Gate>,
    request: &Request<Incoming>,
) -> Result<(i64, Version, HeaderValue), Problem> {
    let headers = request.headers();
    let key = websocket_key(request).ok_or(Problem::NotAWebsocket)?;
    let offered = headers
        .get(SEC_WEBSOCKET_PROTOCOL)
        .and_then(|value| value.to_str().ok());
    let version = Version::agree(offered.unwrap_or_default()).ok_or(Problem::Version)?;
    let token = authorize_or_admit(shared, headers).await?.token;
    if shared.stopping.is_cancelled() {
        return Err(Problem::Draining);
    }
    let held = shared.admission.held();
    if shared.links.len() >= held.limits.max_links {
        return Err(Problem::TooManyLinks);
    }
    if held.limits.max_links_per_token < held.limits.max_links
        && shared.tunnels.links_of(token) >= held.limits.max_links_per_token
    {
        return Err(Problem::TooManyLinksOfToken);
    }
    let accept =
        HeaderValue::try_from(kreel_socket::accept_key(key)).map_err(|_| Problem::NotAWebsocket)?;
    let passed = gate.is_some_and(|gate| gate.accept_upgrade().is_ok());
    if passed {
        Ok((token, version, accept))
    } else {
        Err(Problem::NotAWebsocket)
    }
}

/// The key of a websocket upgrade (RFC 6455, section 4.2.1), if the request is one.
fn websocket_key(request: &Request<Incoming>) -> Option<&[u8]> {
    let headers = request.headers();
    let holds = |name, token: &str| {
        let values = headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    let asks = request.method() == Method::GET
        && holds(CONNECTION, "upgrade")
        && holds(UPGRADE, "websocket")
        && headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    key.filter(|key| asks && key.len() == 24)
}

/// The valid token a request bears.
pub(crate) async fn authorize(shared: &Shared, headers: &HeaderMap) -> Result<Bearer, Problem> {
    let found = shared.store.token(shown(headers)?).await;
    found
        .map_err(|error| Problem::store(&error))?
        .ok_or(Problem::BadToken)
}

/// The same for who claims a name: an open relay takes in whoever was never seen, and nowhere else.
pub(crate) async fn authorize_or_admit(
    shared: &Shared,
    headers: &HeaderMap,
) -> Result<Bearer, Problem> {
    match authorize(shared, headers).await {
        Err(Problem::BadToken) if shared.access == Access::Open => {
            let admitted = shared.store.admit(shown(headers)?).await;
            admitted
                .map_err(|error| Problem::store(&error))?
                .ok_or(Problem::BadToken)
        }
        authorized => authorized,
    }
}

/// Whether a token that is not valid would be taken in.
pub(crate) async fn is_welcome(shared: &Shared, headers: &HeaderMap) -> Result<bool, Problem> {
    let token = shown(headers)?;
    let seen = match shared.access {
        Access::Open => shared.store.has_seen(token).await,
        Access::Tokens | Access::Reserved => return Ok(false),
    };
    Ok(!seen.map_err(|error| Problem::store(&error))?)
}

/// What the token a request shows is looked up by.
fn shown(headers: &HeaderMap) -> Result<[u8; 32], Problem> {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = token.ok_or(Problem::NoToken)?;
    Ok(hash(token.trim()))
}

fn switching(version: Version, accept: HeaderValue) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(
        SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(version.subprotocol()),
    );
    response
}

/// Serves the websocket from its first byte to its last.
async fn serve(shared: Arc<Shared>, token: i64, upgrade: OnUpgrade) {
    // Boxed, so that an idle link does not keep the room its handshake needed.
    let open = Box::pin(open(&shared, token, upgrade)).await;
    let Some((socket, registration, queues)) = open else {
        return;
    };
    let (tunnel, link) = (registration.tunnel().clone(), registration.link().clone());
    if link.past.is_some() || tunnel.shelf.waiting() > 0 {
        link.drain(&tunnel, &shared.store);
    }
    let mut registration = Some(registration);
    let end = run(socket, link.clone(), queues, |heard| match heard {
        Heard::Ack(seqs) => link.settle(seqs, &tunnel, &shared.store),
        Heard::Leaving => drop(registration.take()),
    })
    .await;
    drop(registration);
    if let Some(other) = tunnel.link()
        && !Arc::ptr_eq(&other, &link)
    {
        // What was kept for this client after the other's drain had looked.
        other.drain_anew(&tunnel, &shared.store);
    }
    info!(%end, "a client left");
}

type Socket = MessageSocket<Upgraded>;

async fn open(
    shared: &Arc<Shared>,
    token: i64,
    upgrade: OnUpgrade,
) -> Option<(Socket, Registration, Queues)> {
    let upgraded = upgrade
        .await
        .inspect_err(|error| debug!(%error, "no upgrade after all"))
        .ok()?;
    let (stream, read_ahead) = into_stream(upgraded)?;
    let mut socket = MessageSocket::server(stream, read_ahead).await;
    let greeted = timeout(HANDSHAKE, greet(shared, token, &mut socket)).await;
    match greeted {
        Ok(Ok((registration, queues))) => return Some((socket, registration, queues)),
        Ok(Err(Refusal::Reject(reject))) => {
            info!(reason = ?reject.reason, "a client was turned away: {}", inert(&reject.message));
            let message = reject.message.clone();
            let farewell = async {
                if socket
                    .send_now(WelcomeOrReject::Reject(reject))
                    .await
                    .is_ok()
                {
                    socket.close(true, &message).await;
                }
            };
            let _ = timeout(crate::limits::GOODBYE, farewell).await;
        }
        Ok(Err(Refusal::Socket(error))) => warn!(%error, "a client's handshake failed"),
        Err(_) => warn!(
            "a client did not say hello within {} s",
            HANDSHAKE.as_secs()
        ),
    }
    None
}

enum Refusal {
    Reject(Reject),
    Socket(SocketError),
}

async fn greet(
    shared: &Arc<Shared>,
    token: i64,
    socket: &mut Socket,
) -> Result<(Registration, Queues), Refusal> {
    let hello = match socket.receive::<Hello>().await {
        Ok(hello) => hello,
        Err(error @ SocketError::Decode(_)) => {
            return Err(reject(RejectReason::BadHello, error.to_string()));
        }
        Err(error) => return Err(Refusal::Socket(error)),
    };
    let held = shared.admission.held();
    let claim = shared
        .store
        .claim(
            hello.tunnel.clone(),
            token,
            hello.policy,
            Terms {
                may_be_new: shared.access != Access::Reserved,
                most: held.limits.max_tunnels_per_token,
                quarantine: held.limits.quarantine,
            },
        )
        .await;
    let row = match claim {
        Ok(Claim::Owned(row)) => row,
        Ok(Claim::Taken) => {
            let message = format!("the tunnel {} is not this token's", hello.tunnel);
            return Err(reject(RejectReason::NameTaken, message));
        }
        Ok(Claim::TooMany) => {
            shared.count_refused("tunnels_of_token");
            let most = held.limits.max_tunnels_per_token;
            let message = format!("this token has {most} tunnels already, as many as it may");
            return Err(reject(RejectReason::Full, message));
        }
        Ok(Claim::Revoked) => {
            let message = "the token has been revoked, or has expired".to_owned();
            return Err(reject(RejectReason::Revoked, message));
        }
        Err(error) => {
            return Err(reject(
                RejectReason::Full,
                format!("the relay can't remember tunnels: {error}"),
            ));
        }
    };
    let tunnel = shared.tunnels.claimed(&row);
    let (past, waiting) = match hello.since_us {
        None => (None, tunnel.shelf.waiting()),
        Some(since_us) => {
            let (past, count) = past(shared, &tunnel, since_us).await;
            (Some(past), count)
        }
    };
    let limits = &held.limits;
    let (link, queues) = Link::new(
        token,
        limits.max_exchanges_per_link,
        hello.window_bytes.min(crate::limits::MAX_WINDOW_BYTES),
        past,
    );
    let welcome = Welcome {
        relay: RELAY.to_owned(),
        url: shared.address.by_path(&hello.tunnel),
        subdomain_url: shared.address.by_subdomain(&hello.tunnel),
        window_bytes: ANSWER_WINDOW_BYTES,
        max_body_bytes: limits.max_body_bytes,
        waiting,
        last_seq: tunnel.last_seq(),
        now_us: crate::ingress::now_us(),
    };
    // Registered before the welcome leaves: once the client prints that it is ready, it is.
    let registration = shared
        .tunnels
        .register(&tunnel, hello.policy, Arc::new(link));
    socket
        .send_now(WelcomeOrReject::Welcome(welcome))
        .await
        .map_err(Refusal::Socket)?;
    info!(tunnel = %hello.tunnel, client = %inert(&hello.client), "a client listens");
    Ok((registration, queues))
}

/// What a client that wants only a part of the past gets of it, and how much that is.
async fn past(shared: &Shared, tunnel: &Tunnel, since_us: u64) -> (Past, u64) {
    let now = jiff::Timestamp::now().as_millisecond();
    let past = Past {
        since_us,
        until: tunnel.last_seq(),
        // What was settled in this millisecond, too.
        settled_before: now + 1,
    };
    if since_us == u64::MAX {
        return (past, 0);
    }
    let id = tunnel.shelf.tunnel;
    let count = shared
        .store
        .count_past(id, since_us, past.until, past.settled_before)
        .await;
    let count = count.unwrap_or_else(|error| {
        warn!(%error, "what a client missed could not be counted");
        0
    });
    (past, count)
}

fn reject(reason: RejectReason, message: String) -> Refusal {
    Refusal::Reject(Reject { reason, message })
}

/// The subprotocols this relay speaks, as a header's value.
pub(crate) fn spoken() -> HeaderValue {
    let names = SUBPROTOCOLS.map(|(_, name)| name).join(", ");
    HeaderValue::try_from(names).unwrap_or_else(|_| HeaderValue::from_static(""))
}
