//! What went wrong, told three times over: what happened, why, and what to do next.
//!
//! Every fault has one stable code, and `docs/errors.md` explains each. How a fault of a library
//! becomes a problem stands in `problem/`.

use std::fmt;
use std::io::{self, Write};

use kreel_client::plain::{ErrorLine, Line, wrap};

use crate::exit::Exit;
use crate::terminal::Paint;

mod code;
mod history;
mod link;
mod relay;
#[cfg(test)]
mod tests;

pub(crate) use code::Code;
pub(crate) use history::of_history;
pub(crate) use link::{of_client_config, of_link};
pub(crate) use relay::of_relay;

/// A fault, for people and for scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Which fault it is, for good.
    pub(crate) code: Code,
    /// What happened: one sentence, lower case, no full stop.
    pub(crate) what: String,
    /// Why, as far as anyone knows.
    pub(crate) why: String,
    /// What to do next.
    pub(crate) next: String,
    /// What the user gave, with the fault pointed at below it; shown as it is.
    pub(crate) excerpt: Option<String>,
    /// Whether scripts are to be told whatever the command line says.
    pub(crate) for_scripts: bool,
}

/// How narrow text gets at the narrowest: 20 columns, the longest words of ours.
const LEAST_COLUMNS: usize = 20;

/// What fallible parts of the program return.
pub(crate) type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem of this kind.
    pub(crate) fn new(
        code: Code,
        what: impl Into<String>,
        why: impl fmt::Display,
        next: impl Into<String>,
    ) -> Self {
        Self {
            code,
            what: what.into(),
            why: why.to_string(),
            next: next.into(),
            excerpt: None,
            for_scripts: false,
        }
    }

    /// Why, or what happened where that says it all.
    pub(crate) fn cause(&self) -> &str {
        match self.why.as_str() {
            "" => &self.what,
            why => why,
        }
    }

    /// What happened, and why where that says more.
    pub(crate) fn said(&self) -> String {
        match self.why.as_str() {
            "" => self.what.clone(),
            why => format!("{}: {why}", self.what),
        }
    }

    /// Tells people on standard error and, if they read, scripts on standard output.
    pub(crate) fn tell(&self, scripts_read: bool) {
        let columns = terminal_size::terminal_size_of(io::stderr())
            .map_or(usize::MAX, |(width, _)| width.0.into());
        let _ = self.explain(&mut io::stderr().lock(), Paint::of_stderr(), columns);
        if scripts_read || self.for_scripts {
            let _ = self.report(&mut io::stdout().lock());
        }
    }

    /// How the program ends because of it.
    pub(crate) fn exit(&self) -> Exit {
        self.code.exit()
    }

    /// Writes the three lines for people, each broken between words to so many columns.
    pub(crate) fn explain(
        &self,
        to: &mut impl Write,
        paint: Paint,
        columns: usize,
    ) -> io::Result<()> {
        let fit = |text: &str, before: usize| {
            let room = columns.saturating_sub(before).max(LEAST_COLUMNS);
            wrap(text, room).join("\n        ")
        };
        let head = format!("error {}:", self.code);
        let what = fit(&self.what, head.len() + 1);
        writeln!(to, "{} {what}", paint.red(&head))?;
        for line in self.excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            writeln!(to, "        {line}")?;
        }
        if !self.why.is_empty() {
            writeln!(to, "  why:  {}", fit(&self.why, 8))?;
        }
        writeln!(to, "  next: {}", fit(&self.next, 8))
    }

    /// Writes the one line for scripts.
    pub(crate) fn report(&self, to: &mut impl Write) -> io::Result<()> {
        let message = self.said();
        let line = Line::Error(ErrorLine {
            code: self.code.as_str(),
            message: &message,
            advice: &self.next,
        });
        line.write(to)
    }
}

/// An error and all its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}
