//! The inspector as its users have it: `kreel listen` on a terminal, a million rows in its history,
//! 200 deliveries a second, somebody at the keys; then one body of 50 MB.
//!
//! Memory is that of the whole process, the client included.

mod hostile;
mod keys;
mod large;
mod sight;
mod terminal;
mod times;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portable_pty::CommandBuilder;

use self::keys::Hands;
use self::terminal::Terminal;
use crate::aims::Verdict;
use crate::args::Args;
use crate::contender::{Relay, Stage};
use crate::figures::Spread;
use crate::load::{Load, Senders};
use crate::usage::Usage;

/// Fills a history, then measures on it; whether every delivery was answered rightly.
pub(crate) async fn measure(stage: &Stage, args: &Args) -> Result<(Vec<Verdict>, bool)> {
    let dir = stage.folder("inspector")?;
    let count = if args.quick { 100_000 } else { 1_000_000 };
    fill(&dir, count).await?;
    let relay = Relay::start(stage, &dir, false).await?;
    let mut terminal = Terminal::start(command(stage, &relay, &dir)?)?;
    terminal.shows(Box::new(|screen| screen.contents().contains("● up")))?;
    let mut verdicts = vec![idle(&terminal, "with nothing to do").await?];

    let mut senders = Senders::new(Arc::new(relay.tunnel_at(TUNNEL)?), LOAD);
    let time = args.time() * 16;
    let load = senders.run(LOAD.requests, time + Duration::from_secs(1));
    let before = (terminal.usage(), terminal.drawn(), Instant::now());
    let playing = tokio::task::spawn_blocking(move || {
        let played = Hands::on(&mut terminal).play(time);
        (terminal, played)
    });
    let (sample, played) = tokio::join!(load, playing);
    let (mut terminal, played) = played?;
    let (keys, ends) = played?;
    told(&terminal, before, sample.latencies.len());
    let of = |what: &str| format!("inspector, {count} rows, 200/s: {what}");
    verdicts.extend([
        Verdict::aim(
            &of("key to frame, p99"),
            16.0,
            one(keys.within(0.99))?,
            "ms",
        ),
        Verdict::aim(&of("key to frame, p50"), 8.0, one(keys.within(0.5))?, "ms"),
        Verdict::aim(&of("memory at its peak"), MOST_MIB, peak(&terminal)?, "MiB"),
    ]);
    println!("\n{} keys were pressed", keys.count());
    keys.print("from a key to its frame");
    ends.print("from a key to the end of what it began");

    large::post(&relay.tunnel_at(TUNNEL)?).await?;
    let opening = tokio::task::spawn_blocking(move || {
        let opened = large::open(&mut terminal);
        (terminal, opened)
    });
    let (terminal, opened) = opening.await?;
    let opened = opened?;
    let of = |what: &str| format!("inspector, 50 MB of JSON: {what}");
    let millis = |times: &[Duration]| {
        let millis = times.iter().map(|time| time.as_secs_f64() * 1_000.0);
        Spread::of(millis).context("it was not opened")
    };
    verdicts.extend([
        Verdict::aim(&of("first frame"), 100.0, millis(&opened.first)?, "ms"),
        Verdict::aim(
            &of("first frame, worst"),
            STALL_MS,
            one(worst(&opened.first))?,
            "ms",
        ),
        Verdict::aim(&of("all of it"), 1_500.0, millis(&opened.whole)?, "ms"),
        Verdict::aim(
            &of("key to frame, p99"),
            16.0,
            one(opened.keys.within(0.99))?,
            "ms",
        ),
        Verdict::aim(
            &of("key of a search to frame, worst"),
            STALL_MS,
            one(opened.searches.within(1.0))?,
            "ms",
        ),
        Verdict::aim(
            &of("all of it searched"),
            FOUND_MS,
            millis(&[opened.found])?,
            "ms",
        ),
        Verdict::aim(&of("memory at its peak"), MOST_MIB, peak(&terminal)?, "MiB"),
    ]);
    opened.keys.print("inside a body of 50 MB");
    opened.searches.print("searching all of it");
    verdicts.push(idle(&terminal, "with 50 MB open").await?);
    verdicts.extend(hostile(&relay, terminal).await?);
    if sample.errors > 0 {
        println!(
            "\nWRONG: {} deliveries, such as: {:?}",
            sample.errors, sample.complaint
        );
    }
    Ok((verdicts, sample.errors == 0))
}

