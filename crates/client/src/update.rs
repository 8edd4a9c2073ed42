//! What goes in and what comes out of a running client: [`Command`] and [`Update`].

use std::sync::Arc;
use std::time::Duration;

use kreel_wire::{Delivery, DeliveryId, Failure, Kind, Seq, TunnelName, Verdict};

use crate::{LinkError, Replay};

/// What a running client can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Start nothing new, let running attempts finish within the grace period, then end.
    Stop,
    /// End at once; what was running is given up and comes again next time.
    StopNow,
    /// Start no more attempts until released.
    Hold,
    /// Start attempts again, those held first.
    Release,
    /// Start the oldest held attempt, and hold the others.
    ReleaseOne,
    /// Start this held attempt, and hold the others.
    ReleaseThis(DeliveryId),
    /// Hand this delivery to the app, which waits at the gate.
    Admit(DeliveryId),
    /// Take this delivery without the app, which waits at the gate.
    Refuse {
        /// Which one.
        id: DeliveryId,
        /// Why the app may not have it, in words.
        why: Arc<str>,
    },
    /// Hand a delivery over again.
    Replay(Box<Replay>),
    /// Start no further replays of this delivery, or of any if none is named; said again, give up
    /// those that run.
    StopReplaying(Option<DeliveryId>),
}

/// What a running client reports.
#[derive(Debug, Clone)]
pub enum Update {
    /// A connection is being made.
    Connecting {
        /// Which try this is since the last link, from 1.
        attempt: u32,
    },
    /// The tunnel is open: a delivery can arrive.
    Ready(Arc<Ready>),
    /// How long the relay takes to answer over the link, when that was measured anew.
    Latency(Duration),
    /// There is no link; it is tried again after a pause.
    Reconnecting {
        /// What happened.
        error: Arc<LinkError>,
        /// The same in words, with all its causes.
        cause: String,
        /// The same as a stable word.
        code: &'static str,
        /// How long the pause is.
        in_: Duration,
        /// Which try comes after it, from 1.
        attempt: u32,
    },
    /// A delivery has arrived.
    Delivery(Arc<Summary>),
    /// An attempt has ended.
    Attempt(Attempt),
    /// A sender has its answer.
    Answered {
        /// To which delivery.
        delivery: Arc<Summary>,
        /// The status it got; none if it left before.
        status: Option<u16>,
        /// Who answered.
        by: AnsweredBy,
    },
    /// A delivery was taken without an app to hand it to.
    Captured(Arc<Summary>),
    /// A delivery waits at the gate, and the history has all of it. Whoever decides hears of it
    /// through [`Config::gate`](crate::Config::gate); this is for those who show it, may be told
    /// twice, and is left out without a word where there is no room.
    Gated(Arc<Summary>),
    /// A delivery was taken without the app, since it was refused.
    Withheld {
        /// Which one.
        delivery: Arc<Summary>,
        /// Why, in words.
        why: Arc<str>,
    },
    /// The app can't be reached; deliveries wait for it.
    AppDown {
        /// Where it was looked for.
        address: String,
        /// Why the connection failed.
        failure: Failure,
    },
    /// The app can be reached again.
    AppUp {
        /// How many deliveries have waited for it.
        waiting: u64,
    },
    /// What had waited is being handed over, oldest first.
    Draining {
        /// How many are done.
        done: u64,
        /// Of how many.
        total: u64,
    },
    /// All that had waited is handed over.
    Drained {
        /// How many it was.
        total: u64,
    },
    /// The history can't be written: nothing is acknowledged meanwhile, so that the relay keeps
    /// what it promised.
    HistoryFailing {
        /// What the system said.
        cause: String,
    },
    /// The history can be written again.
    HistoryMended,
    /// How far replays of a delivery are: at most every 100 ms, and at the end.
    Replaying {
        /// Of which delivery.
        delivery: DeliveryId,
        /// How many attempts are over.
        done: u32,
        /// How many of these were not answered.
        failed: u32,
        /// Of how many. The end is when all are done; if they were stopped, this is how many there
        /// have been.
        total: u32,
    },
    /// A delivery is not replayed, or not any further.
    NotReplayed {
        /// Which one.
        delivery: DeliveryId,
        /// Why, in words.
        why: String,
    },
    /// Deliveries are held or not any more, or other ones are: at most every 100 ms.
    Held {
        /// Whether they are held.
        on: bool,
        /// How many wait for their turn.
        waiting: u64,
        /// Those that do not, though others are held: the app is at work on them.
        running: Vec<DeliveryId>,
    },
    /// The counters, when the link comes and goes and at the end.
    Counters(Counters),
    /// Stopping: running attempts are waited for.
    Stopping {
        /// How many.
        running: u64,
        /// For how long at the most.
        grace: Duration,
    },
    /// This many rows were left out, since the reader of updates was too slow.
    Skipped {
        /// How many.
        count: u64,
    },
}

