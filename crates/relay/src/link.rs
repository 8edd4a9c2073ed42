//! One client's websocket: the handle that anyone may hold. The task that owns the socket is in
//! [`actor`].

mod actor;
mod course;
mod drain;
pub(crate) mod handshake;
mod sent;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use kreel_wire::limits::EXCHANGES;
use kreel_wire::{Chunk, ExchangeId, GoodbyeReason, Request, Seq};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use self::actor::{Heard, LinkEnd, run};
use self::course::Course;
pub(crate) use self::course::Past;
use self::sent::Sent;
use crate::limits::{DRAIN_WINDOW, OPENS_QUEUED, PIECES_QUEUED};
use crate::replies::Reply;

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
    /// Boxed: the queue has room for some of these on each idle link.
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
