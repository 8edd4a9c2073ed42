//! The one task that owns a client's websocket.
//!
//! It never waits for anything but the socket and its queues, so that one slow exchange holds up
//! no other. When it ends, everyone who waits on it is told by their channels closing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use kreel_socket::{MessageSocket, SocketError};
use kreel_wire::inert::inert;
use kreel_wire::{GoodbyeReason, Seq, ToClient, ToRelay};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{debug, info, warn};

use super::{Link, Open, Piece, Queues, Urgent};
use crate::limits::{GOODBYE, TURN};
use crate::replies::{Replies, Violation};

/// What a client has said that concerns others than its senders.
pub(super) enum Heard {
    /// It answers for these deliveries.
    Ack(Vec<Seq>),
    /// It will take no more of them.
    Leaving,
}

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkEnd {
    #[error("said goodbye: {1}")]
    Goodbye(GoodbyeReason, &'static str),
    #[error("the client said goodbye: {}", inert(.0))]
    ClientLeft(String),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Violation(#[from] Violation),
}

/// Serves a link until it ends.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: MessageSocket<S>,
    link: Arc<Link>,
    queues: Queues,
    mut on: impl FnMut(Heard),
) -> LinkEnd {
    let mut actor = Actor {
        link,
        queues,
        replies: Replies::default(),
    };
    let end = actor.serve(&mut socket, &mut on).await;
    // Before the goodbye: nobody shall wait for a peer that may never read it.
    actor.link.places.close();
    drop(actor);
    let _ = tokio::time::timeout(GOODBYE, farewell(&mut socket, &end, &mut on)).await;
    match &end {
        LinkEnd::Violation(_) => warn!(%end, "link closed: the client broke the protocol"),
        LinkEnd::Socket(error) if error.is_violation() => {
            warn!(%end, cause = ?error, "link closed: the client broke the protocol");
        }
        LinkEnd::Socket(_) => info!(%end, "link lost"),
        LinkEnd::Goodbye(..) | LinkEnd::ClientLeft(_) => debug!(%end, "link closed"),
    }
    end
}

struct Actor {
    link: Arc<Link>,
    queues: Queues,
    replies: Replies,
}

enum Step {
    Received(ToRelay),
    Urgent(Urgent),
    Piece(Piece),
    End(LinkEnd),
}

impl Actor {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut MessageSocket<S>,
        on: &mut impl FnMut(Heard),
    ) -> LinkEnd {
        let mut received = 0;
        loop {
            let step = std::future::poll_fn(|cx| self.poll_step(socket, cx)).await;
            let done = match step {
                Step::Received(message) => {
                    received += 1;
                    if received % TURN == 0 {
                        // Let the senders have what is here while the client makes more.
                        tokio::task::yield_now().await;
                    }
                    self.receive(message, on)
                }
                Step::Urgent(urgent) => self.urgent(socket, urgent),
                Step::Piece(piece) => self.piece(socket, piece),
                Step::End(end) => Err(end),
            };
            self.link
                .exchanges
                .store(self.replies.len(), Ordering::Relaxed);
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// What is to be done next. Reads before it writes, and writes out only when nothing more
    /// is queued, so that many messages leave in one system call.
    fn poll_step<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut MessageSocket<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Step> {
        if let Poll::Ready(end) = self.link.poll_closing(cx) {
            return Poll::Ready(Step::End(end));
        }
        match socket.poll_receive(cx) {
            Poll::Ready(Ok(message)) => return Poll::Ready(Step::Received(message)),
            Poll::Ready(Err(error)) => return Poll::Ready(Step::End(error.into())),
            Poll::Pending => {}
        }
        match socket.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                if let Poll::Ready(step) = self.queues.poll_next(cx) {
                    return Poll::Ready(step);
                }
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Step::End(error.into())),
            Poll::Pending => {}
        }
        match socket.poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Step::End(error.into())),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    fn receive(&mut self, message: ToRelay, on: &mut impl FnMut(Heard)) -> Result<(), LinkEnd> {
        match message {
            ToRelay::Answer(answer) => self.replies.answer(answer)?,
            ToRelay::AnswerBody(chunk) => self.replies.piece(chunk)?,
            ToRelay::Failed { exchange, failure } => self.replies.fail(exchange, failure)?,
            ToRelay::Credit { exchange, bytes } => self.replies.grant(exchange, bytes)?,
            ToRelay::Ack { seqs } => on(Heard::Ack(seqs)),
            // It finishes what it has, and closes the socket then.
            ToRelay::Goodbye {
                reason: GoodbyeReason::Draining,
                ..
            } if !self.link.is_leaving() => {
                self.link.leaving.store(true, Ordering::Relaxed);
                on(Heard::Leaving);
            }
            ToRelay::Goodbye { message, .. } => return Err(LinkEnd::ClientLeft(message)),
        }
        Ok(())
    }

    fn open<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut MessageSocket<S>,
        open: Open,
    ) -> Result<(), LinkEnd> {
        self.replies
            .insert(open.request.exchange, open.reply, open.upload);
        Ok(socket.send(ToClient::Request(open.request))?)
    }

    fn piece<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut MessageSocket<S>,
        Piece { chunk, written }: Piece,
    ) -> Result<(), LinkEnd> {
        if chunk.end {
            self.replies.uploaded(chunk.exchange);
        }
        socket.send(ToClient::RequestBody(chunk))?;
        if let Some(written) = written {
            // Whoever waited for it may have given up with its store.
            let _ = written.send(());
        }
        Ok(())
    }

    fn urgent<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut MessageSocket<S>,
        urgent: Urgent,
    ) -> Result<(), LinkEnd> {
        match urgent {
            Urgent::Open(open) => {
                self.link.places.add_permits(1);
                self.open(socket, *open)?;
            }
            Urgent::Credit(exchange, bytes) => {
                if self.replies.granted(exchange, bytes) {
                    socket.send(ToClient::Credit { exchange, bytes })?;
                }
            }
            Urgent::Cancel(exchange) => {
                self.replies.end(exchange);
                socket.send(ToClient::Cancel { exchange })?;
            }
            Urgent::Answered(exchange, status) => {
                if self.replies.end(exchange) {
                    socket.send(ToClient::Answered { exchange, status })?;
                }
            }
        }
        Ok(())
    }
}

