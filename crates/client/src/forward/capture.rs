//! What stands in for an app where there is none.

use std::future::poll_fn;

use kreel_wire::{DeliveryId, Failure, Response};

use super::Ending;
use super::answer::Reply;
use super::head::own_headers;
use crate::AttemptEnd;
use crate::link::inbox::Body;

/// Takes a delivery for which there is no app, and says so to the sender.
pub(super) async fn capture(id: DeliveryId, body: Body, reply: &mut Reply) -> Ending {
    let mut size_bytes = 0;
    match body {
        Body::Whole(bytes) => size_bytes = bytes.len(),
        Body::Streamed(mut reader) => {
            while let Some(piece) = poll_fn(|cx| reader.poll_piece(cx)).await {
                match piece {
                    Ok(piece) => size_bytes += piece.len(),
                    Err(cut_off) => {
                        let cause = cut_off.to_string();
                        return reply.failed(Failure::GivenUp { cause });
                    }
                }
            }
        }
    }
    tracing::debug!(%id, size_bytes, "captured");
    let text = format!("{{\"id\":\"{id}\",\"state\":\"captured\"}}\n");
    let head = Response {
        status: 200,
        reason: None,
        headers: own_headers(&[
            ("content-type", "application/json".to_owned()),
            ("content-length", text.len().to_string()),
        ]),
    };
    let end = AttemptEnd::Answered {
        status: 200,
        body_bytes: text.len() as u64,
    };
    let last = reply.answer(head, text.into(), true);
    reply.ended(end, last)
}
