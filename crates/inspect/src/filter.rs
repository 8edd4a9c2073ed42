//! The language by which deliveries are picked: in the inspector, in `requests search`, in
//! `listen --filter`.
//!
//! Words and `key:value` terms that all must hold, `or`, `-`, parentheses, and saved filters by
//! `@name`. [`keys()`] describes it as data.

mod check;
mod error;
mod expression;
mod jq;
mod keys;
mod parse;
mod pattern;
mod quote;
mod subject;
mod term;
#[cfg(test)]
mod tests;
mod value;
mod words;

use std::fmt;
use std::str::FromStr;

pub use error::FilterError;
pub use expression::{Comparison, Status, Term};
pub use jq::Program;
pub use keys::{Key, keys};
pub use parse::Saved;
pub use pattern::Pattern;
pub use subject::{Flag, Flags, Subject};
pub use words::Words;

use expression::Expression;

/// Which deliveries are meant. Written out it can be read again.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Expression);

impl Filter {
    /// Reads a filter that names no saved ones. Nothing at all means every delivery.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Self::parse_with(text, &Saved::new())
    }

    /// Reads a filter in which `@name` stands for a saved one.
    pub fn parse_with(text: &str, saved: &Saved) -> Result<Self, FilterError> {
        parse::parse(text, saved, 0).map(Self)
    }

    /// Whether a delivery is meant; not if that can't be said with what is at hand.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.decide(subject) == Some(true)
    }

    /// Whether a delivery is meant; none if what is not at hand decides.
    pub fn decide(&self, subject: &Subject<'_>) -> Option<bool> {
        check::decide(&self.0, subject)
    }

    /// Whether every delivery is meant.
    pub fn is_empty(&self) -> bool {
        self.0 == Expression::All(Vec::new())
    }

    /// Whether the body may decide.
    pub fn needs_body(&self) -> bool {
        let needs = |term: &&Term| matches!(term, Term::Words(_) | Term::Body(_) | Term::Jq(_));
        self.0.terms().iter().any(needs)
    }

    /// Whether the headers may decide.
    pub fn needs_headers(&self) -> bool {
        let needs = |term: &&Term| matches!(term, Term::Words(_) | Term::Header(..));
        self.0.terms().iter().any(needs)
    }

    /// Whether a term like this is anywhere in it.
    pub fn has(&self, is_meant: impl Fn(&Term) -> bool) -> bool {
        self.0.terms().into_iter().any(is_meant)
    }

    /// Terms each of which every delivery that is meant fulfils. An index can look for them; the
    /// filter may say more than that.
    pub fn required(&self) -> Vec<&Term> {
        fn collect<'a>(expression: &'a Expression, terms: &mut Vec<&'a Term>) {
            match expression {
                Expression::Term(term) => terms.push(term),
                Expression::All(parts) => parts.iter().for_each(|part| collect(part, terms)),
                Expression::Any(_) | Expression::Not(_) => {}
            }
        }
        let mut terms = Vec::new();
        collect(&self.0, &mut terms);
        terms
    }

    /// What is left to check where the required words have been looked up in an index.
    pub fn without_required_words(&self) -> Self {
        fn strip(expression: &Expression) -> Expression {
            match expression {
                Expression::Term(Term::Words(_)) => Expression::All(Vec::new()),
                Expression::All(parts) => Expression::All(parts.iter().map(strip).collect()),
                other => other.clone(),
            }
        }
        Self(strip(&self.0))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
