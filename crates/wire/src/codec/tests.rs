//! The codec against random messages, damaged bytes, and what must be refused.

mod any;
mod properties;
mod raw;
mod refusals;
mod sharing;
mod sizes;
