//! What the engine is told, and what it wants done.

use std::sync::Arc;

use kreel_wire::{Delivery, DeliveryId, ExchangeId, Failure, Seq};
use tokio::time::Instant;

use super::Replayed;
use crate::forward::Unreadable;
use crate::history::{Known, Standing, Waiting};
use crate::{AttemptEnd, Replay, Summary, Timings, Update};

/// One running of an attempt, never the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Run(pub(crate) u64);

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// The tunnel is open.
    LinkUp {
        /// How many deliveries the relay has kept for this client.
        waiting: u64,
        now: Instant,
    },
    /// The link is gone, and with it all exchanges.
    LinkLost,
    /// A delivery came, perhaps again.
    Received {
        exchange: ExchangeId,
        delivery: &'a Delivery,
        size_bytes: Option<u64>,
        /// Its whole body came with it.
        is_complete: bool,
    },
    /// The last piece of a body came.
    Complete(DeliveryId),
    /// The history has all of a delivery.
    Whole(DeliveryId),
    /// The request was taken back before it was complete.
    SenderLeft(DeliveryId),
    /// The sender needs no answer any more.
    RelayAnswered { id: DeliveryId, status: Option<u16> },
    /// A delivery the relay kept is in the history, or was before.
    Stored { row: Waiting, known: Known },
    /// The history answers for a delivery from now on; with the row if it waits.
    Promised {
        id: DeliveryId,
        seq: Seq,
        row: Option<Waiting>,
    },
    /// The history could not do what was asked about this delivery.
    NotStored(DeliveryId),
    /// The begin of an attempt is noted, or can't be.
    /// A replay may have the number that was asked for: then it has another.
    Began {
        id: DeliveryId,
        attempt: u32,
        number: u32,
    },
    /// What waits in the history is this process's to hand over.
    BacklogIsOurs,
    /// Some of what waits in the history, oldest first, and how many wait beyond them.
    Backlog { rows: Vec<Waiting>, beyond: u64 },
    /// An attempt could not begin, since the app could not be reached.
    NoConnection {
        id: DeliveryId,
        run: Run,
        failure: Failure,
        now: Instant,
    },
    /// An attempt is over.
    Finished {
        id: DeliveryId,
        run: Run,
        end: AttemptEnd,
        timings: Timings,
        now: Instant,
    },
    /// What an attempt needs can't be read from the history.
    Unreadable {
        id: DeliveryId,
        run: Run,
        cause: Unreadable,
        now: Instant,
    },
    /// The history works again.
    HistoryMended,
    /// The app was looked for.
    Probed {
        found: Result<(), Failure>,
        now: Instant,
    },
    /// Time has passed.
    Tick { now: Instant },
    /// The user holds deliveries back.
    Hold { now: Instant },
    /// The user lets them go.
    Release { now: Instant },
    /// The user lets the oldest go.
    ReleaseOne,
    /// The user lets this one go.
    ReleaseThis(DeliveryId),
    /// The app may have this one.
    Admit(DeliveryId),
    /// The app may not have this one.
    Refuse { id: DeliveryId, why: Arc<str> },
    /// The user wants a delivery handed over again.
    Replay { replay: Box<Replay>, now: Instant },
    /// A replay is over.
    Replayed {
        run: Run,
        ended: Replayed,
        now: Instant,
    },
    /// A replay can't begin.
    NotReplayed { run: Run, why: String },
    /// The user wants no further replays of a delivery.
    StopReplaying(Option<DeliveryId>),
    /// The client is stopping: nothing new is started.
    Stop,
    /// There is no more time for replays either.
    StopNow,
}

/// Something to be done.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Keep what came with this delivery, for attempts at it, and have the history keep it too.
    Take { id: DeliveryId },
    /// Have the history take a delivery that the relay kept, and what still comes of it.
    Store { id: DeliveryId },
    /// Have the history answer for a delivery, of which so many attempts have begun.
    Promise { id: DeliveryId, attempts: u32 },
    /// Have the history say when it has all of this delivery.
    Whole { id: DeliveryId },
    /// Have the history note that an attempt begins.
    Begin { id: DeliveryId, attempt: u32 },
    /// Start an attempt at this delivery.
    Attempt {
        id: DeliveryId,
        run: Run,
        /// Which attempt it is, from 1.
        attempt: u32,
        /// Why the app may not have it: then it is taken as if there were none.
        withheld: Option<Arc<str>>,
    },
    /// Have the history keep the attempt that has just ended, and where that leaves its delivery.
    Ended { id: DeliveryId, standing: Standing },
    /// Hand a delivery over again.
    Replay { run: Run, replay: Arc<Replay> },
    /// Have the history keep the replay that has just ended.
    Replayed { id: DeliveryId },
    /// End a replay that runs.
    GiveUpReplay { run: Run },
    /// Have the history note where a delivery stands, with no attempt of it.
    Stand { id: DeliveryId, standing: Standing },
    /// Have the history count a delivery that came again after it was finished.
    Duplicate { id: DeliveryId },
    /// Ask the history for those that wait beyond a position.
    Backlog { after: Option<Seq>, limit: usize },
    /// Nothing of this delivery is needed any more: neither its body, nor a running attempt.
    Drop { id: DeliveryId },
    /// Look whether the app can be reached.
    Probe,
    /// Acknowledge a delivery to the relay.
    Ack(Seq),
    /// Tell the waiting sender that there will be no answer.
    Fail {
        exchange: ExchangeId,
        failure: Failure,
    },
    /// Nothing is needed of this exchange any more, and nothing is said on it.
    Close { exchange: ExchangeId },
    /// Tell the user.
    Update(Update),
}

impl Waiting {
    pub(super) fn id(&self) -> DeliveryId {
        self.summary.id
    }

    pub(super) fn seq(&self) -> Seq {
        self.summary.seq
    }

    pub(super) fn summary(&self) -> Arc<Summary> {
        self.summary.clone()
    }
}
