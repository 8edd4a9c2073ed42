//! `kreel trigger`: a ready-made webhook, posted.

// The comments on options are their help, where [0] is an index and no link.
#![allow(rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;

use clap::{Args, value_parser};
use kreel_client::{RelayUrl, Target};
use kreel_wire::TunnelName;

use super::{Header, Secret, Span};

/// Post a ready-made webhook to a tunnel or to your app
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TriggerArgs {
    /// Which webhook, like krea.completed; --list names them all
    #[arg(value_name = "EVENT", required_unless_present_any = ["list", "raw", "save"])]
    pub(crate) event: Option<String>,

    /// List the webhooks there are
    #[arg(long)]
    pub(crate) list: bool,

    /// Save a webhook of the history under this name, to be triggered by it from then on
    #[arg(long, value_name = "NAME", conflicts_with_all = ["event", "raw"])]
    pub(crate) save: Option<String>,

    /// Which one: its id or the beginning of it, or `last`
    #[arg(long, value_name = "ID", default_value = "last", requires = "save")]
    pub(crate) from: String,

    /// Straight to this app: PORT, HOST:PORT/PATH or a URL, and no relay in between
    #[arg(long, value_name = "TARGET", conflicts_with_all = ["relay", "tunnel"], help_heading = "To")]
    pub(crate) to: Option<Target>,

    /// To this tunnel; without one, that of the last `kreel listen` in this project
    #[arg(
        long,
        value_name = "NAME",
        env = "KREEL_TUNNEL",
        hide_env = true,
        help_heading = "To"
    )]
    pub(crate) tunnel: Option<TunnelName>,

    /// The relay of the tunnel
    #[arg(
        long,
        value_name = "URL",
        env = "KREEL_RELAY",
        hide_env = true,
        help_heading = "To"
    )]
    pub(crate) relay: Option<RelayUrl>,

    /// Trust also the certificates in this PEM file
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_RELAY_CA",
        hide_env = true,
        help_heading = "To"
    )]
    pub(crate) relay_ca: Option<PathBuf>,

    /// A path behind the address, like /webhooks/krea
    #[arg(long, value_name = "PATH", help_heading = "To")]
    pub(crate) path: Option<String>,

    /// Change a field that is there: result.urls[0]=https://…; JSON, or else text
    #[arg(long = "override", value_name = "PATH=VALUE", help_heading = "Body")]
    pub(crate) overrides: Vec<String>,

    /// Add a field that is not there; the objects around it are made
    #[arg(long, value_name = "PATH=VALUE", help_heading = "Body")]
    pub(crate) add: Vec<String>,

    /// Take a field out
    #[arg(long, value_name = "PATH", help_heading = "Body")]
    pub(crate) remove: Vec<String>,

    /// Change the body in $VISUAL or $EDITOR before it is sent
    #[arg(long, help_heading = "Body")]
    pub(crate) edit: bool,

    /// Send this file as it is, byte for byte; @- is standard input
    #[arg(long, value_name = "@FILE", conflicts_with_all = ["overrides", "add", "remove", "edit"], help_heading = "Body")]
    pub(crate) raw: Option<String>,

    /// Set a header; may be given several times
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        help_heading = "Body"
    )]
    pub(crate) header: Vec<Header>,

    /// Sign with this secret, where the sender signs (GitHub, Stripe, Standard Webhooks). Others
    /// on this machine see it in the list of processes: prefer the environment
    #[arg(
        long,
        value_name = "SECRET",
        env = "KREEL_SECRET",
        hide_env = true,
        help_heading = "Body"
    )]
    pub(crate) secret: Option<Secret>,

    /// How many times; each is a job or an event of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000_000), help_heading = "How often")]
    pub(crate) count: u32,

    /// How long to wait in between, like 500ms [default: not at all]
    #[arg(long, value_name = "DURATION", help_heading = "How often")]
    pub(crate) interval: Option<Span>,

    /// Print what would be sent, and send nothing
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,

    /// One JSON object a line
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  kreel trigger krea.completed              To this project's tunnel
  kreel trigger krea.failed --to 3000/hook  To the app itself
  kreel trigger krea.video --override 'result.urls[0]=http://localhost/a.mp4'
  kreel trigger github.push --secret s3cret --path /webhooks/github
  kreel trigger --save my-order --from last && kreel trigger my-order
  kreel trigger krea.duplicate --count 10 --interval 1s

Exit codes:
  0 every webhook was answered 2xx   1 one was not   4 no such webhook, or no
  tunnel yet   5 nobody could be reached
";
