//! What is kept of an attempt for the history, gathered on its way.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use kreel_wire::{Headers, HeadersBuilder, Response};

use super::order::Order;
use crate::history::{Changed, StoredAnswer, StoredAttempt};
use crate::limits::ANSWER_KEPT_BYTES;
use crate::{AttemptEnd, Timings};

/// An attempt's record while it goes on.
#[derive(Debug)]
pub(crate) struct Record {
    attempt: u32,
    began_at_us: u64,
    request: Option<(String, Headers)>,
    answer: Option<Response>,
    /// The beginning of the answer's body: one piece, or what several were joined to.
    first: Bytes,
    more: BytesMut,
    /// What is special about the request of a replay.
    replays: Option<Changed>,
    /// Why the app was not to have it.
    withheld: Option<Arc<str>>,
}

impl Record {
    pub(super) fn begin(attempt: u32) -> Self {
        Self {
            attempt,
            began_at_us: now_us(),
            request: None,
            answer: None,
            first: Bytes::new(),
            more: BytesMut::new(),
            replays: None,
            withheld: None,
        }
    }

    /// The user asked for it, and this is what is not as in the delivery.
    pub(super) fn replays(&mut self, changed: Changed) {
        self.replays = Some(changed);
    }

    /// The app is not to have it, for this reason.
    pub(super) fn withheld(&mut self, why: Arc<str>) {
        self.withheld = Some(why);
    }

    /// The request that is sent.
    pub(super) fn sent(&mut self, url: String, headers: &HeaderMap, order: Option<&Order>) {
        let mut lines = HeadersBuilder::with_capacity(headers.len());
        let mut push = |(name, value): (&HeaderName, &HeaderValue)| {
            lines.push(name.as_str().as_bytes(), value.as_bytes());
        };
        match order {
            None => headers.iter().for_each(&mut push),
            Some(order) => order.lines(headers).for_each(&mut push),
        }
        self.request = Some((url, lines.build()));
    }

    /// The head of an answer came.
    pub(super) fn answered(&mut self, head: &Response) {
        self.answer = Some(head.clone());
    }

    /// A piece of its body came.
    pub(super) fn piece(&mut self, piece: &Bytes) {
        if self.first.is_empty() && self.more.is_empty() {
            let kept = &piece[..piece.len().min(ANSWER_KEPT_BYTES)];
            // A small one is copied: a slice would keep the whole buffer it was read into.
            self.first = match kept.len() {
                ..SMALL_BYTES => Bytes::copy_from_slice(kept),
                _ => piece.slice_ref(kept),
            };
            return;
        }
        if self.more.is_empty() {
            self.more
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        let room = ANSWER_KEPT_BYTES.saturating_sub(self.more.len());
        self.more.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// The whole record, once the attempt is over.
    pub(super) fn end(self, end: AttemptEnd, timings: Timings) -> Box<StoredAttempt> {
        let body = match self.more.is_empty() {
            true => self.first,
            false => self.more.freeze(),
        };
        Box::new(StoredAttempt {
            attempt: self.attempt,
            began_at_us: self.began_at_us,
            is_replay: self.replays.is_some(),
            request: self.request,
            changed: self.replays.unwrap_or_default(),
            withheld: self.withheld,
            end,
            answer: self.answer.map(|head| StoredAnswer { head, body }),
            timings,
        })
    }
}

/// What is cheaper copied than kept with the buffer it lies in: 8 KiB.
const SMALL_BYTES: usize = 8 * 1024;

fn now_us() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_large_answer_is_kept() {
        let mut record = Record::begin(1);
        record.answered(&Response {
            status: 200,
            reason: None,
            headers: Headers::default(),
        });
        for number in 0..5_u8 {
            record.piece(&Bytes::from(vec![number; 100_000]));
        }
        let end = AttemptEnd::Answered {
            status: 200,
            body_bytes: 500_000,
        };
        let kept = record.end(end, Timings::default()).answer.unwrap().body;
        assert_eq!(kept.len(), ANSWER_KEPT_BYTES);
        assert_eq!((kept[0], kept[150_000], kept[250_000]), (0, 1, 2));
    }
}
