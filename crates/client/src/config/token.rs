//! The secret that proves whose client this is. Never shown whole.

use std::fmt;
use std::str::FromStr;

use http::HeaderValue;
use thiserror::Error;

/// A bearer token. `Debug` and `Display` show its beginning only.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

/// Why a text is no token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidToken {
    /// There is nothing in it.
    #[error("the token is empty")]
    Empty,
    /// A character that can't stand in a header; often a line break from a copied file.
    #[error("the token holds a character that is not visible ASCII, at position {at}")]
    Character {
        /// Where, counted from 1.
        at: usize,
    },
}

impl Token {
    /// The secret itself.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// The value of an `Authorization` header, marked as sensitive.
    pub(crate) fn bearer(&self) -> HeaderValue {
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", self.0)).expect("a token is visible ASCII");
        value.set_sensitive(true);
        value
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        if text.is_empty() {
            return Err(InvalidToken::Empty);
        }
        match text.chars().position(|c| !c.is_ascii_graphic()) {
            Some(at) => Err(InvalidToken::Character { at: at + 1 }),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for Token {
    /// The prefix that names its kind and two characters, or nothing of a short one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.find('_').map_or(2, |prefix| prefix + 3);
        if self.0.len() >= shown + 12 {
            f.write_str(&self.0[..shown])?;
        }
        f.write_str("…")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_too_little_to_guess_the_rest() {
        let token: Token = "kreel_abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        assert_eq!(token.to_string(), "kreel_ab…");
        assert_eq!(format!("{token:?}"), "kreel_ab…");
        assert_eq!("hunter2".parse::<Token>().unwrap().to_string(), "…");
    }

    #[test]
    fn refuses_what_would_not_survive_a_header() {
        assert_eq!("".parse::<Token>(), Err(InvalidToken::Empty));
        assert_eq!(
            "abc\n".parse::<Token>(),
            Err(InvalidToken::Character { at: 4 })
        );
        assert_eq!(
            "a b".parse::<Token>(),
            Err(InvalidToken::Character { at: 2 })
        );
    }
}
