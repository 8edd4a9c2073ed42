//! Cassettes: files of deliveries that are kept with the sources, one JSON object a line.
//!
//! [`Masks::line`] writes one, [`read()`] reads all. `docs/cassette.md` has the format and its promises.

mod body_rules;
mod fault;
mod lines;
mod masks;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use kreel_wire::{DeliveryId, Headers};

use crate::export::{Exchange, fixture};
use crate::mask::{MASKED, Masking};

pub use crate::export::CASSETTE_VERSION;
pub use body_rules::BodyRules;
pub use fault::{Fault, Problem};
pub use masks::Masks;

/// The address in a cassette's lines: the public one may be the only secret a tunnel has
/// (RFC 2606, section 2: no such host will ever be).
pub const ORIGIN: &str = "https://webhook.invalid";

/// A delivery as a cassette has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub id: DeliveryId,
    /// When it was received: microseconds since 1970.
    pub received_at_us: u64,
    /// The method, a token.
    pub method: String,
    /// Path and query as sent: empty, or it begins with `/` or `?`.
    pub target: Bytes,
    /// The header lines in order; the values of secrets are what stands for them.
    pub headers: Headers,
    /// The body, all of it.
    pub body: Bytes,
    /// What the app answered when it was recorded, if it did.
    pub answer: Option<RecordedAnswer>,
}

/// An answer as a cassette has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// The status.
    pub status: u16,
    /// The header lines in order.
    pub headers: Headers,
    /// The body, or as much of it as was kept.
    pub body: Bytes,
    /// Whether that is all of it.
    pub is_whole: bool,
}

impl Recorded {
    /// The names of the header lines whose values were masked: what they were is not known.
    pub fn masked_headers(&self) -> impl Iterator<Item = &[u8]> {
        let is_masked = |value: &[u8]| value.ends_with(MASKED.as_bytes());
        let masked = self.headers.iter().filter(move |it| is_masked(it.value));
        masked.map(|line| line.name)
    }
}

/// The deliveries of a cassette in their order. An empty file has none; the first line that makes
/// no sense is told.
pub fn read(source: &[u8]) -> Result<Vec<Recorded>, Fault> {
    let mut recorded = Vec::new();
    for (number, line) in (1..).zip(source.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let delivery = lines::read(line).map_err(|problem| Fault {
            line: number,
            problem,
        })?;
        recorded.push(delivery);
    }
    Ok(recorded)
}

/// A delivery as a line of a cassette. Its URL is [`ORIGIN`] and the delivery's own target, as
/// [`url`] makes it.
pub fn line(exchange: &Exchange<'_>, masking: &Masking) -> String {
    fixture(exchange, masking)
}

/// The URL that stands for a target. Bytes beyond ASCII, which no URL has, are percent-encoded.
pub fn url(target: &[u8]) -> String {
    let mut url = ORIGIN.to_owned();
    for &byte in target {
        match byte {
            b'!'..=b'~' => url.push(byte.into()),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}
