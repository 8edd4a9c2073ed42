//! Ends a connection whose peer is silent where it should speak, or reads nothing of what it is
//! sent. hyper waits for both for ever.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::config::Limits;

/// How many requests are under way on a connection; silence is no fault while there are any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<Requests>);

#[derive(Debug, Default)]
struct Requests {
    under_way: AtomicU32,
    /// How many have begun, ever (it may wrap): tells two heads apart.
    begun: AtomicU32,
}

/// One request under way; over when dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Busy);

impl Busy {
    /// Counts a request until the guard is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    fn is_idle(&self) -> bool {
        self.0.under_way.load(Ordering::Relaxed) == 0
    }

    fn begun(&self) -> u32 {
        self.0.begun.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a byte on an idle connection begins a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heads {
    /// It does, and the head has its own deadline: HTTP/1.1.
    Tracked,
    /// It may be anything, an answered ping for one: HTTP/2.
    Untracked,
}

/// A stream under deadlines.
#[derive(Debug)]
pub(crate) struct Deadlines<S> {
    stream: S,
    busy: Busy,
    watch: Option<Watch>,
}

/// How long a peer may take.
#[derive(Debug, Clone, Copy)]
struct Times {
    head: Duration,
    idle: Duration,
    write_pause: Duration,
}

/// When the peer last did what it should. One timer serves it for long: it is not set anew at
/// each read, but looks when it fires how long the silence has really been.
#[derive(Debug)]
struct Watch {
    timer: Pin<Box<Sleep>>,
    /// The last byte, or the end of the last request.
    quiet_since: Instant,
    heads: Heads,
    times: Times,
    head: Option<Head>,
    write: Option<Pin<Box<Sleep>>>,
}

/// A head that is still arriving, unless a request has begun since.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// When its first byte came.
    since: Instant,
    /// How many requests had begun by then.
    begun: u32,
}

impl<S> Deadlines<S> {
    /// Puts a stream under deadlines, which `busy` suspends for reading.
    pub(crate) fn new(stream: S, busy: Busy, heads: Heads, limits: &Limits) -> Self {
        let now = Instant::now();
        let times = Times {
            head: limits.head_time,
            idle: limits.idle_time,
            write_pause: limits.write_pause,
        };
        let timer = Box::pin(tokio::time::sleep_until(now + times.head));
        let watch = Watch {
            timer,
            quiet_since: now,
            heads,
            times,
            head: None,
            write: None,
        };
        Self {
            stream,
            busy,
            watch: Some(watch),
        }
    }

    /// Lifts the deadlines: a websocket has its own heartbeat.
    pub(crate) fn lift(&mut self) {
        self.watch = None;
    }
}

impl Watch {
    fn heard(&mut self, busy: &Busy) {
        self.quiet_since = Instant::now();
        self.forget_dispatched(busy);
        if self.heads == Heads::Tracked && busy.is_idle() {
            let (since, begun) = (self.quiet_since, busy.begun());
            self.head.get_or_insert(Head { since, begun });
        }
    }

    /// A head is over once its request is under way, or has been answered already.
    fn forget_dispatched(&mut self, busy: &Busy) {
        let begun = busy.begun();
        self.head = self
            .head
            .filter(|head| busy.is_idle() && head.begun == begun);
    }

    /// Ready once the peer has taken too long.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>, busy: &Busy) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            self.forget_dispatched(busy);
            if !busy.is_idle() {
                self.quiet_since = now;
            }
            let ends = [
                Some(self.quiet_since + self.times.idle),
                self.head.map(|head| head.since + self.times.head),
            ];
            match ends.into_iter().flatten().min() {
                Some(end) if end <= now => return Poll::Ready(()),
                // Not later than a head might have to end that begins right now.
                Some(end) => self.timer.as_mut().reset(end.min(now + self.times.head)),
                None => {}
            }
        }
        Poll::Pending
    }

    fn poll_write_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let pause = self.times.write_pause;
        let pause = || Box::pin(tokio::time::sleep(pause));
        self.write.get_or_insert_with(pause).as_mut().poll(cx)
    }
}

