//! Krea's webhooks, its API in miniature, and what stands in front of it.

mod calls;
mod chaos;
mod endpoints;
mod files;
mod in_front;
mod jobs;
mod lives;
mod many;
mod models;
mod proxy;
mod radar;
mod refusals;
mod scripts;
mod secrets;
mod stand_in;
mod trigger;
