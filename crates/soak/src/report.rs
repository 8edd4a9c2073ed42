//! What is printed.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use crate::check::{Offence, Rule};
use crate::ledger::{APP, By, MessageId, SENDERS};
use crate::part::Outcome;
use crate::progress::Progress;

/// Says now and then how far a part is.
pub(crate) async fn beat(name: &str, progress: &Progress) -> Result<()> {
    let mut said = Instant::now();
    while !progress.is_over() {
        sleep(Duration::from_millis(100)).await;
        if said.elapsed() >= BEAT {
            said = Instant::now();
            let (now, goal) = (progress.acknowledged(), progress.goal());
            eprintln!(
                "{name}: {:>4} s, {now} of {} acknowledged, {} of {} kills",
                progress.elapsed().as_secs(),
                goal.acknowledged,
                progress.kills(),
                goal.kills,
            );
        }
    }
    Ok(())
}

/// Prints what came of a part; whether all was well.
pub(crate) fn outcome(outcome: &Outcome) -> Result<bool> {
    let Outcome {
        verdict, progress, ..
    } = outcome;
    let acknowledged = |by| verdict.acknowledged_by(by);
    println!("\n== {} (seed {})", outcome.name, progress.seed);
    row(
        "messages",
        &format!("{}, {} MiB", verdict.sent, verdict.bytes >> 20),
    );
    let by = [By::App, By::Queued, By::Pending].map(acknowledged);
    let [app, queued, pending] = by;
    let relay = format!(
        "relay {} (queued {queued}, pending {pending})",
        queued + pending
    );
    row(
        "acknowledged",
        &format!("{}: app {app}, {relay}", verdict.acknowledged),
    );
    let others = verdict
        .ends
        .iter()
        .filter(|((_, status), _)| !(200..300).contains(status));
    let others: Vec<String> = others
        .map(|((by, status), count)| format!("{} {status}: {count}", by.name()))
        .collect();
    row("not acknowledged", &or_none(&others));
    let twice = verdict.duplicates_numbered;
    row("at the app", &format!("{} different", verdict.arrived));
    row(
        "again, same id",
        &format!(
            "{}: {twice} with Kreel-Attempt 2 or more, {} without",
            verdict.duplicates,
            verdict.duplicates - twice,
        ),
    );
    row(
        "held to an order",
        &format!("{} kept while no client was there", verdict.ordered),
    );
    let troubles: Vec<String> = progress
        .counts()
        .iter()
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    row("trouble", &or_none(&troubles));
    row("kills", &progress.kills().to_string());
    let peaks: Vec<String> = (outcome.peaks_kib.iter())
        .map(|(role, kib)| format!("{role} {:.1} MiB", *kib as f64 / 1024.0))
        .collect();
    row("peak memory", &or_none(&peaks));
    let rate = verdict.acknowledged as f64 / outcome.sending.as_secs_f64();
    row(
        "time",
        &format!(
            "{:.1} s sending ({rate:.0} acknowledged a second), {:.1} s until all was there",
            outcome.sending.as_secs_f64(),
            outcome.draining.as_secs_f64(),
        ),
    );
    for remark in &outcome.remarks {
        row("note", remark);
    }
    for rule in Rule::ALL {
        let count = verdict.count(rule);
        println!(
            "  {} {}: {count}",
            if count == 0 { "ok  " } else { "FAIL" },
            rule.label()
        );
    }
    for fault in &outcome.faults {
        println!("  FAIL {fault}");
    }
    let good = verdict.offences.is_empty() && outcome.faults.is_empty();
    if !good {
        offenders(outcome)?;
    }
    Ok(good)
}

fn row(name: &str, what: &str) {
    println!("  {name:<17} {what}");
}

fn or_none(list: &[String]) -> String {
    if list.is_empty() {
        "none".to_owned()
    } else {
        list.join(", ")
    }
}

/// The first of each kind, with their lines of both ledgers.
fn offenders(outcome: &Outcome) -> Result<()> {
    println!("\n  ledgers and logs: {}", outcome.dir.display());
    let mut shown: Vec<&Offence> = Vec::new();
    for rule in Rule::ALL {
        let broken = outcome
            .verdict
            .offences
            .iter()
            .filter(|offence| offence.rule == rule);
        shown.extend(broken.take(SHOWN));
    }
    let ids: HashSet<MessageId> = shown
        .iter()
        .flat_map(|offence| offence.ids.clone())
        .collect();
    let mut lines = Vec::new();
    for name in [SENDERS, APP] {
        let file = BufReader::new(File::open(outcome.dir.join(name))?);
        for (number, line) in (1..).zip(file.split(b'\n')) {
            let line = String::from_utf8_lossy(&line?).into_owned();
            let id = line.split(' ').nth(2).and_then(|word| word.parse().ok());
            if let Some(id) = id.filter(|id| ids.contains(id) && !line.starts_with('W')) {
                lines.push((id, format!("{name}:{number}: {line}")));
            }
        }
    }
    for offence in shown {
        println!(
            "\n  {}: {:?}: {}",
            offence.rule.label(),
            offence.ids,
            offence.what
        );
        for (_, line) in lines.iter().filter(|(id, _)| offence.ids.contains(id)) {
            println!("    {line}");
        }
    }
    Ok(())
}

/// How often something is said.
const BEAT: Duration = Duration::from_secs(10);

/// How many of each kind are shown; the ledgers have the rest.
const SHOWN: usize = 10;
