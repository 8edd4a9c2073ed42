//! An answer on its way from the app to the relay: whole if it is small, else piece by piece.
//!
//! A piece is sent on as it comes, within the credit the relay grants; while there is none the
//! app waits. An answer nobody wants any more is read for a while, so that the app can finish.

mod reply;

use std::io;

use bytes::Bytes;
use http::{Response, response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use kreel_wire::limits::{CHUNK_BYTES, TEXT_BYTES};
use kreel_wire::{Failure, ToRelay};
use tokio::time::timeout;

pub(super) use self::reply::Reply;
use super::Ending;
use super::connection::Connection;
use super::head::answer_headers;
use super::pool::Pool;
use super::record::Record;
use crate::AttemptEnd;
use crate::error::with_causes;
use crate::limits::{UNWANTED, UNWANTED_BYTES};
use crate::link::exchange::Unwanted;

/// Passes an answer on, and keeps the connection if it can carry another request.
pub(super) async fn relay(
    response: Response<Incoming>,
    mut connection: Connection,
    pool: &Pool,
    reply: &mut Reply,
    record: &mut Record,
) -> Ending {
    let (head, body) = match split(response) {
        Ok(parts) => parts,
        Err(failure) => return reply.failed(failure),
    };
    record.answered(&head);
    let status = head.status;
    let mut answer = Answer {
        connection: &mut connection,
        body,
        read_bytes: 0,
        record,
    };
    let last = match answer.pass(head, reply).await {
        Ok(last) => last,
        Err(error) => return reply.failed(broken_off(error, answer.read_bytes)),
    };
    let end = AttemptEnd::Answered {
        status,
        body_bytes: answer.read_bytes,
    };
    drop(answer);
    if let Some(connection) = connection.recycle().await {
        pool.put(connection);
    }
    reply.ended(end, last)
}

/// The body of an answer and the connection it comes over.
struct Answer<'a> {
    connection: &'a mut Connection,
    body: Incoming,
    read_bytes: u64,
    record: &'a mut Record,
}

/// The beginning of a body: what goes with the head, what did not fit, whether it is all.
#[derive(Debug, Default)]
struct Beginning {
    first: Bytes,
    /// Further pieces, behind the first.
    more: Vec<u8>,
    rest: Bytes,
    is_all: bool,
}

impl Beginning {
    /// Adds a piece. Several small ones become one: they are rare, and a copy costs less than a
    /// message.
    fn push(&mut self, mut piece: Bytes) {
        let room = CHUNK_BYTES - self.first.len() - self.more.len();
        let fitting = piece.split_to(piece.len().min(room));
        if self.first.is_empty() {
            self.first = fitting;
        } else {
            self.more.extend_from_slice(&fitting);
        }
        self.rest = piece;
    }

    /// Nothing follows.
    fn whole(self) -> Self {
        Self {
            is_all: true,
            ..self
        }
    }

    /// What goes with the head.
    fn take_first(&mut self) -> Bytes {
        match self.more.is_empty() {
            true => std::mem::take(&mut self.first),
            false => [&self.first[..], &self.more].concat().into(),
        }
    }
}

/// Why an answer is not sent to its end.
enum Interrupted {
    Unwanted,
    BrokenOff(hyper::Error),
}

