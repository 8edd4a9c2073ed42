//! `kreel completion`: a script that teaches a shell our words.

use clap::CommandFactory;

use crate::args::{Cli, CompletionArgs};
use crate::exit::Exit;
use crate::problem::Result;
use crate::terminal;

/// Prints the script.
pub(crate) fn run(args: &CompletionArgs) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kreel", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
