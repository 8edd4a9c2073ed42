//! Text from strangers, made safe to show: nothing in it moves the cursor, changes colours,
//! turns the direction of writing, or hides.
//!
//! What could is shown as the code point it is, `\u{202e}`; bytes that are not UTF-8 as `\xff`.
//! Nothing is dropped. For screens, lines and logs alike.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text that may be shown as it is, on one line.
pub fn inert(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_inert) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    push(text, &mut shown);
    Cow::Owned(shown)
}

/// The same for bytes that need not be text.
pub fn inert_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(utf8) = std::str::from_utf8(bytes) {
        return inert(utf8);
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        push(chunk.valid(), &mut shown);
        for byte in chunk.invalid() {
            // Writing to a string can't fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    Cow::Owned(shown)
}

/// Whether a character does nothing but be seen.
pub fn is_inert(c: char) -> bool {
    !is_control(c) && !is_bidi(c) && !is_invisible(c)
}

fn push(text: &str, shown: &mut String) {
    for c in text.chars() {
        if is_inert(c) {
            shown.push(c);
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

/// C0, DEL and C1, which terminals obey; the line and paragraph separators with them.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Marks, embeddings, overrides and isolates of writing direction (UAX #9, section 2).
fn is_bidi(c: char) -> bool {
    matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Characters without width or shape, by which two texts look the same and are not: joiners,
/// fillers, variation selectors, tags, what is not assigned to be seen. And the modifiers of skin,
/// which some terminals draw into the sign before and some beside it: columns would not stay in line.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}'
            | '\u{034f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_what_it_is() {
        for (raw, shown) in [
            ("\x1b[2J", "\\u{1b}[2J"),
            ("a\rb\nc\td\0", "a\\u{d}b\\u{a}c\\u{9}d\\u{0}"),
            ("\x7f", "\\u{7f}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
            ("\u{2067}x\u{2069}", "\\u{2067}x\\u{2069}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("x\u{e0041}", "x\\u{e0041}"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("👍\u{1f3fd}", "👍\\u{1f3fd}"),
        ] {
            assert_eq!(inert(raw), shown);
        }
    }

    #[test]
    fn what_only_looks_strange_stays() {
        for fine in ["", "plain", "Grüße", "日本語", "🦀", "e\u{301}", "שלום"] {
            assert!(matches!(inert(fine), Cow::Borrowed(same) if same == fine));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_all_visible() {
        assert_eq!(inert_bytes(b"a\xff\xc3(\x1b"), "a\\xff\\xc3(\\u{1b}");
        assert_eq!(inert_bytes("é".as_bytes()), "é");
        assert_eq!(inert_bytes(b"\xe2\x80"), "\\xe2\\x80");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            let shown = inert_bytes(&raw);
            prop_assert!(shown.chars().all(is_inert));
            prop_assert!(shown.len() >= raw.len());
        }
    }
}
