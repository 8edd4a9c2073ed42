//! Ends a connection whose peer is silent where it should speak, or reads nothing of what it is
//! sent. hyper waits for both for ever.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::busy::{Busy, Heads};
use crate::answers::AnswerRoom;
use crate::config::Limits;
use crate::limits::SHORT_PAUSE;

/// A stream under deadlines.
#[derive(Debug)]
pub(crate) struct Deadlines<S> {
    stream: S,
    busy: Busy,
    watch: Option<Watch>,
    room: AnswerRoom,
}

/// How long a peer may take.
#[derive(Debug, Clone, Copy)]
struct Times {
    head: Duration,
    idle: Duration,
    write_pause: Duration,
    write_bytes_per_second: u64,
}

/// When the peer last did what it should. One timer serves it for long: it is not set anew at
/// each read, but looks when it fires how long the silence has really been.
#[derive(Debug)]
struct Watch {
    timer: Pin<Box<Sleep>>,
    /// The last byte, or the end of the last request.
    quiet_since: Instant,
    times: Times,
    head: Option<Head>,
    /// How many requests had begun when the peer was last heard.
    begun: u32,
    write: Option<Pin<Box<Sleep>>>,
    /// Since when the peer is waited for to read.
    blocked_since: Option<Instant>,
    /// How long it has been waited for since its pace was last looked at, and what it took.
    blocked: Duration,
    taken_bytes: u64,
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
    pub(crate) fn new(stream: S, busy: Busy, limits: &Limits, room: AnswerRoom) -> Self {
        let now = Instant::now();
        let times = Times {
            head: limits.head_time,
            idle: limits.idle_time,
            write_pause: limits.write_pause,
            write_bytes_per_second: limits.write_bytes_per_second,
        };
        let timer = Box::pin(tokio::time::sleep_until(now + times.head));
        let watch = Watch {
            timer,
            quiet_since: now,
            times,
            head: None,
            begun: busy.begun(),
            write: None,
            blocked_since: None,
            blocked: Duration::ZERO,
            taken_bytes: 0,
        };
        Self {
            stream,
            busy,
            watch: Some(watch),
            room,
        }
    }

    /// The stream under them.
    pub(crate) fn below(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Lifts the deadlines: a websocket has its own heartbeat.
    pub(crate) fn lift(&mut self) {
        self.watch = None;
    }
}

impl Watch {
    fn heard(&mut self, busy: &Busy) {
        let had_begun = std::mem::replace(&mut self.begun, busy.begun());
        // In HTTP/2 a byte may be an answered ping, which is no reason to stay.
        if busy.heads() == Heads::Tracked || !busy.is_idle() || had_begun != self.begun {
            self.quiet_since = Instant::now();
        }
        self.forget_dispatched(busy);
        if busy.heads() == Heads::Tracked && busy.is_idle() {
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
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>, busy: &Busy) -> Poll<TooSlow> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            self.forget_dispatched(busy);
            if !busy.is_idle() {
                self.quiet_since = now;
            }
            let idle = self.quiet_since + self.times.idle;
            let head = self.head.map(|head| head.since + self.times.head);
            if head.is_some_and(|end| end <= now) {
                return Poll::Ready(TooSlow::Head);
            }
            if idle <= now {
                return Poll::Ready(TooSlow::Idle);
            }
            // Not later than a head might have to end that begins right now.
            let end = head.map_or(idle, |head| head.min(idle));
            self.timer.as_mut().reset(end.min(now + self.times.head));
        }
        Poll::Pending
    }

    /// The peer has taken some of what is written to it; whether that is too little, all in all.
    fn has_taken(&mut self, bytes: u64, room: &AnswerRoom) -> bool {
        let Some(since) = self.blocked_since.take() else {
            return false;
        };
        self.blocked += since.elapsed();
        self.taken_bytes += bytes;
        if self.blocked < self.patience(room) {
            return false;
        }
        let least = self.blocked.as_secs() * self.times.write_bytes_per_second;
        let taken = std::mem::take(&mut self.taken_bytes);
        self.blocked = Duration::ZERO;
        taken < least
    }

    /// How long a reader may take nothing.
    fn patience(&self, room: &AnswerRoom) -> Duration {
        match room.is_short() {
            true => self.times.write_pause.min(SHORT_PAUSE),
            false => self.times.write_pause,
        }
    }

    fn poll_write_deadline(&mut self, cx: &mut Context<'_>, room: &AnswerRoom) -> Poll<()> {
        let since = *self.blocked_since.get_or_insert_with(Instant::now);
        // Looks now and then whether there is still room.
        let step = self.times.write_pause.min(SHORT_PAUSE);
        let look = || Box::pin(tokio::time::sleep(step));
        while self
            .write
            .get_or_insert_with(look)
            .as_mut()
            .poll(cx)
            .is_ready()
        {
            self.write = None;
            if since.elapsed() >= self.patience(room) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

/// What a peer took too long over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum TooSlow {
    /// A request that has begun.
    #[error("a head did not arrive in time")]
    Head,
    /// The next request, if there is one.
    #[error("no request came")]
    Idle,
    /// What is written to it.
    #[error("the peer reads too slowly, or nothing")]
    Reader,
}

impl TooSlow {
    /// What it is counted as; going quiet is nobody's fault.
    pub(crate) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Head => Some("slow_head"),
            Self::Idle => None,
            Self::Reader => Some("slow_reader"),
        }
    }

