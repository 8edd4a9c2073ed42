//! `kreel requests`: the history of what came to this machine.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use kreel_wire::TunnelName;

use super::{Picked, When};

/// Look at the webhooks that came, and at what became of them
#[derive(Debug, Clone, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES
)]
pub(crate) struct RequestsArgs {
    /// What to look at.
    #[command(subcommand)]
    pub(crate) command: RequestsCommand,
}

/// What to look at.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum RequestsCommand {
    /// List them, the newest first
    List(ListArgs),
    /// List those that words, or a filter like status:5xx, pick
    Search(SearchArgs),
    /// Show one: its head, its body, and every attempt at it
    Get(GetArgs),
    /// Take some away as curl commands, HAR, NDJSON, raw HTTP or fixtures
    Export(ExportArgs),
    /// Mark some: `is:marked` finds them, and they are never forgotten
    Mark(MarkArgs),
    /// Write a note on one: `note:TEXT` finds it, and it is never forgotten
    Note(NoteArgs),
    /// Take some out of the history for good
    Rm(RmArgs),
}

/// Which ones, and in which form.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_EXPORT)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) picked: Picked,

    /// curl, har, ndjson, raw or fixture
    #[arg(long, short = 'F', value_name = "FORMAT", value_enum, default_value_t = ExportFormat::Ndjson, hide_possible_values = true)]
    pub(crate) format: ExportFormat,

    /// Write a new file, readable by you alone, instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Show secrets too: the values of Authorization, Cookie and X-Api-Key
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Which history.
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// In which form deliveries are taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A command for any POSIX shell that sends the same bytes
    Curl,
    /// An HTTP Archive 1.2
    Har,
    /// One JSON object a line, with the answer to the last attempt
    #[value(alias = "json")]
    Ndjson,
    /// The HTTP message, byte for byte; for one delivery
    Raw,
    /// Lines of a cassette
    Fixture,
}

/// Which ones.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_MARK)]
pub(crate) struct MarkArgs {
    #[command(flatten)]
    pub(crate) picked: Picked,

    /// Take the mark away
    #[arg(long)]
    pub(crate) off: bool,

    /// Which history.
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// On which one, and what.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_NOTE)]
pub(crate) struct NoteArgs {
    /// Its id or the beginning of it, `last`, or `last~1` for the one before
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// The note, in place of an earlier one; '' takes it away
    #[arg(value_name = "TEXT")]
    pub(crate) text: String,

    /// Which history.
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Which ones.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_RM)]
pub(crate) struct RmArgs {
    #[command(flatten)]
    pub(crate) picked: Picked,

    /// Do not ask; needed with --filter where nobody can be asked
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    /// Which history.
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Which page of a list.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_LIST)]
pub(crate) struct ListArgs {
    /// Only those of this tunnel
    #[arg(long, value_name = "NAME")]
    pub(crate) tunnel: Option<TunnelName>,

    /// How much of the list.
    #[command(flatten)]
    pub(crate) page: Page,

    /// Which history.
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// What to search for.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_WORDS)]
pub(crate) struct SearchArgs {
    /// Words that all must be there (WORD* finds those that begin so), and terms like status:5xx
    #[arg(value_name = "FILTER", required = true)]
    pub(crate) words: Vec<String>,

    /// How much of the list.
    #[command(flatten)]
    pub(crate) page: Page,

    /// Which history.
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Which one, and what of it.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_GET)]
pub(crate) struct GetArgs {
    /// Its id or the beginning of it, `last`, or `last~1` for the one before
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Print the body alone, byte for byte
    #[arg(long, conflicts_with = "json")]
    pub(crate) body: bool,

    /// Show secrets too: the values of Authorization, Cookie and X-Api-Key
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Which history.
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Which part of a list.
#[derive(Debug, Clone, Args)]
pub(crate) struct Page {
    /// How many at the most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,

    /// Only those that came before this one
    #[arg(long, value_name = "ID")]
    pub(crate) before: Option<String>,

    /// Only those that came in this time, or since then: 42m, 2026-11-23T10:00
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,
}

/// Which history, and for whom it is shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct HistoryPlace {
    /// The history's file [default: ~/.local/share/kreel/history.db]
    #[arg(long, value_name = "FILE", env = "KREEL_HISTORY", hide_env = true)]
    pub(crate) history: Option<PathBuf>,

    /// JSON on standard output, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl RequestsCommand {
    /// Which history, and for whom it is shown.
    pub(crate) fn place(&self) -> &HistoryPlace {
        match self {
            Self::List(args) => &args.place,
            Self::Search(args) => &args.place,
            Self::Get(args) => &args.place,
            Self::Export(args) => &args.place,
            Self::Mark(args) => &args.place,
            Self::Note(args) => &args.place,
            Self::Rm(args) => &args.place,
        }
    }
}

const EXAMPLES: &str = "\
`kreel listen` may be running: what it gets is there a moment later.

Examples:
  kreel requests list --limit 10
  kreel requests search krea.completed
  kreel requests list --since 2h
  kreel requests get last
  kreel requests get 019ab5f2-7c1e --body > body.json
";

const ABOUT_LIST: &str = "\
Ids are cut to what is unique in the whole history: they are good as they stand.

Examples:
  kreel requests list --since 2h
  kreel requests list --tunnel my-app --limit 200 --json
  kreel requests list --before 019ab5f2-7c1e    The page after that one
";

const ABOUT_GET: &str = "\
Examples:
  kreel requests get last
  kreel requests get last~1 --json
  kreel requests get 019ab5f2-7c1e --body > body.json
";

const ABOUT_EXPORT: &str = "\
Secrets are masked; a curl command asks for them by variables of the shell.

Examples:
  kreel requests export last --format curl | sh
  kreel requests export --filter 'status:5xx age<1d' -F har -o failures.har
";

const ABOUT_MARK: &str = "\
Examples:
  kreel requests mark last
  kreel requests mark --filter is:marked --off
";

const ABOUT_NOTE: &str = "\
Examples:
  kreel requests note last 'the one that broke the importer'
  kreel requests note 019ab5f2-7c1e ''
";

const ABOUT_RM: &str = "\
What still waits for the app stays: it would be lost. Counters keep what came.

Examples:
  kreel requests rm last
  kreel requests rm --filter 'age>30d not is:marked' --yes
";

const ABOUT_WORDS: &str = "\
Words are looked for in method, path, header values and the first 64 KiB of the body.
Terms: status:5xx method:put path:/hook header:x-id=42 body:text jq:'.status == \"failed\"'
age<10m size>10k took>5s is:failed tunnel:my-app id:019ab5f2 seq:12 note:later.
`or` between terms, `not` before one, parentheses, @NAME for a saved filter: docs/guide.md.

Examples:
  kreel requests search krea.completed
  kreel requests search POST hooks 'job_4*'
  kreel requests search status:5xx 'age<1h' not path:/health
  kreel requests search 'is:failed or took>5s'
";
