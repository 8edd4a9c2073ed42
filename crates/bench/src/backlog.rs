//! A backlog that drains: 100,000 deliveries wait, then their client comes. How fast the app has
//! them, and what that takes of memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::aims::Verdict;
use crate::app::COUNT;
use crate::args::Args;
use crate::contender::{Client, Contender, Relay, Stage, Variant};
use crate::figures::Spread;
use crate::load::{Load, Senders};

/// Fills a tunnel, then starts its client.
pub(crate) async fn measure(stage: &Stage, args: &Args) -> Result<Vec<Verdict>> {
    let dir = stage.folder("backlog")?;
    let relay = Relay::start(stage, &dir, false).await?;
    // The tunnel's first client claims it and leaves.
    let (mut first, mut printout) =
        relay.client_on(stage, &dir, Client::Quiet, &["--tunnel", TUNNEL])?;
    first.line(&mut printout).await?;
    first.ignore(printout);
    first.stop().await?;

    let many = Load { senders: 64, ..ONE };
    let mut senders = Senders::new(Arc::new(relay.kept_at(TUNNEL)?), many);
    let kept = senders.run(BACKLOG, Duration::from_secs(120)).await;
    if kept.errors > 0 || kept.latencies.len() as u64 != BACKLOG {
        bail!("the backlog is not what it shall be: {:?}", kept.complaint);
    }
    let direct = direct(stage, args.time()).await?;
    let before = answered(stage).await?;
    let started = Instant::now();
    let (mut client, mut printout) =
        relay.client_on(stage, &dir, Client::Quiet, &["--tunnel", TUNNEL])?;
    client.line(&mut printout).await?;
    client.ignore(printout);
    let (mut drained, mut moved) = (0, Instant::now());
    while drained < BACKLOG && moved.elapsed() < STANDSTILL {
        tokio::time::sleep(POLL).await;
        let now = answered(stage).await? - before;
        if now != drained {
            (drained, moved) = (now, Instant::now());
        }
    }
    let per_second = drained as f64 / started.elapsed().as_secs_f64();
    // What is sent twice would come now.
    tokio::time::sleep(POLL * 10).await;
    let surplus = (answered(stage).await? - before).saturating_sub(drained);
    println!(
        "\nbacklog: {drained} of {BACKLOG} drained, {surplus} more than once, {per_second:.0} a second; \
         the app directly, one sender: {direct:.0} a second",
    );
    let mib = |kib: u64| Spread::of([kib as f64 / 1024.0]).context("one value");
    let one = |figure: f64| Spread::of([figure]).context("one value");
    Ok(vec![
        Verdict::at_least("backlog: drained", BACKLOG as f64, one(drained as f64)?, ""),
        Verdict::at_least(
            "backlog: a second, to the app directly",
            0.5,
            one(per_second / direct)?,
            "",
        ),
        Verdict::aim(
            "backlog: relay's memory at its peak",
            32.0,
            mib(relay.process.usage().peak_kib)?,
            "MiB",
        ),
        Verdict::aim(
            "backlog: client's memory at its peak",
            64.0,
            mib(client.usage().peak_kib)?,
            "MiB",
        ),
    ])
}

/// How many requests a second the app answers one sender.
async fn direct(stage: &Stage, time: Duration) -> Result<f64> {
    let direct = Contender::start(Variant::Direct, false, stage).await?;
    let mut senders = Senders::new(direct.target.clone(), ONE);
    senders.run(1_000, time).await;
    let sample = senders.run(u64::MAX, time).await;
    Ok(sample.latencies.len() as f64 / sample.elapsed.as_secs_f64())
}

/// How many webhooks the app has answered so far.
async fn answered(stage: &Stage) -> Result<u64> {
    let mut stream = TcpStream::connect(stage.app).await?;
    let ask = format!("GET {COUNT} HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, count) = answer.rsplit_once("\r\n\r\n").context("no answer")?;
    count.trim().parse().context("no number")
}

const TUNNEL: &str = "backlog";

const BACKLOG: u64 = 100_000;

const ONE: Load = Load {
    senders: 1,
    body_bytes: 600,
    fresh: false,
    requests: u64::MAX,
    pace: None,
};

const POLL: Duration = Duration::from_millis(50);

/// After so long without one more, none will come.
const STANDSTILL: Duration = Duration::from_secs(20);
