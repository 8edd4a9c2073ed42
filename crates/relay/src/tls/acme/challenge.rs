//! The port of its own that HTTP-01 wants: it answers a certificate authority's challenges, sends
//! people on to HTTPS, and does nothing else.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::Acme;
use crate::error::RelayError;
use crate::limits::{ACCEPT_PAUSE, ACME_HTTP_CONNECTIONS, ACME_HTTP_TIME};

/// Where challenges are to be found (RFC 8555, section 8.3).
const PATH: &str = "/.well-known/acme-challenge/";

/// The port, taken.
#[derive(Debug)]
pub(crate) struct Challenges {
    listener: TcpListener,
    acme: Arc<Acme>,
}

impl Challenges {
    /// Takes the address, if HTTP-01 is wanted.
    pub(crate) async fn bind(acme: &Arc<Acme>) -> Result<Option<Self>, RelayError> {
        let Some(address) = acme.config.http else {
            return Ok(None);
        };
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| RelayError::Listen { address, source })?;
        let acme = acme.clone();
        Ok(Some(Self { listener, acme }))
    }

    /// Answers for ever. A connection has a deadline as a whole: a challenge is one small request.
    pub(crate) async fn serve(self, base: String) {
        let places = Arc::new(Semaphore::new(ACME_HTTP_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let Ok((tcp, peer)) = self.listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (acme, base) = (self.acme.clone(), base.clone());
            connections.spawn(async move {
                let service = service_fn(|request| {
                    std::future::ready(Ok::<_, Infallible>(answer(&acme, &base, &request)))
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(tcp), service);
                log(peer, timeout(ACME_HTTP_TIME, connection).await);
                drop(place);
            });
        }
    }
}

fn log<T>(peer: SocketAddr, ended: Result<hyper::Result<T>, tokio::time::error::Elapsed>) {
    match ended {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => debug!(%peer, %error, "a connection to the challenges' port failed"),
        Err(_) => debug!(%peer, "a connection to the challenges' port took too long"),
    }
}

fn answer(acme: &Acme, base: &str, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    reply(request.method(), request.uri().path(), base, |token| {
        acme.key_authorization(token)
    })
}

fn reply(
    method: &Method,
    path: &str,
    base: &str,
    authorization: impl Fn(&str) -> Option<String>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match path.strip_prefix(PATH) {
        Some(token) if reads => match authorization(token) {
            Some(text) => {
                let type_ = HeaderValue::from_static("application/octet-stream");
                response.headers_mut().insert(CONTENT_TYPE, type_);
                *response.body_mut() = text.into();
            }
            None => *response.status_mut() = StatusCode::NOT_FOUND,
        },
        _ => match HeaderValue::try_from(format!("{base}{path}")) {
            Ok(there) if reads && !path.starts_with("//") => {
                *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
                response.headers_mut().insert(LOCATION, there);
            }
            // A webhook in the clear has been read on its way: nobody shall grow used to that.
            _ => *response.status_mut() = StatusCode::FORBIDDEN,
        },
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_answered_people_sent_on_and_webhooks_refused() {
        let known = |token: &str| (token == "abc").then(|| "abc.key".to_owned());
        let ask = |method: Method, path: &str| reply(&method, path, "https://relay.test", known);
        let there = ask(Method::GET, "/.well-known/acme-challenge/abc");
        assert_eq!(there.status(), 200);
        assert_eq!(
            ask(Method::GET, "/.well-known/acme-challenge/abd").status(),
            404
        );
        let sent_on = ask(Method::GET, "/mine/x");
        assert_eq!(sent_on.status(), 308);
        assert_eq!(sent_on.headers()[LOCATION], "https://relay.test/mine/x");
        assert_eq!(ask(Method::POST, "/mine/x").status(), 403);
        assert_eq!(
            ask(Method::POST, "/.well-known/acme-challenge/abc").status(),
            403
        );
        assert_eq!(ask(Method::GET, "//evil.test/").status(), 403);
    }
}
