//! The detail: all of one delivery, and how far into it the user has looked.

use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use kreel_client::{KeptAttempt, Row, Whole};
use kreel_inspect::document::{Cursor, Document, Kind};
use kreel_inspect::why::Why;

use crate::app::sheet::OpenSheet;
use crate::desk::Picture;
use crate::lens::Of;
use crate::limits::{AT_ONCE_BYTES, BEGINNING_BYTES};

/// All of one delivery, as it is shown.
#[derive(Debug)]
pub(crate) struct Pane {
    /// What was selected.
    pub(crate) of: Of,
    /// The delivery; 0 if there is none of what was selected.
    pub(crate) number: i64,
    pub(crate) whole: Option<Arc<Whole>>,
    /// It is not in the history any more.
    pub(crate) is_gone: bool,
    /// Why it, or the rest of its body, could not be read.
    pub(crate) unread: Option<String>,
    pub(crate) body: Option<Body>,
    /// Which attempt is shown; the last one if none is chosen.
    pub(crate) attempt: Option<usize>,
    pub(crate) answer: Option<Answer>,
    /// Why the shown attempt went wrong.
    pub(crate) why: Option<Why>,
    /// How far the tabs without a cursor are scrolled: headers, timing.
    pub(crate) scrolled: [usize; 2],
    /// What the lens makes of it.
    pub(crate) sheet: OpenSheet,
    /// Ports on which something listens here, if the app could not be reached.
    pub(crate) listening: Vec<u16>,
}

/// A body, as far as it is here.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) document: Document,
    pub(crate) cursor: Cursor,
    pub(crate) raw: Document,
    pub(crate) raw_cursor: Cursor,
    pub(crate) sha256: Option<String>,
    pub(crate) extent: Extent,
    /// It was not all here when it was read.
    pub(crate) was_arriving: bool,
    pub(crate) picture: Option<Picture>,
}

impl Body {
    /// Lets go of all but the beginning of a large one, before it is read again: there is not room
    /// for two.
    fn shorten(&mut self, whole: &Whole) {
        let body = self.document.body();
        if body.len() as u64 <= AT_ONCE_BYTES {
            return;
        }
        let first = Bytes::copy_from_slice(&body[..BEGINNING_BYTES]);
        let headers = &whole.delivery.headers;
        self.extent = Extent::Reading {
            read_bytes: first.len() as u64,
            total_bytes: whole.row.summary.size_bytes.unwrap_or(0),
        };
        self.document = Document::beginning(self.document.kind(), headers, first.clone());
        self.raw = Document::raw(first);
        self.sha256 = None;
    }
}

/// How much of a body is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// This much so far, and the rest is being read.
    Reading { read_bytes: u64, total_bytes: u64 },
    /// The beginning, and no more: it is too large to be shown, or never came.
    Beginning { read_bytes: u64, total_bytes: u64 },
}

/// The answer of an attempt.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) attempt: u32,
    pub(crate) document: Document,
    pub(crate) cursor: Cursor,
    /// It, if it is an image.
    pub(crate) picture: Option<Picture>,
}

/// The tabs of a detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Body,
    Headers,
    Answer,
    Timing,
    Raw,
    /// What a lens makes of it, if there is one.
    More,
}

impl Tab {
    pub(crate) const ALL: [Self; 6] = [
        Self::Body,
        Self::Headers,
        Self::Answer,
        Self::Timing,
        Self::Raw,
        Self::More,
    ];

    /// Where the place of this tab among those that are only scrolled is.
    pub(crate) fn scroll(self) -> Option<usize> {
        match self {
            Self::Headers => Some(0),
            Self::Timing => Some(1),
            Self::Body | Self::Answer | Self::Raw | Self::More => None,
        }
    }
}

impl Pane {
    /// Of what is selected, with the number of its delivery, if it has one.
    pub(crate) fn new(of: Of, number: Option<i64>) -> Self {
        Self {
            of,
            number: number.unwrap_or(0),
            whole: None,
            is_gone: false,
            unread: None,
            body: None,
            attempt: None,
            answer: None,
            why: None,
            scrolled: [0; 2],
            sheet: OpenSheet::default(),
            listening: Vec::new(),
        }
    }

    /// Lets go of it. What is large is taken apart elsewhere: that takes longer than a frame.
    pub(crate) fn let_go(self) {
        let body = self.body.as_ref();
        if body.is_some_and(|body| body.document.memory_bytes() as u64 > AT_ONCE_BYTES) {
            // If no thread can be had, it is done here.
            let _ = thread::Builder::new().spawn(move || drop(self));
        }
    }

