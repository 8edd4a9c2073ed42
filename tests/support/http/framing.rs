//! Where a body ends.

use super::Head;

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After this many more bytes.
    Length(u64),
    /// With a chunk of no bytes; this many are left of the one under way.
    Chunked(u64),
    /// With the connection.
    Close,
    /// It has ended.
    Ended,
}

impl Framing {
    /// How a request's body ends.
    pub(crate) fn of_request(head: &Head) -> Self {
        match Self::told(head) {
            Self::Close => Self::Ended,
            told => told,
        }
    }

    /// How the body of the answer to a request with this method ends.
    pub(crate) fn of_answer(head: &Head, method: &str) -> Self {
        match head.status() {
            _ if method == "HEAD" => Self::Ended,
            100..=199 | 204 | 304 => Self::Ended,
            _ => Self::told(head),
        }
    }

    fn told(head: &Head) -> Self {
        if head.has_word("transfer-encoding", "chunked") {
            return Self::Chunked(0);
        }
        match head.value("content-length") {
            Some(length) => match length.parse() {
                Ok(0) => Self::Ended,
                Ok(length) => Self::Length(length),
                Err(_) => panic!("no length in {head:?}"),
            },
            None => Self::Close,
        }
    }
}
