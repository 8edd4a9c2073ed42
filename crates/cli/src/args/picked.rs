//! Which deliveries of the history a command is about.

use clap::{Args, value_parser};

use super::When;

/// Ids, or a filter.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Picked {
    /// Ids or their beginnings, `last`, `last~1` for the one before
    #[arg(value_name = "ID", required_unless_present = "filter")]
    pub(crate) ids: Vec<String>,

    #[command(flatten)]
    pub(crate) filtered: Filtered,
}

/// What a filter picks.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Filtered {
    /// All that a filter picks, the oldest first
    #[arg(long, value_name = "EXPR", conflicts_with = "ids")]
    pub(crate) filter: Option<String>,

    /// Of these, only what came in this time, or since then: 42m, 2026-11-23T10:00
    #[arg(long, value_name = "WHEN", requires = "filter", conflicts_with = "ids")]
    pub(crate) since: Option<When>,

    /// Of these, so many at the most: the newest
    #[arg(long, value_name = "N", requires = "filter", conflicts_with = "ids", value_parser = value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}
