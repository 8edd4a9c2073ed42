//! The environment's HTTP proxy (`HTTPS_PROXY` and its kin): a tunnel made by `CONNECT`.

use std::fmt::Write as _;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::{Stream, tcp, tls};
use crate::error::with_causes;
use crate::limits::{PROXY_HEAD_BYTES, RELAY_CONNECT, RELAY_UPGRADE};
use crate::{LinkError, RelayUrl};

/// A proxy on the way to the relay.
pub(super) struct Proxy {
    uri: Uri,
    authorization: Option<HeaderValue>,
}

/// The proxy the environment names for this relay, as curl reads it.
pub(super) fn for_relay(proxies: &Matcher, relay: &RelayUrl) -> Option<Proxy> {
    let scheme = if relay.is_tls() { "https" } else { "http" };
    let destination = format!("{scheme}://{}/", relay.host_and_port())
        .parse()
        .ok()?;
    let found = proxies.intercept(&destination)?;
    Some(Proxy {
        uri: found.uri().clone(),
        authorization: found.basic_auth().cloned(),
    })
}

/// The same as host and port, for people.
pub(crate) fn named(relay: &RelayUrl) -> Option<String> {
    let proxy = for_relay(&Matcher::from_env(), relay)?;
    let authority = proxy.uri.authority()?;
    // Without what it wants to be told.
    let host = authority.as_str().rsplit('@').next();
    host.map(str::to_owned)
}

impl Proxy {
    /// A stream to the relay through this proxy.
    pub(super) async fn tunnel(&self, relay: &RelayUrl) -> Result<Stream, LinkError> {
        let is_tls = match self.uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            other => {
                let scheme = other.unwrap_or("no");
                return Err(self.unusable(format!("{scheme} proxies are not spoken to")));
            }
        };
        let host = self.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = tcp::connect(host, port, RELAY_CONNECT)
            .await
            .map_err(|error| self.unusable(with_causes(&error)))?;
        let asked = async {
            let mut stream = Stream::from(stream);
            if is_tls {
                let connector =
                    tls::trusting_system().map_err(|e| self.unusable(with_causes(&e)))?;
                stream = tls::connect(&connector, host, stream)
                    .await
                    .map_err(|error| self.unusable(with_causes(&error)))?;
            }
            self.ask(&mut stream, relay).await?;
            Ok(stream)
        };
        timeout(RELAY_UPGRADE, asked).await.unwrap_or_else(|_| {
            let waited = RELAY_UPGRADE.as_secs();
            Err(self.unusable(format!("it did not answer within {waited} s")))
        })
    }

    async fn ask(&self, stream: &mut Stream, relay: &RelayUrl) -> Result<(), LinkError> {
        let authority = relay.host_and_port();
        let mut head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n");
        if let Some(Ok(value)) = self.authorization.as_ref().map(HeaderValue::to_str) {
            // Writing to a string can't fail.
            let _ = write!(head, "proxy-authorization: {value}\r\n");
        }
        head.push_str("\r\n");
        let broken = |error: std::io::Error| self.unusable(with_causes(&error));
        stream.write_all(head.as_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        match status_of(&self.head(stream).await?) {
            Some(200..=299) => Ok(()),
            Some(status) => Err(LinkError::ProxyRefused {
                proxy: self.to_string(),
                relay: authority,
                status,
            }),
            None => Err(self.unusable("what answers there does not speak HTTP".into())),
        }
    }

    /// The head of the answer. Read byte by byte: what follows it belongs to the relay, and
    /// this happens once per link.
    async fn head(&self, stream: &mut Stream) -> Result<Vec<u8>, LinkError> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == PROXY_HEAD_BYTES {
                return Err(self.unusable("its answer is too long".into()));
            }
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) => return Err(self.unusable(with_causes(&error))),
            }
        }
        Ok(head)
    }

    fn unusable(&self, cause: String) -> LinkError {
        LinkError::Proxy {
            proxy: self.to_string(),
            cause,
        }
    }
}

impl std::fmt::Display for Proxy {
    /// Scheme, host and port: the user name and password are not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.uri.host().unwrap_or_default();
        write!(f, "{}://{host}", self.uri.scheme_str().unwrap_or("http"))?;
        match self.uri.port_u16() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words
        .next()
        .filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    async fn asked(answer: &'static str, credentials: &str) -> (Result<Stream, LinkError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).await.unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            head
        });
        let proxies = Matcher::builder()
            .all(format!("http://{credentials}{address}"))
            .no("ignored.example")
            .build();
        let relay: RelayUrl = "https://relay.example".parse().unwrap();
        let proxy = for_relay(&proxies, &relay).unwrap();
        let outcome = proxy.tunnel(&relay).await;
        (outcome, served.await.unwrap())
    }

    #[tokio::test]
    async fn what_follows_the_proxys_answer_belongs_to_the_relay() {
        let (stream, head) = asked("HTTP/1.1 200 OK\r\nvia: x\r\n\r\nhi", "me:secret@").await;
        assert_eq!(
            head,
            "CONNECT relay.example:443 HTTP/1.1\r\nhost: relay.example:443\r\n\
             proxy-authorization: Basic bWU6c2VjcmV0\r\n\r\n"
        );
        let mut rest = [0; 2];
        stream.unwrap().read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"hi");
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_status_and_without_the_password() {
        let (outcome, _) = asked("HTTP/1.1 407 No\r\n\r\n", "me:secret@").await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, LinkError::ProxyRefused { status: 407, .. }));
        assert!(!error.to_string().contains("secret"), "{error}");
        let (outcome, _) = asked("SSH-2.0-x\r\n\r\n", "").await;
        assert_eq!(outcome.unwrap_err().code(), "proxy");
    }

    #[test]
    fn no_proxy_is_honoured() {
        let proxies = Matcher::builder()
            .all("http://proxy.example:3128")
            .no("relay.example,127.0.0.1")
            .build();
        for (relay, through) in [
            ("https://relay.example", false),
            ("http://127.0.0.1:8080", false),
            ("https://other.example", true),
            ("http://127.0.0.2:8080", true),
        ] {
            let found = for_relay(&proxies, &relay.parse().unwrap());
            assert_eq!(found.is_some(), through, "{relay}");
        }
    }
}
