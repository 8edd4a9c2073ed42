//! `kreel replay`, and what it shares with `kreel idempotency`: how requests are changed, and
//! where they go.

use std::path::PathBuf;

use clap::{Args, value_parser};
use kreel_client::Target;
use kreel_inspect::set::Set;
use kreel_wire::rules::Scheme;

use super::picked::Filtered;
use super::values::scheme;
use super::{Header, HistoryPlace, Rate, Secret, Span};

/// Hand stored deliveries to an app again
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_REPLAY)]
pub(crate) struct ReplayArgs {
    /// Ids or their beginnings, `last`, `last~1` for the one before
    #[arg(value_name = "ID", required_unless_present_any = ["filter", "cassette"])]
    pub(crate) ids: Vec<String>,

    #[command(flatten)]
    pub(crate) filtered: Filtered,

    /// All of a cassette, in its order
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "filter"])]
    pub(crate) cassette: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,

    /// Change the request in $EDITOR first; for one delivery
    #[arg(long)]
    pub(crate) edit: bool,

    /// How often each is sent
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) times: u32,

    /// How many may be under way at once
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u8).range(1..=128))]
    pub(crate) concurrency: u8,

    /// So many a second at the most: 10, 0.5, 30/m
    #[arg(long, value_name = "RATE", conflicts_with = "keep_timing")]
    pub(crate) rate: Option<Rate>,

    /// With the pauses with which they came; a slow answer puts off the next, unless --concurrency lets it begin
    #[arg(long)]
    pub(crate) keep_timing: bool,

    /// Say what would be sent, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Fail unless each answer is so: 2xx, 200,409, a filter, or recorded: what the cassette has
    #[arg(long, value_name = "2xx|EXPR")]
    pub(crate) expect: Option<String>,

    /// What may differ from what was recorded: $.created_at, ..id; more than once
    #[arg(long, value_name = "RULE", requires = "expect")]
    pub(crate) ignore: Vec<String>,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// How requests differ from what came, and where they go.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShapeArgs {
    /// The app: 3000, host:3000/path or a URL [default: forward_to, or where they went]
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Option<Target>,

    /// Set one value of the JSON body, as in `result.urls[0]=null`; more than once
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<Set>,

    /// Set a header, in place of those of this name; more than once
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<Header>,

    /// Sign anew, at the time it is sent: github, stripe, standard-webhooks, slack or shopify
    #[arg(
        long,
        value_name = "SCHEME",
        requires = "secret",
        value_parser = scheme
    )]
    pub(crate) resign: Option<Scheme>,

    /// The secret to sign with; better in KREEL_SECRET, where nobody sees it
    #[arg(long, value_name = "SECRET", env = "KREEL_SECRET", hide_env = true)]
    pub(crate) secret: Option<Secret>,

    /// How long the app may take for one answer
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<Span>,

    /// Take any certificate from an https target
    #[arg(long, alias = "skip-verify")]
    pub(crate) insecure: bool,
}

const ABOUT_REPLAY: &str = "\
What came stays as it came; each attempt is kept beside it, and Ctrl-C tells
what was done. --set changes that value and no other byte. A 500 is an answer
like any other: --expect 2xx makes it a failure.

Examples:
  kreel replay last
  kreel replay last~2 --to 4000/hook --set status=failed -H 'X-Debug: 1'
  kreel replay last --times 1000 --concurrency 50 --expect 2xx
  kreel replay --filter 'status:5xx age<1d' --rate 10
  kreel replay --cassette tests/hooks.ndjson --expect recorded --ignore '$.at'
  KREEL_SECRET=whsec_… kreel replay last --resign stripe

Exit codes: 1 if one was not answered, or not as expected; 130 on Ctrl-C.
";
