//! The parts of a message that come in lines, and which part follows which.

use memchr::memchr;

use super::chunk::{CHUNK_LINE_BYTES, parse_chunk_size};
use super::cut::CutLine;
use super::head::{Follows, Head};
use super::order::Names;
use super::trailers::Trailers;
use super::{FramingLimits, Refusal, State};

/// A part that comes in lines.
#[derive(Debug)]
pub(super) enum Section {
    /// A head.
    Head(Head),
    /// The line before a chunk's data.
    ChunkSize,
    /// The line end after a chunk's data.
    ChunkEnd,
    /// What follows the last chunk.
    Trailers(Trailers),
}

/// How every line ends, and nothing else does.
pub(super) const LINE_END: &[u8] = b"\r\n";

impl Section {
    /// A head of which nothing has come yet.
    pub(super) fn new_head() -> Self {
        Self::Head(Head::default())
    }

    /// What follows a body of known length, or a chunk's data.
    pub(super) fn after_data(is_chunk: bool) -> Self {
        if is_chunk {
            Self::ChunkEnd
        } else {
            Self::new_head()
        }
    }

    /// Whether it is a head no line of which has come yet.
    pub(super) fn is_untouched_head(&self) -> bool {
        matches!(self, Self::Head(head) if head.bytes == 0)
    }

    /// Takes the next line of `rest`, or what there is of it. Returns how many bytes that were,
    /// and what follows the section if the line was its last.
    pub(super) fn advance(
        &mut self,
        cut: &mut CutLine,
        names: &mut Names,
        rest: &[u8],
        limits: &FramingLimits,
    ) -> Result<(usize, Option<State>), Refusal> {
        let end = memchr(b'\n', rest).map(|at| at + 1);
        let piece = &rest[..end.unwrap_or(rest.len())];
        if piece.len() > self.room(cut, limits) {
            return Err(self.overflow(limits));
        }
        if end.is_none() {
            cut.keep(piece);
            return Ok((piece.len(), None));
        }
        let next = self.take(cut.join(piece), names, limits)?;
        cut.clear();
        Ok((piece.len(), next))
    }

    /// How many more bytes the line at hand may have, line end included.
    pub(super) fn room(&self, cut: &CutLine, limits: &FramingLimits) -> usize {
        let room = match self {
            Self::Head(head) => limits.max_head_bytes - head.bytes,
            Self::ChunkSize => CHUNK_LINE_BYTES,
            Self::ChunkEnd => LINE_END.len(),
            Self::Trailers(trailers) => limits.max_head_bytes - trailers.bytes,
        };
        room - cut.len()
    }

    /// The refusal of a line that has more.
    fn overflow(&self, limits: &FramingLimits) -> Refusal {
        let limit = limits.max_head_bytes;
        match self {
            Self::Head(_) => Refusal::HeadTooLarge { limit },
            Self::ChunkSize => Refusal::ChunkLineTooLong {
                limit: CHUNK_LINE_BYTES,
            },
            Self::ChunkEnd => Refusal::ChunkEnd,
            Self::Trailers(_) => Refusal::TrailersTooLarge { limit },
        }
    }

    /// Takes a whole line, which ends in LF.
    fn take(
        &mut self,
        line: &[u8],
        names: &mut Names,
        limits: &FramingLimits,
    ) -> Result<Option<State>, Refusal> {
        let text = line.strip_suffix(LINE_END).ok_or(Refusal::BareLf)?;
        let next = match self {
            Self::Head(head) => {
                let follows = head.take(text, names, limits);
                follows.map(|it| it.map(State::after_head))
            }
            Self::ChunkSize => parse_chunk_size(text).map(|size| Some(State::chunk(size))),
            Self::ChunkEnd if text.is_empty() => Ok(Some(State::Lines(Self::ChunkSize))),
            Self::ChunkEnd => Err(Refusal::ChunkEnd),
            Self::Trailers(trailers) => {
                let is_last = trailers.take(text, limits);
                is_last.map(|is_last| is_last.then(|| State::Lines(Self::new_head())))
            }
        };
        // No text with a CR is ever taken, so it is enough to look for one here.
        next.map_err(|refusal| match text.contains(&b'\r') {
            true => Refusal::BareCr,
            false => refusal,
        })
    }
}

impl State {
    fn after_head(follows: Follows) -> Self {
        match follows {
            Follows::Head => Self::Lines(Section::new_head()),
            Follows::Body(left) => Self::Data {
                left,
                is_chunk: false,
            },
            Follows::Chunks => Self::Lines(Section::ChunkSize),
            Follows::Upgrade => Self::AwaitingUpgrade,
        }
    }

    /// A chunk of this size; the one of none is the last.
    fn chunk(size: u64) -> Self {
        match size {
            0 => Self::Lines(Section::Trailers(Trailers::default())),
            left => Self::Data {
                left,
                is_chunk: true,
            },
        }
    }
}
