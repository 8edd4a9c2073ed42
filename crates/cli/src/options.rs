//! What the commands need, resolved: nothing in here can contradict itself or remains to be
//! looked up.

mod certificates;
mod listen;
mod relay;
mod remote;
#[cfg(test)]
mod tests;

pub(crate) use certificates::certificates;
pub(crate) use listen::{Choice, ListenOptions};
pub(crate) use relay::{GRACE, RelayOptions};
pub(crate) use remote::{Remote, find_token, missing_token, parse_token, read_token, relay_ca};
