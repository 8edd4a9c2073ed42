//! `kreel jobs`: Krea's jobs, as far as this machine knows them.

use clap::{Args, Subcommand, ValueEnum, value_parser};
use kreel_client::Target;

use super::{ApiPlace, HistoryPlace, Span};

/// Krea's jobs: what was started, what came, what your app made of it
#[derive(Debug, Clone, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = ABOUT
)]
pub(crate) struct JobsArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: JobsCommand,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum JobsCommand {
    /// List them, the newest first, a row each
    List(JobsListArgs),
    /// Show one: what happened when, what is worth knowing, its results
    Get(JobsGetArgs),
    /// Hand your app a webhook that never came, made from the API's answer
    Deliver(JobsDeliverArgs),
}

/// Which ones.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_LIST)]
pub(crate) struct JobsListArgs {
    /// How many at the most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,

    /// Only those before this one
    #[arg(long, value_name = "ID")]
    pub(crate) before: Option<String>,

    /// Only those that have ended and whose webhook never came; asks the API, if there is a key
    #[arg(long)]
    pub(crate) missed: bool,

    /// How long after its end a job's webhook is missed
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) missed_after: Span,

    /// Ask the API about each, and say whether it tells the same
    #[arg(long)]
    pub(crate) verify: bool,

    /// Where they are.
    #[command(flatten)]
    pub(crate) place: JobsPlace,
}

/// Which one.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_GET)]
pub(crate) struct JobsGetArgs {
    /// Its id or the beginning of it, or `last`
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Ask the API about it, and say whether it tells the same
    #[arg(long)]
    pub(crate) verify: bool,

    /// Where it is.
    #[command(flatten)]
    pub(crate) place: JobsPlace,
}

/// Which one, and where to.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_DELIVER)]
pub(crate) struct JobsDeliverArgs {
    /// Its id or the beginning of it, or `last`
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// The app: 3000, host:3000/path or a URL [default: forward_to, or where webhooks went]
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Option<Target>,

    /// Also if its webhook came, or was made up for before
    #[arg(long)]
    pub(crate) again: bool,

    /// Where it is.
    #[command(flatten)]
    pub(crate) place: JobsPlace,
}

/// Where jobs are, and whom to ask about them.
#[derive(Debug, Clone, Args)]
pub(crate) struct JobsPlace {
    /// Which API.
    #[command(flatten)]
    pub(crate) api: ApiPlace,

    /// Which history.
    #[command(flatten)]
    pub(crate) history: HistoryPlace,
}

/// Whose webhooks are made up for by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeliverMissed {
    /// Those of all jobs started through the proxy
    All,
    /// Those of node apps, for which Krea documents no webhook
    NodeApps,
}

impl JobsCommand {
    /// Where jobs are.
    pub(crate) fn place(&self) -> &JobsPlace {
        match self {
            Self::List(args) => &args.place,
            Self::Get(args) => &args.place,
            Self::Deliver(args) => &args.place,
        }
    }
}

const ABOUT: &str = "\
Jobs are known by the proxy that started them, by the webhooks that came, and by
asking the API with the key in KREA_API_KEY or KREA_API_TOKEN.

Examples:
  kreel jobs list --limit 10
  kreel jobs list --missed
  kreel jobs get last --verify
  kreel jobs deliver 0f6f4c1e
";

const ABOUT_LIST: &str = "\
Flags: DUPLICATE CONFLICT LATE EARLY UNKNOWN-JOB SHADOW-FAIL HANDLER-SLOW
HANDLER-VERY-SLOW MISSED. docs/krea.md says what each means.

Examples:
  kreel jobs list --verify --limit 20
  kreel jobs list --missed --missed-after 2m --json
";

const ABOUT_GET: &str = "\
Examples:
  kreel jobs get last
  kreel jobs get 0f6f4c1e --verify --json
";

const ABOUT_DELIVER: &str = "\
The app gets the job as the API tells it, with `Kreel-Synthesised: 1`, once.

Examples:
  kreel jobs deliver 0f6f4c1e
  kreel jobs deliver last --to 3000/webhooks/krea --again
";
