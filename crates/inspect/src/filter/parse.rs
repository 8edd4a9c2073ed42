//! Text → filter, in one pass from left to right.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::FilterError;
use super::expression::{Expression, Term};
use super::keys::nearest;
use super::quote::unquoted;
use super::term::{keyed, known};
use super::words::Words;
use crate::limits::{FILTER_BYTES, FILTER_DEPTH};

/// Saved filters by their names.
pub type Saved = BTreeMap<String, String>;

pub(super) type Result<T> = std::result::Result<T, FilterError>;

/// Where the parser is.
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How many parentheses are open, and how deep all is nested.
    open: usize,
    depth: usize,
    saved: &'a Saved,
}

/// Reads a whole text; `depth`: how deep it stands in others.
pub(super) fn parse(text: &str, saved: &Saved, depth: usize) -> Result<Expression> {
    if text.len() > FILTER_BYTES {
        let most = text.floor_char_boundary(FILTER_BYTES);
        return Err(FilterError::new(
            most..text.len(),
            "the filter is too long",
            format!("{FILTER_BYTES} bytes are the most"),
        ));
    }
    let mut parser = Parser {
        text,
        at: 0,
        open: 0,
        depth,
        saved,
    };
    parser.skip_space();
    match parser.left() {
        "" => Ok(Expression::All(Vec::new())),
        _ => parser.any(),
    }
}

impl<'a> Parser<'a> {
    /// `… or …`
    fn any(&mut self) -> Result<Expression> {
        let mut parts = vec![self.all()?];
        while let Some(range) = self.take_keyword("or") {
            if self.is_at_end() {
                return Err(FilterError::new(
                    range,
                    "there is nothing behind `or`",
                    "write what else would do, or \"or\" in quotes to look for the word",
                ));
            }
            parts.push(self.all()?);
        }
        Ok(flat(parts, Expression::Any))
    }

    /// Terms side by side.
    fn all(&mut self) -> Result<Expression> {
        let mut parts = vec![self.one()?];
        loop {
            self.skip_space();
            if self.is_at_end() || self.peeks_keyword("or") {
                return Ok(flat(parts, Expression::All));
            }
            self.take_keyword("and");
            parts.push(self.one()?);
        }
    }

    /// A term, or terms in parentheses; `-` and `not` before it.
    fn one(&mut self) -> Result<Expression> {
        self.skip_space();
        let start = self.at;
        self.deeper(start..self.text.len().min(start + 1))?;
        let one = self.one_inside();
        self.depth -= 1;
        one
    }

    fn one_inside(&mut self) -> Result<Expression> {
        let start = self.at;
        let missing = |range, what: &str| {
            FilterError::new(
                range,
                what,
                "write a term, like status:5xx, or put the word in quotes",
            )
        };
        if self.left().starts_with('-') && !self.left()[1..].starts_with(char::is_whitespace) {
            self.at += 1;
            if self.is_at_end() {
                return Err(missing(start..self.at, "there is nothing behind `-`"));
            }
            return Ok(Expression::Not(Box::new(self.one()?)));
        }
        if let Some(range) = self.take_keyword("not") {
            if self.is_at_end() {
                return Err(missing(range, "there is nothing behind `not`"));
            }
            return Ok(Expression::Not(Box::new(self.one()?)));
        }
        for word in ["or", "and"] {
            if let Some(range) = self.take_keyword(word) {
                return Err(missing(
                    range,
                    &format!("there is nothing before `{word}` that it could join"),
                ));
            }
        }
        if self.is_at_end() {
            return Err(missing(start..start, "a term is missing"));
        }
        match self.left().chars().next() {
            Some('(') => self.group(),
            Some('@') => self.saved(),
            Some('"' | '\'') => self.phrase(),
            _ => self.term(),
        }
    }

    fn group(&mut self) -> Result<Expression> {
        let start = self.at;
        self.at += 1;
        self.open += 1;
        self.skip_space();
        if self.left().starts_with(')') {
            return Err(FilterError::new(
                start..self.at + 1,
                "there is nothing in these parentheses",
                "write terms into them, or put them in quotes to look for them",
            ));
        }
        if self.left().is_empty() {
            return Err(unclosed(start));
        }
        let inner = self.any()?;
        self.skip_space();
        if !self.left().starts_with(')') {
            return Err(unclosed(start));
        }
        self.at += 1;
        self.open -= 1;
        Ok(inner)
    }

    /// `@name`
    fn saved(&mut self) -> Result<Expression> {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(|c| c.is_alphanumeric() || c == '-' || c == '_');
        let range = start..self.at;
        let Some(text) = self.saved.get(name) else {
            let known: Vec<_> = self.saved.keys().map(|name| format!("@{name}")).collect();
            let right = match (
                nearest(name, self.saved.keys().map(String::as_str)),
                &known[..],
            ) {
                (_, []) => "there are none; [filters] in config.toml holds them".to_owned(),
                (Some(near), known) => {
                    format!("did you mean @{near}? There are {}", known.join(", "))
                }
                (None, known) => format!("there are {}", known.join(", ")),
            };
            let what = format!("no saved filter is called @{name}");
            return Err(FilterError::new(range, what, right));
        };
        if text.trim().is_empty() {
            let what = format!("the saved filter @{name} is empty");
            return Err(FilterError::new(range, what, "write it into [filters]"));
        }
        parse(text, self.saved, self.depth).map_err(|error| match error.what.as_str() {
            TOO_DEEP => FilterError { range, ..error },
            _ => FilterError::new(
                range,
                format!("the saved filter @{name} is wrong: {}", error.what),
                error.right,
            ),
        })
    }