/// Bodies that are made to be too much: no key waits longer for its frame than a person notices.
async fn hostile(relay: &Relay, mut terminal: Terminal) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for hostile in hostile::all() {
        hostile.post(&relay.tunnel_at(TUNNEL)?).await?;
        let what = hostile.what;
        let walking = tokio::task::spawn_blocking(move || {
            let walked = hostile.walk(&mut terminal);
            (terminal, walked)
        });
        let (back, walked) = walking.await?;
        terminal = back;
        let times = walked?;
        let of = format!("inspector, {what}: key to frame, worst");
        verdicts.push(Verdict::aim(&of, STALL_MS, one(times.within(1.0))?, "ms"));
        times.print(what);
    }
    Ok(verdicts)
}

fn worst(times: &[Duration]) -> f64 {
    let longest = times.iter().max().copied().unwrap_or_default();
    longest.as_secs_f64() * 1_000.0
}

async fn fill(dir: &Path, count: u64) -> Result<()> {
    let file = dir.join("data/kreel/history.db");
    let tunnel = TUNNEL.parse()?;
    let began = Instant::now();
    let filling = move || kreel_client::fill_history(&file, &tunnel, count);
    tokio::task::spawn_blocking(filling).await??;
    eprintln!(
        "a history of {count} deliveries, filled in {:.1?}",
        began.elapsed()
    );
    Ok(())
}

/// `kreel listen` with nothing of the user's.
fn command(stage: &Stage, relay: &Relay, dir: &Path) -> Result<CommandBuilder> {
    let mut command = CommandBuilder::new(stage.tools.kreel.as_ref().context("no kreel")?);
    command.args([
        "listen",
        &stage.app.to_string(),
        "--tunnel",
        TUNNEL,
        "--relay",
        &relay.url,
    ]);
    command.arg("--token-file");
    command.arg(&relay.token);
    for (name, _) in std::env::vars_os() {
        let is_kreels = name.to_string_lossy().starts_with("KREEL_");
        if is_kreels || name == "NO_COLOR" {
            command.env_remove(name);
        }
    }
    command.cwd(dir);
    command.env("TERM", "xterm-256color");
    for (name, folder) in [
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        command.env(name, dir.join(folder));
    }
    Ok(command)
}

/// What the process takes of one processor while nothing happens.
async fn idle(terminal: &Terminal, when: &str) -> Result<Verdict> {
    // What came before may still be settling.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, began, frames) = (terminal.usage().cpu, Instant::now(), terminal.drawn().0);
    tokio::time::sleep(IDLE).await;
    let spent = terminal.usage().cpu.saturating_sub(before);
    let percent = spent.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let drawn = terminal.drawn().0 - frames;
    println!("\nidle {when}: {drawn} frames in {IDLE:?}");
    let of = format!("inspector, idle {when}: CPU");
    Ok(Verdict::aim(&of, 1.0, one(percent)?, "%"))
}

/// Says what the load was, and what it took.
fn told(terminal: &Terminal, before: (Usage, (u64, u64), Instant), answered: usize) {
    let (usage, drawn, began) = before;
    let seconds = began.elapsed().as_secs_f64();
    let cpu = terminal.usage().cpu.saturating_sub(usage.cpu).as_secs_f64();
    let (frames, bytes) = terminal.drawn();
    println!(
        "\n{:.0} deliveries a second; {:.0} frames a second of {} bytes each; client and inspector \
         take {:.0} % of a processor",
        answered as f64 / seconds,
        (frames - drawn.0) as f64 / seconds,
        (bytes - drawn.1) / (frames - drawn.0).max(1),
        cpu / seconds * 100.0,
    );
}

fn peak(terminal: &Terminal) -> Result<Spread> {
    let usage = terminal.usage();
    let mib = |kib: u64| kib as f64 / 1024.0;
    if usage.peak_kib == 0 {
        bail!("the inspector has ended");
    }
    println!(
        "\nmemory: {:.0} MiB now, {:.0} MiB at its peak",
        mib(usage.resident_kib),
        mib(usage.peak_kib)
    );
    one(mib(usage.peak_kib))
}

fn one(figure: f64) -> Result<Spread> {
    Spread::of([figure]).context("one value")
}

const TUNNEL: &str = "my-app";

/// 200 a second, on connections that are kept.
const LOAD: Load = Load {
    senders: 4,
    body_bytes: 600,
    fresh: false,
    requests: u64::MAX,
    pace: Some(Duration::from_millis(20)),
};

/// No stall is longer: what a person takes for at once.
const STALL_MS: f64 = 100.0;

/// 50 MB looked through, with a sign that it goes on.
const FOUND_MS: f64 = 1_000.0;

/// Memory of the whole process.
const MOST_MIB: f64 = 150.0;

/// Long enough for a hundredth of a processor to be seen: 5 ticks of its clock.
const IDLE: Duration = Duration::from_secs(5);
