//! `kreel wait`, `kreel assert` and `kreel exec`: webhooks in scripts and CI.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, value_parser};

use super::{HistoryPlace, Span, When};
use crate::limits::EXEC_AT_ONCE;

/// Block until a delivery comes that a filter picks
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_WAIT)]
pub(crate) struct WaitArgs {
    /// A filter, like path:/hook status:2xx; without one any delivery will do
    #[arg(value_name = "EXPR")]
    pub(crate) words: Vec<String>,

    /// How long to wait at the most
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub(crate) timeout: Span,

    /// How many to wait for
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(crate) count: u32,

    /// What came in this time counts too, or since then: 42m, 2026-11-23T10:00
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Check that as many deliveries come as should
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_ASSERT)]
pub(crate) struct AssertArgs {
    /// A filter, like path:/hook status:2xx
    #[arg(value_name = "EXPR", required = true)]
    pub(crate) words: Vec<String>,

    /// How long they may take
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) within: Span,

    /// How many: 3 exactly, 0 for none, 2.. or more, 1..3 within these
    #[arg(long, value_name = "N", default_value = "1..")]
    pub(crate) count: Count,

    /// What came in this time counts too, or since then: 42m, 2026-11-23T10:00
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Run a command for each delivery, its body on standard input
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT_EXEC)]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    pub(crate) flow: Flow,

    /// How many commands run at once
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u16).range(1..=i64::from(EXEC_AT_ONCE)))]
    pub(crate) concurrency: u16,

    /// End at the first command that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,

    /// The command and its words; no shell takes them apart
    #[arg(value_name = "CMD", required = true, last = true)]
    pub(crate) command: Vec<OsString>,
}

/// How what was found is told to a CI server.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReportArgs {
    /// Write a JUnit report into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Print TAP (testanything.org) on standard output
    #[arg(long, conflicts_with = "json")]
    pub(crate) tap: bool,

    /// What reports call it [default: the filter]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Which deliveries a command takes, those of the past and those that come.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Flow {
    /// Only those a filter picks
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,

    /// What came in this time too, or since then: 42m, 2026-11-23T10:00
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,

    /// End after so many
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) count: Option<u32>,

    /// End after this time; if --count was not reached, with exit code 6
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) lasting: Option<Span>,

    /// Take what is there, and wait for no more
    #[arg(long, requires = "since", conflicts_with = "lasting")]
    pub(crate) no_follow: bool,
}

/// How many are right: `3`, `0`, `2..`, `..3`, `1..3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// The fewest.
    pub(crate) least: u32,
    /// The most; none if there is no bound.
    pub(crate) most: Option<u32>,
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            let hint = || "it is 3 for exactly three, 2.. for two or more, 1..3".to_owned();
            text.trim().parse::<u32>().map_err(|_| hint())
        };
        let Some((least, most)) = text.split_once("..") else {
            let exactly = number(text)?;
            return Ok(Self {
                least: exactly,
                most: Some(exactly),
            });
        };
        let least = match least.trim() {
            "" => 0,
            least => number(least)?,
        };
        let most = match most.trim().trim_start_matches('=') {
            "" => None,
            most => Some(number(most)?),
        };
        match most {
            Some(most) if most < least => Err(format!("{most} is less than {least}")),
            None if least == 0 => Err("0.. is always right".to_owned()),
            most => Ok(Self { least, most }),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (0, Some(0)) => f.write_str("none"),
            (least, Some(most)) if least == most => write!(f, "exactly {least}"),
            (least, None) => write!(f, "at least {least}"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
        }
    }
}

const ABOUT_WAIT: &str = "\
The history is watched, which `kreel listen` writes, in whatever process. The
ids of the first N are printed, one a line; --json prints them as
`kreel requests list` does.

Examples:
  kreel wait path:/hook status:2xx --timeout 1m
  kreel wait status:5xx --since 5m --json
  kreel requests get \"$(kreel wait path:/hook --since 5m)\" --body

Exit codes: 0 if it came, 6 if time was up.
";

const ABOUT_ASSERT: &str = "\
It ends as soon as the answer can't change: with an upper bound only when time
is up. `kreel wait` is for going on, this is for reports.

Examples:
  kreel assert path:/hook status:2xx --within 20s --since 1m
  kreel assert status:5xx --count 0 --within 5s --junit report.xml

Exit codes: 0 if it holds, 1 if more came than should, 6 if too few came in time.
";

const ABOUT_EXEC: &str = "\
The environment has KREEL_ID, KREEL_SEQ, KREEL_METHOD, KREEL_PATH, KREEL_QUERY,
KREEL_RECEIVED_AT, KREEL_SIZE_BYTES, KREEL_STATUS (once there is one),
KREEL_HEADER_CONTENT_TYPE and so on for each header, and KREEL_HISTORY, by which
another kreel finds the same history. What they hold comes from outside: quote
it.

Examples:
  kreel exec --filter path:/hook -- ./import.sh
  kreel exec --since 1h --no-follow --concurrency 4 -- jq -r .status
  kreel exec --count 1 -- sh -c 'echo \"$KREEL_METHOD $KREEL_PATH\"; cat'

Exit codes: 0 if every command ended with 0, 1 if one did not, 6 if time was up.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_numbers_and_ranges() {
        let count = |text: &str| text.parse::<Count>().map(|count| (count.least, count.most));
        for (text, expected, words) in [
            ("3", (3, Some(3)), "exactly 3"),
            ("0", (0, Some(0)), "none"),
            ("2..", (2, None), "at least 2"),
            ("..3", (0, Some(3)), "at most 3"),
            ("1..3", (1, Some(3)), "1 to 3"),
            ("1..=3", (1, Some(3)), "1 to 3"),
        ] {
            assert_eq!(count(text), Ok(expected), "{text}");
            assert_eq!(text.parse::<Count>().unwrap().to_string(), words);
        }
        for bad in ["", "many", "3..1", "0..", "-1", "1...3"] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }
}