impl Queues {
    /// Bodies come last, so that a large one never holds up a small webhook.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(Some(urgent)) = self.urgent.poll_recv(cx) {
            return Poll::Ready(Step::Urgent(urgent));
        }
        if let Poll::Ready(Some(piece)) = self.pieces.poll_recv(cx) {
            return Poll::Ready(Step::Piece(piece));
        }
        Poll::Pending
    }
}

/// Says why the link ends. What a client acknowledged before it heard of that still counts, but
/// not if its token is revoked or it broke the protocol.
async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut MessageSocket<S>,
    end: &LinkEnd,
    on: &mut impl FnMut(Heard),
) {
    let (reason, message, violation) = match end {
        LinkEnd::Goodbye(reason, message) => (*reason, (*message).to_owned(), false),
        LinkEnd::Violation(violation) => (GoodbyeReason::Protocol, violation.to_string(), true),
        LinkEnd::Socket(error) if error.is_violation() => {
            (GoodbyeReason::Protocol, error.to_string(), true)
        }
        LinkEnd::Socket(_) => return,
        LinkEnd::ClientLeft(_) => return socket.close(false, "").await,
    };
    let goodbye = ToClient::Goodbye {
        reason,
        message: message.clone(),
    };
    if socket.send_now(goodbye).await.is_err() {
        return;
    }
    if matches!(reason, GoodbyeReason::Draining | GoodbyeReason::Replaced) {
        // A client leaves once it has heard the goodbye.
        while let Ok(message) = socket.receive::<ToRelay>().await {
            if let ToRelay::Ack { seqs } = message {
                on(Heard::Ack(seqs));
            }
        }
    }
    socket.close(violation, &message).await;
}
