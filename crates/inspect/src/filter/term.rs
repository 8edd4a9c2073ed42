//! The value behind a key → term.

use super::error::FilterError;
use super::expression::{Comparison, Term};
use super::jq::Program;
use super::keys::{Key, keys, nearest};
use super::parse::{Parser, Result};
use super::pattern::Pattern;
use super::subject::Flag;
use super::value;
use super::words::Words;

/// The key of this name.
pub(super) fn known(name: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.name == name)
}

/// Reads the value that stands behind a key and its sign; `start` is where the key begins.
pub(super) fn keyed(
    parser: &mut Parser<'_>,
    key: &'static Key,
    sign: &'static str,
    start: usize,
) -> Result<Term> {
    let is_right = match key.name {
        "age" | "size" | "took" | "seq" | "status" => true,
        "path" | "tunnel" => sign == ":" || sign == "=",
        _ => sign == ":",
    };
    let value_at = parser.at();
    if !is_right {
        let what = format!("{} can't be compared with {sign}", key.name);
        let right = format!("write {}", key.example);
        return Err(FilterError::new(start..value_at, what, right));
    }
    let mut value = Value { parser, key, sign };
    match key.name {
        "header" => value.header(),
        "jq" => value.jq(),
        "status" => {
            let prefix = if sign == ":" || sign == "=" { "" } else { sign };
            let statuses = value.items(|text| value::status(&format!("{prefix}{text}")))?;
            Ok(Term::Status(statuses))
        }
        "method" => {
            let is_method = |text: &&str| kreel_wire::is_token(text.as_bytes());
            let methods = value.items(|text| Some(text).filter(is_method).map(str::to_uppercase));
            methods.map(Term::Method)
        }
        "is" => value.flags(),
        "tunnel" => {
            let tunnels = value.items(|text| (!text.is_empty()).then(|| Pattern::whole(text)));
            tunnels.map(Term::Tunnel)
        }
        _ => value.single(),
    }
}

/// A value that is being read.
struct Value<'p, 'a> {
    parser: &'p mut Parser<'a>,
    key: &'static Key,
    sign: &'static str,
}

impl Value<'_, '_> {
    fn single(&mut self) -> Result<Term> {
        let at = self.parser.at();
        let text = match self.parser.is_at_quote() {
            true => self.parser.take_quoted()?,
            false => self.parser.take_raw().to_owned(),
        };
        self.term(&text).ok_or_else(|| self.wrong(at))
    }

    fn term(&self, text: &str) -> Option<Term> {
        let within = || (!text.is_empty()).then(|| Pattern::within(text));
        let (how, number) = match self.sign {
            ":" => value::comparison(text).unwrap_or((Comparison::Equal, text)),
            sign => (value::comparison(sign)?.0, text),
        };
        Some(match self.key.name {
            "path" if self.sign == "=" => {
                Term::Path((!text.is_empty()).then(|| Pattern::whole(text))?)
            }
            "path" => Term::Path(within()?),
            "body" => Term::Body(within()?),
            "note" => Term::Note(within()?),
            "size" => Term::Size(how, value::size(number)?),
            "seq" => Term::Seq(how, value::whole(number)?),
            // Nothing takes exactly as long as that.
            "age" | "took" if how == Comparison::Equal => return None,
            "age" => Term::Age(how, value::span(number)?),
            "took" => Term::Took(how, value::span(number)?),
            "id" => Term::Id(digits_of_id(text)?),
            "verified" => Term::Is(vec![match text {
                "yes" => Flag::Verified,
                "no" => Flag::Unverified,
                _ => return None,
            }]),
            "words" => {
                let word = text.strip_suffix('*');
                Term::Words(Words::new(word.unwrap_or(text), word.is_some())?)
            }
            _ => return None,
        })
    }

    fn header(&mut self) -> Result<Term> {
        let at = self.parser.at();
        let name = self.parser.take_while(is_token).to_ascii_lowercase();
        if self.parser.skip('=') {
            let text = match self.parser.is_at_quote() {
                true => self.parser.take_quoted()?,
                false => self.parser.take_raw().to_owned(),
            };
            if !name.is_empty() {
                return Ok(Term::Header(name, Some(Pattern::within(&text))));
            }
        }
        let rest = self.parser.take_raw();
        match name.is_empty() || !rest.is_empty() {
            true => Err(self.wrong(at)),
            false => Ok(Term::Header(name, None)),
        }
    }

    fn flags(&mut self) -> Result<Term> {
        let at = self.parser.at();
        let find = |text: &str| {
            let mut all = Flag::ALL.iter();
            all.find(|(word, _)| word.eq_ignore_ascii_case(text))
        };
        let flags = self.items(|text| find(text).map(|(_, flag)| *flag));
        flags.map(Term::Is).map_err(|mut error| {
            let text = self
                .parser
                .between(error.range.start.max(at), error.range.end);
            let words = Flag::ALL.iter().map(|(word, _)| *word);
            if let Some(near) = nearest(&text.to_ascii_lowercase(), words) {
                error.right = format!("did you mean is:{near}? It can be {}", self.key.meaning);
            }
            error
        })
    }

    /// A program in quotes, or all that is left.
    fn jq(&mut self) -> Result<Term> {
        let at = self.parser.at();
        let is_quoted = self.parser.is_at_quote();
        let text = match is_quoted {
            true => self.parser.take_quoted()?,
            false => self.parser.take_rest().trim_end().to_owned(),
        };
        if text.is_empty() {
            return Err(self.wrong(at));
        }
        Program::compile(&text).map(Term::Jq).map_err(|fault| {
            let inside = at + usize::from(is_quoted);
            let (start, end) = (inside + fault.range.start, inside + fault.range.end);
            // Quotes that were undone move what stands behind them.
            let is_there = self.parser.between(inside, inside + text.len()) == text;
            let range = if is_there {
                start..end
            } else {
                at..self.parser.at()
            };
            FilterError::new(range, fault.what, fault.right)
        })
    }

    /// Values apart by commas; what is wrong with one is told of that one.
    fn items<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        loop {
            let at = self.parser.at();
            let text = match self.parser.is_at_quote() {
                true => self.parser.take_quoted()?,
                false => self.parser.take_item().to_owned(),
            };
            items.push(read(&text).ok_or_else(|| self.wrong(at))?);
            if !self.parser.skip(',') {
                return Ok(items);
            }
        }
    }

    /// What was read since then is no value.
    fn wrong(&self, at: usize) -> FilterError {
        let Key {
            name,
            example,
            meaning,
        } = self.key;
        let what = match at == self.parser.at() {
            true => format!("{name} has no value"),
            false => format!("this is nothing that {name} can be"),
        };
        FilterError::new(
            at..self.parser.at(),
            what,
            format!("write {example}: {meaning}"),
        )
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii() && kreel_wire::is_token(&[c as u8])
}

fn digits_of_id(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_id =
        (1..=32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| digits.to_ascii_lowercase())
}