fn too_slow(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the peer {what} too slowly, or nothing"),
    )
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadlines<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(cx, into);
        if let Some(watch) = &mut this.watch {
            if read.is_ready() {
                watch.heard(&this.busy);
            } else if watch.poll_read_deadline(cx, &this.busy).is_ready() {
                return Poll::Ready(Err(too_slow("sends")));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> Deadlines<S> {
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Some(watch) = &mut self.watch {
            if written.is_ready() {
                watch.write = None;
            } else if watch.poll_write_deadline(cx).is_ready() {
                return Poll::Ready(Err(too_slow("reads")));
            }
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deadlines<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.watch_write(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.watch_write(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.watch_write(cx, shut)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.watch_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const HEAD_TIME: Duration = Duration::from_secs(15);
    const IDLE: Duration = Duration::from_secs(60);
    const WRITE_PAUSE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn silence_ends_an_idle_connection_but_no_busy_one() {
        let (near, mut far) = tokio::io::duplex(64);
        let busy = Busy::default();
        let mut stream = Deadlines::new(near, busy.clone(), Heads::Tracked, &Limits::default());
        let under_way = busy.begin();
        let mut byte = [0];
        let wait = tokio::time::timeout(IDLE * 10, stream.read(&mut byte)).await;
        assert!(
            wait.is_err(),
            "silence while a request is under way is no fault"
        );
        drop(under_way);
        far.write_all(b"x").await.unwrap();
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
        let start = Instant::now();
        assert_eq!(
            stream.read(&mut byte).await.unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        // The byte above began a head, which has less time than silence.
        assert!((HEAD_TIME..HEAD_TIME + Duration::from_secs(1)).contains(&start.elapsed()));

        let (near, _far) = tokio::io::duplex(64);
        let mut stream = Deadlines::new(near, Busy::default(), Heads::Tracked, &Limits::default());
        let start = Instant::now();
        assert_eq!(
            stream.read(&mut byte).await.unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        assert!((IDLE..IDLE + Duration::from_secs(1)).contains(&start.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_has_a_deadline_and_a_body_has_none_here() {
        let (near, mut far) = tokio::io::duplex(64);
        let busy = Busy::default();
        let mut stream = Deadlines::new(near, busy.clone(), Heads::Tracked, &Limits::default());
        let trickle = tokio::spawn(async move {
            while far.write_all(b"x").await.is_ok() {
                tokio::time::sleep(HEAD_TIME / 5).await;
            }
        });
        let (mut byte, under_way) = ([0], busy.begin());
        for _ in 0..50 {
            assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
        }
        drop(under_way);
        let start = Instant::now();
        while stream.read(&mut byte).await.is_ok() {}
        assert!(start.elapsed() <= HEAD_TIME * 2, "{:?}", start.elapsed());
        trickle.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_answered_at_once_leaves_no_head_behind() {
        let (near, mut far) = tokio::io::duplex(64);
        let busy = Busy::default();
        let mut stream = Deadlines::new(near, busy.clone(), Heads::Tracked, &Limits::default());
        let mut byte = [0];
        let begun = Instant::now();
        // Requests of one byte, each answered before the stream is read again; together they
        // take longer than any head may.
        while begun.elapsed() < HEAD_TIME * 2 {
            far.write_all(b"x").await.unwrap();
            assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
            drop(busy.begin());
            tokio::time::sleep(HEAD_TIME / 4).await;
        }
        let quiet = Instant::now();
        let cut = stream.read(&mut byte).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
        let idle = quiet.elapsed() + HEAD_TIME / 4;
        assert!(
            (IDLE..IDLE + Duration::from_secs(1)).contains(&idle),
            "{idle:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn where_heads_are_not_tracked_any_byte_is_a_sign_of_life() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut stream =
            Deadlines::new(near, Busy::default(), Heads::Untracked, &Limits::default());
        let mut byte = [0];
        for _ in 0..20 {
            far.write_all(b"x").await.unwrap();
            assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
            let silence = tokio::time::timeout(IDLE / 2, stream.read(&mut byte)).await;
            assert!(silence.is_err(), "half the time of silence is no fault");
        }
        let start = Instant::now();
        let cut = stream.read(&mut byte).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
        assert!(start.elapsed() < IDLE / 2 + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_cut_off_and_a_slow_one_is_not() {
        let (near, mut far) = tokio::io::duplex(8);
        let mut stream = Deadlines::new(near, Busy::default(), Heads::Tracked, &Limits::default());
        let slow = async {
            let mut byte = [0];
            for _ in 0..32 {
                tokio::time::sleep(WRITE_PAUSE / 2).await;
                far.read_exact(&mut byte).await.unwrap();
            }
            far
        };
        let (far, written) = tokio::join!(slow, stream.write_all(&[7; 40]));
        written.unwrap();
        assert_eq!(
            stream.write_all(&[7; 40]).await.unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        drop(far);
    }
}
