//! What kreel knows about Krea: its jobs, as its webhooks carry them.
//!
//! Knows neither relay nor client. Krea's webhook is the finished job as JSON, unsigned, with no
//! envelope around it; which kind of job it was shows only in its result.

mod fixture;

pub use fixture::Fixture;
