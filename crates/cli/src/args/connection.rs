//! Which relay, and what proves to it whose client this is: shared by all who talk to one.

// The comments on options are their help, where an address in angle brackets would look odd.
#![allow(rustdoc::bare_urls)]

use std::path::PathBuf;

use clap::Args;
use kreel_client::RelayUrl;
use kreel_wire::TunnelName;

use super::Secret;

/// Which relay, with what token, trusted how.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Relay")]
pub(crate) struct Connection {
    /// Address of the relay, like https://relay.example; without one kreel runs its own, for
    /// this machine only
    #[arg(long, value_name = "URL", env = "KREEL_RELAY", hide_env = true)]
    pub(crate) relay: Option<RelayUrl>,

    /// Token for the relay. Others on this machine see it in the list of processes: prefer
    /// `kreel login`, a file or the environment
    #[arg(long, value_name = "TOKEN", env = "KREEL_TOKEN", hide_env = true)]
    pub(crate) token: Option<Secret>,

    /// File that holds the token
    #[arg(long, value_name = "FILE", env = "KREEL_TOKEN_FILE", hide_env = true)]
    pub(crate) token_file: Option<PathBuf>,

    /// Trust only the certificates in this PEM file, as for a relay that made its own
    #[arg(long, value_name = "FILE", env = "KREEL_RELAY_CA", hide_env = true)]
    pub(crate) relay_ca: Option<PathBuf>,
}

/// Save the address of your relay and your token on this machine
#[derive(Debug, Clone, Args)]
#[command(after_help = LOGIN_EXAMPLES)]
pub(crate) struct LoginArgs {
    /// Address of the relay, like https://relay.example; asked for on a terminal
    #[arg(long, value_name = "URL", env = "KREEL_RELAY", hide_env = true)]
    pub(crate) relay: Option<RelayUrl>,

    /// File that holds the token; asked for on a terminal
    #[arg(long, value_name = "FILE", env = "KREEL_TOKEN_FILE", hide_env = true)]
    pub(crate) token_file: Option<PathBuf>,

    /// Read the token from standard input
    #[arg(long)]
    pub(crate) token_stdin: bool,

    /// Trust only the certificates in this PEM file, as for a relay that made its own
    #[arg(long, value_name = "FILE", env = "KREEL_RELAY_CA", hide_env = true)]
    pub(crate) relay_ca: Option<PathBuf>,
}

/// Say what is configured, from where, and whether the relay answers
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_STATUS)]
pub(crate) struct StatusArgs {
    /// One JSON object on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// The history's file [default: ~/.local/share/kreel/history.db]
    #[arg(long, value_name = "FILE", env = "KREEL_HISTORY", hide_env = true)]
    pub(crate) history: Option<PathBuf>,

    /// Which relay.
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Name of the tunnel
    #[arg(long, value_name = "NAME", env = "KREEL_TUNNEL", hide_env = true)]
    pub(crate) tunnel: Option<TunnelName>,
}

const LOGIN_EXAMPLES: &str = "\
Both are tried first, so that a typing error shows at once. They are kept in
~/.config/kreel/config.toml, which only you can read.

Examples:
  kreel login --relay https://relay.example
  kreel login --relay https://relay.example --token-file ~/token
  kreel login --relay https://203.0.113.7:4433 --relay-ca cert.pem
  pass relay-token | kreel login --relay https://relay.example --token-stdin
";

const ABOUT_STATUS: &str = "\
Examples:
  kreel status
  kreel status --relay https://relay.example --token-file ~/token
  kreel status --json

Exit codes:
  0 all is well, or no relay is configured   3 the relay refuses the token
  5 the relay does not answer
";
