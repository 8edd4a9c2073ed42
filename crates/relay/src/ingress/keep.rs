//! Deliveries the relay vouches for: on disk first, then 2xx.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response};
use kreel_wire::{Delivery, DeliveryId, Seq};
use serde_json::json;

use super::answer::{Body, json_answer};
use super::body::SenderBody;
use super::problem::Problem;
use super::retained::Retained;
use crate::link::Link;
use crate::shared::Shared;
use crate::store::Store;
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
///
/// Goes on to its end even if the sender leaves meanwhile: what is half kept could be neither
/// delivered nor forgotten.
pub(super) async fn keep(
    shared: &Arc<Shared>,
    tunnel: &Arc<Tunnel>,
    delivery: Box<Delivery>,
    retained: Retained,
    with: Option<&Arc<Link>>,
) -> Result<(), Problem> {
    let (seq, with) = (delivery.seq, with.cloned());
    let (tunnel, store) = (tunnel.clone(), shared.store.clone());
    let kept = shared.store.spawn(async move {
        let kept = retained.keep(delivery).await;
        match (&with, &kept) {
            (Some(link), Ok(())) => link.kept(seq, &tunnel, &store),
            (Some(link), Err(_)) => link.not_kept(seq),
            (None, _) => {}
        }
        if kept.is_ok() {
            hand_on(seq, &tunnel, &store, with.as_ref());
        }
        kept
    });
    let kept = kept.await.map_err(|_| Problem::Store)?;
    kept.map_err(|error| Problem::store(&error))
}

/// Has the tunnel's link send what was kept, unless the client it is with still has it.
fn hand_on(seq: Seq, tunnel: &Arc<Tunnel>, store: &Arc<Store>, with: Option<&Arc<Link>>) {
    if let Some(link) = tunnel.link()
        && with.is_none_or(|with| !Arc::ptr_eq(with, &link))
    {
        link.hand_on(seq, tunnel, store);
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