    /// The attempt that is shown.
    pub(crate) fn shown_attempt(&self) -> Option<&KeptAttempt> {
        let attempts = &self.whole.as_ref()?.attempts;
        match self.attempt {
            Some(index) => attempts.get(index),
            None => attempts.last(),
        }
    }

    /// Shows another attempt, so many further on.
    /// Whether its answer is here.
    pub(crate) fn turn_attempts(&mut self, by: i64) -> bool {
        let count = self.whole.as_ref().map_or(0, |whole| whole.attempts.len());
        let Some(last) = count.checked_sub(1) else {
            return true;
        };
        let shown = self.attempt.unwrap_or(last);
        let next = shown.saturating_add_signed(by as isize).min(last);
        // With the last one shown, those to come are shown too.
        self.attempt = (next != last).then_some(next);
        self.prepare_answer();
        let shown = self.shown_attempt();
        shown.is_none_or(|it| it.answer.is_some() || it.answer_bytes.is_none())
    }

    /// The number of the attempt that is shown, if it was chosen.
    pub(crate) fn chosen_attempt(&self) -> Option<u32> {
        self.attempt?;
        self.shown_attempt().map(|attempt| attempt.number)
    }

    /// Whether the body was still arriving when it was read, and is not any more. Then it is to be
    /// read again, which is said once.
    pub(crate) fn lacks_body(&mut self, row: &Row) -> bool {
        let Some(body) = self.body.as_mut().filter(|_| row.is_complete) else {
            return false;
        };
        let is_lacking = std::mem::take(&mut body.was_arriving);
        if let Some(whole) = self.whole.as_ref().filter(|_| is_lacking) {
            body.shorten(whole);
        }
        is_lacking
    }

    /// Takes in a delivery as it is in the history now.
    pub(crate) fn show(&mut self, whole: Arc<Whole>) {
        self.whole = Some(whole);
        self.prepare_answer();
    }

    /// Takes in a body, or more of it: what the user has done in it so far stays.
    pub(crate) fn show_body(&mut self, mut body: Body) {
        if let Some(before) = self.body.take() {
            body.cursor = before.cursor;
            body.raw_cursor = before.raw_cursor;
        }
        self.body = Some(body);
    }

    /// Why what this tab shows is not here.
    pub(crate) fn unread_in(&self, tab: Tab) -> Option<&str> {
        let is_missing = match tab {
            Tab::Body | Tab::Raw => {
                let body = self.body.as_ref();
                body.is_none_or(|body| matches!(body.extent, Extent::Reading { .. }))
            }
            Tab::Headers | Tab::Answer | Tab::Timing => self.whole.is_none(),
            Tab::More => false,
        };
        self.unread.as_deref().filter(|_| is_missing)
    }

    /// What the keys move in, if this tab has a cursor.
    pub(crate) fn cursor(&mut self, tab: Tab) -> Option<(&Document, &mut Cursor)> {
        match tab {
            Tab::Body => self
                .body
                .as_mut()
                .map(|body| (&body.document, &mut body.cursor)),
            Tab::Raw => self
                .body
                .as_mut()
                .map(|body| (&body.raw, &mut body.raw_cursor)),
            Tab::Answer => {
                let answer = self.answer.as_mut();
                answer.map(|answer| (&answer.document, &mut answer.cursor))
            }
            Tab::Headers | Tab::Timing | Tab::More => None,
        }
    }

    /// The answers kept are small: they are made ready at once, as far as they don't unpack to much.
    fn prepare_answer(&mut self) {
        let Some(attempt) = self.shown_attempt() else {
            self.answer = None;
            return;
        };
        let number = attempt.number;
        if self
            .answer
            .as_ref()
            .is_some_and(|answer| answer.attempt == number)
        {
            return;
        }
        self.answer = attempt.answer.as_ref().map(|(headers, body)| {
            let kind = Kind::of(headers, body);
            let bytes = body.len() as u64;
            let is_whole = attempt.answer_bytes.is_none_or(|all| all == bytes);
            let is_image = matches!(kind, Kind::Image(_)) && is_whole;
            Answer {
                picture: is_image.then(|| Picture::new(body.clone())),
                attempt: number,
                document: Document::at_once(kind, headers, body.clone()),
                cursor: Cursor::default(),
            }
        });
    }
}

#[cfg(test)]
mod tests;