    /// The one that ended a connection, if one did.
    pub(crate) fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut error = Some(error);
        while let Some(this) = error {
            if let Some(io) = this.downcast_ref::<io::Error>() {
                return io.get_ref()?.downcast_ref::<Self>().copied();
            }
            error = this.source();
        }
        None
    }
}

impl From<TooSlow> for io::Error {
    fn from(slow: TooSlow) -> Self {
        Self::new(io::ErrorKind::TimedOut, slow)
    }
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
            } else if let Poll::Ready(slow) = watch.poll_read_deadline(cx, &this.busy) {
                return Poll::Ready(Err(slow.into()));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> Deadlines<S> {
    /// `bytes` says how many were taken.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Some(watch) = &mut self.watch {
            if let Poll::Ready(done) = &written {
                watch.write = None;
                let taken = done.as_ref().map_or(0, bytes);
                self.busy.wrote(taken);
                if watch.has_taken(taken as u64, &self.room) {
                    return Poll::Ready(Err(TooSlow::Reader.into()));
                }
            } else if watch.poll_write_deadline(cx, &self.room).is_ready() {
                return Poll::Ready(Err(TooSlow::Reader.into()));
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
        this.watch_write(cx, written, |bytes| *bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.watch_write(cx, flushed, |()| 0)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.watch_write(cx, shut, |()| 0)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.watch_write(cx, written, |bytes| *bytes)
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

    fn room() -> AnswerRoom {
        AnswerRoom::new(1024 * 1024)
    }

    #[tokio::test(start_paused = true)]
    async fn without_room_nobody_is_waited_for_as_long() {
        let (near, _far) = tokio::io::duplex(8);
        let room = AnswerRoom::new(1);
        let limits = Limits::default();
        let mut stream = Deadlines::new(near, Busy::new(Heads::Tracked), &limits, room.clone());
        let window = room.window();
        let begun = Instant::now();
        let cut = stream.write_all(&[7; 40]).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), SHORT_PAUSE.as_secs());
        drop(window);
        let (near, _far) = tokio::io::duplex(8);
        let mut stream = Deadlines::new(near, Busy::new(Heads::Tracked), &limits, room);
        let begun = Instant::now();
        stream.write_all(&[7; 40]).await.unwrap_err();
        assert_eq!(begun.elapsed().as_secs(), WRITE_PAUSE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_an_idle_connection_but_no_busy_one() {
        let (near, mut far) = tokio::io::duplex(64);
        let busy = Busy::new(Heads::Tracked);
        let mut stream = Deadlines::new(near, busy.clone(), &Limits::default(), room());
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
        let mut stream =
            Deadlines::new(near, Busy::new(Heads::Tracked), &Limits::default(), room());
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
        let busy = Busy::new(Heads::Tracked);
        let mut stream = Deadlines::new(near, busy.clone(), &Limits::default(), room());
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
    async fn answered_pings_keep_no_connection_without_requests() {
        let (near, mut far) = tokio::io::duplex(64);
        let busy = Busy::new(Heads::Untracked);
        let mut stream = Deadlines::new(near, busy.clone(), &Limits::default(), room());
        let pings = tokio::spawn(async move {
            while far.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        let (mut byte, start) = ([0], Instant::now());
        let under_way = busy.begin();
        while start.elapsed() < IDLE * 3 {
            stream.read_exact(&mut byte).await.unwrap();
        }
        drop(under_way);
        let idle = Instant::now();
        while stream.read(&mut byte).await.is_ok() {}
        assert!(
            (IDLE - HEAD_TIME..IDLE + HEAD_TIME).contains(&idle.elapsed()),
            "{:?}",
            idle.elapsed()
        );
        pings.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_byte_now_and_then_is_not_waited_for_for_ever() {
        for (bytes, is_ended) in [(1, true), (2048, false)] {
            let (near, mut far) = tokio::io::duplex(4096);
            let limits = Limits::default();
            let mut stream = Deadlines::new(near, Busy::new(Heads::Tracked), &limits, room());
            let reader = tokio::spawn(async move {
                let mut room = vec![0; bytes];
                while far.read(&mut room).await.is_ok_and(|read| read > 0) {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            });
            let written = tokio::time::timeout(WRITE_PAUSE * 4, async {
                loop {
                    stream.write_all(&[7; 1024]).await?;
                }
            });
            let written: Result<io::Result<()>, _> = written.await;
            assert_eq!(written.is_ok(), is_ended, "{bytes} bytes a second");
            reader.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_answered_at_once_leaves_no_head_behind() {
        let (near, mut far) = tokio::io::duplex(64);
        let busy = Busy::new(Heads::Tracked);
        let mut stream = Deadlines::new(near, busy.clone(), &Limits::default(), room());
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
    async fn a_reader_that_takes_nothing_is_cut_off_and_a_slow_one_is_not() {
        let (near, mut far) = tokio::io::duplex(8);
        let limits = Limits {
            write_bytes_per_second: 0,
            ..Limits::default()
        };
        let mut stream = Deadlines::new(near, Busy::new(Heads::Tracked), &limits, room());
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