impl Answer<'_> {
    /// Sends all but the last message, and gives that back.
    async fn pass(
        &mut self,
        head: kreel_wire::Response,
        reply: &mut Reply,
    ) -> Result<Option<ToRelay>, hyper::Error> {
        match self.pass_wanted(head, reply).await {
            Ok(last) => Ok(last),
            Err(Interrupted::BrokenOff(error)) => Err(error),
            Err(Interrupted::Unwanted) => {
                match Box::pin(timeout(UNWANTED, self.read_off())).await {
                    Ok(Err(error)) => Err(error),
                    // Whether it has ended or is given up: the app has answered.
                    Ok(Ok(())) | Err(_) => Ok(None),
                }
            }
        }
    }

    async fn pass_wanted(
        &mut self,
        head: kreel_wire::Response,
        reply: &mut Reply,
    ) -> Result<Option<ToRelay>, Interrupted> {
        if !reply.is_wanted() {
            return Err(Interrupted::Unwanted);
        }
        let mut beginning = self.beginning().await?;
        let answer = reply.answer(head, beginning.take_first(), beginning.is_all);
        if beginning.is_all {
            return Ok(answer);
        }
        Box::pin(self.pass_rest(answer, beginning.rest, reply)).await
    }

    /// Sends the head, and then all that there is to come.
    async fn pass_rest(
        &mut self,
        answer: Option<ToRelay>,
        rest: Bytes,
        reply: &mut Reply,
    ) -> Result<Option<ToRelay>, Interrupted> {
        self.connection.with(reply.put(answer)).await;
        self.pass_body(rest, reply).await
    }

    /// What is here of the body without waiting; all of it if it is known to be small.
    async fn beginning(&mut self) -> Result<Beginning, hyper::Error> {
        let length = self.body.size_hint().exact();
        let is_small = length.is_some_and(|bytes| bytes <= CHUNK_BYTES as u64);
        let mut beginning = Beginning::default();
        while beginning.rest.is_empty() {
            match self.piece_at_hand().await? {
                None if is_small => match self.piece().await? {
                    Some(piece) => beginning.push(piece),
                    None => return Ok(beginning.whole()),
                },
                None => break,
                Some(Some(piece)) => beginning.push(piece),
                Some(None) => return Ok(beginning.whole()),
            }
        }
        Ok(beginning)
    }

    /// Sends the body on, beginning with `rest`. Looks one piece ahead where it can without
    /// waiting, so that the last one says that it is the last.
    async fn pass_body(
        &mut self,
        rest: Bytes,
        reply: &mut Reply,
    ) -> Result<Option<ToRelay>, Interrupted> {
        let mut piece = match rest.is_empty() {
            true => self.wanted_piece(reply).await?,
            false => Some(rest),
        };
        while let Some(current) = piece {
            let following = self.piece_at_hand().await?;
            let is_last = matches!(following, Some(None));
            let last = self.send(current, is_last, reply).await?;
            if is_last {
                return Ok(last);
            }
            piece = match following {
                Some(next) => next,
                None => self.wanted_piece(reply).await?,
            };
        }
        self.send(Bytes::new(), true, reply).await
    }

    /// Sends one piece in as many messages as chunks and credit demand; if it is the last, the
    /// last message is given back instead.
    async fn send(
        &mut self,
        mut piece: Bytes,
        is_last: bool,
        reply: &mut Reply,
    ) -> Result<Option<ToRelay>, Interrupted> {
        loop {
            let wanted = piece.len().min(CHUNK_BYTES);
            let taken = self.connection.with(reply.take_credit(wanted)).await?;
            let data = piece.split_to(taken);
            let end = is_last && piece.is_empty();
            let message = reply.piece(data, end);
            if end {
                return Ok(message);
            }
            self.connection.with(reply.put_piece(message)).await;
            if piece.is_empty() {
                return Ok(None);
            }
        }
    }

    /// The next piece, unless the sender leaves before it comes.
    async fn wanted_piece(&mut self, reply: &Reply) -> Result<Option<Bytes>, Interrupted> {
        let next = tokio::select! {
            biased;
            piece = self.connection.piece(&mut self.body) => piece?,
            () = reply.unwanted() => return Err(Interrupted::Unwanted),
        };
        Ok(self.count(next))
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        let next = self.connection.piece(&mut self.body).await?;
        Ok(self.count(next))
    }

    /// The next piece if it is here, and whether it is the end.
    async fn piece_at_hand(&mut self) -> Result<Option<Option<Bytes>>, hyper::Error> {
        if self.body.is_end_stream() {
            return Ok(Some(None));
        }
        match self.connection.piece_at_hand(&mut self.body).await {
            Some(next) => next.map(|next| Some(self.count(next))),
            None => {
                self.connection.expect_more();
                Ok(None)
            }
        }
    }

    fn count(&mut self, piece: Option<Bytes>) -> Option<Bytes> {
        if let Some(piece) = &piece {
            self.read_bytes += piece.len() as u64;
            self.record.piece(piece);
        }
        piece
    }

    /// Reads what nobody wants, up to a bound.
    async fn read_off(&mut self) -> Result<(), hyper::Error> {
        let bound = self.read_bytes + UNWANTED_BYTES;
        while self.read_bytes < bound && self.piece().await?.is_some() {}
        Ok(())
    }
}

impl From<hyper::Error> for Interrupted {
    fn from(error: hyper::Error) -> Self {
        Self::BrokenOff(error)
    }
}

impl From<Unwanted> for Interrupted {
    fn from(_: Unwanted) -> Self {
        Self::Unwanted
    }
}

/// The head as it travels, and the body.
fn split(response: Response<Incoming>) -> Result<(kreel_wire::Response, Incoming), Failure> {
    let (parts, body) = response.into_parts();
    Ok((head(&parts)?, body))
}

fn head(parts: &response::Parts) -> Result<kreel_wire::Response, Failure> {
    let garbled = |cause: &str| Failure::Garbled {
        cause: cause.to_owned(),
    };
    if parts.status.is_informational() {
        return Err(garbled("it switched to another protocol unasked"));
    }
    let reason = parts.extensions.get::<ReasonPhrase>();
    let reason = reason.map(|reason| Bytes::copy_from_slice(reason.as_bytes()));
    if reason
        .as_ref()
        .is_some_and(|reason| reason.len() > TEXT_BYTES)
    {
        return Err(garbled("its reason phrase is too long"));
    }
    Ok(kreel_wire::Response {
        status: parts.status.as_u16(),
        reason,
        headers: answer_headers(&parts.headers),
    })
}

/// What it means that a body ended in an error.
fn broken_off(error: hyper::Error, after_bytes: u64) -> Failure {
    let source = std::error::Error::source(&error);
    let kind = source
        .and_then(|source| source.downcast_ref::<io::Error>())
        .map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Failure::Garbled {
            cause: with_causes(&error),
        },
        _ => Failure::DiedMidAnswer { after_bytes },
    }
}
