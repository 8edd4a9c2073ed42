//! Looks after results' links, when the user asks: whether they work, and what images they show.
//!
//! The links stand in webhooks, which anyone may send, so nothing here trusts one: only https to the
//! usual port of a host all of whose addresses are public, resolved once and connected to by that
//! address, without a token or a cookie, without following redirects, within limits.

mod link;
mod net;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;

use self::link::Link;
pub use self::net::{SystemConnector, SystemResolver};
use crate::limits::{FETCH_DEADLINE, MAX_TEXT_BYTES, PREVIEW_BYTES};
use crate::local;

/// What something that waits gives in the end.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Finds the addresses of a name.
pub trait Resolver: Debug + Send + Sync {
    /// All addresses of this host.
    fn resolve<'a>(&'a self, host: &'a str) -> Later<'a, Vec<IpAddr>>;
}

/// Makes connections with TLS.
pub trait Connector: Debug + Send + Sync {
    /// A connection to this address, at which this host must prove itself.
    fn connect<'a>(&'a self, to: SocketAddr, host: &'a str) -> Later<'a, Box<dyn Stream>>;
}

/// A connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Fetches links. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fetcher {
    resolver: Arc<dyn Resolver>,
    connector: Arc<dyn Connector>,
}

/// What a link answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The status.
    pub status: u16,
    /// What it says it is.
    pub content_type: Option<String>,
    /// How large it says it is.
    pub size_bytes: Option<u64>,
    /// How long that took.
    pub took: Duration,
}

/// An image, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is, by its first bytes.
    pub format: &'static str,
    /// All of it.
    pub bytes: Bytes,
}

/// Why a link was not fetched.
#[derive(Debug, Error)]
pub enum FetchError {
    /// It is no address on the web.
    #[error("it is no web address")]
    NotALink,
    /// It is not https.
    #[error("only https links are fetched, and this is {0}")]
    NotHttps(String),
    /// It names somebody.
    #[error("a link with a user name in it is not fetched")]
    NamesSomebody,
    /// It goes to another port.
    #[error("only port 443 is fetched from, and this link names port {0}")]
    OtherPort(u16),
    /// Its host is on this machine or in a private network.
    #[error("{host} is no public host ({address}), so nothing is fetched from it")]
    Private {
        /// The host.
        host: String,
        /// What it leads to.
        address: String,
    },
    /// Its host has no address.
    #[error("{host} has no address")]
    Unresolved {
        /// The host.
        host: String,
        /// What the system says, if it says something.
        #[source]
        source: Option<io::Error>,
    },
    /// No connection could be made.
    #[error("no connection to {host}")]
    Connect {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The answer broke off, or is none.
    #[error("{host} gave no answer that can be read")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// It leads elsewhere.
    #[error("it redirects to {to}, which is not followed")]
    Redirects {
        /// Where.
        to: String,
    },
    /// It is not there.
    #[error("the answer is {0}")]
    Status(u16),
    /// It is larger than is shown.
    #[error("it is larger than the {} MiB that are shown", PREVIEW_BYTES / (1024 * 1024))]
    TooLarge,
    /// It is no image that can be shown.
    #[error("it is no PNG, JPEG, GIF or WebP image")]
    NotAnImage,
    /// It took too long.
    #[error("it took longer than {} s", FETCH_DEADLINE.as_secs())]
    TimedOut,
}

impl Fetcher {
    /// One that looks names up and connects this way.
    pub fn new(resolver: Arc<dyn Resolver>, connector: Arc<dyn Connector>) -> Self {
        Self {
            resolver,
            connector,
        }
    }

    /// Whether a link works, from the head of its answer. What redirects is told as it is.
    pub async fn check(&self, url: &str) -> Result<Health, FetchError> {
        let began = Instant::now();
        let answer = within(self.open(url)).await?;
        let headers = answer.response.headers();
        Ok(Health {
            status: answer.response.status().as_u16(),
            content_type: text(headers, CONTENT_TYPE),
            size_bytes: size(headers),
            took: began.elapsed(),
        })
    }

    /// The image behind a link.
    pub async fn picture(&self, url: &str) -> Result<Picture, FetchError> {
        within(async {
            let answer = self.open(url).await?;
            let (status, headers) = (answer.response.status(), answer.response.headers());
            if status.is_redirection() {
                let to = text(headers, LOCATION).unwrap_or_else(|| "nowhere".to_owned());
                return Err(FetchError::Redirects { to });
            }
            if !status.is_success() {
                return Err(FetchError::Status(status.as_u16()));
            }
            if size(headers).is_some_and(|size| size > PREVIEW_BYTES as u64) {
                return Err(FetchError::TooLarge);
            }
            let bytes = answer.read().await?;
            let format = format(&bytes).ok_or(FetchError::NotAnImage)?;
            Ok(Picture { format, bytes })
        })
        .await
    }

    /// Asks for a link, once it is sure that it leads to a public place.
    async fn open(&self, url: &str) -> Result<Answer, FetchError> {
        let link = Link::read(url)?;
        let host = link.host.clone();
        let found = self.resolver.resolve(&host).await;
        let addresses = found.map_err(|source| FetchError::Unresolved {
            host: host.clone(),
            source: Some(source),
        })?;
        if let Some(private) = addresses
            .iter()
            .find(|address| local::is_private(&address.to_string()))
        {
            let address = private.to_string();
            return Err(FetchError::Private { host, address });
        }
        let mut last = None;
        for address in addresses {
            let to = SocketAddr::new(address, 443);
            match self.connector.connect(to, &host).await {
                Ok(stream) => return Answer::ask(stream, &link).await,
                Err(error) => last = Some(error),
            }
        }
        Err(match last {
            Some(source) => FetchError::Connect { host, source },
            None => FetchError::Unresolved { host, source: None },
        })
    }
}

/// An answer whose head is here, and the connection it comes on.
struct Answer {
    host: String,
    response: Response<Incoming>,
    _connection: Connection,
}

/// A connection's task, ended with the connection's last use.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Answer {
    async fn ask(stream: Box<dyn Stream>, link: &Link) -> Result<Self, FetchError> {
        let broken = |source| FetchError::Broken {
            host: link.host.clone(),
            source,
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let task = tokio::spawn(async move {
            // What went wrong is told by the answer.
            let _ = connection.await;
        });
        let connection = Connection(task.abort_handle());
        let request = Request::get(&link.path)
            .header(HOST, &link.host)
            .header(ACCEPT, "*/*")
            .header(USER_AGENT, concat!("kreel/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(|_| FetchError::NotALink)?;
        let response = sender.send_request(request).await.map_err(broken)?;
        Ok(Self {
            host: link.host.clone(),
            response,
            _connection: connection,
        })
    }

    /// All of its body, within the limit.
    async fn read(self) -> Result<Bytes, FetchError> {
        let mut body = self.response.into_body();
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|source| FetchError::Broken {
                host: self.host.clone(),
                source,
            })?;
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            if bytes.len() + piece.len() > PREVIEW_BYTES {
                return Err(FetchError::TooLarge);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }
}

async fn within<T>(what: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
    let done = tokio::time::timeout(FETCH_DEADLINE, what).await;
    done.map_err(|_| FetchError::TimedOut)?
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text[..text.floor_char_boundary(MAX_TEXT_BYTES)].to_owned())
}

fn size(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What an image is by its first bytes, whatever its sender calls it.
fn format(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("PNG"),
        [0xff, 0xd8, 0xff, ..] => Some("JPEG"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("GIF"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("WebP"),
        _ => None,
    }
}
