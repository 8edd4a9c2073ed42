//! One look at a relay: does it answer, and does it know the token. And one at the app.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use thiserror::Error;
use tokio::time::{Instant, timeout};

use crate::config::Host;
use crate::dial::Dialer;
use crate::dial::tcp::{self, TcpError};
use crate::limits::{PROBE_BYTES, RELAY_UPGRADE};
use crate::link::PROGRAM;
use crate::{ConfigError, LinkError, RelayUrl, Target, Token};

/// What a probe needs to know.
#[derive(Debug, Clone)]
pub struct ProbeConfig {
    /// The relay.
    pub relay: RelayUrl,
    /// Trust only these authorities for its certificate, instead of the system's.
    pub relay_ca: Option<Vec<CertificateDer<'static>>>,
    /// The token to show, if it is to be checked.
    pub token: Option<Token>,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The time from question to answer, on a connection that was open.
    pub latency: Duration,
    /// The name the relay knows the token by, if one was shown.
    pub token_name: Option<String>,
}

/// The relay's answer to `whoami`.
#[derive(Debug, Deserialize)]
struct Whoami {
    token: String,
}

/// What the relay answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The lines of its head.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

/// Asks the relay for its health, and whom it takes the token for.
pub async fn probe(config: ProbeConfig) -> Result<Health, LinkError> {
    let ca = config.relay_ca.as_deref();
    let dialer = Dialer::new(config.relay, ca).map_err(untrusting)?;
    let stream = dialer.connect().await?;
    let asked = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| dialer.not_a_relay(None))?;
        let questions = async {
            let start = Instant::now();
            ask(&mut sender, &dialer, "/_kreel/health", None).await?;
            let latency = start.elapsed();
            let token_name = match &config.token {
                None => None,
                Some(token) => Some(whoami(&mut sender, &dialer, token).await?),
            };
            Ok(Health {
                latency,
                token_name,
            })
        };
        tokio::pin!(questions);
        tokio::select! {
            biased;
            health = &mut questions => health,
            _ = connection => questions.await,
        }
    };
    timeout(RELAY_UPGRADE, asked).await.unwrap_or_else(|_| {
        Err(LinkError::HandshakeTimedOut {
            address: dialer.address(),
            after: RELAY_UPGRADE,
        })
    })
}

pub(crate) async fn whoami(
    sender: &mut http1::SendRequest<Empty<Bytes>>,
    dialer: &Dialer,
    token: &Token,
) -> Result<String, LinkError> {
    let answer = ask(sender, dialer, "/_kreel/whoami", Some(token)).await?;
    serde_json::from_slice::<Whoami>(&answer.body)
        .map(|whoami| whoami.token)
        .map_err(|_| dialer.not_a_relay(Some(StatusCode::OK.as_u16())))
}

pub(crate) async fn ask(
    sender: &mut http1::SendRequest<Empty<Bytes>>,
    dialer: &Dialer,
    resource: &str,
    token: Option<&Token>,
) -> Result<Answer, LinkError> {
    let relay = dialer.relay();
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(relay.path_of(resource))
        .header(header::HOST, relay.authority())
        .header(header::USER_AGENT, PROGRAM)
        .body(Empty::new())
        .expect("a parsed address makes a valid request");
    if let Some(token) = token {
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, token.bearer());
    }
    let not_a_relay = |_| dialer.not_a_relay(None);
    sender.ready().await.map_err(not_a_relay)?;
    let response = sender.send_request(request).await.map_err(not_a_relay)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, PROBE_BYTES).collect();
    match head.status {
        StatusCode::OK => match body.await {
            Ok(body) => Ok(Answer {
                headers: head.headers,
                body: body.to_bytes(),
            }),
            Err(_) => Err(dialer.not_a_relay(Some(200))),
        },
        StatusCode::UNAUTHORIZED => Err(LinkError::Unauthorized),
        StatusCode::SERVICE_UNAVAILABLE => Err(LinkError::Unavailable),
        other => Err(dialer.not_a_relay(Some(other.as_u16()))),
    }
}

/// Why an app can't be reached.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppAbsent {
    /// Its name has no address.
    #[error("the name {host} has no address")]
    NoAddress {
        /// The name.
        host: String,
    },
    /// Nobody listens there.
    #[error("nothing listens at {address} yet")]
    Refused {
        /// Where.
        address: String,
    },
    /// Nobody answers there, or there is no way.
    #[error("nothing answers at {address}")]
    Silent {
        /// Where.
        address: String,
    },
}

/// Looks whether something listens where the app should be, for a second. Says nothing to it.
pub async fn look_for_app(target: &Target) -> Result<(), AppAbsent> {
    let address = target.address();
    let host = match &target.host {
        // Without brackets.
        Host::Ip(ip) => ip.to_string(),
        host => host.to_string(),
    };
    match tcp::connect(&host, target.port, LOOK).await {
        Ok(_) => Ok(()),
        Err(TcpError::Resolve(_)) => Err(AppAbsent::NoAddress { host }),
        Err(TcpError::Refused) => Err(AppAbsent::Refused { address }),
        Err(TcpError::TimedOut(_) | TcpError::Failed(_)) => Err(AppAbsent::Silent { address }),
    }
}

/// How long an app is looked for: 1 s, since one that is up answers within milliseconds.
const LOOK: Duration = Duration::from_secs(1);

/// Certificates that can't be used to trust anyone are a matter of trust.
pub(crate) fn untrusting(error: ConfigError) -> LinkError {
    LinkError::CertificateNotTrusted {
        cause: crate::error::with_causes(&error),
    }
}

#[cfg(test)]
mod tests;
