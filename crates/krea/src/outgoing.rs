//! The HTTP client of those who play Krea or stand in front of it: connections are kept, TLS
//! trusts the system's authorities and whichever certificates are given besides, and the
//! environment's proxies are used (`HTTPS_PROXY`, `NO_PROXY` and their kin).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;
use thiserror::Error;

use crate::limits::{CONNECT_DEADLINE, IDLE_CONNECTION};

mod dial;

use dial::Dial;

/// A body on its way, in pieces or whole.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Whatever went wrong with a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A client that keeps connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    client: Client<HttpsConnector<Dial>, Body>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum OutgoingError {
    /// The certificates to trust can't be used.
    #[error("the certificates to trust can't be used")]
    Trust(#[source] rustls::Error),
    /// No connection could be made.
    #[error("no connection to {host}")]
    Connect {
        /// Whom to.
        host: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The connection broke before there was an answer.
    #[error("{host} gave no answer")]
    Broken {
        /// Who.
        host: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// There was no answer in time.
    #[error("{host} gave no answer within {} s", deadline.as_secs_f64())]
    TimedOut {
        /// Who.
        host: String,
        /// How long it had.
        deadline: Duration,
    },
}

impl Outgoing {
    /// A client that trusts the system's authorities and these certificates.
    pub fn new(trusted: Vec<CertificateDer<'static>>) -> Result<Self, OutgoingError> {
        let config = tls(trusted).map_err(OutgoingError::Trust)?;
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_DEADLINE));
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(Dial::new(tcp, config));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .build(connector);
        Ok(Self { client })
    }

    /// Sends a request and waits for the head of the answer, this long at the most.
    pub async fn send(
        &self,
        request: Request<Body>,
        deadline: Duration,
    ) -> Result<Response<Incoming>, OutgoingError> {
        let host = request.uri().authority().map(ToString::to_string);
        let host = host.unwrap_or_default();
        match tokio::time::timeout(deadline, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => Err(OutgoingError::Connect {
                host,
                source: error.into(),
            }),
            Ok(Err(error)) => Err(OutgoingError::Broken {
                host,
                source: error.into(),
            }),
            Err(_) => Err(OutgoingError::TimedOut { host, deadline }),
        }
    }
}

/// A whole body.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    let body = http_body_util::Full::new(bytes.into());
    body.map_err(|never| match never {}).boxed_unsync()
}

/// TLS that trusts the system's authorities and these.
pub(crate) fn tls(trusted: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(trusted, provider.clone())?;
    // Not dangerous: the verifier is the platform's, with a few authorities more.
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}
