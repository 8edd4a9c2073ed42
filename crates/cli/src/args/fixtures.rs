//! `kreel record` and `kreel types`: what came, made into files for a project.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Flow, HistoryPlace, Picked};

/// Record deliveries into a cassette, a file made to be committed
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_RECORD)]
pub(crate) struct RecordArgs {
    /// The cassette; - for standard output
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Only these of the history: ids or their beginnings, `last`, `last~1`
    #[arg(value_name = "ID", conflicts_with_all = ["filter", "since", "count", "lasting", "no_follow"])]
    pub(crate) ids: Vec<String>,

    #[command(flatten)]
    pub(crate) flow: Flow,

    /// Add to a cassette that is there
    #[arg(long)]
    pub(crate) append: bool,

    /// What is masked besides: header:x-token, query:token, $.user.email, ..password
    #[arg(long, value_name = "RULE")]
    pub(crate) mask: Vec<String>,

    /// Mask nothing: the file is then as secret as what is in it
    #[arg(long, conflicts_with = "mask")]
    pub(crate) show_secrets: bool,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Print a type for the JSON that came, found from several samples
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_TYPES)]
pub(crate) struct TypesArgs {
    #[command(flatten)]
    pub(crate) picked: Picked,

    /// Of which language: rust, ts, python or json-schema
    #[arg(long, value_name = "LANG", value_enum, hide_possible_values = true)]
    pub(crate) lang: Language,

    /// What the type is called
    #[arg(long, value_name = "NAME", default_value = "Webhook")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// A language that has types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Structures with serde
    Rust,
    /// TypeScript interfaces
    #[value(alias = "typescript")]
    Ts,
    /// Python dictionaries with types
    #[value(alias = "py")]
    Python,
    /// JSON Schema 2020-12
    #[value(alias = "schema")]
    JsonSchema,
}

const ABOUT_RECORD: &str = "\
One delivery a line, with the answer it got: docs/cassette.md has the format, and
`kreel replay --cassette FILE` hands it over again. Authorization, Cookie, API
keys and the public address are masked; --mask masks more. Without IDs it records
what comes, once it is answered, until Ctrl-C, --count or --for.

Examples:
  kreel record tests/webhooks.ndjson last last~1
  kreel record tests/krea.ndjson --filter krea --count 3 --mask '$.user.email'
  kreel record all.ndjson --since 1h --no-follow
";

const ABOUT_TYPES: &str = "\
A field that not every sample has is optional; what is null somewhere may be null.

Examples:
  kreel types last --lang ts
  kreel types --filter path:/hook --lang rust --name KreaJob > src/krea_job.rs
";
