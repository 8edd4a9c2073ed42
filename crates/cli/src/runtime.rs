//! The threads that serve connections, and the log they write.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::problem::{Code, Problem, Result};
use crate::terminal::Paint;

/// A runtime on this thread alone: nothing is handed from thread to thread, which is what costs
/// time when little is going on.
pub(crate) fn on_this_thread() -> Result<Runtime> {
    build(&mut Builder::new_current_thread())
}

/// A runtime with this many threads; with one it is this thread.
pub(crate) fn on_threads(count: usize) -> Result<Runtime> {
    match count {
        0 | 1 => on_this_thread(),
        count => build(Builder::new_multi_thread().worker_threads(count)),
    }
}

/// How many threads serve a relay best: half the processors, since the kernel's side of the
/// network needs the other half, and past 8 the locks between them cost more than they bring.
pub(crate) fn usual_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    (processors / 2).clamp(1, 8)
}

/// How many sockets' news are taken in before the tasks they concern have their turn: 8. With
/// more, a crowd's requests move as one wave, and sender, relay, client and app each wait while
/// the others work on all of it; 64 senders then see a tenth fewer answers a second.
const EVENTS: usize = 8;

fn build(builder: &mut Builder) -> Result<Runtime> {
    let builder = builder.enable_all().max_io_events_per_tick(EVENTS);
    builder.build().map_err(|error| {
        Problem::new(
            Code::SystemRefused,
            "kreel can't start",
            error,
            "check the limits on open files and processes (`ulimit -a`)",
        )
    })
}

/// How much of the log is kept while the screen is not to be written on: 64 KiB, the newest.
const HELD_LOG_BYTES: usize = 64 * 1024;

/// The log, while it is held back.
static HELD_LOG: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Holds the log back: the terminal belongs to the inspector.
pub(crate) fn hold_log() {
    *held() = Some(Vec::new());
}

/// Writes what was held back, and all that follows, to standard error.
pub(crate) fn release_log() {
    if let Some(text) = held().take() {
        // There is no other place for it.
        let _ = io::stderr().write_all(&text);
    }
}

/// Nothing panics while it holds this.
fn held() -> MutexGuard<'static, Option<Vec<u8>>> {
    HELD_LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard error, or what is held back from it.
#[derive(Debug, Clone, Copy)]
struct LogStream;

impl Write for LogStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match held().as_mut() {
            Some(text) => {
                text.extend_from_slice(bytes);
                let over = text.len().saturating_sub(HELD_LOG_BYTES);
                text.drain(..over);
                Ok(bytes.len())
            }
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the log to standard error as text: this level and worse, or what `KREEL_LOG` says.
pub(crate) fn log(level: &str) {
    log_as(level, LogFormat::Text);
}

/// Writes the log like [`log`], as text or as JSON.
pub(crate) fn log_as(level: &str, format: LogFormat) {
    let filter = EnvFilter::try_from_env("KREEL_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let ansi = io::stderr().is_terminal() && Paint::of_stderr().is_colour();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| LogStream)
        .with_ansi(ansi)
        .with_target(false);
    let _ = match format {
        LogFormat::Text => log.try_init(),
        // Fields beside the message, as who reads them by machine wants them.
        LogFormat::Json => log.json().flatten_event(true).with_ansi(false).try_init(),
    };
}
