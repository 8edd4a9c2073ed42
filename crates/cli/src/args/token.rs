//! `kreel token`: who may use the relay on this machine.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};
use kreel_wire::TunnelName;

use super::Span;

/// Make, list and revoke the tokens of a relay on this machine
#[derive(Debug, Clone, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES
)]
pub(crate) struct TokenArgs {
    /// What to do with tokens.
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// What to do with tokens.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and show it, this once
    #[command(after_help = ABOUT_CREATE)]
    Create {
        /// Name of the token, to tell it from others
        #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// What it may do: listen, or admin (that, and read the relay's metrics) [default: listen]
        #[arg(
            long,
            value_name = "SCOPE",
            default_value = "listen",
            hide_default_value = true,
            hide_possible_values = true
        )]
        scope: ScopeChoice,
        /// How long it is good: 30d, 12h [default: until it is revoked]
        #[arg(long, value_name = "TIME")]
        expires: Option<Span>,
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
    /// List the tokens, without their secrets
    #[command(after_help = ABOUT_LIST)]
    List {
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
    /// Keep a tunnel's name for a token
    #[command(after_help = ABOUT_RESERVE)]
    Reserve {
        /// Name or number of the token
        #[arg(value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
        token: String,
        /// Name of the tunnel
        #[arg(value_name = "TUNNEL")]
        tunnel: TunnelName,
        /// Take it from the token that has it; who is connected there is disconnected
        #[arg(long)]
        take: bool,
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
    /// Give a tunnel's name up, with all that waits there; nobody else gets it for 30 days
    #[command(after_help = ABOUT_RELEASE)]
    Release {
        /// Name of the tunnel
        #[arg(value_name = "TUNNEL")]
        tunnel: TunnelName,
        /// Also if deliveries wait there, which are lost then
        #[arg(long)]
        discard: bool,
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
    /// List the tunnels, and whose they are
    #[command(after_help = ABOUT_TUNNELS)]
    Tunnels {
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
    /// Make a token worthless; who is connected with it is disconnected
    #[command(after_help = ABOUT_REVOKE)]
    Revoke {
        /// Name or number of the token
        #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeChoice {
    /// Open tunnels
    Listen,
    /// That, and read the relay's metrics
    Admin,
}

/// Which relay's tokens, and for whom they are shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Folder of the relay's files [default: ~/.local/share/kreel/relay]
    #[arg(long, value_name = "DIR", env = "KREEL_DATA", hide_env = true)]
    pub(crate) data: Option<PathBuf>,

    /// JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

impl TokenCommand {
    /// Whether scripts read the output.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Create { place, .. }
            | Self::List { place }
            | Self::Reserve { place, .. }
            | Self::Release { place, .. }
            | Self::Tunnels { place }
            | Self::Revoke { place, .. } => place.json,
        }
    }
}

const EXAMPLES: &str = "\
The relay may be running: what is done here counts within a second.

Examples:
  kreel token create laptop
  kreel token create ci --expires 30d
  kreel token reserve ci build-hooks
  kreel token list
  kreel token revoke laptop
";

const ABOUT_CREATE: &str = "\
Examples:
  kreel token create laptop
  kreel token create ci --expires 30d --json
  kreel token create metrics --scope admin
";

const ABOUT_LIST: &str = "\
Examples:
  kreel token list
  kreel token list --data /var/lib/kreel --json
";

const ABOUT_RESERVE: &str = "\
Examples:
  kreel token reserve ci build-hooks
  kreel token reserve laptop build-hooks --take    From the token that has it
";

const ABOUT_RELEASE: &str = "\
Examples:
  kreel token release build-hooks
  kreel token release build-hooks --discard
";

const ABOUT_TUNNELS: &str = "\
Examples:
  kreel token tunnels
  kreel token tunnels --data /var/lib/kreel --json
";

const ABOUT_REVOKE: &str = "\
Examples:
  kreel token revoke laptop
  kreel token revoke 3 --data /var/lib/kreel
";
