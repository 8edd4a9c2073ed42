//! What is kept ⇄ rows.

use std::sync::Arc;

use kreel_wire::{Delivery, DeliveryId, Headers, HeadersBuilder, Kind, Scheme, Seq, Verdict};
use rusqlite::{Row, types::Type};

use super::Standing;
use crate::Summary;

impl Standing {
    /// The number it has in the file. Those that are open come first: an index holds only them.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Waiting => 1,
            Self::Answered => 2,
            Self::Failed => 3,
            Self::Lost => 4,
            Self::BrokenOff => 5,
            Self::Captured => 6,
        }
    }

    pub(super) fn from_number(number: u8) -> rusqlite::Result<Self> {
        Ok(match number {
            0 => Self::Live,
            1 => Self::Waiting,
            2 => Self::Answered,
            3 => Self::Failed,
            4 => Self::Lost,
            5 => Self::BrokenOff,
            6 => Self::Captured,
            _ => return Err(rusqlite::Error::IntegralValueOutOfRange(0, number.into())),
        })
    }

    /// Whether an attempt at it will never be made again unasked. One that failed when nobody had
    /// promised it may still come, as a promised one.
    pub(super) fn is_final(self, is_promised: bool) -> bool {
        match self {
            Self::Answered | Self::Captured | Self::Lost => true,
            Self::Failed => is_promised,
            Self::Live | Self::Waiting | Self::BrokenOff => false,
        }
    }

    /// A stable word for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::BrokenOff => "broken_off",
            Self::Captured => "captured",
        }
    }
}

/// Bits of a key that tell which piece or attempt it is of its delivery.
const ITEM_BITS: u32 = 20;

/// The highest of them.
pub(super) const MOST_ITEMS: u32 = (1 << ITEM_BITS) - 1;

/// The key of a delivery's piece or attempt.
pub(super) fn key(number: i64, item: u32) -> i64 {
    (number << ITEM_BITS) | i64::from(item.min(MOST_ITEMS))
}

/// Which piece or attempt a key is of.
pub(super) fn item(key: i64) -> u32 {
    (key & ((1 << ITEM_BITS) - 1)) as u32
}

/// The least and the greatest key a delivery's pieces or attempts can have.
pub(super) fn keys(number: i64) -> (i64, i64) {
    (key(number, 0), key(number, u32::MAX))
}

/// A position as the file holds it. A relay that counts beyond 2^63 is not right in its mind.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The columns [`head`] reads, in order.
pub(super) const HEAD: &str = "id, seq, received_at_us, is_queued, method, target, headers, https, forwarded_for, size_bytes, attempts, signature";

/// A whole head, as it is handed over: no sender waits for it.
pub(super) fn head(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: id(row, 0)?,
        seq: Seq(row.get(1)?),
        received_at_us: row.get(2)?,
        kind: if row.get(3)? {
            Kind::Queued
        } else {
            Kind::Live
        },
        method: row.get::<_, Box<str>>(4)?,
        target: row.get::<_, Vec<u8>>(5)?.into(),
        headers: headers(row, 6)?,
        scheme: if row.get(7)? {
            Scheme::Https
        } else {
            Scheme::Http
        },
        forwarded_for: row.get::<_, Arc<str>>(8)?,
        body_bytes: Some(row.get(9)?),
        attempted: row.get::<_, u32>(10)? > 0,
        signature: verdict(row, 11)?,
    })
}

/// The columns [`summary`] reads, in order.
pub(super) const SUMMARY: &str =
    "delivery.id, seq, received_at_us, is_queued, method, target, size_bytes, attempts, signature";

/// What lists show of a delivery.
pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    Ok(Summary {
        id: id(row, 0)?,
        seq: Seq(row.get(1)?),
        received_at_us: row.get(2)?,
        kind: if row.get(3)? {
            Kind::Queued
        } else {
            Kind::Live
        },
        method: row.get::<_, Box<str>>(4)?,
        target: row.get::<_, Vec<u8>>(5)?.into(),
        size_bytes: Some(row.get(6)?),
        signature: verdict(row, 8)?,
    })
}

fn verdict(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Verdict>> {
    let number: Option<u32> = row.get(column)?;
    Ok(number.and_then(Verdict::from_number))
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<DeliveryId> {
    Ok(DeliveryId::from_bytes(row.get(column)?))
}

/// The header lines in a column.
pub(super) fn headers(row: &Row<'_>, column: usize) -> rusqlite::Result<Headers> {
    let invalid = || rusqlite::Error::InvalidColumnType(column, "headers".into(), Type::Blob);
    parse_headers(row.get_ref(column)?.as_blob()?).ok_or_else(invalid)
}

/// One line each, `name: value`; neither can hold a line feed.
pub(super) fn write_headers(headers: &Headers, lines: &mut Vec<u8>) {
    lines.reserve(headers.size_bytes() + headers.len() * 3);
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
        let mut lines = Vec::new();
        write_headers(&headers, &mut lines);
        assert_eq!(parse_headers(&lines), Some(headers));
        assert_eq!(parse_headers(b""), Some(Headers::default()));
        assert_eq!(parse_headers(b"no colon\n"), None);
        assert_eq!(parse_headers(b"cut: off"), None);
    }

    #[test]
    fn standings_survive() {
        for number in 0..7 {
            assert_eq!(Standing::from_number(number).unwrap().number(), number);
        }
        assert!(Standing::from_number(7).is_err());
    }

    #[test]
    fn keys_of_a_delivery_lie_together() {
        let (first, last) = keys(7);
        assert!(first <= key(7, 3) && key(7, 3) <= last && last < keys(8).0);
        assert_eq!(item(key(7, 3)), 3);
    }
}
