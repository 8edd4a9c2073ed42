//! Krea's webhooks, its API in miniature, and what stands in front of it.

mod calls;
mod chaos;
mod files;
mod lives;
mod many;
mod refusals;
mod stand_in;
mod trigger;
