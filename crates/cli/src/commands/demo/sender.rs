//! The sender: posts webhooks as the world does, each over a TLS connection of its own.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use kreel_client::CertificateDer;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What can go wrong on the way there and back; it ends the demo, so words are enough.
pub(super) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Someone who trusts the relay's certificate.
pub(super) struct Sender {
    tls: TlsConnector,
}

/// What a sender got back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Sender {
    /// A sender that trusts these certificates and no other.
    pub(super) fn new(trusted: Vec<CertificateDer<'static>>) -> Result<Self, Fault> {
        let mut roots = RootCertStore::empty();
        for certificate in trusted {
            roots.add(certificate)?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Posts a body to an address and waits for the answer.
    pub(super) async fn post(&self, to: &Uri, body: String) -> Result<Answer, Fault> {
        let host = to.host().ok_or("the address has no host")?;
        let authority = to.authority().ok_or("the address has no host")?;
        let tcp = TcpStream::connect((host, to.port_u16().unwrap_or(443))).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from(host.to_owned())?;
        let tls = self.tls.connect(name, tcp).await?;
        let (mut requests, connection) = http1::handshake(TokioIo::new(tls)).await?;
        let request = Request::post(to.path())
            .header(hyper::header::HOST, authority.as_str())
            .header(hyper::header::USER_AGENT, "kreel-demo")
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .body(Full::<Bytes>::from(body))?;
        let exchange = async {
            let response = requests.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            Ok(Answer { status, body })
        };
        tokio::pin!(exchange);
        tokio::select! {
            biased;
            answer = &mut exchange => answer,
            _ = connection => exchange.await,
        }
    }
}
