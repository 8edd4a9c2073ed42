//! A kept delivery ⇄ a row.

use bytes::Bytes;
use kreel_wire::{Delivery, DeliveryId, Headers, HeadersBuilder, Kind, Scheme, Seq, Verdict};
use rusqlite::{Row, types::Type};

/// A delivery as the store keeps it: its head, and its body unless that lies in pieces.
#[derive(Debug)]
pub(crate) struct Record {
    /// The head; its kind is always [`Kind::Queued`] when it comes from the store.
    pub(crate) delivery: Box<Delivery>,
    /// The body's size in bytes, all of it.
    pub(crate) body_bytes: u64,
    /// The body, or nothing if it lies in pieces.
    pub(crate) body: Vec<Bytes>,
}

/// The columns [`from_row`] reads, in order.
pub(super) const COLUMNS: &str =
    "seq, id, received_at_us, method, target, headers, https, forwarded_for, body_bytes, body,
    attempted OR EXISTS (SELECT 1 FROM settled
        WHERE settled.tunnel_id = delivery.tunnel_id AND settled.seq = delivery.seq), signature";

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Record> {
    let body_bytes = row.get(8)?;
    let delivery = Delivery {
        seq: Seq(row.get(0)?),
        id: DeliveryId::from_bytes(row.get(1)?),
        received_at_us: row.get(2)?,
        kind: Kind::Queued,
        method: row.get::<_, String>(3)?.into(),
        target: row.get::<_, Vec<u8>>(4)?.into(),
        headers: parse_headers(&row.get::<_, Vec<u8>>(5)?)
            .ok_or_else(|| rusqlite::Error::InvalidColumnType(5, "headers".into(), Type::Blob))?,
        scheme: if row.get(6)? {
            Scheme::Https
        } else {
            Scheme::Http
        },
        forwarded_for: row.get::<_, String>(7)?.into(),
        body_bytes: Some(body_bytes),
        // What is settled is of the ring: its client has had it.
        attempted: row.get(10)?,
        signature: Verdict::from_number(row.get::<_, Option<u32>>(11)?.unwrap_or(0)),
    };
    let body = match row.get::<_, Vec<u8>>(9)? {
        body if body.is_empty() => Vec::new(),
        body => vec![body.into()],
    };
    Ok(Record {
        delivery: Box::new(delivery),
        body_bytes,
        body,
    })
}

/// One line each, `name: value`; neither can hold a line feed.
pub(super) fn write_headers(headers: &Headers) -> Vec<u8> {
    let mut lines = Vec::with_capacity(header_bytes(headers));
    push_headers(&mut lines, headers);
    lines
}

/// How many bytes they take then.
pub(super) fn header_bytes(headers: &Headers) -> usize {
    headers.size_bytes() + headers.len() * 3
}

/// The same, behind what is there.
pub(super) fn push_headers(lines: &mut Vec<u8>, headers: &Headers) {
    for line in headers {
        lines.extend_from_slice(line.name);
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(line.value);
        lines.push(b'\n');
    }
}

fn parse_headers(lines: &[u8]) -> Option<Headers> {
    let mut builder = HeadersBuilder::with_capacity(16);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n")?;
        let colon = line.iter().position(|byte| *byte == b':')?;
        builder.push(&line[..colon], line[colon + 1..].strip_prefix(b" ")?);
    }
    Some(builder.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_with_their_order_repeats_and_bytes() {
        let mut builder = HeadersBuilder::default();
        for (name, value) in [
            (&b"x-a"[..], &b"1: 2"[..]),
            (b"x-b", b""),
            (b"x-a", b"\xff caf\xc3\xa9"),
        ] {
            builder.push(name, value);
        }
        let headers = builder.build();
        assert_eq!(parse_headers(&write_headers(&headers)), Some(headers));
        assert_eq!(parse_headers(b""), Some(Headers::default()));
        assert_eq!(parse_headers(b"no colon\n"), None);
        assert_eq!(parse_headers(b"cut: off"), None);
    }
}
