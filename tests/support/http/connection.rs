//! One end of a connection, and the answers it reads.

use std::io;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Digest, Digester, Framing, Head};

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Informational answers (1xx) before it.
    pub(crate) interim: Vec<Head>,
    /// Its head.
    pub(crate) head: Head,
    /// Its body; of a large one the first MiB.
    pub(crate) body: Vec<u8>,
    /// The digest of the whole body.
    pub(crate) digest: Digest,
    /// Whether the body ended as its framing said it would.
    pub(crate) complete: bool,
}

impl Answer {
    /// Its status.
    pub(crate) fn status(&self) -> u16 {
        self.head.status()
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.value(name)
    }

    /// Its body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Its body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}: {}", self.head, self.text()))
    }
}

/// How much of a body is kept beside its digest.
pub(crate) const KEPT_BYTES: usize = 1024 * 1024;

/// A byte stream: TCP or TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One end of an HTTP/1.1 connection. Writes what it is given and reads as the framing says.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    ahead: BytesMut,
}

impl Connection {
    /// On this stream, of which nothing has been read.
    pub(crate) fn new(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            ahead: BytesMut::new(),
        }
    }

    /// Writes these bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Closes this end's half.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// The next head; nothing if the other end has closed the connection before it.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.ahead[searched..]
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                return Ok(Some(Head::new(self.ahead.split_to(searched + at + 4))));
            }
            searched = self.ahead.len().saturating_sub(3);
            if self.fill().await? == 0 {
                return match self.ahead.is_empty() {
                    true => Ok(None),
                    false => Err(broken("closed within a head")),
                };
            }
        }
    }

    /// The next piece of a body; nothing at its end.
    pub(crate) async fn piece(&mut self, framing: &mut Framing) -> io::Result<Option<Bytes>> {
        self.piece_of(framing, usize::MAX).await
    }

    /// The next piece of a body, of at most this many bytes; nothing at its end.
    pub(crate) async fn piece_of(
        &mut self,
        framing: &mut Framing,
        most: usize,
    ) -> io::Result<Option<Bytes>> {
        if let Framing::Chunked(0) = framing {
            let size = self.chunk_size().await?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                *framing = Framing::Ended;
            } else {
                *framing = Framing::Chunked(size);
            }
        }
        if *framing == Framing::Ended {
            return Ok(None);
        }
        if self.ahead.is_empty() && self.fill().await? == 0 {
            return match std::mem::replace(framing, Framing::Ended) {
                Framing::Close => Ok(None),
                _ => Err(broken("closed within a body")),
            };
        }
        let left = match framing {
            Framing::Length(left) | Framing::Chunked(left) => left,
            Framing::Close | Framing::Ended => &mut u64::MAX.clone(),
        };
        let bytes = self
            .ahead
            .len()
            .min(most)
            .min(usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= bytes as u64;
        let over = *left == 0;
        let piece = self.ahead.split_to(bytes).freeze();
        match framing {
            Framing::Length(_) if over => *framing = Framing::Ended,
            Framing::Chunked(_) if over => drop(self.line().await?),
            _ => {}
        }
        Ok(Some(piece))
    }

    /// A whole body: its first MiB, its digest, and whether it came to its end.
    pub(crate) async fn body(&mut self, mut framing: Framing) -> (Vec<u8>, Digest, bool) {
        let (mut kept, mut digester) = (Vec::new(), Digester::default());
        let complete = loop {
            match self.piece(&mut framing).await {
                Ok(Some(piece)) => {
                    digester.add(&piece);
                    let room = KEPT_BYTES - kept.len();
                    kept.extend_from_slice(&piece[..piece.len().min(room)]);
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        (kept, digester.finish(), complete)
    }

    /// The whole answer to a request with this method.
    pub(crate) async fn answer(&mut self, method: &str) -> io::Result<Answer> {
        let mut interim = Vec::new();
        loop {
            let head = self
                .head()
                .await?
                .ok_or_else(|| broken("closed without an answer"))?;
            if (100..200).contains(&head.status()) {
                interim.push(head);
                continue;
            }
            let (body, digest, complete) = self.body(Framing::of_answer(&head, method)).await;
            return Ok(Answer {
                interim,
                head,
                body,
                digest,
                complete,
            });
        }
    }

    /// Writes a request and takes its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.write(request).await?;
        self.answer(&Head::new(request).method()).await
    }

    /// Whether the other end has closed the connection, with nothing left unread.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && matches!(self.fill().await, Ok(0) | Err(_))
    }

    /// All that still comes until the other end closes the connection.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while matches!(self.fill().await, Ok(1..)) {}
        std::mem::take(&mut self.ahead).to_vec()
    }

    async fn chunk_size(&mut self) -> io::Result<u64> {
        let line = self.line().await?;
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let digits = String::from_utf8_lossy(digits.trim_ascii());
        u64::from_str_radix(&digits, 16).map_err(|_| broken("no chunk size"))
    }

    /// A line, without its end.
    async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(at) = self.ahead.windows(2).position(|two| two == b"\r\n") {
                let line = self.ahead.split_to(at).freeze();
                let _ = self.ahead.split_to(2);
                return Ok(line);
            }
            if self.fill().await? == 0 {
                return Err(broken("closed within a line"));
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.ahead.reserve(64 * 1024);
        self.stream.read_buf(&mut self.ahead).await
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, what)
}
