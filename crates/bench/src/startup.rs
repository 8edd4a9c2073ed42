//! How long `kreel listen` takes from its start to an address a webhook can be posted to.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::aims::Verdict;
use crate::args::Args;
use crate::contender::{Client, Relay, Stage, is_connecting, ready};
use crate::figures::Spread;

/// Starts clients one after the other against one relay and times each until it is ready.
pub(crate) async fn measure(stage: &Stage, args: &Args) -> Result<Vec<Verdict>> {
    let mut verdicts = vec![start_up(stage, false).await?];
    if args.tls() {
        verdicts.push(start_up(stage, true).await?);
    }
    Ok(verdicts)
}

async fn start_up(stage: &Stage, tls: bool) -> Result<Verdict> {
    let (name, most) = if tls {
        ("start-tls", 15.0)
    } else {
        ("start", 10.0)
    };
    let dir = stage.folder(name)?;
    let relay = Relay::start(stage, &dir, tls).await?;
    let mut millis = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        let (mut client, mut printout) = relay.client(stage, &dir, Client::Json)?;
        // Before it is ready it may say that it connects.
        let mut line = client.line(&mut printout).await?;
        while is_connecting(&line) {
            line = client.line(&mut printout).await?;
        }
        millis.push(started.elapsed().as_secs_f64() * 1_000.0);
        ready(&line)?;
    }
    let of = if tls {
        "client start, TLS"
    } else {
        "client start"
    };
    let got = Spread::of(millis).context("no client was started")?;
    Ok(Verdict::aim(of, most, got, "ms"))
}

/// Enough for a median; the first also makes the history.
const STARTS: usize = 20;
