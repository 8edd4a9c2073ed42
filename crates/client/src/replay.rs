//! What the user may ask to be handed to an app again: [`Replay`], and what of it was [`Edited`].

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::{DeliveryId, Headers};

use crate::Target;
use crate::limits::EDITED_BYTES;

/// Further attempts at a delivery that is in the history. The delivery itself stays as it came, and
/// stands where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Which delivery, of this tunnel or another, of this run or an earlier one.
    pub delivery: DeliveryId,
    /// What is sent in its place; the delivery as it came if none.
    pub edited: Option<Arc<Edited>>,
    /// Where to, if not to the app.
    pub to: Option<Target>,
    /// How often, at least once.
    pub times: u32,
    /// How many of these attempts may run at the same time. Beyond a small share that all replays
    /// have together, they wait for each other anyway.
    pub at_once: u32,
}

/// A request as the user wants it sent.
///
/// What was not changed is treated as in any attempt: a `Host` that is still the sender's becomes
/// the target's, and lines the user has set for all requests replace the sender's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The method.
    pub method: String,
    /// Path and query as a sender would have sent them, without the tunnel's part.
    pub target: Bytes,
    /// The header lines in their order. A `Content-Length` that is the sender's follows the body.
    pub headers: Headers,
    /// The whole body.
    pub body: Bytes,
    /// The lines that count as the sender's, if others than the delivery's: those of a file that has
    /// the delivery in another form.
    pub senders: Option<Headers>,
}

impl From<kreel_inspect::edit::Request> for Edited {
    fn from(request: kreel_inspect::edit::Request) -> Self {
        Self {
            method: request.method,
            target: request.target,
            headers: request.headers,
            body: request.body,
            senders: None,
        }
    }
}

impl Edited {
    /// Why it can't be sent, if its body is too large: it is held in memory, unlike a delivery's own.
    pub fn too_large(&self) -> Option<String> {
        let (bytes, most) = (self.body.len(), EDITED_BYTES >> 20);
        (bytes > EDITED_BYTES).then(|| {
            format!(
                "its body has {bytes} bytes: a request that is changed or signed anew is held in \
                 memory, at most {most} MiB"
            )
        })
    }
}

impl Replay {
    /// One attempt, of the delivery as it came, at the app.
    pub fn once(delivery: DeliveryId) -> Self {
        Self {
            delivery,
            edited: None,
            to: None,
            times: 1,
            at_once: 1,
        }
    }
}
