//! What owners ask of their tunnels over HTTPS: which there are, and who may post to them.
//!
//! A tunnel that is another's is not there. Secrets come in and never go out.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use kreel_signatures::Key;
use kreel_wire::TunnelName;
use kreel_wire::rules::{Change, RulesChange};
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use tracing::info;

use super::answer::{Body, json_answer};
use super::problem::Problem;
use crate::admission::Held;
use crate::config::Access;
use crate::limits::RULES_BYTES;
use crate::link::handshake;
use crate::rules::{Kept, Salts};
use crate::shared::Shared;
use crate::store::{OwnTunnel, RulesChanged, RulesTask, Terms};

/// Answers a request for `/_kreel/tunnels`.
pub(super) async fn tunnels(
    shared: &Shared,
    request: &Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let token = handshake::authorize(shared, request.headers()).await?.token;
    super::own(request, || Ok(()))?;
    let own = shared.store.own_tunnels(token).await;
    let own = own.map_err(|error| Problem::store(&error))?;
    let tunnels: Vec<Value> = own.iter().map(|own| shown(shared, own)).collect();
    Ok(json_answer(200, &json!({"tunnels": tunnels})))
}

/// Answers a request for `/_kreel/tunnels/NAME/rules`: what they are, or a change of them. With
/// `claim` a name that is free is the token's from then on, so that rules are in force before a
/// client listens.
pub(super) async fn rules(
    shared: &Arc<Shared>,
    held: &Held,
    name: &str,
    claim: bool,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let bearer = match claim && *request.method() == Method::PATCH {
        true => handshake::authorize_or_admit(shared, request.headers()).await,
        false => handshake::authorize(shared, request.headers()).await,
    };
    let token = bearer?.token;
    let name: TunnelName = name.parse().map_err(|_| Problem::NoTunnel)?;
    let change = match *request.method() {
        Method::GET | Method::HEAD => {
            let own = shared.store.own_tunnel(name, token).await;
            let own = own.map_err(|error| Problem::store(&error))?;
            let own = own.ok_or(Problem::NoTunnel)?;
            return Ok(json_answer(200, &shown(shared, &own)));
        }
        Method::DELETE => None,
        Method::PATCH => Some(change(request, held).await?),
        _ => {
            let methods = HeaderValue::from_static("GET, HEAD, PATCH, DELETE");
            return Err(Problem::Method(methods));
        }
    };
    let terms = Terms {
        may_be_new: shared.access != Access::Reserved,
        most: held.limits.max_tunnels_per_token,
        quarantine: held.limits.quarantine,
    };
    let task = RulesTask {
        name,
        token,
        claim: claim.then_some(terms),
        change,
        salts: salts()?,
    };
    let changed = shared.store.change_rules(task).await;
    match changed.map_err(|error| Problem::store(&error))? {
        RulesChanged::Done(own) => {
            info!(tunnel = own.tunnel, "the rules of a tunnel were changed");
            Ok(json_answer(200, &shown(shared, &own)))
        }
        RulesChanged::NotTheirs => Err(Problem::NoTunnel),
        RulesChanged::TooMany => Err(Problem::TooManyTunnels),
        RulesChanged::Revoked => Err(Problem::BadToken),
        RulesChanged::Unreadable => Err(Problem::BadRules(
            "The rules that are kept can't be read by this relay: clear them first.".to_owned(),
        )),
    }
}

/// The change that a request's body asks for.
async fn change(request: Request<Incoming>, held: &Held) -> Result<RulesChange, Problem> {
    let body = Limited::new(request.into_body(), RULES_BYTES).collect();
    let body = timeout(held.limits.body_grace, body).await;
    let body = body.map_err(|_| Problem::TooSlow)?;
    let limit = u64::try_from(RULES_BYTES).unwrap_or(u64::MAX);
    let body: Bytes = body.map_err(|_| Problem::TooLarge(limit))?.to_bytes();
    let change: RulesChange = serde_json::from_slice(&body).map_err(|error| {
        // Where it is wrong, but not its words: they may hold a secret.
        let (line, column) = (error.line(), error.column());
        Problem::BadRules(format!(
            "These are no rules this relay knows (line {line}, column {column})."
        ))
    })?;
    let bad = |why: &dyn std::fmt::Display| Problem::BadRules(format!("No such rule: {why}."));
    change.check().map_err(|error| bad(&error))?;
    if let Change::Set(signature) = &change.signature {
        let key = Key::new(signature.scheme, &signature.secret.0);
        key.map_err(|_| bad(&"the secret can't be one of that scheme"))?;
    }
    Ok(change)
}

fn salts() -> Result<Salts, Problem> {
    let mut salts = Salts::default();
    for salt in &mut salts {
        getrandom::fill(salt).map_err(|_| Problem::Store)?;
    }
    Ok(salts)
}

/// A tunnel, for its owner.
fn shown(shared: &Shared, own: &OwnTunnel) -> Value {
    let tunnel = shared.tunnels.find(&own.name);
    let kept = own.rules.as_deref().map(Kept::read);
    let refused = tunnel.as_ref().map(|tunnel| {
        let refused = tunnel.shelf.posting.refused().into_iter();
        let counts = refused.map(|(word, count)| (word.to_owned(), count.into()));
        counts.collect::<Map<String, Value>>()
    });
    let name = own.name.parse::<TunnelName>().ok();
    let created = Timestamp::from_millisecond(own.created_at).unwrap_or_default();
    json!({
        "tunnel": own.name,
        "url": name.map(|name| shared.address.by_path(&name)),
        "created_at": format!("{created:.3}"),
        "listening": tunnel.as_ref().is_some_and(|tunnel| tunnel.link().is_some()),
        "waiting": tunnel.as_ref().map_or(0, |tunnel| tunnel.shelf.waiting()),
        "rules": kept.clone().flatten().unwrap_or_default().shown(),
        "unreadable": kept.is_some_and(|kept| kept.is_none()),
        "refused": refused.unwrap_or_default(),
    })
}
