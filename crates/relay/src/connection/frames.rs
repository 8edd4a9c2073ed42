//! Follows the frames of an HTTP/2 connection (RFC 9113, section 4.1) on their way to h2: heads
//! that never end, and frames that carry nothing, are no use to anybody.
//!
//! It reads frame headers alone and keeps no byte. What h2 sees to itself (sizes, streams, resets)
//! is left to it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::config::Limits;

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// A head goes on and on.
    #[error("a head has more than {limit} CONTINUATION frames")]
    Continuations {
        /// The most there may be.
        limit: u32,
    },
    /// A head does not come to its end.
    #[error("a head did not arrive in time")]
    SlowHead,
    /// Frames come that carry nothing.
    #[error("more than {limit} frames that carry nothing came within a second")]
    Idle {
        /// The most there may be.
        limit: u32,
    },
}

impl Fault {
    /// What it is counted as.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Continuations { .. } => "http2_continuations",
            Self::SlowHead => "http2_slow_head",
            Self::Idle { .. } => "http2_idle_frames",
        }
    }
}

/// Where a connection's owner finds out why it ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict(Arc<OnceLock<Fault>>);

impl Verdict {
    /// What was wrong, if anything was.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.0.get().copied()
    }
}

/// What a client sends before its first frame (RFC 9113, section 3.4).
const PREFACE_BYTES: usize = 24;

const HEADER_BYTES: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How far the frames are.
#[derive(Debug)]
struct Frames {
    most_continuations: u32,
    most_idle: u32,
    /// Bytes to pass over: of the preface, or of a frame's payload.
    left: usize,
    header: [u8; HEADER_BYTES],
    /// How much of the next header is here.
    got: usize,
    /// A head is under way; whether the frame at hand is its last.
    head: Option<bool>,
    continuations: u32,
    /// Frames that carry nothing, in the second that began then.
    idle: (Instant, u32),
}

impl Frames {
    fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            most_continuations: limits.http2_continuations,
            most_idle: limits.http2_idle_frames_per_second,
            left: PREFACE_BYTES,
            header: [0; HEADER_BYTES],
            got: 0,
            head: None,
            continuations: 0,
            idle: (now, 0),
        }
    }

    /// Takes the bytes that come next.
    fn advance(&mut self, mut run: &[u8], now: Instant) -> Result<(), Fault> {
        while !run.is_empty() {
            if self.left > 0 {
                let passed = self.left.min(run.len());
                run = &run[passed..];
                self.left -= passed;
            } else {
                let taken = (HEADER_BYTES - self.got).min(run.len());
                self.header[self.got..self.got + taken].copy_from_slice(&run[..taken]);
                run = &run[taken..];
                self.got += taken;
                if self.got == HEADER_BYTES {
                    self.got = 0;
                    self.begin(now)?;
                }
            }
            if self.left == 0 && self.got == 0 && self.head == Some(true) {
                self.head = None;
            }
        }
        Ok(())
    }

    /// Takes a frame's header.
    fn begin(&mut self, now: Instant) -> Result<(), Fault> {
        let [a, b, c, kind, flags, ..] = self.header;
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
        let carries = match kind {
            HEADERS => {
                self.continuations = 0;
                self.head = Some(flags & END_HEADERS != 0);
                true
            }
            CONTINUATION => {
                self.continuations += 1;
                if self.continuations > self.most_continuations {
                    let limit = self.most_continuations;
                    return Err(Fault::Continuations { limit });
                }
                self.head = Some(flags & END_HEADERS != 0);
                self.left > 0
            }
            DATA => self.left > 0 || flags & END_STREAM != 0,
            RST_STREAM | WINDOW_UPDATE => true,
            _ => false,
        };
        match carries {
            true => Ok(()),
            false => self.count_idle(now),
        }
    }

    fn count_idle(&mut self, now: Instant) -> Result<(), Fault> {
        let (since, count) = &mut self.idle;
        if now.duration_since(*since) >= Duration::from_secs(1) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        match *count <= self.most_idle {
            true => Ok(()),
            false => Err(Fault::Idle {
                limit: self.most_idle,
            }),
        }
    }
}

/// A socket whose reads are followed.
#[derive(Debug)]
pub(crate) struct FramesIo<S> {
    io: S,
    frames: Frames,
    head_time: Duration,
    /// When the head under way must be here. Most come at once, and need none.
    head_ends: Option<Pin<Box<Sleep>>>,
    verdict: Verdict,
}

impl<S> FramesIo<S> {
    /// Follows a new connection.
    pub(crate) fn new(io: S, limits: &Limits) -> Self {
        Self {
            io,
            frames: Frames::new(limits, Instant::now()),
            head_time: limits.head_time,
            head_ends: None,
            verdict: Verdict::default(),
        }
    }

