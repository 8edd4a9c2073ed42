//! What can be learned from a delivery and done with it, on a screen or in a script: pure parts.
//!
//! No I/O, and nothing of the relay, the client or the screen is known here.

pub mod cassette;
pub mod compare;
pub mod document;
pub mod edit;
pub mod export;
pub mod filter;
mod limits;
pub mod mask;
pub mod set;
pub mod types;
pub mod why;

pub use kreel_wire::inert;
