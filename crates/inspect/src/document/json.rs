//! Reads JSON (RFC 8259) into a tree of places in the source, in one pass and without recursion.
//!
//! Nothing is converted: numbers of any length, lone surrogates and invalid UTF-8 inside strings
//! are kept as they stand. Stops at the first byte after which no JSON can be.

use crate::limits::{SNIFFED_BYTES, STEPS_PER_LOOK};

use super::cancel::Cancel;
use super::tree::{Builder, Tree};

mod scan;
mod strings;
mod view;

pub(super) use scan::{skip_space, string_end};
pub(super) use strings::unescape;
pub(super) use view::{draw, path, text, value};

/// What was read.
#[derive(Debug)]
pub(super) struct Parsed {
    /// All values up to where reading stopped.
    pub tree: Tree,
    /// Why it stopped.
    pub stop: Stop,
}

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// At the end.
    Whole,
    /// No JSON can go on like this.
    Fault {
        /// The first byte that can't be there; the length of the source if it ends too early.
        offset: usize,
        /// What could be there.
        expected: &'static str,
        /// Where that begins which is not in the tree.
        rest: usize,
    },
    /// More values than an index may have, or nobody wants to know any more.
    Early {
        /// Where that begins which is not in the tree.
        rest: usize,
    },
}

/// A byte that can't be there, and what could.
type Unexpected = (usize, &'static str);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
    End,
}

/// Reads one value, or with `is_many` any number of them one after the other.
pub(super) fn parse(source: &[u8], is_many: bool, cancel: &Cancel) -> Parsed {
    let mut reader = Reader {
        source,
        builder: Builder::of(source.len()),
        at: if source.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        },
        member: None,
        expect: Expect::Value,
    };
    let stop = loop {
        match reader.run(is_many, STEPS_PER_LOOK) {
            Some(stop) => break stop,
            None if cancel.is_cancelled() => break Stop::Early { rest: reader.at },
            None => {}
        }
    };
    Parsed {
        tree: reader.builder.finish(),
        stop,
    }
}

/// Whether text that begins with a bracket is meant as JSON: a log line in brackets is not.
pub(super) fn looks_like(text: &[u8]) -> bool {
    let window = &text[..text.len().min(SNIFFED_BYTES)];
    let parsed = parse(window, true, &Cancel::default());
    match parsed.stop {
        Stop::Fault { offset, .. } => {
            let has_key =
                window.starts_with(b"{") && window[1..].trim_ascii_start().starts_with(b"\"");
            offset == window.len() || parsed.tree.len() > 2 || has_key
        }
        Stop::Whole | Stop::Early { .. } => true,
    }
}

struct Reader<'a> {
    source: &'a [u8],
    builder: Builder,
    at: usize,
    /// Where the key of the value to come begins.
    member: Option<usize>,
    expect: Expect,
}

impl Reader<'_> {
    /// Takes some steps; the reason if that was the last.
    fn run(&mut self, is_many: bool, steps: usize) -> Option<Stop> {
        for _ in 0..steps {
            self.at = skip_space(self.source, self.at);
            let Some(&byte) = self.source.get(self.at) else {
                if self.expect == Expect::End {
                    return Some(Stop::Whole);
                }
                return Some(self.fault((self.at, self.expect.words())));
            };
            if self.expect == Expect::End && is_many {
                self.expect = Expect::Value;
            }
            match self.step(byte) {
                Ok(true) => {}
                Ok(false) => return Some(Stop::Early { rest: self.rest() }),
                Err(unexpected) => return Some(self.fault(unexpected)),
            }
        }
        None
    }

    /// Takes one token; false if there is no more room in the index.
    fn step(&mut self, byte: u8) -> Result<bool, Unexpected> {
        match (self.expect, byte) {
            (Expect::Value | Expect::ValueOrClose, b'{' | b'[') => {
                let is_object = byte == b'{';
                if self.builder.open(self.rest(), is_object).is_err() {
                    return Ok(false);
                }
                self.member = None;
                self.at += 1;
                self.expect = if is_object {
                    Expect::KeyOrClose
                } else {
                    Expect::ValueOrClose
                };
            }
            (Expect::KeyOrClose, b'}') | (Expect::ValueOrClose, b']') => self.close(),
            (Expect::CommaOrClose, b'}') if self.is_in_object() => self.close(),
            (Expect::CommaOrClose, b']') if !self.is_in_object() => self.close(),
            (Expect::CommaOrClose, b',') => {
                self.at += 1;
                self.expect = if self.is_in_object() {
                    Expect::Key
                } else {
                    Expect::Value
                };
            }
            (Expect::Key | Expect::KeyOrClose, b'"') => {
                self.member = Some(self.at);
                self.at = scan::string(self.source, self.at)?;
                self.expect = Expect::Colon;
            }
            (Expect::Colon, b':') => {
                self.at += 1;
                self.expect = Expect::Value;
            }
            (Expect::Value | Expect::ValueOrClose, _) => {
                let Some(end) = scan::scalar(self.source, self.at)? else {
                    return Err((self.at, self.expect.words()));
                };
                if self.builder.leaf(self.rest()).is_err() {
                    return Ok(false);
                }
                self.at = end;
                self.after_value();
            }
            _ => return Err((self.at, self.expect_here())),
        }
        Ok(true)
    }

    fn close(&mut self) {
        self.at += 1;
        self.builder.close(self.at);
        self.after_value();
    }

    fn after_value(&mut self) {
        self.member = None;
        self.expect = match self.builder.current() {
            Some(_) => Expect::CommaOrClose,
            None => Expect::End,
        };
    }

    fn is_in_object(&self) -> bool {
        self.builder.current().is_some_and(|it| it.is_object())
    }

    /// Where that begins which is being read.
    fn rest(&self) -> usize {
        self.member.unwrap_or(self.at)
    }

    fn expect_here(&self) -> &'static str {
        match self.expect {
            Expect::CommaOrClose if self.is_in_object() => "`,` or `}`",
            Expect::CommaOrClose => "`,` or `]`",
            _ => self.expect.words(),
        }
    }

    fn fault(&self, (offset, expected): Unexpected) -> Stop {
        let expected = match self.expect {
            Expect::CommaOrClose => self.expect_here(),
            _ => expected,
        };
        Stop::Fault {
            offset,
            expected,
            rest: self.rest(),
        }
    }
}

impl Expect {
    fn words(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::ValueOrClose => "a value or `]`",
            Self::Key => "a key in double quotes",
            Self::KeyOrClose => "a key in double quotes or `}`",
            Self::Colon => "`:`",
            Self::CommaOrClose => "`,` or the end of the list",
            Self::End => "the end of the body",
        }
    }
}