    /// `"words next to each other"`
    fn phrase(&mut self) -> Result<Expression> {
        let start = self.at;
        let text = self.take_quoted()?;
        let is_beginning = self.left().starts_with('*');
        self.at += usize::from(is_beginning);
        self.words(&text, is_beginning, start)
    }

    /// `key:value`, `key<value`, or a word.
    fn term(&mut self) -> Result<Expression> {
        let start = self.at;
        let key = self.take_while(|c| c.is_ascii_alphabetic() || c == '_');
        let name = key.to_ascii_lowercase();
        let sign = ["<=", ">=", "<", ">", "=", ":"]
            .into_iter()
            .find(|sign| !key.is_empty() && self.left().starts_with(sign));
        match sign {
            Some(sign) if let Some(key) = known(&name) => {
                self.at += sign.len();
                return keyed(self, key, sign, start).map(Expression::Term);
            }
            // An address is a word.
            Some(":") if !self.left().starts_with("://") => {
                let names = super::keys().iter().map(|key| key.name);
                let near = match nearest(&name, names.clone()) {
                    Some(near) => format!("did you mean {near}:? "),
                    None => String::new(),
                };
                let range = start..self.at + 1;
                return Err(FilterError::new(
                    range,
                    format!("there is no key {key}"),
                    format!(
                        "{near}There are {}; quotes look for the text",
                        names.collect::<Vec<_>>().join(", ")
                    ),
                ));
            }
            _ => {}
        }
        self.at = start;
        let word = self.take_raw();
        let is_beginning = word.ends_with('*');
        let word = word.strip_suffix('*').unwrap_or(word);
        self.words(word, is_beginning, start)
    }

    fn words(&self, text: &str, is_beginning: bool, start: usize) -> Result<Expression> {
        let words = Words::new(text, is_beginning).ok_or_else(|| {
            FilterError::new(
                start..self.at,
                "there is no letter or digit to look for",
                "words are made of letters and digits; body:\"…\" finds any text in the body",
            )
        })?;
        Ok(Expression::Term(Term::Words(words)))
    }

    /// A value as it stands there, up to white space or the end of the parentheses.
    pub(super) fn take_raw(&mut self) -> &'a str {
        let mut inner = 0;
        let mut end = self.left().len();
        for (at, c) in self.left().char_indices() {
            match c {
                '(' => inner += 1,
                ')' if inner > 0 => inner -= 1,
                ')' if self.open > 0 => {
                    end = at;
                    break;
                }
                c if c.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        self.take(end)
    }

    /// One value of several that commas separate.
    pub(super) fn take_item(&mut self) -> &'a str {
        let is_open = self.open > 0;
        self.take_while(|c| c != ',' && !c.is_whitespace() && !(is_open && c == ')'))
    }

    /// The text between two places.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// All that is left.
    pub(super) fn take_rest(&mut self) -> &'a str {
        self.take(self.left().len())
    }

    pub(super) fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let left = self.left();
        self.take(left.find(|c| !is_part(c)).unwrap_or(left.len()))
    }

    /// What stands in the quotes that begin here.
    pub(super) fn take_quoted(&mut self) -> Result<String> {
        let Some((inner, taken)) = unquoted(self.left()) else {
            let quote = &self.left()[..1];
            return Err(FilterError::new(
                self.at..self.text.len(),
                format!("this {quote} is never closed"),
                format!("write {quote} where the text ends"),
            ));
        };
        self.at += taken;
        Ok(inner)
    }

    pub(super) fn is_at_quote(&self) -> bool {
        self.left().starts_with(['"', '\''])
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes on behind this character, if it is the next one.
    pub(super) fn skip(&mut self, expected: char) -> bool {
        let is_there = self.left().starts_with(expected);
        self.at += if is_there { expected.len_utf8() } else { 0 };
        is_there
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = &self.text[self.at..self.at + bytes];
        self.at += bytes;
        taken
    }

    fn left(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Whether no more terms follow here.
    fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.left().is_empty() || self.open > 0 && self.left().starts_with(')')
    }

    fn peeks_keyword(&self, keyword: &str) -> bool {
        let left = self.left();
        let Some((word, rest)) = left.split_at_checked(keyword.len()) else {
            return false;
        };
        let ends = |c: char| c.is_whitespace() || c == '(' || c == ')' && self.open > 0;
        word.eq_ignore_ascii_case(keyword) && (rest.is_empty() || rest.starts_with(ends))
    }

    fn take_keyword(&mut self, keyword: &str) -> Option<Range<usize>> {
        self.skip_space();
        let start = self.at;
        self.peeks_keyword(keyword).then(|| {
            self.at += keyword.len();
            start..self.at
        })
    }

    fn deeper(&mut self, range: Range<usize>) -> Result<()> {
        self.depth += 1;
        if self.depth <= FILTER_DEPTH {
            return Ok(());
        }
        let range = range.start..self.text.ceil_char_boundary(range.end);
        let right = format!("{FILTER_DEPTH} levels are the most; does a saved filter name itself?");
        Err(FilterError::new(range, TOO_DEEP, right))
    }
}

const TOO_DEEP: &str = "the filter is nested too deeply";

/// One part as it is, several joined, those of the same kind on one level.
fn flat(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

fn unclosed(start: usize) -> FilterError {
    FilterError::new(
        start..start + 1,
        "this ( is never closed",
        "write ) where the group ends, or put the text in quotes",
    )
}
