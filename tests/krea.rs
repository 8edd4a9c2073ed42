//! Krea's webhooks, its API in miniature, and what stands in front of it.

mod calls;
mod chaos;
mod door;
mod endpoints;
mod files;
mod in_front;
mod inspector;
mod jobs;
mod links;
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
mod trust;