/// An open tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The public address.
    pub url: String,
    /// The same tunnel by subdomain, where the relay has a domain.
    pub subdomain_url: Option<String>,
    /// Where deliveries are handed to; none if they are only captured.
    pub forward_to: Option<String>,
    /// The tunnel.
    pub tunnel: TunnelName,
    /// The relay's address.
    pub relay: String,
    /// The relay's program and version.
    pub relay_version: String,
    /// How many deliveries were kept for this client and follow now.
    pub waiting: u64,
}

/// A delivery in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: DeliveryId,
    /// Its position in the tunnel.
    pub seq: Seq,
    /// Whether a sender waits, or it was kept while nobody listened.
    pub kind: Kind,
    /// Its method.
    pub method: Box<str>,
    /// Path and query as sent, without the tunnel's part.
    pub target: bytes::Bytes,
    /// The size of its body in bytes, if it is known yet.
    pub size_bytes: Option<u64>,
    /// When the relay had its head: microseconds since 1970.
    pub received_at_us: u64,
    /// What the relay found of its signature, where it looked.
    pub signature: Option<Verdict>,
}

impl Summary {
    pub(crate) fn new(delivery: &Delivery, size_bytes: Option<u64>) -> Self {
        Self {
            id: delivery.id,
            seq: delivery.seq,
            kind: delivery.kind,
            method: delivery.method.clone(),
            // A copy, since a slice would keep the whole message alive with the row.
            target: bytes::Bytes::copy_from_slice(&delivery.target),
            size_bytes,
            received_at_us: delivery.received_at_us,
            signature: delivery.signature,
        }
    }
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Of which delivery.
    pub delivery: Arc<Summary>,
    /// Which attempt at it, from 1.
    pub attempt: u32,
    /// How it ended.
    pub end: AttemptEnd,
    /// How long it took.
    pub timings: Timings,
    /// Whether it was asked for by the user, after the first.
    pub replay: bool,
    /// Whether the user had changed the request.
    pub is_edited: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The app answered.
    Answered {
        /// With which status.
        status: u16,
        /// With how many bytes of body.
        body_bytes: u64,
    },
    /// It did not, or not completely.
    Failed(Failure),
}

/// How long the parts of an attempt took, each counted from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Until there was a connection; none if one was at hand.
    pub connect: Option<Duration>,
    /// Until the head of the answer was there.
    pub first_byte: Option<Duration>,
    /// Until its end.
    pub total: Duration,
}

/// Who answered a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The app.
    App,
    /// The relay, before or instead of the app.
    Relay,
    /// This client, which has no app to ask.
    Client,
}

impl AnsweredBy {
    /// A stable word for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Relay => "relay",
            Self::Client => "client",
        }
    }
}

/// What became of all deliveries so far.
///
/// At any moment `received = delivered + failed + broken_off + lost + waiting`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Deliveries that came, each counted once.
    pub received: u64,
    /// Those the app answered, or that were captured.
    pub delivered: u64,
    /// Those whose last attempt ended without a complete answer. One that was promised is
    /// attempted again if the app dies of it, and waits meanwhile.
    pub failed: u64,
    /// Those that broke off before the request was complete, by the sender, the relay or the
    /// loss of the link. One that comes again whole is no longer counted here.
    pub broken_off: u64,
    /// Those not finished: running, or waiting for their turn or for the app.
    pub waiting: u64,
    /// Those that came again after they were finished, and were only acknowledged.
    pub duplicates: u64,
    /// Those that were promised and can't be read from the history any more.
    pub lost: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// What became of all deliveries.
    pub counters: Counters,
    /// How many running attempts were given up because the grace period was over.
    pub given_up: u64,
}
