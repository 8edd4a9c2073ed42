//! What the fuzz targets may throw text at. Built for them alone (`--cfg fuzzing`).

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::options::understand;
use crate::settings::Settings;

/// Reads it as a file of settings, of the user's and of a relay's. What is refused is refused in
/// words.
pub fn settings(text: &str) {
    if let Err(error) = toml::from_str::<Settings>(text) {
        assert!(!error.message().is_empty());
    }
    let typed: Vec<OsString> = vec!["kreel".into(), "relay".into()];
    let Ok(mut matches) = Cli::command().try_get_matches_from(&typed) else {
        return;
    };
    let Some((_, matches)) = matches.remove_subcommand() else {
        return;
    };
    if let Err(problem) = understand(Path::new("relay.toml"), text, typed, &matches) {
        assert!(!problem.why.is_empty());
    }
}
