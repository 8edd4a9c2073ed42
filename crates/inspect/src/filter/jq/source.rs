//! A look at a program before it is compiled, and what its faults are in words.

use std::ops::Range;

use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::load::{self, span};

use super::Fault;
use crate::limits::JQ_FACTOR;

/// Refuses what can't be bounded while it runs. Says whether there are loops in it.
pub(super) fn check(text: &str) -> Result<bool, Fault> {
    let is_nested = |depth: &mut i32, c| {
        match c {
            '(' | '[' | '{' => *depth += 1,
            ')' | ']' | '}' => *depth -= 1,
            _ => {}
        }
        Some(*depth)
    };
    if text.chars().scan(0, is_nested).any(|depth| depth > 64) {
        return Err(Fault::of(0..text.len(), "is nested too deeply"));
    }
    let Ok(tokens) = Lexer::new(text).lex() else {
        // Told better by whoever compiles it.
        return Ok(false);
    };
    let mut look = Look {
        text,
        factors: 0,
        has_loops: false,
    };
    look.at(&tokens)?;
    Ok(look.has_loops)
}

struct Look<'a> {
    text: &'a str,
    factors: u32,
    has_loops: bool,
}

impl Look<'_> {
    fn at(&mut self, tokens: &[Token<&str>]) -> Result<(), Fault> {
        for (index, Token(source, token)) in tokens.iter().enumerate() {
            match token {
                Tok::Word => self.has_loops |= LOOPS.contains(source),
                Tok::Sym if matches!(*source, "*" | "*=") => {
                    self.factors += 1;
                    let before = index.checked_sub(1).and_then(|index| tokens.get(index));
                    let beside = [before, tokens.get(index + 1)];
                    if self.factors > 1 || !beside.into_iter().flatten().any(is_small) {
                        return Err(Fault {
                            range: span(self.text, source),
                            what: "this multiplication could fill the memory".to_owned(),
                            right: format!("multiply once, by a number up to {JQ_FACTOR}"),
                        });
                    }
                }
                Tok::Block(inner) => self.at(inner)?,
                Tok::Str(parts) => {
                    for part in parts {
                        if let StrPart::Term(term) = part {
                            self.at(std::slice::from_ref(term))?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn is_small(token: &Token<&str>) -> bool {
    matches!(token, Token(number, Tok::Num)
        if number.parse::<f64>().is_ok_and(|number| number <= f64::from(JQ_FACTOR)))
}

/// What can build a value deeper than the program is long.
const LOOPS: [&str; 7] = [
    "def", "reduce", "foreach", "repeat", "recurse", "until", "while",
];

impl Fault {
    pub(super) fn of(range: Range<usize>, what: &str) -> Self {
        Self {
            range,
            what: format!("this jq program {what}"),
            right: "write a shorter one, like jq:'.status == \"failed\"'".to_owned(),
        }
    }

    fn expected(text: &str, expected: &str, found: &str) -> Self {
        // At the end of the program jaq points at an empty text of its own.
        let is_inside = text.as_bytes().as_ptr_range().contains(&found.as_ptr());
        let range = match is_inside {
            true => span(text, found),
            false => text.len()..text.len(),
        };
        Self {
            range,
            what: "this is no jq program".to_owned(),
            right: format!("a {expected} is expected here"),
        }
    }

    pub(super) fn of_load(text: &str, errors: load::Errors<&str, ()>) -> Self {
        let first = errors.into_iter().next().map(|(_, error)| error);
        match first {
            Some(load::Error::Lex(errors)) => errors.first().map(|(expected, found)| {
                Self::expected(text, expected.as_str(), first_char(found))
            }),
            Some(load::Error::Parse(errors)) => errors
                .first()
                .map(|(expected, found)| Self::expected(text, expected.as_str(), found)),
            _ => None,
        }
        .unwrap_or_else(|| Self::of(0..text.len(), "loads another, which a filter can't"))
    }

    pub(super) fn of_compile(text: &str, errors: jaq_core::compile::Errors<&str, ()>) -> Self {
        let first = errors
            .into_iter()
            .find_map(|(_, errors)| errors.into_iter().next());
        match first {
            Some((name, undefined)) => Self {
                what: format!("there is no {} {name}", undefined.as_str()),
                right: "see jq's manual for what there is; the body is `.`".to_owned(),
                ..Self::expected(text, "", name)
            },
            None => Self::of(0..text.len(), "can't be run"),
        }
    }
}

fn first_char(text: &str) -> &str {
    let end = text.chars().next().map_or(0, char::len_utf8);
    &text[..end]
}
