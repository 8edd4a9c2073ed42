//! What senders and app put down, line by line, in files of their own.
//!
//! A line is one `write`, and it is in the file before whatever it announces is done, so that a
//! kill of its writer loses nothing. A line that was cut off by a kill announces nothing.

mod line;

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

pub(crate) use self::line::{Arrival, By, Ended, SenderLine, Sent};

/// A message's number; each is sent once.
pub(crate) type MessageId = u64;

/// The SHA-256 of a body.
pub(crate) type Sha = [u8; 32];

/// The senders' file in a part's folder.
pub(crate) const SENDERS: &str = "senders.ledger";

/// The app's file in a part's folder.
pub(crate) const APP: &str = "app.ledger";

/// Microseconds since 1970 that never go back within this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    start_us: u64,
}

impl Clock {
    /// Takes the time of the system once.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            start: Instant::now(),
            start_us: micros(since.unwrap_or_default().as_micros()),
        }
    }

    /// The time.
    pub(crate) fn now_us(&self) -> u64 {
        self.start_us + micros(self.start.elapsed().as_micros())
    }
}

fn micros(micros: u128) -> u64 {
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// A file that lines are appended to.
#[derive(Debug)]
pub(crate) struct Ledger(File);

impl Ledger {
    /// Opens it, and ends a line that a kill has cut off.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let open = || -> io::Result<File> {
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            if !ends_a_line(path)? {
                file.write_all(b"\n")?;
            }
            Ok(file)
        };
        let file = open().with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self(file))
    }

    /// Puts a line down.
    pub(crate) fn put(&self, line: &impl Display) -> io::Result<()> {
        (&self.0).write_all(format!("{line}\n").as_bytes())
    }
}

fn ends_a_line(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Hands each whole line of a file to `take`, with its number from 1; what is no line of a ledger
/// is counted and returned.
pub(crate) fn each_line<T>(
    path: &Path,
    parse: impl Fn(&str) -> Option<T>,
    mut take: impl FnMut(u64, T),
) -> Result<u64> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut torn = 0;
    for (number, line) in (1..).zip(BufReader::new(file).split(b'\n')) {
        let line = line?;
        match std::str::from_utf8(&line).ok().and_then(&parse) {
            Some(parsed) => take(number, parsed),
            None => torn += 1,
        }
    }
    Ok(torn)
}
