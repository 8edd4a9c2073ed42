//! Senders and apps that break the rules, by mistake or on purpose: refused clearly, forwarded
//! never twice or in part, and no burden to those who keep them.

mod apps;
mod breakers;
mod downgrade;
mod faults;
mod links;
mod logs;
mod malformed;
mod senders;

/// How much more memory a process may have after thousands of them.
const FLAT_BYTES: u64 = 16 * 1024 * 1024;
