//! Cassettes as files: read whole, and which of their values are masked.

use std::fs;
use std::path::Path;

use kreel_client::inert::inert;
use kreel_inspect::cassette::{self, Masks, Recorded};
use kreel_inspect::export::Masking;

use crate::private_file;
use crate::problem::{Code, Problem, Result};

/// What the history has as relay and tunnel of what came from a cassette. The names of others are
/// addresses.
pub(crate) const RELAY: &str = "cassette";

/// Reads a cassette.
pub(crate) fn read(file: &Path) -> Result<Vec<Recorded>> {
    let text = fs::read(file).map_err(|error| private_file::unusable("read", file, &error))?;
    cassette::read(&text).map_err(|fault| {
        let name = file.to_string_lossy();
        Problem::new(
            Code::CassetteUnreadable,
            format!("{} is no cassette kreel understands", inert(&name)),
            fault,
            "docs/cassette.md has the format; `kreel record` writes it",
        )
    })
}

/// Masks these headers, and what these rules say.
pub(crate) fn masks(headers: Masking, rules: &[String]) -> Result<Masks> {
    Masks::by_rules(headers, rules).map_err(|error| {
        Problem::new(
            Code::MaskInvalid,
            "the rule for what is masked can't be understood",
            error,
            "write header:x-token, query:token, $.user.email or ..password",
        )
    })
}
