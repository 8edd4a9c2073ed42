//! `kreel-soak`: everything around kreel is killed, cut and filled, and what got lost is counted
//! (`just soak`).
//!
//! It knows kreel from outside only: the program, its options and what it prints. Senders and app
//! keep ledgers; at the end they are held against each other.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program whose product is its printout"
)]

mod app;
mod args;
mod build;
mod cast;
mod check;
mod disk;
mod ledger;
mod message;
mod part;
mod process;
mod progress;
mod report;
mod senders;
mod sleep;
mod trouble;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Args, Command, Part};
use crate::cast::Programs;

// One thread: whatever the senders do is done before their next step, and leaves the processors
// to those who are soaked.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let mut args = Args::parse();
    if let Some(Command::App(app)) = args.command.take() {
        app::serve(app).await?;
        return Ok(ExitCode::SUCCESS);
    }
    // Whichever ends first drops the other, and every process and mount with it.
    tokio::select! {
        good = soak(&args) => Ok(if good? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        reason = stopped() => bail!("stopped by {}", reason?),
    }
}

/// Plays what was asked for and prints it; whether all was well.
async fn soak(args: &Args) -> Result<bool> {
    let programs = build::programs(args.kreel.as_deref()).await?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    let dir = folder(args, &programs)?.join(format!("seed-{seed}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    println!(
        "kreel-soak: seed {seed}, ledgers and logs in {}",
        dir.display()
    );
    let began = Instant::now();
    let mut good = true;
    for part in args.parts() {
        let outcome = match part {
            Part::Kills => part::play(&args.plan(false), &programs, &dir.join("kills"), seed).await,
            Part::Disk => part::play(&args.plan(true), &programs, &dir.join("disk"), seed).await,
            Part::Sleep => sleep::play(&programs, &dir.join("sleep"), seed, args.sleep).await,
        };
        if let Some(outcome) = outcome? {
            good &= report::outcome(&outcome)?;
        }
    }
    let verdict = if good { "all is well" } else { "FAILED" };
    println!(
        "\n{verdict} (seed {seed}, {:.0} s)",
        began.elapsed().as_secs_f64()
    );
    if good && !args.keep {
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(good)
}

/// Where ledgers and logs go: on a real disk, since the relay's files are among them.
fn folder(args: &Args, programs: &Programs) -> Result<PathBuf> {
    match &args.dir {
        Some(dir) => Ok(std::path::absolute(dir)?),
        None => {
            let target = programs.soak.ancestors().nth(2).map(Path::to_owned);
            Ok(target
                .context("no folder for the logs; set --dir")?
                .join("soak"))
        }
    }
}

/// Waits for Ctrl-C or a polite kill.
async fn stopped() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => Ok(pressed.map(|()| "Ctrl-C")?),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}