    /// Where to find out why it ended.
    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    fn end(&self, fault: Fault) -> io::Error {
        // The first one ends the connection.
        let _ = self.verdict.0.set(fault);
        io::Error::new(io::ErrorKind::InvalidData, fault)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FramesIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, into);
        if let Poll::Ready(Ok(())) = read
            && let Err(fault) = self
                .frames
                .advance(&into.filled()[before..], Instant::now())
        {
            into.set_filled(before);
            return Poll::Ready(Err(self.end(fault)));
        }
        if self.frames.head.is_none() {
            self.head_ends = None;
            return read;
        }
        let time = self.head_time;
        let timer = self
            .head_ends
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(self.end(Fault::SlowHead))),
            Poll::Pending => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FramesIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Reads, what becomes of them, and whether a head is open then.
    type Case = (Vec<Vec<u8>>, Result<(), Fault>, Option<bool>);

    const PING: u8 = 6;

    fn limits() -> Limits {
        Limits {
            http2_continuations: 3,
            http2_idle_frames_per_second: 5,
            ..Limits::default()
        }
    }

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, 1][..], payload].concat()
    }

    /// What comes of these frames, in runs of so many bytes.
    fn verdict(frames: &[Vec<u8>], run: usize) -> (Result<(), Fault>, Option<bool>) {
        let now = Instant::now();
        let mut state = Frames::new(&limits(), now);
        let bytes = [vec![b'x'; PREFACE_BYTES], frames.concat()].concat();
        let result = bytes
            .chunks(run)
            .try_for_each(|run| state.advance(run, now));
        (result, state.head)
    }

    #[tokio::test]
    async fn the_verdict_does_not_depend_on_the_split() {
        let (whole, begun) = (
            frame(HEADERS, END_HEADERS, b"abc"),
            frame(HEADERS, 0, b"abc"),
        );
        let more = frame(CONTINUATION, 0, b"d");
        let last = frame(CONTINUATION, END_HEADERS, b"d");
        let ping = frame(PING, 0, &[0; 8]);
        let idle = Fault::Idle { limit: 5 };
        let many = Fault::Continuations { limit: 3 };
        let cases: Vec<Case> = vec![
            (vec![whole.clone()], Ok(()), None),
            (vec![begun.clone()], Ok(()), Some(false)),
            (vec![whole[..11].to_vec()], Ok(()), Some(true)),
            (
                vec![begun.clone(), more.clone(), last.clone()],
                Ok(()),
                None,
            ),
            (
                vec![begun, more.clone(), more.clone(), more, last],
                Err(many),
                Some(false),
            ),
            (vec![ping.clone(); 5], Ok(()), None),
            (vec![ping; 6], Err(idle), None),
            (vec![frame(DATA, 0, b""); 6], Err(idle), None),
            (vec![frame(DATA, END_STREAM, b""); 6], Ok(()), None),
            (vec![frame(WINDOW_UPDATE, 0, &[0; 4]); 60], Ok(()), None),
            (vec![frame(77, 0, b"x"); 6], Err(idle), None),
            (vec![frame(HEADERS, END_HEADERS, b""); 60], Ok(()), None),
        ];
        for (number, (frames, expected, head)) in cases.into_iter().enumerate() {
            for run in [1, 2, 7, 4096] {
                assert_eq!(
                    verdict(&frames, run),
                    (expected, head),
                    "{number} in {run}s"
                );
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_has_a_deadline_and_a_second_forgives() {
        let (near, mut far) = tokio::io::duplex(4096);
        let mut stream = FramesIo::new(near, &Limits::default());
        let verdict = stream.verdict();
        far.write_all(&[b'x'; PREFACE_BYTES]).await.unwrap();
        for _ in 0..5 {
            for _ in 0..Limits::default().http2_idle_frames_per_second {
                far.write_all(&frame(PING, 0, b"")).await.unwrap();
            }
            let mut room = vec![0; 4096];
            assert!(stream.read(&mut room).await.unwrap() > 0);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        far.write_all(&frame(HEADERS, 0, b"a")).await.unwrap();
        let begun = Instant::now();
        let trickle = tokio::spawn(async move {
            while far.write_all(&frame(CONTINUATION, 0, b"a")).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(4)).await;
            }
        });
        let mut byte = [0];
        while stream.read(&mut byte).await.is_ok() {}
        let time = Limits::default().head_time;
        assert!(
            (time..time * 2).contains(&begun.elapsed()),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(verdict.fault(), Some(Fault::SlowHead));
        trickle.abort();
    }
}
