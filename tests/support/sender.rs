//! A sender of webhooks: HTTP/1.1 to the byte, over TCP or TLS.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::http::{Answer, Connection};
use super::wait::{DEADLINE, within};

/// Someone who sends to one address.
#[derive(Clone)]
pub(crate) struct Sender {
    address: SocketAddr,
    tls: Option<TlsConnector>,
    /// What stands before each path: the tunnel's name, or nothing.
    base: String,
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    method: String,
    path: Vec<u8>,
    host: Option<String>,
    lines: Vec<u8>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    None,
    Length(Vec<u8>),
    Chunked(Vec<Vec<u8>>),
}

impl Post {
    /// A request with this method to this path below the sender's address.
    pub(crate) fn new(method: &str, path: impl AsRef<[u8]>) -> Self {
        Self {
            method: method.to_owned(),
            path: path.as_ref().to_owned(),
            host: None,
            lines: Vec::new(),
            body: Body::None,
        }
    }

    /// Its method.
    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    /// With this `Host` in place of the address it is sent to.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// With this header line.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.lines.extend_from_slice(name.as_bytes());
        self.lines.extend_from_slice(b": ");
        self.lines.extend_from_slice(value.as_ref());
        self.lines.extend_from_slice(b"\r\n");
        self
    }

    /// With this body, its length told (also if it is empty).
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Length(body.into());
        self
    }

    /// With a body in these chunks.
    pub(crate) fn chunks(mut self, chunks: &[&[u8]]) -> Self {
        self.body = Body::Chunked(chunks.iter().map(|&chunk| chunk.to_owned()).collect());
        self
    }

    /// Its bytes, for a sender whose addresses start like this.
    fn bytes(&self, base: &str, address: SocketAddr) -> Vec<u8> {
        let host = self.host.clone().unwrap_or(address.to_string());
        let mut bytes = format!("{} {base}", self.method).into_bytes();
        bytes.extend_from_slice(&self.path);
        bytes.extend_from_slice(format!(" HTTP/1.1\r\nHost: {host}\r\n").as_bytes());
        bytes.extend_from_slice(&self.lines);
        match &self.body {
            Body::None => bytes.extend_from_slice(b"\r\n"),
            Body::Length(body) => {
                bytes.extend_from_slice(
                    format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(),
                );
                bytes.extend_from_slice(body);
            }
            Body::Chunked(chunks) => {
                bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in chunks {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        bytes
    }
}

impl Sender {
    /// To a URL like `https://127.0.0.1:4433/tunnel`, with TLS that trusts these certificates.
    pub(crate) fn to(url: &str, ca: Option<&Path>) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        Self {
            address: authority.parse().expect("an address and a port"),
            tls: (scheme == "https").then(|| connector(ca.expect("certificates to trust"))),
            base: if path.is_empty() {
                String::new()
            } else {
                format!("/{path}")
            },
        }
    }

    /// To this address itself, without TLS: an app, or a relay's own paths.
    pub(crate) fn direct(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            base: String::new(),
        }
    }

    /// The request's bytes as this sender sends them.
    pub(crate) fn bytes(&self, post: &Post) -> Vec<u8> {
        post.bytes(&self.base, self.address)
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Connection {
        within("a connection", DEADLINE, self.try_connect())
            .await
            .unwrap()
    }

    /// A new connection, or why there is none.
    pub(crate) async fn try_connect(&self) -> io::Result<Connection> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            return Ok(Connection::new(tcp));
        };
        let name = ServerName::from(self.address.ip());
        Ok(Connection::new(tls.connect(name, tcp).await?))
    }

    /// Sends a request on a new connection and takes the whole answer.
    pub(crate) async fn send(&self, post: Post) -> Answer {
        self.raw(&self.bytes(&post)).await
    }

    /// Sends these bytes on a new connection and takes the whole answer.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Answer {
        within("an answer", DEADLINE, self.try_raw(bytes))
            .await
            .unwrap()
    }

    /// Sends a request on a new connection; its whole answer, or why there is none.
    pub(crate) async fn try_send(&self, post: Post) -> io::Result<Answer> {
        self.try_raw(&self.bytes(&post)).await
    }

    async fn try_raw(&self, bytes: &[u8]) -> io::Result<Answer> {
        self.try_connect().await?.exchange(bytes).await
    }

    /// Posts a body.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Post::new("POST", path).body(body)).await
    }

    /// Gets a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Post::new("GET", path)).await
    }
}

fn connector(ca: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
