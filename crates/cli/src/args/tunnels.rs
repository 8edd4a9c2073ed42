//! `kreel tunnels`: the tunnels of your token at a relay elsewhere.

use clap::{Args, Subcommand, ValueEnum};
use kreel_wire::TunnelName;

use super::{Connection, RuleArgs};

/// See your tunnels at the relay, and say who may post to them
#[derive(Debug, Clone, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES
)]
pub(crate) struct TunnelsArgs {
    /// What to do with tunnels.
    #[command(subcommand)]
    pub(crate) command: TunnelsCommand,
}

/// What to do with tunnels.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TunnelsCommand {
    /// List your tunnels
    #[command(after_help = ABOUT_LIST)]
    List {
        /// Which relay.
        #[command(flatten)]
        connection: Connection,
        /// JSON on standard output
        #[arg(long)]
        json: bool,
    },
    /// Show or change who may post to a tunnel
    Rules(Box<RulesArgs>),
}

/// Which tunnel, and what to change.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_RULES)]
pub(crate) struct RulesArgs {
    /// Name of the tunnel
    #[arg(value_name = "TUNNEL")]
    pub(crate) tunnel: TunnelName,

    /// The rules to set.
    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    /// Take rules away: method, ip, basic-auth, secret-path, signature, body or rate
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        hide_possible_values = true,
        help_heading = "Who may post"
    )]
    pub(crate) remove: Vec<RuleName>,

    /// Take all rules away: everybody may post again
    #[arg(long, conflicts_with = "remove", help_heading = "Who may post")]
    pub(crate) clear: bool,

    /// Which relay.
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// A rule, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuleName {
    /// The methods that are taken
    Method,
    /// The networks senders may be in
    Ip,
    /// User and password
    BasicAuth,
    /// The path segment senders must know
    SecretPath,
    /// How senders sign
    Signature,
    /// The largest body
    Body,
    /// How many requests in a time
    Rate,
}

impl TunnelsCommand {
    /// Whether scripts read the output.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::List { json, .. } => *json,
            Self::Rules(args) => args.json,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  kreel tunnels list
  kreel tunnels rules build-hooks
  kreel tunnels rules build-hooks --allow-method POST --body-limit 1MiB
";

const ABOUT_LIST: &str = "\
Examples:
  kreel tunnels list
  kreel tunnels list --json
";

const ABOUT_RULES: &str = "\
Without an option it shows the rules, never their secrets. Rules are kept by
the relay until they are changed; what is not named stays as it is.

Examples:
  kreel tunnels rules build-hooks
  kreel tunnels rules build-hooks --allow-method POST --allow-ip 192.0.2.0/24
  kreel tunnels rules build-hooks --verify github --verify-secret-file ~/secret
  pass hook | kreel tunnels rules build-hooks --basic-auth-file -
  kreel tunnels rules build-hooks --remove ip,rate
  kreel tunnels rules build-hooks --clear
";
