//! What stands in for an app where there is none.

use std::future::poll_fn;

use bytes::Bytes;
use kreel_wire::{DeliveryId, Failure, Response};

use super::Ending;
use super::answer::Reply;
use super::body::Body;
use super::head::own_headers;
use super::record::Record;
use crate::AttemptEnd;

/// Takes a delivery for which there is no app, and says so to the sender.
pub(super) async fn capture(
    id: DeliveryId,
    mut body: Body,
    reply: &mut Reply,
    record: &mut Record,
) -> Ending {
    let mut size_bytes = 0;
    while let Some(piece) = poll_fn(|cx| body.poll_piece(cx)).await {
        match piece {
            Ok(piece) => size_bytes += piece.len(),
            Err(cut_off) => {
                let cause = cut_off.to_string();
                return reply.failed(Failure::GivenUp { cause });
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
    record.answered(&head);
    record.piece(&Bytes::from(text.clone()));
    let end = AttemptEnd::Answered {
        status: 200,
        body_bytes: text.len() as u64,
    };
    let last = reply.answer(head, text.into(), true);
    reply.ended(end, last)
}
