//! The app as a place to connect to: its addresses, its TLS, its idle connections.

use std::net::SocketAddr;

use http::Uri;
use http::uri::PathAndQuery;
use kreel_wire::Failure;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::pool::Pool;
use crate::config::{Host, Scheme};
use crate::dial::{Stream, tcp, tcp::TcpError, tls};
use crate::error::with_causes;
use crate::limits::APP_CONNECT;
use crate::{ConfigError, Target};

/// The app behind the target.
#[derive(Debug)]
pub(crate) struct App {
    target: Target,
    /// What each URL begins with: put together once, not for each attempt.
    origin: String,
    tls: Option<Tls>,
    pool: Pool,
}

struct Tls {
    connector: TlsConnector,
    name: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish()
    }
}

impl App {
    pub(super) fn new(target: Target, insecure: bool) -> Result<Self, ConfigError> {
        let tls = match (target.scheme, insecure) {
            (Scheme::Http, _) => None,
            (Scheme::Https, true) => Some(tls::trusting_anyone()),
            (Scheme::Https, false) => Some(tls::trusting_system()),
        };
        let name = target.host.to_string();
        let name = name.trim_matches(['[', ']']).to_owned();
        let tls = tls.transpose().map_err(ConfigError::SystemRoots)?;
        Ok(Self {
            origin: target.origin(),
            target,
            tls: tls.map(|connector| Tls { connector, name }),
            pool: Pool::default(),
        })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// The URL of a request to it, for the record.
    pub(super) fn url_of(&self, path: &Uri) -> String {
        let path = path.path_and_query().map_or("/", PathAndQuery::as_str);
        [&*self.origin, path].concat()
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// An idle connection, or else a new one.
    pub(super) async fn connection(&self) -> Result<Connection, Failure> {
        match self.pool.take() {
            Some(connection) => Ok(connection),
            // Boxed, like all that few attempts need: the rest is moved about with each of them.
            None => Box::pin(self.connect()).await,
        }
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        match timeout(APP_CONNECT, self.open()).await {
            Ok(stream) => Connection::new(stream?).await,
            Err(_) => {
                let waited = APP_CONNECT.as_secs();
                Err(self.unreachable(format!("it did not accept within {waited} s")))
            }
        }
    }

    async fn open(&self) -> Result<Stream, Failure> {
        let stream = self.open_tcp().await.map_err(|error| match error {
            TcpError::Refused => Failure::Refused {
                address: self.target.address(),
            },
            other => self.unreachable(with_causes(&other)),
        })?;
        let Some(Tls { connector, name }) = &self.tls else {
            return Ok(stream.into());
        };
        tls::connect(connector, name, stream.into())
            .await
            .map_err(|error| self.unreachable(tls::mistrust(&error).unwrap_or(with_causes(&error))))
    }

    async fn open_tcp(&self) -> Result<TcpStream, TcpError> {
        let port = self.target.port;
        match &self.target.host {
            Host::Localhost => tcp::connect_any(&tcp::loopback(port)).await,
            Host::Ip(ip) => tcp::connect_any(&[SocketAddr::new(*ip, port)]).await,
            Host::Name(name) => tcp::connect(name, port, APP_CONNECT).await,
        }
    }

    fn unreachable(&self, cause: String) -> Failure {
        Failure::Unreachable {
            address: self.target.address(),
            cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    #[test]
    fn a_url_has_the_targets_beginning_and_the_path_that_is_asked_for() {
        for (target, asked, url) in [
            ("3000", "/x", "http://localhost:3000/x"),
            ("http://127.0.0.1:80", "/", "http://127.0.0.1/"),
            ("http://app.test", "/x?", "http://app.test/x?"),
            ("http://[::1]:8080", "/x?a=b&c", "http://[::1]:8080/x?a=b&c"),
            (
                "http://app.test:443/base?k=v",
                "/x?y",
                "http://app.test:443/base/x?k=v&y",
            ),
            ("3000/base", "?x", "http://localhost:3000/base?x"),
            ("3000", "?x", "http://localhost:3000/?x"),
            ("3000", "", "http://localhost:3000/"),
            ("https://app.test", "/x", "https://app.test/x"),
            ("https://app.test:80", "/x", "https://app.test:80/x"),
        ] {
            let app = App::new(target.parse().unwrap(), true).unwrap();
            let path = app.target().base.join(&asked.into()).unwrap();
            assert_eq!(app.url_of(&Uri::from(path)), url, "{target} {asked}");
        }
    }
}
