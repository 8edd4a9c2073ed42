//! The commands, one file each. A command takes what was typed and ends with an exit code or a
//! problem.

pub(crate) mod assert;
pub(crate) mod completion;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod exec;
mod flow;
pub(crate) mod idempotency;
pub(crate) mod jobs;
pub(crate) mod listen;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod mock;
pub(crate) mod proxy;
pub(crate) mod record;
pub(crate) mod relay;
pub(crate) mod replay;
pub(crate) mod requests;
pub(crate) mod serving;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod trigger;
pub(crate) mod tunnels;
pub(crate) mod types;
mod verdict;
pub(crate) mod wait;
