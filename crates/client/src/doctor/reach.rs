//! One connection to a relay, with what its certificate, its clock and its program say.

use std::time::{Duration, SystemTime};

use http::header;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;
use x509_parser::parse_x509_certificate;

use super::dialer;
use crate::dial::{Dialer, Stream};
use crate::limits::RELAY_UPGRADE;
use crate::probe::{Answer, ask, whoami};
use crate::{LinkError, ProbeConfig};

/// A relay that was reached.
#[derive(Debug)]
pub struct Reached {
    /// How long the connection took: name, TCP, proxy and TLS.
    pub connecting: Duration,
    /// What TLS agreed on; none without it.
    pub certified: Option<Certified>,
    /// From a question on the open connection to its answer.
    pub latency: Duration,
    /// The version of the relay's program, if it said it.
    pub version: Option<String>,
    /// How far this clock is ahead of the relay's (behind, if negative), in seconds; it was read to
    /// a second. None if the relay told no time.
    pub ahead_s: Option<i64>,
    /// The name the relay knows the token by; none if none was shown.
    pub token: Option<Result<String, LinkError>>,
}

/// What a TLS handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The version, like `TLSv1_3`.
    pub version: String,
    /// How keys were exchanged, like `X25519MLKEM768`.
    pub group: String,
    /// Whom the certificate is from.
    pub issuer: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What the relay says of itself.
#[derive(Debug, Deserialize)]
struct Said {
    version: Option<String>,
}

/// Connects, and asks.
pub async fn reach(config: &ProbeConfig) -> Result<Reached, LinkError> {
    let dialer = dialer(config)?;
    let began = Instant::now();
    let stream = dialer.connect().await?;
    let connecting = began.elapsed();
    let certified = match &stream {
        Stream::Tls(stream) if dialer.relay().is_tls() => certified(stream),
        Stream::Tls(_) | Stream::Plain(_) => None,
    };
    let asked = asking(config, &dialer, stream);
    let asked = timeout(RELAY_UPGRADE, asked).await.unwrap_or_else(|_| {
        Err(LinkError::HandshakeTimedOut {
            address: dialer.address(),
            after: RELAY_UPGRADE,
        })
    });
    let reached = asked?;
    Ok(Reached {
        connecting,
        certified,
        ..reached
    })
}

async fn asking(
    config: &ProbeConfig,
    dialer: &Dialer,
    stream: Stream,
) -> Result<Reached, LinkError> {
    let (mut sender, connection) = http1::handshake::<_, Empty<_>>(TokioIo::new(stream))
        .await
        .map_err(|_| dialer.not_a_relay(None))?;
    let questions = async {
        let began = Instant::now();
        let Answer { headers, body } = ask(&mut sender, dialer, "/_kreel/health", None).await?;
        let latency = began.elapsed();
        let told = headers
            .get(header::DATE)
            .and_then(|date| date.to_str().ok());
        let told = told.and_then(|date| httpdate::parse_http_date(date).ok());
        let said = serde_json::from_slice(&body).unwrap_or(Said { version: None });
        let token = match &config.token {
            None => None,
            Some(token) => Some(whoami(&mut sender, dialer, token).await),
        };
        Ok(Reached {
            connecting: Duration::ZERO,
            certified: None,
            latency,
            version: said.version,
            ahead_s: told.map(|told| seconds_ahead(SystemTime::now(), told)),
            token,
        })
    };
    tokio::pin!(questions);
    tokio::select! {
        biased;
        reached = &mut questions => reached,
        _ = connection => questions.await,
    }
}

/// How far one clock is ahead of another, to the second.
fn seconds_ahead(now: SystemTime, told: SystemTime) -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match now.duration_since(told) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}

fn certified(stream: &TlsStream<Stream>) -> Option<Certified> {
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates()?.first()?;
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    let expires = parsed.validity().not_after.timestamp();
    Some(Certified {
        version: format!("{:?}", session.protocol_version()?),
        group: format!("{:?}", session.negotiated_key_exchange_group()?.name()),
        issuer: parsed.issuer().to_string(),
        expires_at: Timestamp::from_second(expires).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_told_apart_in_both_directions() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(seconds_ahead(now, at(1_000)), 0);
        assert_eq!(seconds_ahead(now, at(963)), 37);
        assert_eq!(seconds_ahead(now, at(1_090)), -90);
    }
}
