//! What an owner asks a relay of its tunnels, over HTTPS: which there are, and who may post to them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kreel_wire::TunnelName;
use kreel_wire::rules::{RulesChange, RulesShown};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::time::timeout;

use crate::dial::Dialer;
use crate::limits::{RELAY_UPGRADE, RULES_ANSWER_BYTES};
use crate::link::PROGRAM;
use crate::probe::untrusting;
use crate::{LinkError, ProbeConfig};

/// A tunnel, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTunnel {
    /// Its name.
    pub tunnel: String,
    /// Its public address, without what is secret of it.
    pub url: Option<String>,
    /// When it came to be.
    pub created_at: String,
    /// Whether a client is connected.
    pub listening: bool,
    /// How many deliveries wait for one.
    pub waiting: u64,
    /// Who may post there; everybody if there is no rule.
    #[serde(default)]
    pub rules: RulesShown,
    /// The relay can't read its rules, and lets nobody post.
    #[serde(default)]
    pub unreadable: bool,
    /// How many were refused since the relay began, by the rule they broke.
    #[serde(default)]
    pub refused: BTreeMap<String, u64>,
}

/// What becomes of a tunnel's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulesAsked {
    /// They are only looked at.
    Look,
    /// They change. A name that is free becomes this token's if it is claimed.
    Change {
        /// How.
        change: RulesChange,
        /// Whether a client is about to listen there.
        claim: bool,
    },
    /// They all go, also if the relay can't read them.
    Clear,
}

/// Why a relay would not do as its tunnels' owner asked.
#[derive(Debug, Error)]
pub enum RulesError {
    /// It could not be asked.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The tunnel is another's, or is not there; or the relay knows no rules.
    #[error(
        "the relay knows no tunnel {tunnel} of this token, or is older than rules for tunnels are"
    )]
    NotYours {
        /// Its name.
        tunnel: TunnelName,
    },
    /// It has no list of tunnels.
    #[error("the relay is older than rules for tunnels are")]
    TooOld,
    /// It would not take them.
    #[error("{message}")]
    Refused {
        /// The relay's words.
        message: String,
    },
}

/// The list of an owner's tunnels.
#[derive(Debug, Deserialize)]
struct Tunnels {
    tunnels: Vec<OwnTunnel>,
}

/// What a relay says when it won't.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(default)]
    detail: String,
}

/// The tunnels of the token in `config`, oldest first.
pub async fn own_tunnels(config: ProbeConfig) -> Result<Vec<OwnTunnel>, RulesError> {
    let (status, body) = ask(config, Method::GET, "/_kreel/tunnels", Bytes::new()).await?;
    match status {
        StatusCode::NOT_FOUND => Err(RulesError::TooOld),
        StatusCode::OK => read::<Tunnels>(&body).map(|read| read.tunnels),
        other => Err(refused(other, &body)),
    }
}

/// Looks at a tunnel's rules, or changes them.
pub async fn tunnel_rules(
    config: ProbeConfig,
    tunnel: &TunnelName,
    asked: RulesAsked,
) -> Result<OwnTunnel, RulesError> {
    let path = format!("/_kreel/tunnels/{tunnel}/rules");
    let (method, path, body) = match asked {
        RulesAsked::Look => (Method::GET, path, Bytes::new()),
        RulesAsked::Clear => (Method::DELETE, path, Bytes::new()),
        RulesAsked::Change { change, claim } => {
            let body = serde_json::to_vec(&change).expect("rules can be written as JSON");
            let query = if claim { "?claim" } else { "" };
            (Method::PATCH, path + query, body.into())
        }
    };
    let (status, body) = ask(config, method, &path, body).await?;
    match status {
        StatusCode::OK => read(&body),
        StatusCode::NOT_FOUND => Err(RulesError::NotYours {
            tunnel: tunnel.clone(),
        }),
        other => Err(refused(other, &body)),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, RulesError> {
    serde_json::from_slice(body).map_err(|error| RulesError::Refused {
        message: format!("what it answered can't be read: {error}"),
    })
}

fn refused(status: StatusCode, body: &[u8]) -> RulesError {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    match status {
        StatusCode::UNAUTHORIZED => LinkError::Unauthorized.into(),
        StatusCode::SERVICE_UNAVAILABLE => LinkError::Unavailable.into(),
        status if problem.detail.is_empty() => RulesError::Refused {
            message: format!("it answered {status}"),
        },
        _ => RulesError::Refused {
            message: problem.detail,
        },
    }
}

async fn ask(
    config: ProbeConfig,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<(StatusCode, Bytes), LinkError> {
    let dialer = Dialer::new(config.relay, config.relay_ca.as_deref()).map_err(untrusting)?;
    let stream = dialer.connect().await?;
    let relay = dialer.relay();
    let mut request = Request::builder()
        .method(method)
        .uri(relay.path_of(path))
        .header(header::HOST, relay.authority())
        .header(header::USER_AGENT, PROGRAM)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .expect("a parsed address makes a valid request");
    if let Some(token) = &config.token {
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, token.bearer());
    }
    let asked = async {
        let not_a_relay = |_| dialer.not_a_relay(None);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(not_a_relay)?;
        let question = async {
            let response = sender.send_request(request).await.map_err(not_a_relay)?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, RULES_ANSWER_BYTES).collect().await;
            let status = head.status;
            let body = body.map_err(|_| dialer.not_a_relay(Some(status.as_u16())))?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(question);
        tokio::select! {
            biased;
            answer = &mut question => answer,
            _ = connection => question.await,
        }
    };
    timeout(RELAY_UPGRADE, asked).await.unwrap_or_else(|_| {
        Err(LinkError::HandshakeTimedOut {
            address: dialer.address(),
            after: RELAY_UPGRADE,
        })
    })
}
