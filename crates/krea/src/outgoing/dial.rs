//! How connections are made: straight, or through the proxy the environment names, by `CONNECT`.
//!
//! This machine is always spoken to straight: no proxy elsewhere could reach it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::TryFutureExt as _;
use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::BoxError;
use crate::local::is_loopback;

/// Makes connections.
#[derive(Clone)]
pub(super) struct Dial {
    tcp: HttpConnector,
    /// To proxies, which may want TLS themselves.
    to_proxies: HttpsConnector<HttpConnector>,
    proxies: Arc<Matcher>,
}

/// A connection to where it is meant for, before the TLS with whoever is there.
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

impl Dial {
    /// By the environment as it is now.
    pub(super) fn new(tcp: HttpConnector, tls: ClientConfig) -> Self {
        Self::through(tcp, tls, Matcher::from_env())
    }

    fn through(tcp: HttpConnector, tls: ClientConfig, proxies: Matcher) -> Self {
        let to_proxies = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp.clone());
        Self {
            tcp,
            to_proxies,
            proxies: Arc::new(proxies),
        }
    }

    /// The proxy on the way there, if there is one.
    fn proxy(&self, there: &Uri) -> Option<Intercept> {
        let is_here = there.host().is_none_or(is_loopback);
        self.proxies.intercept(there).filter(|_| !is_here)
    }
}

impl Service<Uri> for Dial {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(BoxError::from)
    }

    fn call(&mut self, there: Uri) -> Self::Future {
        let Some(proxy) = self.proxy(&there) else {
            let straight = self.tcp.call(there);
            return Box::pin(straight.map_ok(Stream::from).map_err(BoxError::from));
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxies.clone());
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let name = proxy.uri().host().unwrap_or_default().to_owned();
        let through = tunnel.call(with_port(there));
        Box::pin(through.map_err(move |error| {
            let words = format!("the proxy {name} of your environment made no connection");
            BoxError::from(std::io::Error::other(Through { words, error }))
        }))
    }
}

/// What went wrong at a proxy. Its user name and password are not told.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
struct Through<E: std::error::Error + 'static> {
    words: String,
    #[source]
    error: E,
}

/// The address with its port: a tunnel takes any without one for 443.
fn with_port(there: Uri) -> Uri {
    if there.port().is_some() || there.scheme() != Some(&Scheme::HTTP) {
        return there;
    }
    let host = there.host().unwrap_or_default();
    let path = there.path_and_query().map_or("/", PathAndQuery::as_str);
    let told = format!("http://{host}:80{path}").parse();
    told.unwrap_or(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(proxies: Matcher) -> Dial {
        let tls = super::super::tls(Vec::new()).unwrap();
        Dial::through(HttpConnector::new(), tls, proxies)
    }

    #[test]
    fn proxies_are_used_but_for_those_who_need_none() {
        let proxies = Matcher::builder()
            .all("http://me:secret@proxy.example:3128")
            .no("krea.example")
            .build();
        let dial = dial(proxies);
        for (there, through) in [
            ("https://api.krea.ai/jobs", true),
            ("http://relay.example/abc", true),
            ("https://api.krea.example/jobs", false),
            ("http://127.0.0.1:4042/", false),
            ("http://localhost:3000/", false),
            ("http://[::1]:3000/", false),
        ] {
            assert_eq!(
                dial.proxy(&there.parse().unwrap()).is_some(),
                through,
                "{there}"
            );
        }
    }

    #[test]
    fn a_tunnel_is_told_the_port() {
        let port = |there: &str| with_port(there.parse().unwrap()).port_u16();
        assert_eq!(port("http://a.example/x"), Some(80));
        assert_eq!(port("http://a.example:8080/x"), Some(8080));
        assert_eq!(port("https://a.example/x"), None);
    }
}
