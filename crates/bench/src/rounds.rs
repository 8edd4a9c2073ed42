//! The run itself: all variants up at once, taking turns within each scenario of each round.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::args::Args;
use crate::contender::{Contender, Stage, Variant};
use crate::figures::Measurement;
use crate::load::Senders;
use crate::scenario::Scenario;
use crate::usage::Usage;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// What was run, in the order of the report.
    pub(crate) scenarios: Vec<Scenario>,
    /// With what, in the order of the report.
    pub(crate) variants: Vec<Variant>,
    /// The memory of each process.
    pub(crate) memory: Vec<Memory>,
    measurements: BTreeMap<(Scenario, Variant), Vec<Measurement>>,
}

/// The memory of one process of a variant, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// The variant.
    pub(crate) variant: Variant,
    /// Whether it was the one that speaks TLS.
    pub(crate) tls: bool,
    /// The process.
    pub(crate) role: &'static str,
    /// Before the first load.
    pub(crate) at_rest: u64,
    /// After the last.
    pub(crate) at_end: u64,
    /// The most there was.
    pub(crate) peak: u64,
}

impl Results {
    /// The rounds of one scenario with one variant; empty if that was not run.
    pub(crate) fn rounds(&self, scenario: Scenario, variant: Variant) -> &[Measurement] {
        let rounds = self.measurements.get(&(scenario, variant));
        rounds.map_or(&[], Vec::as_slice)
    }

    /// Every measurement with what it is of.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Scenario, Variant, &Measurement)> {
        let flat = |(key, rounds): (&(Scenario, Variant), _)| (key.0, key.1, rounds);
        let each = self.measurements.iter().map(flat);
        each.flat_map(|(scenario, variant, rounds): (_, _, &Vec<_>)| {
            rounds.iter().map(move |round| (scenario, variant, round))
        })
    }
}

/// Runs every scenario with every variant, as many rounds as wanted.
pub(crate) async fn run(
    stage: &Stage,
    variants: &[Variant],
    scenarios: &[Scenario],
    args: &Args,
) -> Result<Results> {
    let mut results = Results {
        scenarios: scenarios.to_vec(),
        variants: variants.to_vec(),
        ..Results::default()
    };
    for tls in [false, true] {
        let scenarios: Vec<_> = scenarios.iter().filter(|s| s.tls() == tls).collect();
        if scenarios.is_empty() {
            continue;
        }
        let mut contenders = Vec::new();
        for variant in variants.iter().filter(|variant| !tls || variant.tls()) {
            contenders.push(Contender::start(*variant, tls, stage).await?);
        }
        for round in 1..=args.rounds() {
            eprintln!(
                "round {round} of {}{}",
                args.rounds(),
                if tls { ", TLS" } else { "" }
            );
            for scenario in &scenarios {
                for contender in &mut contenders {
                    let measured = measure(contender, **scenario, args.time()).await?;
                    let key = (**scenario, contender.variant);
                    results.measurements.entry(key).or_default().push(measured);
                }
                // Nobody is always the one after the slowest.
                if !contenders.is_empty() {
                    contenders.rotate_left(1);
                }
            }
        }
        contenders.sort_by_key(|contender| contender.variant);
        results
            .memory
            .extend(contenders.iter().flat_map(|c| memory(c, tls)));
    }
    Ok(results)
}

/// Warms up, measures, and waits until the variant has come to rest.
async fn measure(
    contender: &mut Contender,
    scenario: Scenario,
    time: Duration,
) -> Result<Measurement> {
    for process in &mut contender.processes {
        process.check()?;
    }
    let load = scenario.load();
    let mut senders = Senders::new(Arc::clone(&contender.target), load);
    let warm_up = senders.run(load.requests / 10, time / 10).await;
    let before = contender.cpu();
    let mut sample = senders.run(load.requests, time).await;
    contender.rest().await;
    let cpu = contender.cpu() - before;
    sample.errors += warm_up.errors;
    sample.complaint = sample.complaint.or(warm_up.complaint);
    let tunnel = !contender.processes.is_empty();
    Ok(Measurement::new(sample, tunnel.then_some(cpu)))
}

fn memory(contender: &Contender, tls: bool) -> impl Iterator<Item = Memory> {
    let then = contender.at_rest.iter();
    then.zip(&contender.processes)
        .map(move |(at_rest, process)| {
            let Usage {
                resident_kib,
                peak_kib,
                ..
            } = process.usage();
            Memory {
                variant: contender.variant,
                tls,
                role: process.role,
                at_rest: at_rest.resident_kib,
                at_end: resident_kib,
                peak: peak_kib,
            }
        })
}
