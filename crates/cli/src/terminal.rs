//! What the streams of this process are: a person's terminal or something else, with or without
//! colour.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal, Write};

use kreel_client::plain::inert_line;
use serde_json::Value;

use crate::problem::{Code, Problem, Result};

/// Whether text may carry colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// ANSI colours, which the terminal shows.
    Colour,
    /// Plain text.
    Plain,
}

/// Whether there is a terminal to draw on and to read keys from.
pub(crate) fn has_screen() -> bool {
    let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

/// Whether the user wants no colours (no-color.org).
pub(crate) fn forbids_colour() -> bool {
    variable("NO_COLOR").is_some_and(|value| !value.is_empty())
}

impl Paint {
    /// Whether standard output takes colour.
    pub(crate) fn of_stdout() -> Self {
        Self::decide(io::stdout().is_terminal(), variable)
    }

    /// Whether standard error takes colour.
    pub(crate) fn of_stderr() -> Self {
        Self::decide(io::stderr().is_terminal(), variable)
    }

    /// `NO_COLOR` forbids (no-color.org), `CLICOLOR_FORCE` demands (bixense.com/clicolors);
    /// otherwise a terminal takes colour and a file or pipe does not.
    fn decide(terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let forced = || variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        if set("NO_COLOR") || !(terminal || (set("CLICOLOR_FORCE") && forced())) {
            Self::Plain
        } else {
            Self::Colour
        }
    }

    /// Whether this is colour.
    pub(crate) fn is_colour(self) -> bool {
        self == Self::Colour
    }

    /// For what is wrong.
    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// For what stands out.
    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// For what may be overlooked.
    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, style: &str, text: &str) -> String {
        match self {
            Self::Colour => format!("\x1b[{style}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// Whether a person sits at both ends: standard input and standard error are terminals.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A word as a shell takes it: in quotes, unless it needs none.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}

/// Writes a line for people to standard error. One that can't be written is not worth an error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// An object as one line of JSON, in which nothing acts on a terminal.
pub(crate) fn object_line(object: &Value) -> String {
    let line = inert_line(object).expect("a value can be written to memory");
    String::from_utf8(line).expect("JSON is UTF-8")
}

/// Writes data to standard output, all at once. A reader that has left is no fault.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Problem::new(
            Code::SystemRefused,
            "can't write to standard output",
            error,
            "check where the output goes: a full disk, a closed terminal",
        )),
        _ => Ok(()),
    }
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(terminal: bool, set: &[(&str, &str)]) -> Paint {
        let value = |wanted: &str| set.iter().find(|(name, _)| *name == wanted);
        Paint::decide(terminal, |name| value(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn colour_is_for_terminals_unless_told_otherwise() {
        assert_eq!(decide(true, &[]), Paint::Colour);
        assert_eq!(decide(false, &[]), Paint::Plain);
        assert_eq!(decide(true, &[("NO_COLOR", "1")]), Paint::Plain);
        assert_eq!(decide(true, &[("NO_COLOR", "")]), Paint::Colour);
        assert_eq!(decide(false, &[("CLICOLOR_FORCE", "1")]), Paint::Colour);
        assert_eq!(decide(false, &[("CLICOLOR_FORCE", "0")]), Paint::Plain);
        let both = [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")];
        assert_eq!(decide(true, &both), Paint::Plain);
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(
            quoted("https://127.0.0.1:4433/a-b/"),
            "https://127.0.0.1:4433/a-b/"
        );
        assert_eq!(
            quoted("/home/me/My App/cert.pem"),
            "'/home/me/My App/cert.pem'"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(Paint::Plain.red("x"), "x");
        assert_eq!(Paint::Colour.red("x"), "\x1b[1;31mx\x1b[0m");
    }
}
