//! Words, as the history's index has them: runs of letters and digits, without regard to case.

use std::fmt;

use super::keys::keys;
use super::quote::{always, quoted};

/// Words that stand next to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    text: String,
    /// In lower case.
    words: Vec<String>,
    is_beginning: bool,
}

impl Words {
    /// None if there is no letter or digit in it. `is_beginning`: the last is only the beginning
    /// of a word.
    pub(super) fn new(text: &str, is_beginning: bool) -> Option<Self> {
        let words: Vec<String> = split(text).map(str::to_lowercase).collect();
        (!words.is_empty()).then(|| Self {
            text: text.to_owned(),
            words,
            is_beginning,
        })
    }

    /// As it was typed, without the star.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the last word is only the beginning of one.
    pub fn is_beginning(&self) -> bool {
        self.is_beginning
    }

    /// Whether they are found there.
    pub(super) fn are_in(&self, text: &str) -> bool {
        let mut there = split(text);
        loop {
            if self.begin(there.clone()) {
                return true;
            }
            if there.next().is_none() {
                return false;
            }
        }
    }

    fn begin<'a>(&self, mut there: impl Iterator<Item = &'a str>) -> bool {
        let last = self.words.len() - 1;
        self.words.iter().enumerate().all(|(index, word)| {
            there
                .next()
                .is_some_and(|found| match self.is_beginning && index == last {
                    true => begins(found, word),
                    false => is_same(found, word),
                })
        })
    }
}

fn is_same(found: &str, word: &str) -> bool {
    match found.is_ascii() {
        true => found.eq_ignore_ascii_case(word),
        false => found.to_lowercase() == word,
    }
}

fn begins(found: &str, word: &str) -> bool {
    match found.is_ascii() {
        true => found
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word)),
        false => found.to_lowercase().starts_with(word),
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_keyword = ["or", "and", "not"].contains(&self.text.to_lowercase().as_str());
        // What could be read as a key, a sign or a comparison is quoted.
        let is_term = self.text.starts_with(['-', '@']) || {
            let lower = self.text.to_lowercase();
            keys().iter().any(|key| lower.starts_with(key.name))
        };
        let text = match is_keyword || is_term || self.text.ends_with('*') {
            true => always(&self.text).into(),
            false => quoted(&self.text),
        };
        match self.is_beginning {
            true => write!(f, "{text}*"),
            false => f.write_str(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_next_to_each_other_are_found() {
        for (words, is_beginning, text, is_found) in [
            (
                "krea.completed",
                false,
                "{\"event\":\"krea.completed\"}",
                true,
            ),
            ("krea completed", false, "krea, and completed", false),
            ("compl", false, "completed", false),
            ("compl", true, "COMPLETED", true),
            ("a b", true, "a a bc", true),
            ("GRÜßE", false, "viele Grüße", true),
            ("job", true, "", false),
        ] {
            let found = Words::new(words, is_beginning).unwrap().are_in(text);
            assert_eq!(found, is_found, "{words} in {text}");
        }
        assert_eq!(Words::new("* \" -", false), None);
    }
}
