//! The way from attempts to the link: heads before bodies, each lane bounded.
//!
//! A report rides behind the last message of its attempt, so that whoever acts on it (by an
//! acknowledgement) speaks after that message.

use std::task::{Context, Poll};

use kreel_wire::ToRelay;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::forward::Report;
use crate::limits::{BULK_LANE, CREDIT_LANE, URGENT_LANE};
use crate::link::LinkNumber;
use crate::link::inbox::Grant;

/// Something from an attempt.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// For the relay, on the link it was meant for.
    pub(crate) message: Option<(LinkNumber, ToRelay)>,
    /// For the engine, once the message has left.
    pub(crate) report: Option<Report>,
}

/// The attempts' end.
#[derive(Debug, Clone)]
pub(crate) struct Outlet {
    urgent: mpsc::Sender<Outgoing>,
    bulk: mpsc::Sender<Outgoing>,
}

/// Which lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Heads, small answers, failures, reports.
    Urgent,
    /// Pieces of bodies, and what must not overtake them.
    Bulk,
}

/// The link's end.
#[derive(Debug)]
pub(crate) struct Lanes {
    grants: mpsc::Receiver<Grant>,
    urgent: mpsc::Receiver<Outgoing>,
    bulk: mpsc::Receiver<Outgoing>,
}

/// The lanes, and both kinds of ends into them.
pub(crate) fn lanes() -> (Lanes, Outlet, mpsc::Sender<Grant>) {
    let (credit, grants) = mpsc::channel(CREDIT_LANE);
    let (urgent_in, urgent) = mpsc::channel(URGENT_LANE);
    let (bulk_in, bulk) = mpsc::channel(BULK_LANE);
    let outlet = Outlet {
        urgent: urgent_in,
        bulk: bulk_in,
    };
    let lanes = Lanes {
        grants,
        urgent,
        bulk,
    };
    (lanes, outlet, credit)
}

impl Outlet {
    /// Puts something on a lane once there is room.
    pub(crate) async fn put(&self, lane: Lane, outgoing: Outgoing) {
        let lane = match lane {
            Lane::Urgent => &self.urgent,
            Lane::Bulk => &self.bulk,
        };
        // Closed only when the client has ended, and with it every attempt.
        if let Err(TrySendError::Full(outgoing)) = lane.try_send(outgoing) {
            let _ = Box::pin(lane.send(outgoing)).await;
        }
    }
}

impl Lanes {
    /// The next credit to grant. Pending when there is none.
    pub(crate) fn poll_grant(&mut self, cx: &mut Context<'_>) -> Poll<Grant> {
        match self.grants.poll_recv(cx) {
            Poll::Ready(Some(grant)) => Poll::Ready(grant),
            _ => Poll::Pending,
        }
    }

    /// What is to be sent next, heads before bodies. Pending when both lanes are empty.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        for lane in [&mut self.urgent, &mut self.bulk] {
            if let Poll::Ready(Some(outgoing)) = lane.poll_recv(cx) {
                return Poll::Ready(outgoing);
            }
        }
        Poll::Pending
    }
}
