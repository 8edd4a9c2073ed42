//! `kreel listen` on a pseudo-terminal: keys go in, frames come out, each with the time at which
//! its last byte was read.

use std::io::{self, Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

use crate::usage::{self, Usage};

/// A program on a terminal of 160 × 50. Killed on drop.
pub(super) struct Terminal {
    seen: Arc<Seen>,
    child: Box<dyn Child + Send + Sync>,
    pid: u32,
    /// Closing it would hang the program up.
    _master: Box<dyn MasterPty + Send>,
}

/// What the reading thread and the pressing one share.
struct Seen {
    state: Mutex<State>,
    keys: Mutex<Box<dyn Write + Send>>,
    bell: Condvar,
}

struct State {
    terminal: Parser,
    /// What is waited for, and when it was seen.
    awaited: Option<Effect>,
    seen_at: Option<Instant>,
    frames: u64,
    bytes: u64,
    is_closed: bool,
}

/// Whether a screen shows what a key shall do.
pub(super) type Effect = Box<dyn FnMut(&Screen) -> bool + Send>;

impl Terminal {
    /// Starts a program on a terminal of its own.
    pub(super) fn start(command: CommandBuilder) -> Result<Self> {
        let size = PtySize {
            rows: ROWS.get(),
            cols: COLUMNS.get(),
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size)?;
        let child = pair.slave.spawn_command(command)?;
        let reader = pair.master.try_clone_reader()?;
        let seen = Arc::new(Seen {
            state: Mutex::new(State {
                terminal: Parser::new(ROWS, COLUMNS, 0),
                awaited: None,
                seen_at: None,
                frames: 0,
                bytes: 0,
                is_closed: false,
            }),
            keys: Mutex::new(pair.master.take_writer()?),
            bell: Condvar::new(),
        });
        let reading = Arc::clone(&seen);
        thread::spawn(move || reading.read(reader));
        Ok(Self {
            seen,
            pid: child.process_id().context("it ended at once")?,
            child,
            _master: pair.master,
        })
    }

    /// Presses keys; how long it took until the first whole frame that shows their effect.
    pub(super) fn press(&mut self, keys: &str, effect: Effect) -> Result<Duration> {
        let began = {
            let mut state = self.seen.lock();
            state.awaited = Some(effect);
            state.seen_at = None;
            Instant::now()
        };
        self.seen.write(keys)?;
        let seen_at = self
            .seen_by(began + PATIENCE)
            .with_context(|| format!("{keys:?} had no effect on\n{}", self.contents()))?;
        Ok(seen_at - began)
    }

    /// Waits until a screen shows something; it may be there already.
    pub(super) fn shows(&self, mut effect: Effect) -> Result<Duration> {
        let began = Instant::now();
        {
            let mut state = self.seen.lock();
            if effect(state.terminal.screen()) {
                return Ok(Duration::ZERO);
            }
            state.awaited = Some(effect);
            state.seen_at = None;
        }
        let seen_at = self
            .seen_by(began + PATIENCE * 6)
            .with_context(|| format!("what was waited for never came\n{}", self.contents()))?;
        Ok(seen_at - began)
    }

    fn seen_by(&self, deadline: Instant) -> Result<Instant> {
        let mut state = self.seen.lock();
        loop {
            if let Some(seen_at) = state.seen_at.take() {
                return Ok(seen_at);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.is_closed {
                bail!("the inspector did not show it");
            }
            let waited = self.seen.bell.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What is on screen now, looked at.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.seen.lock().terminal.screen())
    }

    fn contents(&self) -> String {
        self.look(Screen::contents)
    }

    /// How many frames there were, and how many bytes.
    pub(super) fn drawn(&self) -> (u64, u64) {
        let state = self.seen.lock();
        (state.frames, state.bytes)
    }

    /// What the program has used so far.
    pub(super) fn usage(&self) -> Usage {
        usage::of_tree(self.pid)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Seen {
    /// Reads frames until the program is gone.
    fn read(&self, mut reader: Box<dyn Read + Send>) {
        let mut frame = Vec::new();
        let mut chunk = vec![0; CHUNK];
        while let Ok(count @ 1..) = reader.read(&mut chunk) {
            let at = Instant::now();
            let looked_at = frame.len().saturating_sub(END.len());
            frame.extend_from_slice(&chunk[..count]);
            if frame[looked_at..]
                .windows(WHERE.len())
                .any(|part| part == WHERE)
            {
                // A program that is gone asks no more.
                let _ = self.write(HERE);
            }
            let end = frame[looked_at..]
                .windows(END.len())
                .rposition(|part| part == END);
            let Some(end) = end.map(|end| looked_at + end + END.len()) else {
                continue;
            };
            self.show(&frame[..end], at);
            frame.drain(..end);
        }
        // What it said when it ended, so that it can be told.
        let mut state = self.lock();
        state.terminal.process(&frame);
        state.is_closed = true;
        drop(state);
        self.bell.notify_all();
    }

    fn write(&self, keys: &str) -> io::Result<()> {
        let mut writer = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(keys.as_bytes())?;
        writer.flush()
    }

    fn show(&self, frames: &[u8], at: Instant) {
        let state = &mut *self.lock();
        state.terminal.process(frames);
        state.frames += 1;
        state.bytes += frames.len() as u64;
        let screen = state.terminal.screen();
        if state.awaited.as_mut().is_some_and(|effect| effect(screen)) {
            state.awaited = None;
            state.seen_at = Some(at);
            self.bell.notify_all();
        }
    }

    /// An effect that panicked says so; the screen is as it was.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the inspector ends each frame with: the end of a synchronized update.
const END: &[u8] = b"\x1b[?2026l";

/// The question where the cursor is, and the answer of a terminal that was just cleared.
const WHERE: &[u8] = b"\x1b[6n";
const HERE: &str = "\x1b[1;1R";

const ROWS: NonZeroU16 = NonZeroU16::new(50).expect("50 is not 0");
const COLUMNS: NonZeroU16 = NonZeroU16::new(160).expect("160 is not 0");

/// What a kernel's terminal hands out at once, many times over.
const CHUNK: usize = 64 * 1024;

/// A key without effect for so long has none.
const PATIENCE: Duration = Duration::from_secs(5);
