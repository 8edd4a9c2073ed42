//! `kreel-bench`: kreel and its peers, measured side by side in one run (`just bench`).
//!
//! Times on a shared machine mean little; ratios taken within one round mean something, so all
//! variants are up at once and take turns. It starts real programs on loopback, never the
//! network, and leaves none of them behind.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program whose product is its printout"
)]

mod aims;
mod app;
mod args;
mod backlog;
mod bare;
mod contender;
mod figures;
mod fsync;
mod history;
mod idle;
mod inspector;
mod krea;
mod load;
mod process;
mod report;
mod rounds;
mod scenario;
mod startup;
mod tls;
mod tools;
mod usage;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Args, Command, Part};
use crate::contender::Stage;
use crate::tools::Tools;

// As kreel has it, so that the yardstick is not behind in it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    match args.command {
        Some(Command::App) => one_thread()?.block_on(app::serve())?,
        Some(Command::BareRelay) => bare::runtime()?.block_on(bare::relay())?,
        Some(Command::BareClient { relay, app, record }) => {
            bare::runtime()?.block_on(bare::client(relay, app, record.as_deref()))?;
        }
        None => return one_thread()?.block_on(bench_until_stopped(&args)),
    }
    Ok(ExitCode::SUCCESS)
}

/// One thread, for the senders as for the app: none of their own wake-ups is counted against anyone.
fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The bench, unless it is stopped before it ends.
async fn bench_until_stopped(args: &Args) -> Result<ExitCode> {
    // Whichever ends first drops the other, and every child process with it.
    tokio::select! {
        clean = bench(args) => Ok(if clean? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        reason = stopped() => bail!("stopped by {}", reason?),
    }
}

/// Runs what was asked for and prints it; false if any answer was wrong or missing.
async fn bench(args: &Args) -> Result<bool> {
    let tools = Tools::prepare(args).await?;
    let dir = scratch(&tools)?;
    let stage = Stage::set(tools, dir.path()).await?;
    let variants = stage.tools.variants(&args.variants);
    report::machine(&stage.tools, &variants, args);

    let parts = args.parts();
    let scenarios = args::scenarios(&parts);
    let mut clean = true;
    let mut verdicts = Vec::new();
    if !scenarios.is_empty() {
        let results = rounds::run(&stage, &variants, &scenarios, args).await?;
        report::figures(&results);
        report::ratios(&results);
        report::memory(&results);
        clean &= report::errors(&results);
        verdicts.extend(aims::verdicts(&results));
    }
    if stage.tools.kreel.is_some() {
        if parts.contains(&Part::Start) {
            verdicts.extend(startup::measure(&stage, args).await?);
        }
        if parts.contains(&Part::Idle) {
            verdicts.extend(idle::measure(&stage, args).await?);
        }
        if parts.contains(&Part::History) {
            verdicts.extend(history::measure(&stage, args).await?);
        }
        if parts.contains(&Part::Fsync) {
            verdicts.extend(fsync::measure(&stage, args).await?);
        }
        if parts.contains(&Part::Backlog) {
            verdicts.extend(backlog::measure(&stage, args).await?);
        }
        if parts.contains(&Part::Krea) {
            verdicts.extend(krea::measure(&stage, args).await?);
        }
        if parts.contains(&Part::Inspector) {
            let (told, is_clean) = inspector::measure(&stage, args).await?;
            verdicts.extend(told);
            clean &= is_clean;
        }
    }
    report::verdicts(&verdicts);
    Ok(clean)
}

/// Where the variants keep their files: on a real disk, since kreel's record is part of the cost.
fn scratch(tools: &Tools) -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("run-")
        .tempdir_in(&tools.cache)
        .with_context(|| format!("no scratch folder in {}", tools.cache.display()))
}

/// Waits for Ctrl-C or a polite kill.
async fn stopped() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => Ok(pressed.map(|()| "Ctrl-C")?),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}
