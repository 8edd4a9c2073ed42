//! A delivery in the forms other tools read: a curl command, HAR 1.2, JSON, a raw HTTP message,
//! a line of a cassette.
//!
//! Secrets are masked as the caller's [`Masking`] says. Text that leaves here for a clipboard
//! or a file holds nothing a terminal would obey.

mod curl;
mod document;
mod har;
mod raw;
#[cfg(test)]
mod testing;
mod text;

use std::time::Duration;

use kreel_wire::Headers;

pub use crate::mask::Masking;
pub use curl::curl;
pub use document::{CASSETTE_VERSION, fixture, json};
pub use har::har;
pub use raw::raw;

/// A request as it is taken away.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The whole address: the public one as the sender saw it, or the app's.
    pub url: &'a str,
    /// The header lines in order.
    pub headers: &'a Headers,
    /// The body, or as much of it as was kept.
    pub body: &'a [u8],
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// An answer as it is taken away.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The reason phrase, where it is not the usual one.
    pub reason: Option<&'a [u8]>,
    /// The header lines in order.
    pub headers: &'a Headers,
    /// The body, or as much of it as was kept.
    pub body: &'a [u8],
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// A request and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The delivery's id.
    pub id: &'a str,
    /// When it was received: microseconds since 1970.
    pub received_at_us: u64,
    /// The request.
    pub request: Request<'a>,
    /// The answer to it; none if there was none.
    pub answer: Option<Answer<'a>>,
    /// Why there was no complete answer: the code and the sentence of a `Failure`.
    pub failure: Option<(&'a str, &'a str)>,
    /// When the attempt began, if there was one: microseconds since 1970.
    pub started_at_us: Option<u64>,
    /// How long its parts took, each counted from its start.
    pub timings: Timings,
}

/// How long the parts of an attempt took, each counted from its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Until there was a connection; none if one was at hand.
    pub connect: Option<Duration>,
    /// Until the head of the answer was there.
    pub first_byte: Option<Duration>,
    /// Until its end; none if there was no attempt or it goes on.
    pub total: Option<Duration>,
}
