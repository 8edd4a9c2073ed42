//! The laptop sleeps: the client is stopped for a minute and goes on, with a backlog waiting.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::cast::{Cast, Programs};
use crate::ledger::{Ledger, SENDERS};
use crate::part::{Outcome, finish};
use crate::process::Role;
use crate::progress::{Goal, Progress};
use crate::senders::Senders;

/// Plays it.
pub(crate) async fn play(
    programs: &Programs,
    dir: &Path,
    seed: u64,
    seconds: u64,
) -> Result<Option<Outcome>> {
    std::fs::create_dir_all(dir)?;
    let asleep = Duration::from_secs(seconds);
    let goal = Goal {
        acknowledged: 0,
        kills: 0,
        full: 0,
        time: BEFORE + asleep + AFTER,
    };
    let ledger = Ledger::open(&dir.join(SENDERS))?;
    let progress = Arc::new(Progress::until_time_is_up(ledger, seed, goal));
    let mut cast = Cast::start(programs, dir, &dir.join("relay"), &progress, true).await?;
    let senders = Senders::start(&cast.target(), &progress, 4, 20);
    sleep(BEFORE).await;
    let client = cast.process(Role::Client)?;
    client.signal(Signal::STOP);
    let noticed = asleep.min(NOTICED);
    sleep(noticed).await;
    // The relay has given the link up by now: what is sent from here on can't have gone out.
    progress.is_cut();
    sleep(asleep - noticed).await;
    progress.is_mended();
    let links = client.events("ready")?.len();
    client.signal(Signal::CONT);
    let woken = Instant::now();
    while client.events("ready")?.len() == links && woken.elapsed() < AFTER {
        sleep(Duration::from_millis(20)).await;
    }
    let back = woken.elapsed();
    senders.end().await?;
    let mut outcome = finish("sleep", cast, progress, dir).await?;
    if back >= AFTER {
        outcome
            .faults
            .push(format!("the link was not made again within {AFTER:?}"));
    }
    outcome.remarks.push(format!(
        "asleep for {seconds} s; the link was up again {:.1} s after waking",
        back.as_secs_f64(),
    ));
    Ok(Some(outcome))
}

/// A while in which all is well.
const BEFORE: Duration = Duration::from_secs(3);

/// How soon a relay knows that a link is dead: 15 s are promised, the rest is the machine's.
const NOTICED: Duration = Duration::from_secs(20);

/// How long the senders go on after the client has woken up.
const AFTER: Duration = Duration::from_secs(15);
