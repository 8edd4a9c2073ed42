//! What the history is asked, and what it says.

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::{Delivery, DeliveryId, Headers, Response, Seq};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::{AttemptEnd, Summary, Timings};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its sender waits: the relay answers for it still.
    Live,
    /// It is this history's to hand over: nothing else has it any more.
    Waiting,
    /// The app answered it.
    Answered,
    /// Its last attempt failed, and nobody was told that it would be handed over.
    Failed,
    /// It was promised, and can't be handed over for good.
    Lost,
    /// Its request never became complete.
    BrokenOff,
    /// It was taken without an app to hand it to.
    Captured,
}

/// Something to be done. Jobs are done in the order they were put.
#[derive(Debug)]
pub(crate) enum Job {
    /// A delivery arrives whose sender waits; its id has never been seen. `is_complete`: `first` is
    /// its whole body.
    Begin {
        delivery: Box<Delivery>,
        first: Bytes,
        is_complete: bool,
    },
    /// A delivery arrives that the relay kept; it may be known. What of it is incomplete here is
    /// replaced. Answered with [`Done::Received`] once it is on disk, synced, to its last byte.
    Receive {
        delivery: Box<Delivery>,
        first: Bytes,
        is_complete: bool,
    },
    /// The next piece of a body, in order.
    Piece {
        id: DeliveryId,
        data: Bytes,
        end: bool,
    },
    /// A delivery stands elsewhere from now on.
    Stand { id: DeliveryId, standing: Standing },
    /// An attempt is about to begin. Answered with [`Done::Began`] once a killed process could
    /// not forget it.
    Begun { id: DeliveryId, attempt: u32 },
    /// An attempt is over, and the delivery stands there from now on.
    Ended {
        id: DeliveryId,
        standing: Standing,
        attempt: Box<StoredAttempt>,
    },
    /// The delivery is this history's from now on ([`Standing::Waiting`], unless it stands finished).
    /// Answered with [`Done::Promised`] once that is on disk, synced.
    Promise {
        id: DeliveryId,
        /// How many attempts at it have begun, at least.
        attempts: u32,
    },
    /// Answered with [`Done::Whole`] once the delivery is in the file to its last byte, if it is.
    Whole { id: DeliveryId },
    /// Asks for those that wait, oldest first, beyond a position and received since then.
    /// Answered with [`Done::Backlog`].
    Backlog {
        after: Option<Seq>,
        since_us: Option<u64>,
        limit: usize,
    },
    /// Asks for a piece of a body, from 0; none beyond the last.
    Load {
        id: DeliveryId,
        number: u32,
        reply: oneshot::Sender<Result<Option<Bytes>, String>>,
    },
    /// Asks for the head of a delivery.
    Head {
        id: DeliveryId,
        reply: oneshot::Sender<Result<Option<Box<Delivery>>, String>>,
    },
    /// Asks for the number of a further attempt that the user wants. No other attempt at the
    /// delivery gets it, whichever process makes it. Answered once that is in the file; not at all
    /// if it can't be written.
    Allot {
        id: DeliveryId,
        reply: oneshot::Sender<Result<Allotted, Refused>>,
    },
    /// An attempt is over that the user wanted: its delivery stands where it stood.
    Replayed {
        id: DeliveryId,
        attempt: Box<StoredAttempt>,
    },
    /// A delivery came again after it was finished.
    Duplicate { id: DeliveryId },
}

/// The number of an attempt, and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Allotted {
    pub(crate) delivery: Arc<Summary>,
    pub(crate) attempt: u32,
    /// Whether kreel made the delivery itself.
    pub(crate) is_synthesised: bool,
}

/// Why no further attempt can be made at a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    /// The history does not have it.
    #[error("it is not in the history")]
    Unknown,
    /// The rest of its body is on its way.
    #[error("its body is still arriving")]
    Arriving,
    /// The rest of its body will not come.
    #[error("its body broke off before it was complete")]
    BrokenOff,
    /// There is no number left.
    #[error("it has been attempted a million times")]
    WornOut,
}

/// What came of a job.
#[derive(Debug)]
#[expect(clippy::enum_variant_names, reason = "not done is what came of it")]
pub(crate) enum Done {
    /// A delivery the relay kept is on disk, or was before.
    Received { row: Waiting, known: Known },
    /// The begin of an attempt is noted. Its number is the one that was asked for, or a higher one
    /// if a replay has that.
    Began {
        id: DeliveryId,
        attempt: u32,
        number: u32,
    },
    /// The delivery is in the file, to its last byte.
    Whole { id: DeliveryId },
    /// The delivery is this history's; with the row if it waits.
    Promised {
        id: DeliveryId,
        seq: Seq,
        row: Option<Waiting>,
    },
    /// Those that wait, and how many wait beyond them.
    Backlog { rows: Vec<Waiting>, beyond: u64 },
    /// The history can't be written: what was asked is not done. Told once, and again after it
    /// worked in between.
    Failing { cause: String },
    /// It can be written again.
    Mended,
    /// A [`Job::Receive`], [`Job::Begun`] or [`Job::Promise`] was not done.
    NotDone { id: DeliveryId },
}

/// What was known of a delivery that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing, or not all of it: it waits now.
    New {
        /// How many attempts at it have been begun.
        attempts: u32,
    },
    /// It waited here already, whole.
    Waiting {
        /// How many attempts at it have been begun.
        attempts: u32,
    },
    /// It is finished.
    Finished,
}

/// A delivery that waits.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) summary: Arc<Summary>,
    /// The number of the last attempt at it that has been begun.
    pub(crate) attempts: u32,
    /// How many of them the user asked for.
    pub(crate) replays: u32,
}

/// An attempt that is over.
#[derive(Debug)]
pub(crate) struct StoredAttempt {
    /// Which attempt, from 1.
    pub(crate) attempt: u32,
    /// When it began: microseconds since 1970, by this machine's clock.
    pub(crate) began_at_us: u64,
    /// Whether the user asked for it.
    pub(crate) is_replay: bool,
    /// The URL it went to, and the header lines as they were sent; none if nothing was sent.
    pub(crate) request: Option<(String, Headers)>,
    /// What the user had changed, and the other target if there was one.
    pub(crate) changed: Changed,
    /// Why the app was not to have the delivery, if somebody decided so.
    pub(crate) withheld: Option<Arc<str>>,
    pub(crate) end: AttemptEnd,
    pub(crate) answer: Option<StoredAnswer>,
    pub(crate) timings: Timings,
}

/// How the request of an attempt differed from its delivery.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Whether the user edited it.
    pub(crate) is_edited: bool,
    /// Its method; the delivery's if none.
    pub(crate) method: Option<String>,
    /// Its body, or as much of its beginning as is kept; the delivery's if none.
    pub(crate) body: Option<Bytes>,
    /// The target it was handed to; the app if none.
    pub(crate) to: Option<String>,
}

/// What the app answered.
#[derive(Debug)]
pub(crate) struct StoredAnswer {
    pub(crate) head: Response,
    /// The body, or as much of its beginning as is kept.
    pub(crate) body: Bytes,
}
