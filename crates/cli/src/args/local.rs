//! Commands that need neither relay nor settings: `kreel demo`, `kreel completion`,
//! `kreel man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// See it work: Krea's API (mocked), relay, inspector and an app
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_DEMO)]
pub(crate) struct DemoArgs {
    /// End after the last webhook, also on a terminal, with lines in place of the inspector
    #[arg(long)]
    pub(crate) once: bool,

    /// Lines in place of the inspector, also on a terminal
    #[arg(long)]
    pub(crate) no_tui: bool,
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
An app asks a stand-in for Krea's API for eight things: images, videos, a 3D
model, a node app, a style. The jobs walk through their states, some forty
times as fast as life, and their webhooks take the whole way through a relay
to the app. One job fails, one is cancelled, which the app answers with an
error, and one webhook comes twice.

On a terminal the inspector shows it until you leave with q; elsewhere, and
with --once, lines do, and it ends by itself. It needs no account and no
network, nothing leaves this machine, and nothing stays on it.

Examples:
  kreel demo           Look at it in the inspector; q leaves
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
