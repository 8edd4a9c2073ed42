//! One connection of a sender: open, post, read, compare.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::answer::Answer;
use super::post::Post;

/// Where the senders post to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The socket.
    pub(crate) addr: SocketAddr,
    /// What the `Host` header says.
    pub(crate) host: String,
    /// The path, from the slash on.
    pub(crate) path: String,
    /// How to speak TLS, if at all.
    pub(crate) tls: Option<Tls>,
    /// Whether nobody listens, so that the relay keeps what is posted and says so (202).
    pub(crate) kept: bool,
}

/// How to speak TLS with a target.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Makes a full handshake each time.
    pub(crate) connector: TlsConnector,
    /// The server's name, as it is asked for.
    pub(crate) name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.name).finish()
    }
}

/// What went wrong with a request.
#[derive(Debug)]
pub(super) enum Fault {
    /// The socket failed.
    Socket(io::Error),
    /// What came is not an answer.
    Garbled(&'static str),
    /// Another status than 200, with the beginning of the body.
    Status(u16, String),
    /// An answer, but to another request or another body.
    NotOurs(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => write!(f, "socket: {error}"),
            Self::Garbled(why) => f.write_str(why),
            Self::Status(status, body) => write!(f, "status {status}: {body}"),
            Self::NotOurs(body) => write!(f, "another request's answer: {body}"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    inbox: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// Connects, with the TLS handshake if the target wants one.
    pub(super) async fn open(target: &Target) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_nodelay(true)?;
        socket.bind(SocketAddr::new(source().into(), 0))?;
        let stream = socket.connect(target.addr).await?;
        let stream = match &target.tls {
            None => Stream::Plain(stream),
            Some(tls) => {
                let stream = tls.connector.connect(tls.name.clone(), stream).await?;
                Stream::Tls(Box::new(stream))
            }
        };
        let inbox = Vec::with_capacity(INBOX_BYTES);
        Ok(Self { stream, inbox })
    }

    /// Posts and checks the answer; says whether the connection is good for another.
    pub(super) async fn exchange(&mut self, post: &Post) -> Result<bool, Fault> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(post.bytes()).await?,
            Stream::Tls(stream) => {
                stream.write_all(post.bytes()).await?;
                stream.flush().await?;
            }
        }
        self.inbox.clear();
        loop {
            let read = match &mut self.stream {
                Stream::Plain(stream) => stream.read_buf(&mut self.inbox).await?,
                Stream::Tls(stream) => stream.read_buf(&mut self.inbox).await?,
            };
            if read == 0 {
                return Err(Fault::Socket(io::ErrorKind::UnexpectedEof.into()));
            }
            match Answer::parse(&self.inbox) {
                Ok(None) => {}
                Ok(Some(answer)) => return check(&answer, post),
                Err(why) => return Err(Fault::Garbled(why)),
            }
        }
    }
}

fn check(answer: &Answer<'_>, post: &Post) -> Result<bool, Fault> {
    let shown = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]).into_owned();
    if post.kept() {
        let kept = answer.status == 202 && answer.body.windows(8).any(|part| part == b"\"queued\"");
        return match kept {
            true => Ok(answer.keep),
            false => Err(Fault::Status(answer.status, shown())),
        };
    }
    if answer.status != 200 {
        Err(Fault::Status(answer.status, shown()))
    } else if *answer.body != *post.answer() {
        Err(Fault::NotOurs(shown()))
    } else {
        Ok(answer.keep)
    }
}

/// The next sender address. A closed connection holds its port for a minute, and one address
/// has 28,000 of them; loopback has many addresses.
fn source() -> Ipv4Addr {
    let turn = NEXT_SOURCE.fetch_add(1, Ordering::Relaxed) % SOURCES;
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 2)) + turn)
}

static NEXT_SOURCE: AtomicU32 = AtomicU32::new(0);

/// 64 times 28,000 ports a minute: far more than a run opens.
const SOURCES: u32 = 64;

/// An answer is about 200 bytes.
const INBOX_BYTES: usize = 4 * 1024;
