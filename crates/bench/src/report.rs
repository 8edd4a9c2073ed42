//! The printout: who was measured on what, the figures, the ratios, and how they stand to the aims.

mod table;

use crate::aims::{self, Bound, Rank, Verdict};
use crate::args::Args;
use crate::contender::Variant;
use crate::figures::{Metric, Spread, ratios as ratios_of};
use crate::rounds::Results;
use crate::tools::Tools;

pub(crate) use table::Table;

/// What is measured, and where.
pub(crate) fn machine(tools: &Tools, variants: &[Variant], args: &Args) {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let loads = read("/proc/loadavg");
    let load = loads.split(' ').next().unwrap_or_default();
    let names: Vec<_> = variants.iter().map(|variant| variant.name()).collect();
    println!("# kreel-bench: {}", names.join(", "));
    println!();
    println!(
        "{} rounds of at most {:?} each; sender, app and tunnel share {cores} cores, Linux {}; load {load}",
        args.rounds(),
        args.time(),
        read("/proc/sys/kernel/osrelease").trim(),
    );
    println!("{}", tools.versions.join("; "));
    let load = load.parse().unwrap_or(0.0);
    if load > BUSY {
        println!(
            "THE MACHINE IS BUSY with other work (load {load}): expect noise in the ratios too"
        );
    }
}

/// Every figure's median over the rounds.
pub(crate) fn figures(results: &Results) {
    let mut table = Table::new("medians", results.variants.iter().map(|v| v.name()));
    for scenario in &results.scenarios {
        for metric in scenario.metrics() {
            let cell = |variant: &Variant| {
                let rounds = results.rounds(*scenario, *variant).iter();
                let figures = Spread::of(rounds.filter_map(|round| round.figure(*metric)));
                figures.map_or(NOTHING.into(), |spread| quantity(*metric, spread.median))
            };
            let label = format!("{}: {}", scenario.label(), metric.label());
            table.row(label, results.variants.iter().map(cell));
        }
    }
    table.print();
}

/// Ours to each peer's, as the median of the rounds' ratios, and the yardsticks' to the peers that
/// are not.
pub(crate) fn ratios(results: &Results) {
    if !results.variants.contains(&Variant::Kreel) {
        println!("\nno ratios: kreel was not among the variants");
        return;
    }
    let others = |of: Variant| results.variants.iter().filter(move |v| **v != of);
    ratios_to(results, Variant::Kreel, others(Variant::Kreel));
    for yardstick in results.variants.iter().filter(|v| v.is_yardstick()) {
        let peers = others(Variant::Kreel).filter(|v| !v.is_yardstick());
        ratios_to(results, *yardstick, peers);
    }
}

fn ratios_to<'a>(results: &Results, of: Variant, peers: impl Iterator<Item = &'a Variant> + Clone) {
    let corner = format!("{} to", of.name());
    let mut table = Table::new(&corner, peers.clone().map(|v| v.name()));
    for scenario in &results.scenarios {
        let rounds = results.rounds(*scenario, of);
        for metric in scenario.metrics() {
            let cell = |peer: &Variant| {
                let ratio = ratios_of(rounds, results.rounds(*scenario, *peer), *metric);
                let aim = aims::aim(*scenario, *metric, *peer).filter(|_| of == Variant::Kreel);
                ratio.map_or(NOTHING.into(), |ratio| against(ratio, aim))
            };
            let label = format!("{}: {}", scenario.label(), metric.label());
            table.row(label, peers.clone().map(cell));
        }
    }
    table.print();
}

/// The memory of every process.
pub(crate) fn memory(results: &Results) {
    let mut table = Table::new("memory, MiB", ["at rest", "at the end", "peak"]);
    for memory in &results.memory {
        let tls = if memory.tls { ", TLS" } else { "" };
        let label = format!("{} {}{tls}", memory.variant.name(), memory.role);
        let figures = [memory.at_rest, memory.at_end, memory.peak];
        table.row(
            label,
            figures.map(|kib| format!("{:.1}", kib as f64 / 1024.0)),
        );
    }
    table.print();
}

/// Requests that went wrong, by scenario and variant; true if there were none.
pub(crate) fn errors(results: &Results) -> bool {
    let wrong = results.all().filter(|(_, _, round)| round.errors > 0);
    let mut clean = true;
    println!();
    for (scenario, variant, round) in wrong {
        clean = false;
        let complaint = round.complaint.as_deref().unwrap_or_default();
        let (label, name) = (scenario.label(), variant.name());
        println!(
            "WRONG: {name}, {label}: {} requests, such as: {complaint}",
            round.errors
        );
    }
    if clean {
        println!("every answer was the right one");
    }
    clean
}

/// How we stand to each aim and each floor.
pub(crate) fn verdicts(verdicts: &[Verdict]) {
    if verdicts.is_empty() {
        return;
    }
    for (rank, title) in [(Rank::Floor, "at least now"), (Rank::Aim, "aims")] {
        let ranked = || verdicts.iter().filter(|verdict| verdict.rank == rank);
        let mut table = Table::new(title, ["bound", "kreel", "rounds", "kept"]);
        for verdict in ranked() {
            let Verdict {
                bound, got, unit, ..
            } = verdict;
            let range = format!("{} – {}", short(got.least), short(got.most));
            let median = format!("{} {unit}", short(got.median))
                .trim_end()
                .to_owned();
            let mark = mark(verdict.kept()).to_owned();
            table.row(verdict.of.clone(), [sign(*bound), median, range, mark]);
        }
        table.print();
        let kept = ranked().filter(|verdict| verdict.kept()).count();
        println!("\n{title}: {kept} of {} kept", ranked().count());
    }
}

fn against(ratio: Spread, aim: Option<Bound>) -> String {
    match aim {
        None => short(ratio.median),
        Some(bound) => {
            let mark = mark(bound.kept_by(ratio.median));
            format!("{} (aim {} {mark})", short(ratio.median), sign(bound))
        }
    }
}

fn sign(bound: Bound) -> String {
    match bound {
        Bound::AtLeast(bound) => format!("≥ {}", short(bound)),
        Bound::AtMost(bound) => format!("≤ {}", short(bound)),
    }
}

fn mark(kept: bool) -> &'static str {
    if kept { "✓" } else { "✗" }
}

fn quantity(metric: Metric, figure: f64) -> String {
    match metric {
        Metric::P50 | Metric::P99 if figure >= 10_000.0 => format!("{:.1} ms", figure / 1_000.0),
        Metric::P50 | Metric::P99 => format!("{figure:.0} µs"),
        Metric::PerSecond => format!("{figure:.0}"),
        Metric::Cpu => format!("{figure:.2}"),
    }
}

/// Three digits that count.
fn short(figure: f64) -> String {
    match figure.abs() {
        big if big >= 100.0 => format!("{figure:.0}"),
        middle if middle >= 10.0 => format!("{figure:.1}"),
        tiny if tiny < 0.095 => format!("{figure:.3}"),
        _ => format!("{figure:.2}"),
    }
}

const NOTHING: &str = "—";

/// A build in the background is 1 or 2; what the last run left in the average is soon below.
const BUSY: f64 = 1.0;
