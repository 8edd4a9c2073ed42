//! Exchanges as an HTTP Archive 1.2, which browsers and API tools import.
//!
//! The format has no place for some of what is known; such fields begin with an underscore, as
//! it asks for.

mod entry;

use serde::Serialize;

use entry::Entry;

use super::Exchange;
use super::text::pretty;
use crate::mask::Masking;

/// The archive. Binary bodies are in base64; an exchange without an answer has status 0, as
/// browsers write it.
pub fn har(exchanges: &[Exchange<'_>], masking: &Masking) -> String {
    pretty(&Archive {
        log: Log {
            version: "1.2",
            creator: Creator {
                name: "kreel",
                version: env!("CARGO_PKG_VERSION"),
            },
            pages: [],
            entries: exchanges
                .iter()
                .map(|exchange| Entry::of(exchange, masking))
                .collect(),
        },
    })
}

#[derive(Serialize)]
struct Archive<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Creator,
    pages: [(); 0],
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[cfg(test)]
mod published;
#[cfg(test)]
mod tests;
