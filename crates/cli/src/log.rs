//! The log: one event a line on standard error, as text or as JSON.
//!
//! What an event says may be a stranger's. Whatever its text holds, a line stays one line, and
//! nothing in it acts on a terminal: that is seen to here, where all of them pass.

mod inert;

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing_subscriber::EnvFilter;

use self::inert::Form;
use crate::args::LogFormat;
use crate::terminal::Paint;

/// Writes the log to standard error as text: this level and worse, or what `KREEL_LOG` says.
pub(crate) fn start(level: &str) {
    start_as(level, LogFormat::Text);
}

/// Writes the log like [`start`], as text or as JSON.
pub(crate) fn start_as(level: &str, format: LogFormat) {
    let filter = EnvFilter::try_from_env("KREEL_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let ansi = io::stderr().is_terminal() && Paint::of_stderr().is_colour();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false);
    let _ = match format {
        LogFormat::Text => {
            let form = if ansi { Form::Coloured } else { Form::Text };
            log.with_ansi(ansi)
                .with_writer(move || LogStream(form))
                .try_init()
        }
        // Fields beside the message, as who reads them by machine wants them.
        LogFormat::Json => log
            .with_ansi(false)
            .with_writer(|| LogStream(Form::Json))
            .json()
            .flatten_event(true)
            .try_init(),
    };
}

/// How much of the log is kept while the screen is not to be written on: 64 KiB, the newest.
const HELD_LOG_BYTES: usize = 64 * 1024;

/// The log, while it is held back.
static HELD_LOG: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Holds the log back: the terminal belongs to the inspector.
pub(crate) fn hold() {
    *held() = Some(Vec::new());
}

/// Writes what was held back, and all that follows, to standard error.
pub(crate) fn release() {
    if let Some(text) = held().take() {
        // There is no other place for it.
        let _ = io::stderr().write_all(&text);
    }
}

/// Nothing panics while it holds this.
fn held() -> MutexGuard<'static, Option<Vec<u8>>> {
    HELD_LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard error, or what is held back from it. It is given one whole event at a time.
#[derive(Debug, Clone, Copy)]
struct LogStream(Form);

impl Write for LogStream {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let shown = self.0.shown(event);
        match held().as_mut() {
            Some(text) => {
                text.extend_from_slice(&shown);
                let over = text.len().saturating_sub(HELD_LOG_BYTES);
                text.drain(..over);
            }
            None => io::stderr().write_all(&shown)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
