//! The header lines after a chunked body (RFC 9112, section 7.1.2).

use super::field::Field;
use super::section::LINE_END;
use super::{FramingLimits, Refusal};

/// The trailers so far. Lines come one at a time, each without its line end.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    /// Bytes of the lines so far, with their line ends.
    pub(super) bytes: usize,
    lines: usize,
}

/// Fields that say how to frame or route a message, which after it is too late (RFC 9110,
/// section 6.5.1). A reader that merged them into the head would be misled.
const HEAD_ONLY: [&str; 3] = ["content-length", "transfer-encoding", "host"];

impl Trailers {
    /// Takes a line; returns whether it was the last.
    pub(super) fn take(&mut self, line: &[u8], limits: &FramingLimits) -> Result<bool, Refusal> {
        self.bytes += line.len() + LINE_END.len();
        if line.is_empty() {
            return Ok(true);
        }
        self.lines += 1;
        if self.lines > limits.max_header_lines {
            let limit = limits.max_header_lines;
            return Err(Refusal::TooManyTrailers { limit });
        }
        let field = Field::parse(line)?;
        if HEAD_ONLY.iter().any(|name| field.is(name)) {
            return Err(Refusal::Trailer);
        }
        Ok(false)
    }
}
