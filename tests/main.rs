//! The whole program as its users run it: real processes, real sockets, a file for each story.
//!
//! Everything stays on loopback. Stories wait for conditions under deadlines, never for time to
//! pass; what they start is killed and what they write is removed when they end.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that can't go on shall panic, and say why"
)]

mod support;

mod accounting;
mod acme;
mod addresses;
mod answers;
mod app_down;
mod apps;
mod backlog;
mod behind_proxy;
mod cassettes;
mod certificates;
mod ci;
mod crashes;
mod damage;
mod differences;
mod doctor;
mod errors;
mod every_command;
mod exchanges;
mod exports;
mod fidelity;
mod filters;
mod floods;
mod full_disk;
mod guide;
mod hostile;
mod idle_links;
mod inspector;
mod json_output;
mod krea;
mod limits;
mod links;
mod load;
mod operating;
mod outages;
mod owners;
mod queue;
mod replays;
mod requests;
mod retries;
mod rules;
mod scripts;
mod setup;
mod signatures;
mod since;
mod streaming;
mod together;
mod tokens;
mod types;
mod upgrades;
