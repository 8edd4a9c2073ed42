//! The port of its own that HTTP-01 wants: it answers a certificate authority's challenges, sends
//! people on to HTTPS, and does nothing else.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

use super::Acme;
use crate::config::Limits;
use crate::error::RelayError;
use crate::side::{Said, SidePort};

/// Where challenges are to be found (RFC 8555, section 8.3).
const PATH: &str = "/.well-known/acme-challenge/";

/// The port, taken.
#[derive(Debug)]
pub(crate) struct Challenges {
    port: SidePort,
    acme: Arc<Acme>,
}

impl Challenges {
    /// Takes the address, if HTTP-01 is wanted.
    pub(crate) async fn bind(
        acme: &Arc<Acme>,
        limits: &Limits,
    ) -> Result<Option<Self>, RelayError> {
        let Some(address) = acme.config.http else {
            return Ok(None);
        };
        let (port, acme) = (SidePort::bind(address, limits).await?, acme.clone());
        Ok(Some(Self { port, acme }))
    }

    /// Answers for ever; `base` is where people are sent on to.
    pub(crate) async fn serve(self, base: String) {
        let acme = self.acme;
        let answer = move |request: http::Request<hyper::body::Incoming>| {
            let path = request.uri().path();
            let known = |token: &str| acme.key_authorization(token);
            std::future::ready(reply(request.method(), path, &base, known))
        };
        self.port.serve(answer).await;
    }
}

fn reply(
    method: &Method,
    path: &str,
    base: &str,
    authorization: impl Fn(&str) -> Option<String>,
) -> Said {
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
