//! Ends a connection whose peer is silent where it should speak, or reads nothing of what it is
//! sent. hyper waits for both for ever.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::limits::{HEAD_TIME, IDLE, WRITE_PAUSE};

/// How many requests are under way on a connection; silence is no fault while there are any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<AtomicU32>);

/// One request under way; over when dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Busy);

impl Busy {
    /// Counts a request until the guard is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream under deadlines.
#[derive(Debug)]
pub(crate) struct Deadlines<S> {
    stream: S,
    busy: Busy,
    watch: Option<Watch>,
}

/// When the peer last did what it should. One timer serves it for long: it is not set anew at
/// each read, but looks when it fires how long the silence has really been.
#[derive(Debug)]
struct Watch {
    timer: Pin<Box<Sleep>>,
    /// The last byte, or the end of the last request.
    quiet_since: Instant,
    /// The first byte of a head that is still arriving.
    head_since: Option<Instant>,
    write: Option<Pin<Box<Sleep>>>,
}

impl<S> Deadlines<S> {
    /// Puts a stream under deadlines, which `busy` suspends for reading.
    pub(crate) fn new(stream: S, busy: Busy) -> Self {
        let now = Instant::now();
        let timer = Box::pin(tokio::time::sleep_until(now + HEAD_TIME));
        let watch = Watch {
            timer,
            quiet_since: now,
            head_since: None,
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
        if busy.is_idle() {
            self.head_since.get_or_insert(self.quiet_since);
        } else {
            self.head_since = None;
        }
    }

    /// Ready once the peer has taken too long.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>, busy: &Busy) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if !busy.is_idle() {
                (self.quiet_since, self.head_since) = (now, None);
            }
            let ends = [
                Some(self.quiet_since + IDLE),
                self.head_since.map(|since| since + HEAD_TIME),
            ];
            match ends.into_iter().flatten().min() {
                Some(end) if end <= now => return Poll::Ready(()),
                // Not later than a head might have to end that begins right now.
                Some(end) => self.timer.as_mut().reset(end.min(now + HEAD_TIME)),
                None => {}
            }
        }
        Poll::Pending
    }

    fn poll_write_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let pause = || Box::pin(tokio::time::sleep(WRITE_PAUSE));
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
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_ends_an_idle_connection_but_no_busy_one() {
        let (near, mut far) = tokio::io::duplex(64);
        let busy = Busy::default();
        let mut stream = Deadlines::new(near, busy.clone());
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
        let mut stream = Deadlines::new(near, Busy::default());
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
        let mut stream = Deadlines::new(near, busy.clone());
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
    async fn a_reader_that_takes_nothing_is_cut_off_and_a_slow_one_is_not() {
        let (near, mut far) = tokio::io::duplex(8);
        let mut stream = Deadlines::new(near, Busy::default());
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
