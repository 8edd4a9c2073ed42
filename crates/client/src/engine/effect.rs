//! What the engine is told, and what it wants done.

use kreel_wire::{Delivery, DeliveryId, ExchangeId, Failure, Seq};
use tokio::time::Instant;

use crate::{AttemptEnd, Timings, Update};

/// One running of an attempt, never the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run(pub(crate) u64);

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// The tunnel is open.
    LinkUp,
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
    /// The sender broke off before its request was complete, or the relay took it back.
    SenderLeft(DeliveryId),
    /// The sender needs no answer any more.
    RelayAnswered { id: DeliveryId, status: Option<u16> },
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
        /// All that another attempt needs is at hand.
        is_repeatable: bool,
        now: Instant,
    },
    /// The app was looked for.
    Probed {
        found: Result<(), Failure>,
        now: Instant,
    },
    /// Time has passed.
    Tick { now: Instant },
    /// The user holds deliveries back.
    Hold,
    /// The user lets them go.
    Release,
    /// The user lets one go.
    ReleaseOne,
    /// The client is stopping: nothing new is started.
    Stop,
}

/// Something to be done.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Keep what came with this delivery, for attempts at it.
    Take { id: DeliveryId },
    /// Start an attempt at this delivery.
    Attempt {
        id: DeliveryId,
        run: Run,
        /// Which attempt it is, from 1.
        attempt: u32,
    },
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
    /// The body coming on this exchange is not needed.
    Discard { exchange: ExchangeId },
    /// Nothing is needed of this exchange any more, and nothing is said on it.
    Close { exchange: ExchangeId },
    /// Tell the user.
    Update(Update),
}
