//! Text compared line by line, with what differs within a line marked.

use std::time::Instant;

use similar::{Algorithm, ChangeTag, TextDiff};

use super::preview::shown;
use super::{DiffLine, Sign, Span};
use crate::inert::inert;
use crate::limits;

/// Up to how many bytes in all words are marked: beyond, the lines alone take the time.
const MARKED_BYTES: usize = 1024 * 1024;

/// How much of what is the same is kept around marks in a long line.
const AROUND_BYTES: usize = 80;

/// The lines of two texts, all of them.
pub(super) fn lines(left: &str, right: &str, deadline: Instant) -> Vec<DiffLine> {
    let mut config = TextDiff::configure();
    let diff = config
        .algorithm(Algorithm::Myers)
        .deadline(deadline)
        .diff_lines(left, right);
    let end = if ends_in_crlf(left) && ends_in_crlf(right) {
        "\r\n"
    } else {
        "\n"
    };
    if left.len() + right.len() > MARKED_BYTES {
        let changes = diff.iter_all_changes();
        let plain = changes.map(|change| line(change.tag(), vec![(false, change.value())], end));
        return plain.collect();
    }
    let changes = diff.iter_all_inline_changes_deadline(Some(deadline));
    changes
        .map(|change| line(change.tag(), change.values().to_vec(), end))
        .collect()
}

/// Whether each line ends like that, so that it need not be shown.
fn ends_in_crlf(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut ends = memchr::memchr_iter(b'\n', bytes);
    ends.all(|at| at > 0 && bytes[at - 1] == b'\r')
}

fn line(tag: ChangeTag, pieces: Vec<(bool, &str)>, end: &str) -> DiffLine {
    let sign = match tag {
        ChangeTag::Equal => Sign::Same,
        ChangeTag::Delete => Sign::Removed,
        ChangeTag::Insert => Sign::Added,
    };
    let is_long = pieces.iter().map(|(_, text)| text.len()).sum::<usize>() > limits::SHOWN_BYTES;
    let (count, mut spans, mut size) = (pieces.len(), Vec::new(), 0);
    for (at, (is_marked, text)) in pieces.into_iter().enumerate() {
        let text = if at + 1 == count {
            text.strip_suffix(end).unwrap_or(text)
        } else {
            text
        };
        let text = match (is_long, is_marked || count == 1) {
            (true, false) => shortened(text, at > 0, at + 1 < count),
            (true, true) => shown(text),
            (false, _) => inert(text).into_owned(),
        };
        size += text.len();
        spans.push(Span { text, is_marked });
        if size > 2 * limits::SHOWN_BYTES {
            spans.push(Span {
                text: "…".to_owned(),
                is_marked: false,
            });
            break;
        }
    }
    DiffLine { sign, spans }
}

/// The ends of what is the same, where there is something beside it.
fn shortened(text: &str, before: bool, after: bool) -> String {
    if text.len() <= 2 * AROUND_BYTES {
        return inert(text).into_owned();
    }
    let head = &text[..text.floor_char_boundary(AROUND_BYTES)];
    let tail = &text[text.ceil_char_boundary(text.len() - AROUND_BYTES)..];
    match (before, after) {
        (true, true) => format!("{}…{}", inert(head), inert(tail)),
        (false, true) => format!("…{}", inert(tail)),
        _ => format!("{}…", inert(head)),
    }
}
