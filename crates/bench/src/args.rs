//! What may be typed, and what it comes to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Parser, Subcommand, ValueEnum};

use crate::contender::Variant;
use crate::scenario::Scenario;

/// Measures kreel and its peers side by side on loopback.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// How often every scenario is run with every variant [default: 5, with --quick 3].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Measures each for a fraction of the time.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these parts.
    #[arg(long, value_delimiter = ',', value_name = "PART,…")]
    only: Vec<Part>,
    /// Only these variants.
    #[arg(long, value_delimiter = ',', value_name = "VARIANT,…", default_values = Variant::NAMES)]
    pub(crate) variants: Vec<Variant>,
    /// This kreel instead of one built from the sources in the working directory.
    #[arg(long, value_name = "PATH")]
    pub(crate) kreel: Option<PathBuf>,
    /// Adds HTTPS with a full handshake for each request, kreel beside nginx.
    #[arg(long)]
    tls: bool,
    /// What else this program can be.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What else this program can be.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// The local app that answers the webhooks; started by the bench itself.
    #[command(hide = true)]
    App,
    /// The public end of the yardstick.
    #[command(hide = true)]
    BareRelay,
    /// Its end beside the app.
    #[command(hide = true)]
    BareClient {
        /// Where the public end waits for it.
        relay: SocketAddr,
        /// The app.
        app: SocketAddr,
        /// Where to keep what comes; otherwise nothing is kept.
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
}

/// A part of the run that may be asked for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Requests of one kind, through every variant.
    Load(Scenario),
    /// From the start of `kreel listen` to a usable address.
    Start,
    /// The relay's memory for each idle link.
    Idle,
    /// Looking into a history of a million deliveries.
    History,
    /// Deliveries put on disk while no client is connected, beside SQLite alone.
    Fsync,
    /// A backlog of 100,000 that drains.
    Backlog,
    /// Krea's stand-in, and the proxy in front of it.
    Krea,
    /// The inspector: from a key to a frame, and a body of 50 MB.
    Inspector,
}

impl Args {
    /// How often every scenario is run.
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 })
    }

    /// How long one measurement may go on, whatever its count.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_millis(if self.quick { 400 } else { 1_500 })
    }

    /// Whether the scenarios over TLS, and the TLS side of the other parts, are wanted.
    pub(crate) fn tls(&self) -> bool {
        self.tls || scenarios(&self.only).iter().any(|scenario| scenario.tls())
    }

    /// The parts to run, in the order of the report.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let wanted = |part: &Part| match part {
            _ if !self.only.is_empty() => self.only.contains(part),
            Part::Load(scenario) => self.tls || !scenario.tls(),
            _ => true,
        };
        PARTS.iter().copied().filter(wanted).collect()
    }
}

/// The scenarios among some parts.
pub(crate) fn scenarios(parts: &[Part]) -> Vec<Scenario> {
    let load = |part: &Part| match part {
        Part::Load(scenario) => Some(*scenario),
        _ => None,
    };
    parts.iter().filter_map(load).collect()
}

const PARTS: [Part; Scenario::ALL.len() + 7] = {
    let mut parts = [Part::Idle; Scenario::ALL.len() + 7];
    let mut at = 0;
    while at < Scenario::ALL.len() {
        parts[at] = Part::Load(Scenario::ALL[at]);
        at += 1;
    }
    parts[at] = Part::Start;
    parts[at + 2] = Part::Fsync;
    parts[at + 3] = Part::Backlog;
    parts[at + 4] = Part::History;
    parts[at + 5] = Part::Krea;
    parts[at + 6] = Part::Inspector;
    parts
};

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        &PARTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Load(scenario) => PossibleValue::new(scenario.name()).help(scenario.label()),
            Self::Start => PossibleValue::new("start").help("client start to usable address"),
            Self::Idle => PossibleValue::new("idle").help("relay memory for each idle link"),
            Self::History => PossibleValue::new("history").help("a million deliveries looked into"),
            Self::Fsync => PossibleValue::new("fsync").help("kept deliveries, beside SQLite alone"),
            Self::Krea => PossibleValue::new("mock").help("Krea's stand-in and the proxy to it"),
            Self::Backlog => PossibleValue::new("backlog").help("100,000 deliveries that drain"),
            Self::Inspector => PossibleValue::new("inspector").help("from a key to a frame"),
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(words: &str) -> Args {
        Args::parse_from(["kreel-bench"].into_iter().chain(words.split_whitespace()))
    }

    #[test]
    fn the_command_line_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn everything_but_tls_by_default() {
        assert_eq!(parse("").parts().len(), PARTS.len() - 2);
        assert_eq!(parse("--tls").parts().len(), PARTS.len());
        assert_eq!(parse("").variants, Variant::ALL);
    }

    #[test]
    fn only_what_was_asked_for() {
        let args = parse("--only many,start --variants bore,kreel");
        assert_eq!(args.parts(), [Part::Load(Scenario::Many), Part::Start]);
        assert_eq!(args.variants, [Variant::Bore, Variant::Kreel]);
        assert!(!args.tls());
        assert!(parse("--only tls").tls());
    }
}
