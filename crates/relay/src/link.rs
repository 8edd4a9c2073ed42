//! One client's websocket: a handle that anyone may hold, and the one task that owns the socket.
//!
//! The task never waits for anything but the socket and its queues, so that one slow exchange
//! holds up no other. When it ends, everyone who waits on it is told by their channels closing.

mod course;
mod drain;
pub(crate) mod handshake;
mod sent;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use kreel_socket::{MessageSocket, SocketError};
use kreel_wire::inert::inert;
use kreel_wire::limits::EXCHANGES;
use kreel_wire::{Chunk, ExchangeId, GoodbyeReason, Request, Seq, ToClient, ToRelay};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tracing::{debug, info, warn};

use self::course::Course;
pub(crate) use self::course::Past;
use self::sent::Sent;
use crate::limits::{DRAIN_WINDOW, GOODBYE, OPENS_QUEUED, PIECES_QUEUED, TURN};
use crate::replies::{Replies, Reply, Violation};

/// What others may do with a live link.
#[derive(Debug)]
pub(crate) struct Link {
    /// The token it was opened with.
    pub(crate) token: i64,
    /// The most exchanges with a sender at once.
    most_exchanges: usize,
    /// The credit its client grants each exchange at first, in bytes.
    window_bytes: u32,
    /// Openings and what follows them, in one order. Unbounded as a channel, but openings take a
    /// place first, and each exchange puts at most its grants and its end in.
    urgent: mpsc::UnboundedSender<Urgent>,
    /// Places for openings that wait to be written.
    places: Semaphore,
    pieces: mpsc::Sender<Piece>,
    /// Why the link shall end, once it shall.
    closing: OnceLock<(GoodbyeReason, &'static str)>,
    /// The link's task, to be told of it.
    closer: AtomicWaker,
    /// The client is leaving: nothing new is sent to it.
    leaving: AtomicBool,
    last_exchange: Mutex<u32>,
    exchanges: AtomicUsize,
    /// Kept deliveries that are with the client.
    sent: Mutex<Sent>,
    acknowledged: Notify,
    /// What of the past its client wants; without it, all that waits.
    past: Option<Past>,
    course: Mutex<Course>,
    /// The lowest position that something was put behind since the drain last looked.
    kept_after: AtomicU64,
    /// What was kept since the handshake though its position is of the past: senders that were
    /// waiting then.
    kept_late: Mutex<Vec<Seq>>,
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

/// Short messages, which overtake bodies but not each other.
#[derive(Debug)]
enum Urgent {
    Open(Box<Open>),
    Credit(ExchangeId, u32),
    Cancel(ExchangeId),
    Answered(ExchangeId, Option<u16>),
}

/// A further piece of a request's body, and whom to tell once nothing said from then on can
/// overtake it.
#[derive(Debug)]
struct Piece {
    chunk: Chunk,
    written: Option<oneshot::Sender<()>>,
}

/// The link's ends that its task holds.
#[derive(Debug)]
pub(crate) struct Queues {
    urgent: mpsc::UnboundedReceiver<Urgent>,
    pieces: mpsc::Receiver<Piece>,
}

/// The most exchanges with a sender at once: so many that those still queued, and those of kept
/// deliveries, stay within what the client allows as well.
const LIVE: usize = EXCHANGES - OPENS_QUEUED - DRAIN_WINDOW - 1;

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
    pub(crate) fn new(
        token: i64,
        most_exchanges: usize,
        window_bytes: u32,
        past: Option<Past>,
    ) -> (Self, Queues) {
        let (urgent, urgent_queue) = mpsc::unbounded_channel();
        let (pieces, pieces_queue) = mpsc::channel(PIECES_QUEUED);
        let link = Self {
            token,
            most_exchanges: most_exchanges.min(LIVE),
            window_bytes,
            urgent,
            places: Semaphore::new(OPENS_QUEUED),
            pieces,
            closing: OnceLock::new(),
            closer: AtomicWaker::new(),
            leaving: AtomicBool::new(false),
            last_exchange: Mutex::new(0),
            exchanges: AtomicUsize::new(0),
            sent: Mutex::default(),
            acknowledged: Notify::new(),
            past,
            course: Mutex::new(Course::new(past)),
            kept_after: u64::MAX.into(),
            kept_late: Mutex::default(),
            draining: AtomicBool::new(false),
            drain_again: AtomicBool::new(false),
        };
        let queues = Queues {
            urgent: urgent_queue,
            pieces: pieces_queue,
        };
        (link, queues)
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
        // Those the client has not answered for are with it as well, though their senders left.
        let with_client = || self.exchanges.load(Ordering::Relaxed) + self.sent().len();
        if self.is_leaving() || reply.is_some() && with_client() >= self.most_exchanges {
            return Err(Unavailable);
        }
        // Given back once the opening is written.
        self.places
            .acquire()
            .await
            .map_err(|_| Unavailable)?
            .forget();
        // Numbered and queued under one lock: two senders must not swap their numbers.
        let mut last = self
            .last_exchange
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        let exchange = ExchangeId(*last);
        request.exchange = exchange;
        let open = Urgent::Open(Box::new(Open {
            request,
            reply,
            upload,
        }));
        self.urgent.send(open).map_err(|_| Unavailable)?;
        Ok(exchange)
    }

    /// Sends a further piece of a request's body, once its credit has been acquired.
    pub(crate) async fn send_piece(&self, chunk: Chunk) -> Result<(), Unavailable> {
        let written = None;
        let piece = Piece { chunk, written };
        self.pieces.send(piece).await.map_err(|_| Unavailable)
    }

    /// Sends a further piece, and returns once no opening can overtake it.
    pub(crate) async fn send_piece_first(&self, chunk: Chunk) -> Result<(), Unavailable> {
        let (written, is_written) = oneshot::channel();
        let written = Some(written);
        let piece = Piece { chunk, written };
        self.pieces.send(piece).await.map_err(|_| Unavailable)?;
        is_written.await.map_err(|_| Unavailable)
    }

    /// Lets the client send more of an answer's body.
    pub(crate) fn grant(&self, exchange: ExchangeId, bytes: u32) {
        self.say(Urgent::Credit(exchange, bytes));
    }

    /// Takes a request back before it was complete.
    pub(crate) fn cancel(&self, exchange: ExchangeId) {
        self.say(Urgent::Cancel(exchange));
    }

    /// Tells the client that the sender has its answer, or has left (`None`).
    pub(crate) fn answered(&self, exchange: ExchangeId, status: Option<u16>) {
        self.say(Urgent::Answered(exchange, status));
    }

    /// Ends the link with a goodbye, even if its client reads nothing.
    pub(crate) fn close(&self, reason: GoodbyeReason, message: &'static str) {
        // The first reason stands.
        let _ = self.closing.set((reason, message));
        self.closer.wake();
    }

    /// Whether the client has said that it is leaving.
    fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Why the link shall end, once it shall.
    fn poll_closing(&self, cx: &mut Context<'_>) -> Poll<LinkEnd> {
        self.closer.register(cx.waker());
        match self.closing.get() {
            Some((reason, message)) => Poll::Ready(LinkEnd::Goodbye(*reason, message)),
            None => Poll::Pending,
        }
    }

    fn say(&self, urgent: Urgent) {
        // A link that is gone needs to be told nothing.
        let _ = self.urgent.send(urgent);
    }
}

/// What a client has said that concerns others than its senders.
pub(crate) enum Heard {
    /// It answers for these deliveries.
    Ack(Vec<Seq>),
    /// It will take no more of them.
    Leaving,
}

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkEnd {
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
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
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
