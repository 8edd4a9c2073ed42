//! The head of an answer: what its lines say of what follows.

use super::lines::{field, is_text, length};
use super::{Fault, State};

/// The head so far.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Whether the request was `HEAD`, whose answer has no body.
    to_head: bool,
    status: Option<u16>,
    is_11: bool,
    length: Option<u64>,
    is_chunked: bool,
}

impl Head {
    pub(super) fn new(to_head: bool) -> Self {
        Self {
            to_head,
            ..Self::default()
        }
    }

    /// Takes a line; what follows once it was the last.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<Option<State>, Fault> {
        let Some(status) = self.status else {
            return self.begin(line).map(|()| None);
        };
        if line.is_empty() {
            return Ok(Some(self.follows(status)));
        }
        let (name, value) = field(line).ok_or(Fault::Field)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = length(value).ok_or(Fault::Length)?;
            if self.length.replace(length).is_some() {
                return Err(Fault::Length);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_plain = value.eq_ignore_ascii_case(b"chunked") && self.is_11;
            if !is_plain || std::mem::replace(&mut self.is_chunked, true) {
                return Err(Fault::Encoding);
            }
        }
        Ok(None)
    }

    fn begin(&mut self, line: &[u8]) -> Result<(), Fault> {
        let rest = match line {
            [
                b'H',
                b'T',
                b'T',
                b'P',
                b'/',
                b'1',
                b'.',
                minor @ (b'0' | b'1'),
                b' ',
                rest @ ..,
            ] => {
                self.is_11 = *minor == b'1';
                rest
            }
            _ => return Err(Fault::StatusLine),
        };
        let (digits, reason) = rest.split_at_checked(3).ok_or(Fault::StatusLine)?;
        let status = length(digits).and_then(|status| u16::try_from(status).ok());
        let has_end = matches!(reason, [] | [b' ', ..]) && is_text(reason);
        self.status = status.filter(|status| *status >= 100 && has_end);
        self.status.map(drop).ok_or(Fault::StatusLine)
    }

    /// RFC 9112, section 6.3.
    fn follows(&self, status: u16) -> State {
        match (status, self.length) {
            (101, _) => State::Rest,
            (100..200, _) => State::Head(Self::new(self.to_head)),
            (204 | 304, _) => State::Nothing,
            _ if self.to_head => State::Nothing,
            _ if self.is_chunked => State::ChunkSize,
            (_, Some(0)) => State::Nothing,
            (_, Some(length)) => State::Body(length),
            (_, None) => State::Rest,
        }
    }
}
