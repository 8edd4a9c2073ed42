//! Commands that need neither relay nor settings: `kreel demo`, `kreel completion`,
//! `kreel man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// See it work: a relay, a client and a sample app in one process
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_DEMO)]
pub(crate) struct DemoArgs {
    /// End after the six webhooks, also on a terminal
    #[arg(long)]
    pub(crate) once: bool,
}

/// Print a completion script for a shell
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionArgs {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub(crate) shell: Shell,
}

/// Print the manual page, or write all of them into a folder
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_MAN)]
pub(crate) struct ManArgs {
    /// Where they go: one page for each command
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

const ABOUT_DEMO: &str = "\
Six webhooks take the whole way over encrypted loopback connections, and their
answers come back. Nothing leaves this machine, and nothing stays on it.

Examples:
  kreel demo           Look at them in the inspector; q leaves
  kreel demo --once    The same as lines, and then it ends
";

const EXAMPLES: &str = "\
Examples:
  kreel completion bash > ~/.local/share/bash-completion/completions/kreel
  kreel completion zsh > ~/.zfunc/_kreel
  kreel completion fish > ~/.config/fish/completions/kreel.fish
";

const ABOUT_MAN: &str = "\
Examples:
  kreel man | man -l -
  kreel man ~/.local/share/man/man1
";
