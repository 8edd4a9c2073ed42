//! What a filter is made of, and how it is written.

use std::fmt;
use std::time::Duration;

use super::jq::Program;
use super::pattern::Pattern;
use super::subject::Flag;
use super::words::Words;

/// A filter's tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// All of these; nothing at all is true.
    All(Vec<Self>),
    /// One of these at least; never fewer than two.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A single term.
    Term(Term),
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Term {
    /// Words in method, path, header values or the text of the body.
    Words(Words),
    /// The status of the app's answer is one of these.
    Status(Vec<Status>),
    /// The method is one of these, in upper case.
    Method(Vec<String>),
    /// Path and query have this.
    Path(Pattern),
    /// There is a header of this name (lower case), with this in its value.
    Header(String, Option<Pattern>),
    /// The body has this text.
    Body(Pattern),
    /// This jq program says yes.
    Jq(Program),
    /// It came that long ago.
    Age(Comparison, Duration),
    /// The body has that many bytes.
    Size(Comparison, u64),
    /// The last attempt took that long.
    Took(Comparison, Duration),
    /// It is one of these.
    Is(Vec<Flag>),
    /// The tunnel's name is one of these.
    Tunnel(Vec<Pattern>),
    /// The id begins so: hexadecimal digits in lower case, without hyphens.
    Id(String),
    /// Its position in the tunnel.
    Seq(Comparison, u64),
    /// The note has this text.
    Note(Pattern),
}

/// A kind of status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// There is none.
    None,
    /// A class, from 1 to 5.
    Class(u16),
    /// Compared with a number.
    Compared(Comparison, u16),
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Less than.
    Less,
    /// At most.
    AtMost,
    /// Equal to.
    Equal,
    /// At least.
    AtLeast,
    /// More than.
    More,
}

impl Comparison {
    /// Whether it holds.
    pub fn holds<T: Ord>(self, left: T, right: T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::AtLeast => left >= right,
            Self::More => left > right,
        }
    }

    /// Its sign, in filters and in SQL.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::More => ">",
        }
    }
}

impl Expression {
    /// The terms in it, wherever they stand.
    pub(super) fn terms(&self) -> Vec<&Term> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::terms).collect(),
            Self::Not(part) => part.terms(),
            Self::Term(term) => vec![term],
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, is_inner: bool) -> fmt::Result {
        let (parts, between) = match self {
            Self::Term(term) => return write!(f, "{term}"),
            Self::Not(part) => {
                f.write_str("-")?;
                return part.write(f, true);
            }
            Self::All(parts) => (parts, " "),
            Self::Any(parts) => (parts, " or "),
        };
        if is_inner {
            f.write_str("(")?;
        }
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(between)?;
            }
            part.write(f, true)?;
        }
        if is_inner {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => write!(f, "{words}"),
            Self::Status(kinds) => list(f, "status", kinds),
            Self::Method(methods) => list(f, "method", methods),
            Self::Path(pattern) if pattern.is_whole() => write!(f, "path={pattern}"),
            Self::Path(pattern) => write!(f, "path:{pattern}"),
            Self::Header(name, None) => write!(f, "header:{name}"),
            Self::Header(name, Some(pattern)) => write!(f, "header:{name}={pattern}"),
            Self::Body(pattern) => write!(f, "body:{pattern}"),
            Self::Jq(program) => write!(f, "jq:'{}'", program.text().replace('\'', "''")),
            Self::Age(how, age) => write!(f, "age{}{}", how.sign(), Span(*age)),
            Self::Size(how, bytes) => write!(f, "size{}{bytes}", how.sign()),
            Self::Took(how, took) => write!(f, "took{}{}", how.sign(), Span(*took)),
            Self::Is(flags) => {
                let words: Vec<_> = flags.iter().map(|flag| flag.as_str()).collect();
                list(f, "is", &words)
            }
            Self::Tunnel(patterns) => list(f, "tunnel", patterns),
            Self::Id(digits) => write!(f, "id:{digits}"),
            Self::Seq(how, seq) => write!(f, "seq{}{seq}", how.sign()),
            Self::Note(pattern) => write!(f, "note:{pattern}"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, key: &str, items: &[impl fmt::Display]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        match index {
            0 => write!(f, "{key}:{item}")?,
            _ => write!(f, ",{item}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Class(class) => write!(f, "{class}xx"),
            Self::Compared(Comparison::Equal, status) => write!(f, "{status}"),
            Self::Compared(how, status) => write!(f, "{}{status}", how.sign()),
        }
    }
}

/// A span of time in the largest unit that tells it exactly.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let exact = |(_, unit): &&(&str, u64)| micros.is_multiple_of(u128::from(*unit));
        let (name, unit) = super::value::UNITS_OF_TIME
            .iter()
            .find(exact)
            .unwrap_or(&("us", 1));
        write!(f, "{}{name}", micros / u128::from(*unit))
    }
}
