//! One client's websocket: a handle that anyone may hold, and the one task that owns the socket.
//!
//! The task never waits for anything but the socket and its queues, so that one slow exchange
//! holds up no other. When it ends, everyone who waits on it is told by their channels closing.

mod drain;
pub(crate) mod handshake;
mod sent;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use kreel_socket::{MessageSocket, SocketError};
use kreel_wire::limits::EXCHANGES;
use kreel_wire::{Chunk, ExchangeId, GoodbyeReason, Request, ToClient, ToRelay};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tracing::{debug, info, warn};

use self::sent::Sent;
use crate::limits::{GOODBYE, OPENS_QUEUED, PIECES_QUEUED, TURN};
use crate::replies::{Replies, Reply, Violation};

/// What others may do with a live link.
#[derive(Debug)]
pub(crate) struct Link {
    /// The token it was opened with.
    pub(crate) token: i64,
    /// The credit its client grants each exchange at first, in bytes.
    window_bytes: u32,
    opens: mpsc::Sender<Box<Open>>,
    pieces: mpsc::Sender<Chunk>,
    /// Unbounded as a channel, but each exchange puts at most its grants and its end in.
    control: mpsc::UnboundedSender<Control>,
    last_exchange: Mutex<u32>,
    exchanges: AtomicUsize,
    /// Kept deliveries that are with the client.
    sent: Mutex<Sent>,
    acknowledged: Notify,
    draining: AtomicBool,
    drain_again: AtomicBool,
}

/// An exchange about to be opened.
#[derive(Debug)]
struct Open {
    request: Request,
    reply: Option<oneshot::Sender<Reply>>,
    upload: Option<Arc<Semaphore>>,
}

/// Short messages that overtake bodies.
#[derive(Debug)]
enum Control {
    Credit(ExchangeId, u32),
    Cancel(ExchangeId),
    Answered(ExchangeId, Option<u16>),
    Close(GoodbyeReason, &'static str),
}

/// The link's ends that its task holds.
#[derive(Debug)]
pub(crate) struct Queues {
    opens: mpsc::Receiver<Box<Open>>,
    pieces: mpsc::Receiver<Chunk>,
    control: mpsc::UnboundedReceiver<Control>,
}

/// An exchange that has been opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its number on the link.
    pub(crate) exchange: ExchangeId,
    /// Where the answer comes; closes without one when the link is lost.
    pub(crate) reply: oneshot::Receiver<Reply>,
    /// What must be acquired to send more of the body: bytes, as [`Chunk::cost_bytes`] counts.
    /// None if the body is complete.
    pub(crate) credit: Option<Arc<Semaphore>>,
}

/// The link is gone, or has no room for another exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable;

impl Link {
    pub(crate) fn new(token: i64, window_bytes: u32) -> (Self, Queues) {
        let (opens, opens_queue) = mpsc::channel(OPENS_QUEUED);
        let (pieces, pieces_queue) = mpsc::channel(PIECES_QUEUED);
        let (control, control_queue) = mpsc::unbounded_channel();
        let link = Self {
            token,
            window_bytes,
            opens,
            pieces,
            control,
            last_exchange: Mutex::new(0),
            exchanges: AtomicUsize::new(0),
            sent: Mutex::default(),
            acknowledged: Notify::new(),
            draining: AtomicBool::new(false),
            drain_again: AtomicBool::new(false),
        };
        (
            link,
            Queues {
                opens: opens_queue,
                pieces: pieces_queue,
                control: control_queue,
            },
        )
    }

