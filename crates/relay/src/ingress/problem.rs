//! What the relay says itself when it can't deliver: `application/problem+json` (RFC 9457).

use std::time::Duration;

use http::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
    WWW_AUTHENTICATE,
};
use http::{HeaderValue, Response, StatusCode};
use kreel_wire::{DeliveryId, Failure, Verdict};
use serde_json::json;
use tracing::debug;

use super::answer::{Body, json_answer};
use crate::admission::TooOften;
use crate::error::StoreError;
use crate::framing;
use crate::link::handshake;
use crate::rules::{Broken, Unreadable};

/// Why a request was not delivered. The same words whatever tunnels exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No such tunnel, or not the asker's to know.
    NoTunnel,
    /// The request is not one the relay can take.
    BadRequest(&'static str),
    /// Its head is over a limit, or two readers could take it differently.
    Framing(framing::Refusal),
    /// The relay is no forward proxy.
    NoProxy,
    /// The relay's own addresses take GET and HEAD.
    MethodNotAllowed,
    /// Other methods are taken there: these.
    Method(HeaderValue),
    /// The tunnel's owner has other senders in mind.
    Address,
    /// The tunnel's owner wants a user and a password.
    Unauthorized,
    /// The tunnel's owner wants no more than so many; when to come again.
    Rate(Duration),
    /// The tunnel's owner wants a signature that is good.
    Signature(Verdict),
    /// The tunnel's rules can't be read; where there may be a secret path among them, as if there
    /// were no such tunnel.
    RulesUnreadable(Unreadable),
    /// What an owner wants is no rule.
    BadRules(String),
    /// A token has as many tunnels as it may.
    TooManyTunnels,
    /// The body is over the limit, in bytes.
    TooLarge(u64),
    /// The sender paused too long.
    TooSlow,
    /// `--strict`, and no client listens.
    NoClient,
    /// `--strict`, and the app did not answer in time.
    NoAnswer,
    /// The client reports that the attempt failed.
    Failed(Failure),
    /// Too much waits for this tunnel's client already.
    TunnelFull,
    /// Too much waits in all already.
    Full,
    /// The delivery could not be put on disk.
    Store,
    /// Too many links.
    TooManyLinks,
    /// More requests than may come, of this address or for this tunnel; when to come again.
    TooOften(Duration),
    /// As many links as its token may have.
    TooManyLinksOfToken,
    /// The relay is stopping.
    Draining,
    /// The link's address wants a websocket.
    NotAWebsocket,
    /// None of the versions offered is spoken here.
    Version,
    /// No token was shown.
    NoToken,
    /// The token is unknown or revoked.
    BadToken,
}

/// The code of the problem an answer tells of, for who counts them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal(pub(crate) &'static str);

/// The code of rules that can't be read.
const RULES_UNREADABLE: &str = "rules_unreadable";

impl From<TooOften> for Problem {
    fn from(TooOften(wait): TooOften) -> Self {
        Self::TooOften(wait)
    }
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        match broken {
            // As if it were not there.
            Broken::Path => Self::NoTunnel,
            Broken::Method(allow) => Self::Method(allow),
            Broken::Address => Self::Address,
            Broken::Auth => Self::Unauthorized,
            Broken::Rate(wait) => Self::Rate(wait),
            Broken::Unreadable(unreadable) => Self::RulesUnreadable(unreadable),
        }
    }
}

