//! What is searched for in a body: bytes, ASCII letters in either case.
//!
//! Looks for the rarest of its bytes with `memchr` and compares around it, which takes some
//! ten milliseconds over 50 MB.

use memchr::memchr2_iter;

use crate::limits::NEEDLE_BYTES;

/// Something to search for. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    lower: Box<[u8]>,
    /// Which of its bytes is looked for.
    rare: usize,
}

/// Which way a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the end, and from the start again.
    Forward,
    /// To the start, and from the end again.
    Backward,
}

impl Needle {
    /// What is searched for when this is typed; nothing if it is empty. What is longer than
    /// anyone types is cut.
    pub fn new(typed: &str) -> Option<Self> {
        let bytes = &typed.as_bytes()[..typed.floor_char_boundary(NEEDLE_BYTES)];
        let lower = bytes.to_ascii_lowercase();
        let rare = (0..lower.len()).max_by_key(|at| rarity(lower[*at]))?;
        Some(Self {
            lower: lower.into(),
            rare,
        })
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.lower.len()
    }

    /// Where it begins first.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let (one, other) = self.spellings();
        memchr2_iter(one, other, text).find_map(|at| self.starts_at(text, at))
    }

    /// Where it begins last.
    pub(super) fn rfind(&self, text: &[u8]) -> Option<usize> {
        let (one, other) = self.spellings();
        memchr2_iter(one, other, text)
            .rev()
            .find_map(|at| self.starts_at(text, at))
    }

    fn spellings(&self) -> (u8, u8) {
        let rare = self.lower[self.rare];
        (rare, rare.to_ascii_uppercase())
    }

    /// Where it would begin with its rare byte here, if it is there.
    fn starts_at(&self, text: &[u8], rare_at: usize) -> Option<usize> {
        let start = rare_at.checked_sub(self.rare)?;
        let there = text.get(start..start + self.len())?;
        // Most places where the rare byte stands are told by the first one alone.
        let is_it = there[0].eq_ignore_ascii_case(&self.lower[0])
            && there.eq_ignore_ascii_case(&self.lower);
        is_it.then_some(start)
    }
}

/// How seldom a byte is met in bodies, roughly.
fn rarity(byte: u8) -> usize {
    const COMMON: &[u8] = b"\" e0t,a:1oinsr2hld/3cum456789fpgwyb.v-k_{}\\xjqz[]\n";
    let place = COMMON.iter().position(|it| *it == byte);
    place.unwrap_or(COMMON.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_of_ascii_does_not_matter() {
        let needle = Needle::new("StatUS").unwrap();
        assert_eq!(needle.find(b"a \"STATUS\": status"), Some(3));
        assert_eq!(needle.rfind(b"a \"STATUS\": status"), Some(12));
        assert_eq!(needle.find(b"statu"), None);
        assert_eq!(Needle::new(""), None);
    }

    proptest! {
        #[test]
        fn finds_what_is_there(text in "[aAbB]{0,40}", typed in "[aAbB]{1,3}") {
            let needle = Needle::new(&typed).unwrap();
            let (text, typed) = (text.to_lowercase(), typed.to_lowercase());
            prop_assert_eq!(needle.find(text.to_uppercase().as_bytes()), text.find(&typed));
            prop_assert_eq!(needle.rfind(text.as_bytes()), text.rfind(&typed));
        }
    }
}
