//! What the commands need, resolved: nothing in here can contradict itself or remains to be
//! looked up.

mod certificates;
mod listen;
mod relay;
mod relay_file;
mod remote;
#[cfg(test)]
mod tests;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::problem::{Code, Problem};

pub(crate) use certificates::certificates;
pub(crate) use listen::{Choice, ListenOptions};
pub(crate) use relay::{GRACE, RelayOptions};
pub(crate) use remote::{Remote, find_token, missing_token, parse_token, read_token, relay_ca};

/// Whether an option was given on the command line itself, which counts more than the
/// environment.
pub(crate) fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// Two options that contradict each other.
pub(crate) fn conflict(one: &str, other: &str, why: &str) -> Problem {
    Problem::new(
        Code::OptionsConflict,
        format!("{one} and {other} can't go together"),
        why,
        "leave one of them out",
    )
}
