//! The same messages as JSON, as one would write it: texts as texts, bodies in base64.
//!
//! Only what the measurement needs. Header values that are not UTF-8 would need base64 too.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use kreel_wire::{
    Answer, Chunk, Delivery, ExchangeId, Headers, HeadersBuilder, Kind, Request, Response, Scheme,
    Seq, ToClient, ToRelay,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message {
    Request(JsonRequest),
    Body(JsonChunk),
    Answer(JsonAnswer),
}

#[derive(Serialize, Deserialize)]
struct JsonRequest {
    exchange: u32,
    delivery_id: String,
    seq: u64,
    received_at_us: u64,
    queued: bool,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    https: bool,
    forwarded_for: String,
    body_bytes: Option<u64>,
    body: String,
    end: bool,
}

#[derive(Serialize, Deserialize)]
struct JsonChunk {
    exchange: u32,
    data: String,
    end: bool,
}

#[derive(Serialize, Deserialize)]
struct JsonAnswer {
    exchange: u32,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    end: bool,
}

pub(crate) fn from_to_client(message: ToClient) -> Bytes {
    bytes_of(&match message {
        ToClient::Request(request) => Message::Request(JsonRequest {
            exchange: request.exchange.0,
            delivery_id: request.delivery.id.to_string(),
            seq: request.delivery.seq.0,
            received_at_us: request.delivery.received_at_us,
            queued: request.delivery.kind == Kind::Queued,
            method: request.delivery.method.into(),
            target: text(&request.delivery.target),
            headers: pairs(&request.delivery.headers),
            https: request.delivery.scheme == Scheme::Https,
            forwarded_for: request.delivery.forwarded_for.to_string(),
            body_bytes: request.delivery.body_bytes,
            body: BASE64_STANDARD.encode(request.body),
            end: request.end,
        }),
        ToClient::RequestBody(chunk) => Message::Body(JsonChunk {
            exchange: chunk.exchange.0,
            data: BASE64_STANDARD.encode(chunk.data),
            end: chunk.end,
        }),
        _ => return Bytes::new(),
    })
}

pub(crate) fn to_client(bytes: Bytes) -> Option<ToClient> {
    Some(match serde_json::from_slice(&bytes).ok()? {
        Message::Request(request) => ToClient::Request(Request {
            exchange: ExchangeId(request.exchange),
            delivery: Box::new(Delivery {
                id: request.delivery_id.parse().ok()?,
                seq: Seq(request.seq),
                received_at_us: request.received_at_us,
                kind: if request.queued {
                    Kind::Queued
                } else {
                    Kind::Live
                },
                method: request.method.into(),
                target: request.target.into(),
                headers: lines(&request.headers)?,
                scheme: if request.https {
                    Scheme::Https
                } else {
                    Scheme::Http
                },
                forwarded_for: request.forwarded_for.into(),
                body_bytes: request.body_bytes,
                attempted: false,
                signature: None,
            }),
            body: BASE64_STANDARD.decode(request.body).ok()?.into(),
            end: request.end,
        }),
        Message::Body(chunk) => ToClient::RequestBody(Chunk {
            exchange: ExchangeId(chunk.exchange),
            data: BASE64_STANDARD.decode(chunk.data).ok()?.into(),
            end: chunk.end,
        }),
        Message::Answer(_) => return None,
    })
}

pub(crate) fn from_to_relay(message: ToRelay) -> Bytes {
    let ToRelay::Answer(answer) = message else {
        return Bytes::new();
    };
    bytes_of(&Message::Answer(JsonAnswer {
        exchange: answer.exchange.0,
        status: answer.response.status,
        headers: pairs(&answer.response.headers),
        body: BASE64_STANDARD.encode(answer.body),
        end: answer.end,
    }))
}

pub(crate) fn to_relay(bytes: Bytes) -> Option<ToRelay> {
    let Message::Answer(answer) = serde_json::from_slice(&bytes).ok()? else {
        return None;
    };
    Some(ToRelay::Answer(Answer {
        exchange: ExchangeId(answer.exchange),
        response: Response {
            status: answer.status,
            reason: None,
            headers: lines(&answer.headers)?,
        },
        body: BASE64_STANDARD.decode(answer.body).ok()?.into(),
        end: answer.end,
    }))
}

fn pairs(headers: &Headers) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|line| (text(line.name), text(line.value)))
        .collect()
}

fn lines(pairs: &[(String, String)]) -> Option<Headers> {
    let mut builder = HeadersBuilder::with_capacity(pairs.len());
    for (name, value) in pairs {
        builder.push(name.as_bytes(), value.as_bytes());
    }
    builder.checked().ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn bytes_of(message: &Message) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}
