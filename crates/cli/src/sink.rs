//! A stream that may be slow, or gone, and must hold up nobody.
//!
//! Rows are written by the thread that serves the tunnel, since waking another for each costs
//! more than writing it; so nothing is written that the stream would not take at once.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Bytes on their way to a stream. Clones share the stream; what is written waits until
/// [`Sink::push`].
#[derive(Clone)]
pub(crate) struct Sink(Rc<RefCell<Inner>>);

struct Inner {
    stream: Box<dyn AsFd>,
    pending: Vec<u8>,
    /// The reader has left: what is written vanishes.
    is_gone: bool,
}

/// How much is written at a time: 4 KiB, which a pipe that reports itself ready takes without
/// blocking (`PIPE_BUF`).
const PIECE_BYTES: usize = 4096;

/// How much may wait for a slow stream before no more should be written: 256 KiB, some 2,000
/// rows.
const FULL_BYTES: usize = 256 * 1024;

/// How soon a stream that was not ready should be tried again: 20 ms, less than anyone notices.
pub(crate) const RETRY: Duration = Duration::from_millis(20);

/// How long a stream may take for the last rows at the end: 500 ms.
const LAST_ROWS: Duration = Duration::from_millis(500);

impl Sink {
    /// A sink into this stream.
    pub(crate) fn new(stream: impl AsFd + 'static) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            stream: Box::new(stream),
            pending: Vec::new(),
            is_gone: false,
        })))
    }

    /// Whether bytes wait for the stream.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.0.borrow().pending.is_empty()
    }

    /// Whether so much waits that no more should be written.
    pub(crate) fn is_full(&self) -> bool {
        self.0.borrow().pending.len() >= FULL_BYTES
    }

    /// Whether the reader has left.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.borrow().is_gone
    }

    /// Gives the stream what it takes at once.
    pub(crate) fn push(&self) {
        self.0.borrow_mut().push(Duration::ZERO);
    }

    /// Gives the stream the rest, unless it is stuck.
    pub(crate) fn finish(&self) {
        self.0.borrow_mut().push(LAST_ROWS);
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.borrow_mut();
        if !inner.is_gone {
            inner.pending.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    /// Does nothing: rows that come together go out together.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inner {
    fn push(&mut self, patience: Duration) {
        let mut written = 0;
        while written < self.pending.len() && self.is_ready(patience) {
            let end = self.pending.len().min(written + PIECE_BYTES);
            match rustix::io::write(&self.stream, &self.pending[written..end]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A pipe without a reader, a terminal that was closed, a full disk: nobody sees
                // rows any more, and deliveries go on.
                Err(_) => {
                    self.is_gone = true;
                    written = self.pending.len();
                }
            }
        }
        self.pending.drain(..written);
    }

    /// Whether the stream takes a piece without blocking, within this time.
    fn is_ready(&self, patience: Duration) -> bool {
        let mut streams = [PollFd::new(&self.stream, PollFlags::OUT)];
        let patience = Timespec::try_from(patience).ok();
        poll(&mut streams, patience.as_ref()).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};
    use std::time::Instant;

    use super::*;

    #[test]
    fn rows_come_out_whole_and_in_order() {
        let (mut reader, writer) = pipe().unwrap();
        let mut sink = Sink::new(writer);
        writeln!(sink, "one").unwrap();
        writeln!(sink.clone(), "two").unwrap();
        assert!(sink.is_waiting());
        sink.push();
        assert!(!sink.is_waiting());
        drop(sink);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn a_reader_that_does_not_read_holds_up_nobody() {
        let (mut reader, writer) = pipe().unwrap();
        let mut sink = Sink::new(writer);
        let row = [b'x'; 1000];
        let start = Instant::now();
        while !sink.is_full() {
            sink.write_all(&row).unwrap();
            sink.push();
        }
        assert!(start.elapsed() < LAST_ROWS, "{:?}", start.elapsed());
        assert!(sink.is_waiting() && !sink.is_gone());
        let mut first = [0; 8192];
        reader.read_exact(&mut first).unwrap();
        let before = sink.0.borrow().pending.len();
        sink.push();
        assert!(
            sink.0.borrow().pending.len() < before,
            "it goes on where it stopped"
        );
    }

    #[test]
    fn a_reader_that_has_left_is_noticed() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut sink = Sink::new(writer);
        writeln!(sink, "one").unwrap();
        sink.push();
        assert!(sink.is_gone() && !sink.is_waiting());
        writeln!(sink, "two").unwrap();
        assert!(!sink.is_waiting());
    }
}
