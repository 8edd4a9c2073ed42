//! Updates as lines, for when there is no screen: for people, for programs, or hardly any.
//!
//! Data goes to `out`, the rest to `err`. Nothing a sender or an app has written reaches either
//! as anything but inert text.

mod compact;
mod json;
mod wrap;

use std::io::{self, Write};

use self::compact::Compact;
pub use self::compact::columns::{duration, fit, size};
pub use self::json::{ErrorLine, Line, SCHEMA_TYPES, inert_line, milliseconds, rfc3339};
pub use self::wrap::wrap;
use crate::Update;

/// How updates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A row for each delivery, for people.
    Compact,
    /// One JSON object a line, for programs.
    Json,
    /// The readiness line and what goes wrong.
    Quiet,
}

/// Which streams may carry escape sequences for colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colored {
    /// That of the data.
    pub out: bool,
    /// That of the notices.
    pub err: bool,
}

/// Writes updates as lines.
#[derive(Debug)]
pub struct Plain<O, E> {
    out: O,
    err: E,
    style: Style,
}

#[derive(Debug)]
enum Style {
    Compact(Compact),
    Json { tunnel: Option<String> },
    Quiet(Compact),
}

impl<O: Write, E: Write> Plain<O, E> {
    /// A writer of lines. `colored` is about `compact` and `quiet`.
    pub fn new(format: Format, colored: Colored, out: O, err: E) -> Self {
        let style = match format {
            Format::Compact => Style::Compact(Compact::new(colored)),
            Format::Json => Style::Json { tunnel: None },
            Format::Quiet => Style::Quiet(Compact::new(colored)),
        };
        Self { out, err, style }
    }

    /// How many columns rows may take. Unless told each is one line, most of them of 80.
    pub fn set_width(&mut self, columns: usize) {
        if let Style::Compact(compact) | Style::Quiet(compact) = &mut self.style {
            compact.set_width(columns);
        }
    }

    /// Shows what waits for the next update, since that may take long.
    pub fn settle(&mut self) -> io::Result<()> {
        match &mut self.style {
            Style::Compact(compact) => compact.settle(&mut self.err),
            Style::Quiet(_) | Style::Json { .. } => Ok(()),
        }
    }

    /// Shows one update, and flushes. Counters wait for the next one, or for [`Plain::settle`]:
    /// what made the link break is told before them.
    pub fn show(&mut self, update: &Update) -> io::Result<()> {
        match &mut self.style {
            Style::Compact(compact) => compact.show(update, &mut self.out, &mut self.err)?,
            Style::Quiet(compact) if is_for_quiet(update) => {
                compact.show_quietly(update, &mut self.out, &mut self.err)?;
            }
            Style::Quiet(_) => return Ok(()),
            Style::Json { tunnel } => {
                if let Update::Ready(ready) = update {
                    *tunnel = Some(ready.tunnel.to_string());
                }
                if let Some(line) = Line::of(update, tunnel.as_deref()) {
                    line.write(&mut self.out)?;
                }
            }
        }
        self.out.flush()?;
        self.err.flush()
    }
}

fn is_for_quiet(update: &Update) -> bool {
    matches!(
        update,
        Update::Ready(_) | Update::Reconnecting { .. } | Update::AppDown { .. }
    )
}

#[cfg(test)]
mod tests;