    /// Sends a delivery to the client and waits for its answer. The request's own exchange
    /// number is set here, so that numbers grow on the link.
    pub(crate) async fn open(&self, request: Request) -> Result<Opened, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let credit = (!request.end).then(|| self.window());
        let exchange = self.enqueue(request, Some(reply), credit.clone()).await?;
        Ok(Opened {
            exchange,
            reply: answer,
            credit,
        })
    }

    /// The credit an exchange has at first.
    fn window(&self) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(self.window_bytes as usize))
    }

    async fn enqueue(
        &self,
        mut request: Request,
        reply: Option<oneshot::Sender<Reply>>,
        upload: Option<Arc<Semaphore>>,
    ) -> Result<ExchangeId, Unavailable> {
        if reply.is_some() && self.exchanges.load(Ordering::Relaxed) >= EXCHANGES {
            return Err(Unavailable);
        }
        let place = self.opens.reserve().await.map_err(|_| Unavailable)?;
        // Numbered and queued under one lock: two senders must not swap their numbers.
        let mut last = self
            .last_exchange
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        let exchange = ExchangeId(*last);
        request.exchange = exchange;
        place.send(Box::new(Open {
            request,
            reply,
            upload,
        }));
        Ok(exchange)
    }

    /// Sends a further piece of a request's body, once its credit has been acquired.
    pub(crate) async fn send_piece(&self, chunk: Chunk) -> Result<(), Unavailable> {
        self.pieces.send(chunk).await.map_err(|_| Unavailable)
    }

    /// Lets the client send more of an answer's body.
    pub(crate) fn grant(&self, exchange: ExchangeId, bytes: u32) {
        self.say(Control::Credit(exchange, bytes));
    }

    /// Takes a request back before it was complete.
    pub(crate) fn cancel(&self, exchange: ExchangeId) {
        self.say(Control::Cancel(exchange));
    }

    /// Tells the client that the sender has its answer, or has left (`None`).
    pub(crate) fn answered(&self, exchange: ExchangeId, status: Option<u16>) {
        self.say(Control::Answered(exchange, status));
    }

    /// Ends the link with a goodbye.
    pub(crate) fn close(&self, reason: GoodbyeReason, message: &'static str) {
        self.say(Control::Close(reason, message));
    }

    fn say(&self, control: Control) {
        // A link that is gone needs to be told nothing.
        let _ = self.control.send(control);
    }
}

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkEnd {
    #[error("said goodbye: {1}")]
    Goodbye(GoodbyeReason, &'static str),
    #[error("the client said goodbye: {0}")]
    ClientLeft(String),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Violation(#[from] Violation),
}

/// Serves a link until it ends.
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: MessageSocket<S>,
    link: Arc<Link>,
    queues: Queues,
    mut on_ack: impl FnMut(Vec<kreel_wire::Seq>),
) -> LinkEnd {
    let mut actor = Actor {
        link,
        queues,
        replies: Replies::default(),
    };
    let end = actor.serve(&mut socket, &mut on_ack).await;
    // Before the goodbye: nobody shall wait for a peer that may never read it.
    drop(actor);
    let _ = tokio::time::timeout(GOODBYE, farewell(&mut socket, &end)).await;
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
    Open(Box<Open>),
    Piece(Chunk),
    Control(Control),
    Failed(SocketError),
}

impl Actor {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut MessageSocket<S>,
        on_ack: &mut impl FnMut(Vec<kreel_wire::Seq>),
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
                    self.receive(message, on_ack)
                }
                Step::Open(open) => self.open(socket, *open),
                Step::Piece(chunk) => self.piece(socket, chunk),
                Step::Control(control) => self.control(socket, control),
                Step::Failed(error) => Err(error.into()),
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
        match socket.poll_receive(cx) {
            Poll::Ready(Ok(message)) => return Poll::Ready(Step::Received(message)),
            Poll::Ready(Err(error)) => return Poll::Ready(Step::Failed(error)),
            Poll::Pending => {}
        }
        match socket.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                if let Poll::Ready(step) = self.queues.poll_next(cx) {
                    return Poll::Ready(step);
                }
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Step::Failed(error)),
            Poll::Pending => {}
        }
        match socket.poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Step::Failed(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    fn receive(
        &mut self,
        message: ToRelay,
        on_ack: &mut impl FnMut(Vec<kreel_wire::Seq>),
    ) -> Result<(), LinkEnd> {
        match message {
            ToRelay::Answer(answer) => self.replies.answer(answer)?,
            ToRelay::AnswerBody(chunk) => self.replies.piece(chunk)?,
            ToRelay::Failed { exchange, failure } => self.replies.fail(exchange, failure)?,
            ToRelay::Credit { exchange, bytes } => self.replies.grant(exchange, bytes)?,
            ToRelay::Ack { seqs } => on_ack(seqs),
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
        chunk: Chunk,
    ) -> Result<(), LinkEnd> {
        if chunk.end {
            self.replies.uploaded(chunk.exchange);
        }
        Ok(socket.send(ToClient::RequestBody(chunk))?)
    }

    fn control<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut MessageSocket<S>,
        control: Control,
    ) -> Result<(), LinkEnd> {
        match control {
            Control::Credit(exchange, bytes) => {
                if self.replies.granted(exchange, bytes) {
                    socket.send(ToClient::Credit { exchange, bytes })?;
                }
            }
            Control::Cancel(exchange) => {
                self.replies.end(exchange);
                socket.send(ToClient::Cancel { exchange })?;
            }
            Control::Answered(exchange, status) => {
                if self.replies.end(exchange) {
                    socket.send(ToClient::Answered { exchange, status })?;
                }
            }
            Control::Close(reason, message) => return Err(LinkEnd::Goodbye(reason, message)),
        }
        Ok(())
    }
}

impl Queues {
    /// Opens come first, since what ends or feeds an exchange must follow its beginning; bodies
    /// last, so that a large one never holds up a small webhook.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(Some(open)) = self.opens.poll_recv(cx) {
            return Poll::Ready(Step::Open(open));
        }
        if let Poll::Ready(Some(control)) = self.control.poll_recv(cx) {
            return Poll::Ready(Step::Control(control));
        }
        if let Poll::Ready(Some(chunk)) = self.pieces.poll_recv(cx) {
            return Poll::Ready(Step::Piece(chunk));
        }
        Poll::Pending
    }
}

async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut MessageSocket<S>, end: &LinkEnd) {
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
    if socket.send_now(goodbye).await.is_ok() {
        socket.close(violation, &message).await;
    }
}
