//! Why bytes of a sender are refused: a variant for each fault, with a sentence for the log.

use std::fmt;

use thiserror::Error;

/// A fault in what a sender sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// A line ends without CR.
    #[error("a line ends in a bare LF")]
    BareLf,
    /// A CR stands inside a line.
    #[error("a CR stands alone in a line")]
    BareCr,
    /// The head is longer than the limit.
    #[error("the head is longer than {limit} bytes")]
    HeadTooLarge {
        /// The most bytes.
        limit: usize,
    },
    /// The head has more header lines than the limit.
    #[error("the head has more than {limit} header lines")]
    TooManyLines {
        /// The most lines.
        limit: usize,
    },
    /// A second empty line stands before the request line.
    #[error("more than one empty line stands before the request line")]
    EmptyLines,
    /// The first line is not `method SP target SP version`.
    #[error("the request line is not made of method, target and version")]
    RequestLine,
    /// The method is not a token.
    #[error("the method is not a token")]
    Method,
    /// The method is `CONNECT`.
    #[error("CONNECT is for proxies")]
    Connect,
    /// The target is `*`.
    #[error("the target * is for the server as a whole")]
    Asterisk,
    /// The target is neither a path nor an absolute URI, or holds what none may hold.
    #[error("the target is no path and no absolute http URI")]
    Target,
    /// The version is neither 1.0 nor 1.1.
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1")]
    Version,
    /// A header line begins with white space.
    #[error("a header line is folded")]
    Folded,
    /// A header line has no colon.
    #[error("a header line has no colon")]
    NoColon,
    /// A header line begins with its colon.
    #[error("a header line has no name")]
    EmptyName,
    /// White space stands between a name and its colon.
    #[error("white space stands before a header line's colon")]
    SpaceBeforeColon,
    /// A header's name is not a token.
    #[error("a header's name is not a token")]
    Name,
    /// A header's value holds a control character.
    #[error("a header's value holds a control character")]
    Control,
    /// `Content-Length` is not a plain number.
    #[error("Content-Length is not a plain number")]
    ContentLength,
    /// `Content-Length` is larger than any body can be.
    #[error("Content-Length is too large a number")]
    ContentLengthOverflow,
    /// `Content-Length` occurs more than once.
    #[error("Content-Length occurs more than once")]
    RepeatedContentLength,
    /// `Transfer-Encoding` is not exactly `chunked`.
    #[error("Transfer-Encoding is not just chunked")]
    TransferEncoding,
    /// `Transfer-Encoding` in a request of HTTP/1.0, which does not know it.
    #[error("Transfer-Encoding in HTTP/1.0")]
    TransferEncodingIn10,
    /// Both `Content-Length` and `Transfer-Encoding`.
    #[error("both Content-Length and Transfer-Encoding")]
    LengthAndEncoding,
    /// `Host` is missing from a request of HTTP/1.1.
    #[error("Host is missing")]
    NoHost,
    /// `Host` occurs more than once.
    #[error("Host occurs more than once")]
    RepeatedHost,
    /// `Host` is no host with perhaps a port.
    #[error("Host is no host with perhaps a port")]
    Host,
    /// `Host` differs from the host in the target.
    #[error("Host differs from the host in the target")]
    HostMismatch,
    /// A chunk's size is not a plain hexadecimal number, or no extension follows it.
    #[error("a chunk's size line is malformed")]
    ChunkSize,
    /// A chunk's size is larger than any body can be.
    #[error("a chunk's size is too large a number")]
    ChunkSizeOverflow,
    /// A chunk's size and extensions are longer than the limit.
    #[error("a chunk's size line is longer than {limit} bytes")]
    ChunkLineTooLong {
        /// The most bytes.
        limit: usize,
    },
    /// A chunk's data goes on after its size.
    #[error("no line end follows a chunk's data")]
    ChunkEnd,
    /// The trailers are longer than the limit.
    #[error("the trailers are longer than {limit} bytes")]
    TrailersTooLarge {
        /// The most bytes.
        limit: usize,
    },
    /// There are more trailers than the limit.
    #[error("there are more than {limit} trailers")]
    TooManyTrailers {
        /// The most lines.
        limit: usize,
    },
    /// A trailer that tells how to frame or route the message, after the fact.
    #[error("a trailer that must stand in the head")]
    Trailer,
    /// Bytes after a request to upgrade that was not (yet) accepted.
    #[error("bytes follow a request to upgrade before it is accepted")]
    BeforeUpgrade,
}

/// Which of a connection's messages was refused, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What was wrong with it.
    pub(crate) refusal: Refusal,
    /// Its number on the connection, from 1.
    pub(crate) message: u64,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}: {}", self.message, self.refusal)
    }
}
