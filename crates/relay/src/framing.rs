//! A strict reading of HTTP/1 framing, kept between a sender's socket and hyper.
//!
//! [`Framing`] follows by itself where messages begin and end, and refuses what two readers could
//! take differently (RFC 9112, section 11); [`GatedIo`] holds it in front of a socket. It keeps no
//! message: what a head says, hyper reads again, all but the order of lines that it would lose. It
//! does no I/O and reads no clock.

mod chunk;
mod cut;
mod field;
mod gate;
mod head;
mod host;
mod order;
mod refusal;
mod request_line;
mod section;
#[cfg(test)]
mod tests;
mod trailers;

use memchr::memchr;

pub(crate) use gate::{Gate, GatedIo};
pub(crate) use head::parse_length;
pub(crate) use host::is_host;
pub(crate) use order::Order;
pub(crate) use refusal::{Refusal, Refused};
pub(crate) use request_line::has_target_bytes;

use cut::CutLine;
use order::Names;
use section::Section;

/// How large a head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FramingLimits {
    /// The most bytes of a head, empty lines included; also of a body's trailers.
    pub(crate) max_head_bytes: usize,
    /// The most header lines of a head; also of a body's trailers.
    pub(crate) max_header_lines: usize,
}

/// Follows the messages in what a sender sends, however reads happen to split it.
///
/// The verdict depends on the bytes alone, never on the split. It holds at most one line: one
/// that a read has cut; and a hash of each name of the head at hand.
#[derive(Debug)]
pub(crate) struct Framing {
    limits: FramingLimits,
    state: State,
    cut: CutLine,
    names: Names,
    /// The orders of complete heads that nobody has taken yet.
    orders: Vec<(u64, Order)>,
    messages: u64,
    passable: usize,
}

/// What the next byte belongs to.
#[derive(Debug)]
enum State {
    /// A line: of a head, around a chunk, of trailers.
    Lines(Section),
    /// A body of known length, or a chunk of one.
    Data { left: u64, is_chunk: bool },
    /// Another protocol if the request for it is accepted, and otherwise nothing.
    AwaitingUpgrade,
    /// Another protocol.
    Stopped,
    /// Nothing any more.
    Refused(Refusal),
}

impl Framing {
    /// The framing of a new connection.
    pub(crate) fn new(limits: FramingLimits) -> Self {
        Self {
            limits,
            state: State::Lines(Section::new_head()),
            cut: CutLine::default(),
            names: Names::default(),
            orders: Vec::new(),
            messages: 0,
            passable: 0,
        }
    }

    /// Takes the bytes that come next. Once it has refused any, it refuses all.
    pub(crate) fn advance(&mut self, run: &[u8]) -> Result<(), Refusal> {
        // Where in this run the present message began, if it did not in an earlier one.
        let mut began = None;
        let mut at = 0;
        while at < run.len() {
            if self.is_between_messages() {
                self.messages += 1;
                began = Some(at);
            }
            match self.step(&run[at..]) {
                Ok(used) => at += used,
                Err(refusal) => {
                    let harmless = self.harmless(refusal, &run[at..]);
                    self.passable = harmless.map_or(began.unwrap_or(at), |bytes| at + bytes);
                    self.state = State::Refused(refusal);
                    return Err(refusal);
                }
            }
        }
        self.passable = run.len();
        Ok(())
    }

    /// How many bytes of the last run may be passed on.
    ///
    /// After a refusal they end before the offending message if it began in that run, and before
    /// its offending line otherwise. Of a head over a limit as much may pass as lets a reader
    /// with the same limits see that by itself; it is never a whole head.
    pub(crate) fn passable(&self) -> usize {
        self.passable
    }

    /// How many messages have begun.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    /// The orders of heads whose lines a map would put together, each with the number of its
    /// message; what was taken once is not given again.
    pub(crate) fn orders(&mut self) -> std::vec::Drain<'_, (u64, Order)> {
        self.orders.drain(..)
    }

    /// Whether the last head asked for another protocol, so that what the next byte means
    /// depends on the answer.
    pub(crate) fn is_awaiting_upgrade(&self) -> bool {
        matches!(self.state, State::AwaitingUpgrade)
    }

    /// Lets all that follows pass: it is no longer HTTP.
    pub(crate) fn stop(&mut self) {
        self.state = State::Stopped;
    }

    fn is_between_messages(&self) -> bool {
        matches!(&self.state, State::Lines(section) if section.is_untouched_head())
            && self.cut.is_empty()
    }

    /// Takes a line or a piece of one, or what there is of data; returns how many bytes.
    fn step(&mut self, rest: &[u8]) -> Result<usize, Refusal> {
        let (used, next) = match &mut self.state {
            State::Lines(section) => {
                let is_head = matches!(section, Section::Head(_));
                let (cut, names) = (&mut self.cut, &mut self.names);
                let advanced = section.advance(cut, names, rest, &self.limits)?;
                if is_head && advanced.1.is_some() {
                    let order = self.names.end();
                    self.orders
                        .extend(order.map(|order| (self.messages, order)));
                }
                advanced
            }
            State::Data { left, is_chunk } => {
                let used = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                *left -= used as u64;
                let next = (*left == 0).then(|| State::Lines(Section::after_data(*is_chunk)));
                (used, next)
            }
            State::AwaitingUpgrade => return Err(Refusal::BeforeUpgrade),
            State::Stopped => (rest.len(), None),
            State::Refused(refusal) => return Err(*refusal),
        };
        if let Some(next) = next {
            self.state = next;
        }
        Ok(used)
    }

    /// How much of `rest` may pass although it is refused, if that does not depend on where the
    /// message began.
    fn harmless(&self, refusal: Refusal, rest: &[u8]) -> Option<usize> {
        match (refusal, &self.state) {
            (Refusal::HeadTooLarge { .. }, State::Lines(section)) => {
                Some(section.room(&self.cut, &self.limits))
            }
            (Refusal::TooManyLines { .. }, _) => memchr(b'\n', rest).map(|at| at + 1),
            _ => None,
        }
    }
}
