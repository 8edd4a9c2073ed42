//! What a client reports, as lines on the streams of this process.

use std::io::{self, IsTerminal, Write};

use kreel_client::Update;
use kreel_client::plain::{Colored, Format, Line, Plain};

use crate::args::Output;
use crate::sink::Sink;
use crate::terminal::Paint;

/// Lines on their way: data to one stream, notices to another.
pub(crate) struct Rows {
    plain: Plain<Sink, Sink>,
    out: Sink,
    err: Sink,
    /// Whether a terminal shows the rows, so that their width matters.
    on_terminal: bool,
}

impl Rows {
    /// Data on standard output, notices on standard error.
    pub(crate) fn new(output: Output) -> Self {
        let colored = Colored {
            out: Paint::of_stdout().is_colour(),
            err: Paint::of_stderr().is_colour(),
        };
        let (out, err) = (Sink::new(io::stdout()), Sink::new(io::stderr()));
        Self::into(output, colored, out, err)
    }

    /// All on standard error, since standard output is for something else.
    pub(crate) fn on_stderr(output: Output) -> Self {
        let paint = Paint::of_stderr().is_colour();
        let (out, err) = (paint, paint);
        let stream = Sink::new(io::stderr());
        Self::into(output, Colored { out, err }, stream.clone(), stream)
    }

    fn into(output: Output, colored: Colored, out: Sink, err: Sink) -> Self {
        let format = match output {
            Output::Tui | Output::Compact => Format::Compact,
            Output::Json => Format::Json,
            Output::Quiet => Format::Quiet,
        };
        let plain = Plain::new(format, colored, out.clone(), err.clone());
        Self {
            plain,
            out,
            err,
            on_terminal: io::stdout().is_terminal(),
        }
    }

    /// Shows an update with the next [`Rows::push`].
    pub(crate) fn show(&mut self, update: &Update) {
        // A sink takes whatever it is given.
        let _ = self.plain.show(update);
    }

    /// Adds a line of JSON to the data.
    pub(crate) fn add(&mut self, line: &Line<'_>) {
        let _ = line.write(&mut self.out);
    }

    /// Adds a line to the data.
    pub(crate) fn tell(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    /// Adds a line to the notices.
    pub(crate) fn say(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}");
    }

    /// Gives the streams what they take at once.
    pub(crate) fn push(&mut self) {
        let _ = self.plain.settle();
        self.out.push();
        self.err.push();
    }

    /// Gives the streams the rest, unless they are stuck.
    pub(crate) fn finish(&mut self) {
        let _ = self.plain.settle();
        self.out.finish();
        self.err.finish();
    }

    /// Makes rows as wide as the terminal is now.
    pub(crate) fn fit_terminal(&mut self) {
        if self.on_terminal
            && let Some((width, _)) = terminal_size::terminal_size_of(io::stdout())
        {
            self.plain.set_width(width.0.into());
        }
    }

    /// Whether a stream is behind.
    pub(crate) fn is_waiting(&self) -> bool {
        self.out.is_waiting() || self.err.is_waiting()
    }

    /// Whether a stream is so far behind that updates should wait where they come from.
    pub(crate) fn is_full(&self) -> bool {
        self.out.is_full() || self.err.is_full()
    }

    /// Whether nobody reads the data any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.out.is_gone()
    }
}
