//! Text to be found in other text: without regard to case, `*` standing for anything.

use std::fmt;

use super::quote::quoted;

/// Such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// What stands between the stars, in lower case.
    pieces: Vec<String>,
    is_whole: bool,
}

impl Pattern {
    /// Found anywhere in a text.
    pub(super) fn within(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            pieces: text.split('*').map(str::to_lowercase).collect(),
            is_whole: false,
        }
    }

    /// Found if it is all of a text.
    pub(super) fn whole(text: &str) -> Self {
        Self {
            is_whole: true,
            ..Self::within(text)
        }
    }

    /// Whether it must be all of a text.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is found in this text.
    pub fn is_found_in(&self, text: &str) -> bool {
        self.is_in(text.as_bytes())
    }

    /// Whether it is found there.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        let lower;
        let text = match self.pieces.iter().all(|piece| piece.is_ascii()) {
            true => text,
            // Bytes that are not text are not what is looked for.
            false => {
                lower = String::from_utf8_lossy(text).to_lowercase();
                lower.as_bytes()
            }
        };
        let (first, rest) = match self.pieces.split_first() {
            Some(parts) => parts,
            None => return true,
        };
        if !self.is_whole {
            return find_all(&self.pieces, text).is_some();
        }
        let (Some(behind), Some((last, between))) = (begins(text, first), rest.split_last()) else {
            return begins(text, first).is_some_and(<[u8]>::is_empty);
        };
        find_all(between, behind).is_some_and(|left| ends(left, last))
    }
}

/// What is left behind the pieces, one after the other.
fn find_all<'a>(pieces: &[String], text: &'a [u8]) -> Option<&'a [u8]> {
    let mut left = text;
    for piece in pieces {
        let at = find(left, piece.as_bytes())?;
        left = &left[at + piece.len()..];
    }
    Some(left)
}

/// Where a text in lower case begins, ASCII compared without case.
fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    let Some(&first) = piece.first() else {
        return Some(0);
    };
    let last = text.len().checked_sub(piece.len())?;
    let upper = first.to_ascii_uppercase();
    memchr::memchr2_iter(first, upper, &text[..=last])
        .find(|at| text[*at..*at + piece.len()].eq_ignore_ascii_case(piece))
}

fn begins<'a>(text: &'a [u8], piece: &str) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(piece.len())?;
    head.eq_ignore_ascii_case(piece.as_bytes()).then_some(rest)
}

fn ends(text: &[u8], piece: &str) -> bool {
    let at = text.len().checked_sub(piece.len());
    at.is_some_and(|at| text[at..].eq_ignore_ascii_case(piece.as_bytes()))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything_and_case_does_not_matter() {
        for (pattern, text, is_found) in [
            ("/hook", "/api/HOOK?x=1", true),
            ("/a*c", "/a/b/c/d", true),
            ("/c*a", "/a/b/c", false),
            ("", "", true),
            ("*", "", true),
            ("x", "", false),
            ("grüße", "VIELE GRÜSSE UND GRÜßE", true),
            ("aa*a", "aa", false),
        ] {
            let found = Pattern::within(pattern).is_in(text.as_bytes());
            assert_eq!(found, is_found, "{pattern} in {text}");
        }
        for (pattern, text, is_found) in [
            ("/hook", "/HOOK", true),
            ("/hook", "/hook/x", false),
            ("/hook*", "/hook/x", true),
            ("*x", "/hook/x", true),
            ("/h*k*x", "/hook/x", true),
            ("/h*h", "/h", false),
            ("my-app", "my-app", true),
        ] {
            let found = Pattern::whole(pattern).is_in(text.as_bytes());
            assert_eq!(found, is_found, "{pattern} is {text}");
        }
    }
}
