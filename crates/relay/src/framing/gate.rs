//! The gate between a sender's socket and hyper: what [`Framing`] refuses never reaches hyper.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Framing, FramingLimits, Order, Refusal, Refused};

/// A socket whose reads pass through [`Framing`].
///
/// Bytes pass on as they were read, in place. In the stead of refused bytes hyper reads
/// [`POISON`] and then the end of the stream: it answers 400 by itself, or, if it has handed
/// the message's head to the service, the body fails. Either way it closes the connection.
#[derive(Debug)]
pub(crate) struct GatedIo<S> {
    io: S,
    framing: Framing,
    gate: Gate,
    /// What of the poison is still to be read, once there is any.
    poison: Option<&'static [u8]>,
}

/// What a [`GatedIo`] and its owner have to tell each other while hyper has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    refused: OnceLock<Refused>,
    is_upgraded: AtomicBool,
    /// How many messages hyper has handed over.
    handed_over: AtomicU64,
    has_orders: AtomicBool,
    /// As many as there can be heads in what hyper has read ahead.
    orders: Mutex<Vec<(u64, Order)>>,
}

/// Bytes that hyper 1.12 can't take, wherever in a message it stands.
///
/// NUL fails in every part of a head and of a chunk's size line but the extensions, where LF
/// fails; in trailers CR NUL does. The rest ends a head, without which hyper would wait for
/// more of one that it has begun to read.
pub(super) const POISON: &[u8] = b"\0\n\r\0\r\n\r\n";

impl<S> GatedIo<S> {
    /// Puts a gate before a new connection.
    pub(crate) fn new(io: S, limits: FramingLimits) -> Self {
        Self {
            io,
            framing: Framing::new(limits),
            gate: Gate::default(),
            poison: None,
        }
    }

    /// The owner's side of the gate. It stays valid while hyper has this one.
    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// What it reads from.
    pub(crate) fn below(&mut self) -> &mut S {
        &mut self.io
    }

    /// Checks what was read after the first `before` bytes, and takes away what may not pass.
    fn inspect(&mut self, buf: &mut ReadBuf<'_>, before: usize) {
        if self.framing.is_awaiting_upgrade() && self.gate.is_upgraded() {
            self.framing.stop();
        }
        let verdict = self.framing.advance(&buf.filled()[before..]);
        self.gate.put(self.framing.orders());
        let Err(refusal) = verdict else {
            return;
        };
        self.gate.refuse(Refused {
            refusal,
            message: self.framing.messages(),
        });
        buf.set_filled(before + self.framing.passable());
        self.poison = Some(POISON);
    }
}

impl Gate {
    /// What was refused, if anything was.
    pub(crate) fn refused(&self) -> Option<Refused> {
        self.0.refused.get().copied()
    }

    /// Lets pass whatever follows the request to upgrade that is being answered: a `GET` of
    /// HTTP/1.1 with `Upgrade` and without a body. To be called before the answer 101; if it
    /// fails, because bytes came too early, the answer must be another.
    ///
    /// Any other answer to such a request should close the connection, for what follows it
    /// will be refused.
    pub(crate) fn accept_upgrade(&self) -> Result<(), Refusal> {
        match self.refused() {
            Some(refused) => Err(refused.refusal),
            None => {
                self.0.is_upgraded.store(true, Ordering::Release);
                Ok(())
            }
        }
    }

    /// The order of the lines of the message that hyper hands over now, if its map has lost it. To
    /// be called for each, in turn.
    pub(crate) fn next_order(&self) -> Option<Order> {
        let message = self.0.handed_over.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.0.has_orders.load(Ordering::Acquire) {
            return None;
        }
        let mut orders = self.orders();
        let found = orders.iter().position(|(of, _)| *of == message);
        let found = found.map(|place| orders.swap_remove(place).1);
        orders.retain(|(of, _)| *of > message);
        self.0
            .has_orders
            .store(!orders.is_empty(), Ordering::Release);
        found
    }

    fn put(&self, orders: impl ExactSizeIterator<Item = (u64, Order)>) {
        if orders.len() == 0 {
            return;
        }
        let mut kept = self.orders();
        kept.extend(orders);
        self.0.has_orders.store(true, Ordering::Release);
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Order)>> {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_upgraded(&self) -> bool {
        self.0.is_upgraded.load(Ordering::Acquire)
    }

    fn refuse(&self, refused: Refused) {
        // Framing refuses for good, so there is no second one to lose.
        let _ = self.0.refused.set(refused);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GatedIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if self.poison.is_none() {
            ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
            self.inspect(buf, before);
        }
        // An empty read would be the end of the stream, hence the poison right away if nothing
        // passed; otherwise hyper gets to see what did by itself first.
        if let (Some(poison), true) = (&mut self.poison, buf.filled().len() == before) {
            let (now, later) = poison.split_at(poison.len().min(buf.remaining()));
            buf.put_slice(now);
            *poison = later;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GatedIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
