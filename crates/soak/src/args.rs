//! What may be typed, and what it comes to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::app::AppArgs;
use crate::part::Plan;
use crate::progress::Goal;

/// Kills, cuts and fills everything around kreel, and counts what got lost. Loopback only; it ends
/// by itself, and leaves nothing running.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// The form for CI: 20,000 deliveries and 30 kills instead of 500,000 and 300
    #[arg(long)]
    pub(crate) short: bool,
    /// Where chance comes from; two runs with one seed do the same things, though not at the same
    /// microsecond [default: another each time]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Only these parts
    #[arg(long, value_delimiter = ',', value_name = "PART,…")]
    only: Vec<Part>,
    /// This kreel instead of one built from the sources in the working directory
    #[arg(long, value_name = "PATH")]
    pub(crate) kreel: Option<PathBuf>,
    /// Where ledgers and logs go [default: soak/ beside the build]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Keep ledgers and logs even if all is well
    #[arg(long)]
    pub(crate) keep: bool,
    /// How long the client sleeps, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) sleep: u64,
    /// What else this program can be
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What else this program can be.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The local app that keeps the ledger; started by the soak itself
    #[command(hide = true)]
    App(AppArgs),
}

/// A part of the soak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Kills and a bad network
    Kills,
    /// The same, with a disk of the relay's that is full now and then
    Disk,
    /// The client is stopped for a minute, as when a laptop sleeps
    Sleep,
}

impl Args {
    /// The parts to play, in their order.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let all = [Part::Kills, Part::Disk, Part::Sleep];
        let wanted = |part: &Part| match self.only.is_empty() {
            true => !self.short || *part != Part::Sleep,
            false => self.only.contains(part),
        };
        all.into_iter().filter(wanted).collect()
    }

    /// What a part with kills comes to.
    pub(crate) fn plan(&self, small_disk: bool) -> Plan {
        let name = if small_disk { "disk" } else { "kills" };
        let (acknowledged, kills, full, minutes) = match (self.short, small_disk) {
            (true, false) => (14_000, 20, 0, 2),
            (true, true) => (7_000, 12, 2, 2),
            (false, false) => (400_000, 220, 0, 40),
            (false, true) => (110_000, 90, 20, 20),
        };
        Plan {
            name,
            goal: Goal {
                acknowledged,
                kills,
                full,
                time: Duration::from_secs(60 * minutes),
            },
            per_second: if self.short { 500 } else { 1000 },
            small_disk,
            longest_stall: Duration::from_secs(if self.short { 4 } else { 20 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn both_forms_ask_for_what_they_say() {
        Args::command().debug_assert();
        for (words, deliveries, kills) in [("--short", 20_000, 30), ("--keep", 500_000, 300)] {
            let args = Args::parse_from(["kreel-soak", words]);
            let goals = [false, true].map(|small_disk| args.plan(small_disk).goal);
            assert!(goals.iter().map(|goal| goal.acknowledged).sum::<u64>() >= deliveries);
            assert!(goals.iter().map(|goal| goal.kills).sum::<u64>() >= kills);
            assert_eq!(args.parts().contains(&Part::Sleep), !args.short);
        }
    }
}
