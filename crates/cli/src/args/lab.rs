//! `kreel diff` and `kreel idempotency`.

use clap::{Args, value_parser};

use super::{HistoryPlace, ShapeArgs};

/// Compare two deliveries, or the answers of two attempts
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_DIFF)]
pub(crate) struct DiffArgs {
    /// A delivery, or with :N the answer to its attempt N
    #[arg(value_name = "A")]
    pub(crate) left: String,

    /// What it is compared with
    #[arg(value_name = "B")]
    pub(crate) right: String,

    /// What does not count: $.created_at, ..id, `.items[*].at`, header:date; more than once
    #[arg(long, value_name = "RULE")]
    pub(crate) ignore: Vec<String>,

    /// Show what is the same, too
    #[arg(long)]
    pub(crate) all: bool,

    /// Show secrets too: the values of Authorization, Cookie and X-Api-Key
    #[arg(long)]
    pub(crate) show_secrets: bool,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Find out whether an app bears to get the same delivery again
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_IDEMPOTENCY)]
pub(crate) struct IdempotencyArgs {
    /// Its id or the beginning of it, `last`, or `last~1` for the one before
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// How many are sent at once, after two in turn; 0 for none
    #[arg(long, value_name = "K", default_value_t = 8, value_parser = value_parser!(u8).range(0..=128))]
    pub(crate) at_once: u8,

    /// A command that prints what the app has done, like a count of rows
    #[arg(long, value_name = "COMMAND")]
    pub(crate) probe: Option<String>,

    /// What does not count in answers: $.created_at, header:x-id; more than once
    #[arg(long, value_name = "RULE")]
    pub(crate) ignore: Vec<String>,

    #[command(flatten)]
    pub(crate) shape: ShapeArgs,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

const ABOUT_DIFF: &str = "\
JSON is compared by structure, other text by lines. Times do not count.

Examples:
  kreel diff last~1 last
  kreel diff last:1 last:2 --ignore '$.created_at' --ignore header:x-request-id

Exit codes: 0 if they are the same, 1 if they differ.
";

const ABOUT_IDEMPOTENCY: &str = "\
The delivery is handed over once, again, and then K times at once. The app bears
it if what the probe prints stays the same after the first; without a probe, if
all answers are alike.

Examples:
  kreel idempotency last --ignore '$.request_id'
  kreel idempotency last --probe 'psql shop -tc \"select count(*) from orders\"'

Exit codes: 0 if the app bears it, 1 if not or if that can't be said.
";
