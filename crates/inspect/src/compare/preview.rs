//! Values as they are shown: inert, and no longer than a screen.

use crate::inert::{inert, inert_bytes};
use crate::limits::SHOWN_BYTES;

/// How much of what is the same stands in front of a difference far inside a text.
const BEFORE_BYTES: usize = 60;

/// The beginning of a text.
pub(super) fn shown(text: &str) -> String {
    let kept = beginning(text, SHOWN_BYTES);
    let mut shown = inert(kept).into_owned();
    if kept.len() < text.len() {
        shown.push_str(&format!("… ({} bytes)", text.len()));
    }
    shown
}

/// The beginning of bytes that need not be text.
pub(super) fn shown_bytes(bytes: &[u8]) -> String {
    let kept = bytes.get(..SHOWN_BYTES).unwrap_or(bytes);
    let mut shown = inert_bytes(kept).into_owned();
    if kept.len() < bytes.len() {
        shown.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    shown
}

/// Two texts that differ, from a little before where they do.
pub(super) fn shown_pair(left: &str, right: &str) -> (String, String) {
    if left.len().max(right.len()) <= SHOWN_BYTES {
        return (inert(left).into_owned(), inert(right).into_owned());
    }
    let pairs = left.char_indices().zip(right.chars());
    let same = pairs.take_while(|((_, left), right)| left == right).last();
    let same = same.map_or(0, |((at, c), _)| at + c.len_utf8());
    let start = beginning(left, same.saturating_sub(BEFORE_BYTES)).len();
    let from = |text: &str| {
        let front = if start > 0 { "…" } else { "" };
        format!("{front}{}", shown(&text[start..]))
    };
    (from(left), from(right))
}

/// At most this many bytes, without half a character.
fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_far_inside_is_shown() {
        let same = "é".repeat(5_000);
        let (left, right) = (format!("{same}left"), format!("{same}right"));
        let (from, to) = shown_pair(&left, &right);
        assert!(from.starts_with("…é") && from.ends_with("éleft"), "{from}");
        assert!(to.starts_with("…é") && to.ends_with("éright"), "{to}");
        let (long, longer) = (format!("a{same}"), format!("b{same}"));
        let (from, _) = shown_pair(&long, &longer);
        assert!(
            from.starts_with("aé") && from.ends_with("… (10001 bytes)"),
            "{from}"
        );
        assert_eq!(shown("a\x1b"), "a\\u{1b}");
        assert_eq!(shown_bytes(b"\xff"), "\\xff");
    }
}
