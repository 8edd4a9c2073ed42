//! A strict reading of what an app answers, before hyper's: what two readers could take differently
//! (RFC 9112, sections 6.3 and 11) goes no further.
//!
//! It follows where answers begin and end, and keeps no byte but of a line that a read has cut. It
//! does no I/O.

mod head;
mod lines;

use kreel_wire::limits::HEAD_BYTES;
use thiserror::Error;

use self::head::Head;
use self::lines::{chunk_size, is_field};

/// What is wrong with what an app answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Fault {
    /// Bytes where no answer is due.
    #[error("it went on after its answer")]
    Unasked,
    /// A line ends without CR.
    #[error("a line of its answer ends in a bare LF")]
    BareLf,
    /// A line does not end.
    #[error("a line of its answer is longer than {HEAD_BYTES} bytes")]
    LongLine,
    /// The first line is no status line.
    #[error("its answer does not begin with a status line of HTTP/1")]
    StatusLine,
    /// A header line is folded, has no colon, no proper name, or a control character.
    #[error("a header line of its answer is malformed")]
    Field,
    /// `Content-Length` is no plain number, or occurs twice.
    #[error("its answer's Content-Length is not one plain number")]
    Length,
    /// `Transfer-Encoding` is something else than `chunked`, or in HTTP/1.0.
    #[error("its answer's Transfer-Encoding is not just chunked")]
    Encoding,
    /// A chunk is not what its size says.
    #[error("a chunk of its answer is malformed")]
    Chunk,
}

/// Follows the answers on a connection.
#[derive(Debug, Default)]
pub(super) struct Answers {
    state: State,
    /// The beginning of a line whose end is yet to come.
    line: Vec<u8>,
}

/// What the next byte belongs to.
#[derive(Debug, Default)]
enum State {
    /// No answer that is due.
    #[default]
    Nothing,
    /// A line of a head.
    Head(Head),
    /// A body of so many bytes.
    Body(u64),
    /// A chunk's size.
    ChunkSize,
    /// A chunk's data.
    Chunk(u64),
    /// The end of a chunk.
    ChunkEnd,
    /// What follows the last chunk.
    Trailers,
    /// A body that ends with the connection, or another protocol.
    Rest,
}

impl Answers {
    /// An answer is due from now on, to a request of this kind.
    pub(super) fn expect(&mut self, to_head: bool) {
        self.state = State::Head(Head::new(to_head));
        self.line.clear();
    }

    /// Takes the bytes that come next: how many of them may be read, and what is wrong with the one
    /// behind.
    pub(super) fn advance(&mut self, run: &[u8]) -> (usize, Option<Fault>) {
        let mut at = 0;
        while at < run.len() {
            match self.step(&run[at..]) {
                Ok(used) => at += used,
                Err(fault) => return (at, Some(fault)),
            }
        }
        (at, None)
    }

    fn step(&mut self, run: &[u8]) -> Result<usize, Fault> {
        let taken = |left: &mut u64| {
            let used = usize::try_from(*left).map_or(run.len(), |left| left.min(run.len()));
            *left -= used as u64;
            used
        };
        match &mut self.state {
            State::Nothing => Err(Fault::Unasked),
            State::Rest => Ok(run.len()),
            State::Body(left) => {
                let used = taken(left);
                if *left == 0 {
                    self.state = State::Nothing;
                }
                Ok(used)
            }
            State::Chunk(left) => {
                let used = taken(left);
                if *left == 0 {
                    self.state = State::ChunkEnd;
                }
                Ok(used)
            }
            State::Head(_) | State::ChunkSize | State::ChunkEnd | State::Trailers => {
                self.take_line(run)
            }
        }
    }

    /// Takes a line, or what there is of one.
    fn take_line(&mut self, run: &[u8]) -> Result<usize, Fault> {
        let end = memchr::memchr(b'\n', run);
        let used = end.map_or(run.len(), |end| end + 1);
        if self.line.len() + used > HEAD_BYTES {
            return Err(Fault::LongLine);
        }
        if end.is_none() {
            self.line.extend_from_slice(run);
            return Ok(used);
        }
        let whole;
        let line = match self.line.is_empty() {
            true => &run[..used],
            false => {
                self.line.extend_from_slice(&run[..used]);
                whole = std::mem::take(&mut self.line);
                &whole
            }
        };
        let line = line.strip_suffix(b"\r\n").ok_or(Fault::BareLf)?;
        let state = std::mem::take(&mut self.state);
        self.state = state.after(line)?;
        Ok(used)
    }
}

impl State {
    /// What comes after this line.
    fn after(self, line: &[u8]) -> Result<Self, Fault> {
        Ok(match self {
            Self::Head(mut head) => match head.take(line)? {
                Some(next) => next,
                None => Self::Head(head),
            },
            Self::ChunkSize => match chunk_size(line).ok_or(Fault::Chunk)? {
                0 => Self::Trailers,
                size => Self::Chunk(size),
            },
            Self::ChunkEnd if line.is_empty() => Self::ChunkSize,
            Self::Trailers if line.is_empty() => Self::Nothing,
            Self::Trailers if is_field(line) => Self::Trailers,
            Self::Trailers => return Err(Fault::Field),
            _ => return Err(Fault::Chunk),
        })
    }
}

#[cfg(test)]
mod tests;
