//! `kreel token`: who may use the relay on this machine.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

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
    Create {
        /// Name of the token, to tell it from others
        #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
    /// List the tokens, without their secrets
    List {
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
    /// Make a token worthless; who is connected with it is disconnected
    Revoke {
        /// Name or number of the token
        #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Where the relay is.
        #[command(flatten)]
        place: Place,
    },
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
            Self::Create { place, .. } | Self::List { place } | Self::Revoke { place, .. } => {
                place.json
            }
        }
    }
}

const EXAMPLES: &str = "\
The relay may be running: what is done here counts within a second.

Examples:
  kreel token create laptop
  kreel token list
  kreel token revoke laptop
";
