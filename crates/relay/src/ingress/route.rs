//! Where a request is meant for: the relay itself, or a tunnel by path or by subdomain.

use bytes::Bytes;
use http::header::HOST;
use http::{Method, Request};

use super::problem::Problem;

/// Where a request is meant for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A client's websocket.
    Link,
    /// Is the relay alive?
    Health,
    /// Can it serve senders?
    Ready,
    /// What is measured, for those who may know.
    Metrics,
    /// Is this token good, and what is it called?
    WhoAmI,
    /// The asker's tunnels.
    Tunnels,
    /// Who may post to a tunnel.
    Rules {
        /// The name asked for, valid or not.
        name: Box<str>,
        /// Whether a name that is free is to be the asker's.
        claim: bool,
    },
    /// Something to deliver.
    Tunnel {
        /// The name asked for, valid or not.
        name: Box<str>,
        /// Path and query behind it, as sent.
        target: Bytes,
    },
}

impl Route {
    /// Whether whoever asks must show a token, and could try many.
    pub(super) fn wants_token(&self) -> bool {
        match self {
            Self::Link | Self::Metrics | Self::WhoAmI | Self::Tunnels | Self::Rules { .. } => true,
            Self::Health | Self::Ready | Self::Tunnel { .. } => false,
        }
    }
}

/// Finds out. `domain` is the relay's own, if it has one.
pub(super) fn route<B>(request: &Request<B>, domain: Option<&str>) -> Result<Route, Problem> {
    if request.method() == Method::CONNECT {
        return Err(Problem::NoProxy);
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    if !target.starts_with('/') {
        return Err(Problem::BadRequest("the target of a request is a path"));
    }
    if let Some(name) = domain.and_then(|domain| subdomain(host(request)?, domain)) {
        return Ok(Route::Tunnel {
            name,
            target: Bytes::copy_from_slice(target.as_bytes()),
        });
    }
    by_path(target)
}

fn by_path(target: &str) -> Result<Route, Problem> {
    let rest = &target[1..];
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    if name == "_kreel" {
        let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
        let of_tunnel = |path: &str| {
            path.strip_prefix("/tunnels/")?
                .strip_suffix("/rules")
                .map(Box::from)
        };
        if let Some(name) = of_tunnel(path) {
            let claim = query == "claim";
            return Ok(Route::Rules { name, claim });
        }
        return match path {
            "/link" => Ok(Route::Link),
            "/health" => Ok(Route::Health),
            "/ready" => Ok(Route::Ready),
            "/metrics" => Ok(Route::Metrics),
            "/whoami" => Ok(Route::WhoAmI),
            "/tunnels" => Ok(Route::Tunnels),
            _ => Err(Problem::NoTunnel),
        };
    }
    Ok(Route::Tunnel {
        name: name.into(),
        target: Bytes::copy_from_slice(behind.as_bytes()),
    })
}

fn host<B>(request: &Request<B>) -> Option<&str> {
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    authority.or_else(|| request.headers().get(HOST)?.to_str().ok())
}

/// The label in front of the domain, if there is exactly one.
fn subdomain(host: &str, domain: &str) -> Option<Box<str>> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let at = name.len().checked_sub(domain.len() + 1)?;
    let (label, rest) = (name.get(..at)?, name.get(at..)?);
    let inside =
        rest.starts_with('.') && rest[1..].eq_ignore_ascii_case(domain) && !label.contains('.');
    inside.then(|| label.to_ascii_lowercase().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(uri: &str, host: &str) -> Result<Route, Problem> {
        let request = Request::builder()
            .uri(uri)
            .header(HOST, host)
            .body(())
            .unwrap();
        route(&request, Some("relay.example"))
    }

    fn tunnel(name: &str, target: &'static str) -> Result<Route, Problem> {
        Ok(Route::Tunnel {
            name: name.into(),
            target: target.into(),
        })
    }

    #[test]
    fn tunnels_by_path_keep_the_rest_byte_for_byte() {
        for (uri, name, target) in [
            ("/mine", "mine", ""),
            ("/mine/", "mine", "/"),
            ("/mine?a=1&a=%2f", "mine", "?a=1&a=%2f"),
            ("/mine//x/../y?b#", "mine", "//x/../y?b"),
            ("/mine/_kreel/link", "mine", "/_kreel/link"),
            ("/", "", ""),
            ("http://other.example/mine/x", "mine", "/x"),
        ] {
            assert_eq!(at(uri, "127.0.0.1:8443"), tunnel(name, target), "{uri}");
        }
    }

    #[test]
    fn tunnels_by_subdomain_have_the_whole_path() {
        assert_eq!(at("/x?y", "mine.relay.example"), tunnel("mine", "/x?y"));
        assert_eq!(
            at("/_kreel/link", "Mine.Relay.Example:8443"),
            tunnel("mine", "/_kreel/link")
        );
        assert_eq!(at("/x/y", "a.b.relay.example"), tunnel("x", "/y"));
        assert_eq!(at("/x/y", "relay.example"), tunnel("x", "/y"));
        assert_eq!(at("/x/y", "evilrelay.example"), tunnel("x", "/y"));
    }

    #[test]
    fn the_relay_keeps_its_own_paths() {
        assert_eq!(at("/_kreel/link", "relay.example"), Ok(Route::Link));
        assert_eq!(at("/_kreel/health?x", "relay.example"), Ok(Route::Health));
        assert_eq!(at("/_kreel/metrics", "relay.example"), Ok(Route::Metrics));
        assert_eq!(at("/_kreel/tunnels", "relay.example"), Ok(Route::Tunnels));
        for (uri, claim) in [
            ("/_kreel/tunnels/mine/rules", false),
            ("/_kreel/tunnels/mine/rules?claim", true),
        ] {
            let name = "mine".into();
            assert_eq!(at(uri, "relay.example"), Ok(Route::Rules { name, claim }));
        }
        assert_eq!(at("/_kreel/other", "relay.example"), Err(Problem::NoTunnel));
        assert_eq!(at("/_kreel", "relay.example"), Err(Problem::NoTunnel));
        assert_eq!(
            at("/%5fkreel/link", "relay.example"),
            tunnel("%5fkreel", "/link")
        );
    }
}