impl Problem {
    /// The store failed, or has no room.
    pub(crate) fn store(error: &StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::TunnelFull => Self::TunnelFull,
            error => {
                // The store has told the operator; once, and not for each sender.
                debug!(%error, cause = ?error, "a delivery could not be kept");
                Self::Store
            }
        }
    }

    /// The answer that says so to this request.
    pub(crate) fn response(&self, request: DeliveryId) -> Response<Body> {
        let (status, code, detail) = self.words();
        let mut body = json!({
            "title": StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()),
            "status": status,
            "code": code,
            "detail": detail,
            "request": request.to_string(),
        });
        if let Self::TooLarge(limit) = self {
            body["limit_bytes"] = (*limit).into();
        }
        let mut response = json_answer(status, &body);
        // The operator is told what the sender must not be.
        let counted = match self {
            Self::RulesUnreadable(_) => RULES_UNREADABLE,
            _ => code,
        };
        response.extensions_mut().insert(Refusal(counted));
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        for (name, value) in self.headers() {
            headers.insert(name, value);
        }
        response
    }

    fn words(&self) -> (u16, &'static str, String) {
        let fixed = |status, code, detail: &str| (status, code, detail.to_owned());
        match self {
            Self::NoTunnel | Self::RulesUnreadable(Unreadable { may_hide: true }) => {
                fixed(404, "no_tunnel", "There is no such tunnel here.")
            }
            Self::BadRequest(detail) => (400, "bad_request", (*detail).to_owned()),
            Self::Framing(refusal) => {
                let (status, code) = match refusal {
                    framing::Refusal::TooManyLines { .. }
                    | framing::Refusal::HeadTooLarge { .. } => (431, "head_too_large"),
                    _ => (400, "bad_request"),
                };
                (
                    status,
                    code,
                    format!("The request can't be taken: {refusal}."),
                )
            }
            Self::NoProxy => fixed(
                405,
                "no_proxy",
                "This is a webhook relay, not a forward proxy.",
            ),
            Self::MethodNotAllowed => fixed(
                405,
                "method_not_allowed",
                "Only GET and HEAD are answered here.",
            ),
            Self::Method(_) => fixed(405, "method", "This method is not taken here."),
            Self::Address => fixed(
                403,
                "address",
                "Requests from this address are not taken here.",
            ),
            Self::Unauthorized => fixed(
                401,
                "basic_auth",
                "A user and a password are needed here: Authorization: Basic ...",
            ),
            Self::Rate(_) => fixed(429, "rate", "More requests come than are taken here."),
            Self::Signature(verdict) => fixed(403, "signature", of_signature(*verdict)),
            Self::RulesUnreadable(Unreadable { may_hide: false }) => {
                fixed(503, RULES_UNREADABLE, "It can't be told who may post here.")
            }
            Self::BadRules(detail) => (400, "bad_rules", detail.clone()),
            Self::TooManyTunnels => fixed(
                409,
                "too_many_tunnels",
                "This token has as many tunnels as it may.",
            ),
            Self::TooLarge(limit) => (
                413,
                "too_large",
                format!("The body is larger than is taken here: {limit} bytes."),
            ),
            Self::TooSlow => fixed(408, "too_slow", "The request did not arrive in time."),
            Self::NoClient => fixed(
                502,
                "no_client",
                "No client listens on this tunnel, and it answers only for its app (--strict).",
            ),
            Self::NoAnswer => fixed(
                504,
                "no_answer",
                "The app did not answer in time, and the tunnel answers only for its app (--strict).",
            ),
            Self::Failed(failure @ Failure::TimedOut { .. }) => {
                (504, failure.code(), sentence(failure))
            }
            Self::Failed(failure) => (502, failure.code(), sentence(failure)),
            Self::TunnelFull => fixed(
                429,
                "tunnel_full",
                "Too many deliveries wait for this tunnel's client.",
            ),
            Self::Full => fixed(503, "full", "As much waits on this relay as it may keep."),
            Self::Store => fixed(
                503,
                "store",
                "The relay could not put the delivery on disk, so it takes none.",
            ),
            Self::TooManyLinks => fixed(
                503,
                "too_many_links",
                "This relay has as many clients as it can take.",
            ),
            Self::TooOften(_) => fixed(
                429,
                "too_often",
                "More requests come than this relay takes from one address or for one tunnel.",
            ),
            Self::TooManyLinksOfToken => fixed(
                429,
                "too_many_links_of_token",
                "This token has as many clients connected as it may.",
            ),
            Self::Draining => fixed(503, "draining", "This relay is shutting down."),
            Self::NotAWebsocket => fixed(
                400,
                "not_a_websocket",
                "This address takes kreel clients' websockets only.",
            ),
            Self::Version => fixed(
                426,
                "version",
                "This relay speaks none of the link protocol's versions that were offered.",
            ),
            Self::NoToken => fixed(
                401,
                "no_token",
                "A token is needed here: Authorization: Bearer ...",
            ),
            Self::BadToken => fixed(
                401,
                "bad_token",
                "The token is unknown here, or has been revoked.",
            ),
        }
    }

    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let fixed = |name, value| (name, HeaderValue::from_static(value));
        match self {
            Self::MethodNotAllowed => vec![fixed(ALLOW, "GET, HEAD")],
            // What is left of the body would have to be read to reach the next request.
            Self::TooLarge(_) | Self::TooSlow | Self::BadRequest(_) => {
                vec![fixed(CONNECTION, "close")]
            }
            Self::Method(allow) => vec![(ALLOW, allow.clone())],
            Self::Unauthorized => vec![fixed(
                WWW_AUTHENTICATE,
                r#"Basic realm="kreel", charset="UTF-8""#,
            )],
            Self::RulesUnreadable(Unreadable { may_hide: false }) => {
                vec![fixed(RETRY_AFTER, "30")]
            }
            Self::TooOften(wait) | Self::Rate(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                vec![(RETRY_AFTER, HeaderValue::from(seconds.max(1)))]
            }
            Self::TooManyLinksOfToken
            | Self::TunnelFull
            | Self::Full
            | Self::Store
            | Self::TooManyLinks => {
                vec![fixed(RETRY_AFTER, "30")]
            }
            Self::Draining => vec![fixed(RETRY_AFTER, "5")],
            Self::Version => vec![
                fixed(UPGRADE, "websocket"),
                (SEC_WEBSOCKET_PROTOCOL, handshake::spoken()),
            ],
            Self::NoToken | Self::BadToken => vec![fixed(WWW_AUTHENTICATE, "Bearer")],
            _ => Vec::new(),
        }
    }
}

/// What is wrong with a signature.
fn of_signature(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Missing => "The request is not signed, or not in the way that is wanted here.",
        Verdict::Malformed => "The request's signature can't be read.",
        Verdict::Stale => "The request was signed too long ago, or by a clock that is wrong.",
        Verdict::Good | Verdict::Wrong => {
            "The request's signature is of another secret or of another body."
        }
    }
}

/// The failure as a sentence: without what the developer's machine is called.
fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Refused { .. } => "The app refused the connection.".to_owned(),
        Failure::Unreachable { .. } => "The app could not be reached.".to_owned(),
        Failure::TimedOut { .. } => "The app did not finish its answer in time.".to_owned(),
        Failure::Died => "The app closed the connection before it answered.".to_owned(),
        Failure::DiedMidAnswer { .. } => {
            "The app closed the connection in the middle of its answer.".to_owned()
        }
        Failure::Garbled { .. } => "The app's answer could not be read.".to_owned(),
        Failure::SenderLeft => "The request broke off.".to_owned(),
        Failure::GivenUp { .. } => "The client gave the attempt up.".to_owned(),
    }
}
