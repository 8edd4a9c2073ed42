//! Deliveries the relay vouches for: on disk first, then 2xx.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderValue, Response};
use kreel_wire::{Delivery, DeliveryId};
use serde_json::json;

use super::answer::{Body, json_answer};
use super::body::SenderBody;
use super::problem::Problem;
use super::retained::Retained;
use crate::link::Link;
use crate::shared::Shared;
use crate::tunnels::Tunnel;

/// What a sender is told of a delivery the relay keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The app is at work on it.
    Pending,
    /// It waits for a client.
    Queued,
}

/// Keeps a complete delivery. `with` is the link whose client is at work on it already.
pub(super) async fn keep(
    shared: &Arc<Shared>,
    tunnel: &Arc<Tunnel>,
    delivery: Delivery,
    retained: Retained,
    with: Option<&Arc<Link>>,
) -> Result<(), Problem> {
    let (seq, bytes) = (delivery.seq, retained.total_bytes());
    let waiting = tunnel.waiting.fetch_add(1, Ordering::Relaxed);
    let full = waiting >= shared.limits.max_waiting
        || shared.store.kept_bytes() + bytes > shared.limits.max_waiting_bytes;
    if let Some(link) = with {
        // Before it is kept: the client may acknowledge it in this very moment.
        link.note_pending(seq, bytes);
    }
    let kept = if full {
        Err(Problem::Full)
    } else {
        retained
            .keep(delivery)
            .await
            .map_err(|error| Problem::store(&error))
    };
    if let Err(problem) = kept {
        tunnel.waiting.fetch_sub(1, Ordering::Relaxed);
        if let Some(link) = with {
            link.forget_pending(seq);
        }
        return Err(problem);
    }
    hand_on(shared, tunnel, with);
    Ok(())
}

/// Has the tunnel's link send what was kept, unless the client it is with still has it.
fn hand_on(shared: &Arc<Shared>, tunnel: &Arc<Tunnel>, with: Option<&Arc<Link>>) {
    if let Some(link) = tunnel.link()
        && with.is_none_or(|with| !Arc::ptr_eq(with, &link))
    {
        link.drain(tunnel, &shared.store);
    }
}

/// Reads a body to its end, retaining it.
pub(super) async fn read_all(
    retained: &mut Retained,
    beginning: Vec<Bytes>,
    body: &mut SenderBody,
) -> Result<(), Problem> {
    for run in beginning {
        retained
            .push(run)
            .await
            .map_err(|error| Problem::store(&error))?;
    }
    while !body.is_complete()
        && let Some(run) = body.next().await?
    {
        retained
            .push(run)
            .await
            .map_err(|error| Problem::store(&error))?;
    }
    Ok(())
}

/// The relay's own 2xx.
pub(super) fn accepted(status: u16, id: DeliveryId, state: State) -> Response<Body> {
    let state = match state {
        State::Pending => "pending",
        State::Queued => "queued",
    };
    let mut response = json_answer(status, &json!({"id": id.to_string(), "state": state}));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert("kreel-delivery-id", id);
    }
    response
}
