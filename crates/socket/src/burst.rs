//! Reads in large runs while there is something to read, and keeps no buffer while there isn't.
//!
//! A websocket asks for a few KiB at a time; a relay with thousands of idle links can't keep
//! more for each. One large read serves many of those requests, then its buffer is freed.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// How much one system call reads at the most: 64 KiB, a whole chunk of a body.
const RUN_BYTES: usize = 64 * 1024;

thread_local! {
    /// A buffer at hand for whichever link reads next: a thread's links read one after another,
    /// and seldom leave anything over. Making one for each read would be a tenth of a delivery's
    /// cost.
    static SPARE: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// A stream with a read buffer that exists only while it holds something.
#[derive(Debug)]
pub struct Burst<S> {
    stream: S,
    run: BytesMut,
    written_bytes: u64,
}

impl<S> Burst<S> {
    /// A stream whose first bytes were read already.
    pub fn new(stream: S, read_ahead: Bytes) -> Self {
        let run = BytesMut::from(read_ahead);
        Self {
            stream,
            run,
            written_bytes: 0,
        }
    }

    /// How much the system has taken so far.
    pub(crate) fn written_bytes(&self) -> u64 {
        self.written_bytes
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Burst<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.run.is_empty() {
            this.run = SPARE.take();
            this.run.clear();
            this.run.reserve(RUN_BYTES);
            let read = poll_read_buf(Pin::new(&mut this.stream), cx, &mut this.run);
            if !matches!(read, Poll::Ready(Ok(1..))) {
                SPARE.set(std::mem::take(&mut this.run));
                return read.map_ok(drop);
            }
        }
        let now = this.run.len().min(into.remaining());
        into.put_slice(&this.run[..now]);
        this.run.advance(now);
        if this.run.is_empty() {
            SPARE.set(std::mem::take(&mut this.run));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Burst<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(bytes)) = written {
            self.written_bytes += bytes as u64;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn hands_on_every_byte_and_frees_its_buffer() {
        let (near, mut far) = tokio::io::duplex(RUN_BYTES * 2);
        let sent: Vec<u8> = (0..RUN_BYTES + 5000).map(|n| (n % 251) as u8).collect();
        far.write_all(&sent).await.unwrap();
        let mut burst = Burst::new(near, Bytes::from_static(b"ahead"));
        let mut got = vec![0; 5 + sent.len()];
        for piece in got.chunks_mut(1000) {
            burst.read_exact(piece).await.unwrap();
        }
        assert_eq!(&got[..5], b"ahead");
        assert!(got[5..] == sent);
        assert!(burst.run.is_empty());
    }
}
