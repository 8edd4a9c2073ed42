//! One part of the soak, from an empty folder to its verdict.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use crate::cast::{Cast, Programs, READY_WITHIN};
use crate::check::{Check, Verdict};
use crate::disk::SmallDisk;
use crate::ledger::{APP, Arrival, Ledger, SENDERS, SenderLine, each_line};
use crate::process::Role;
use crate::progress::{Goal, Progress};
use crate::senders::Senders;
use crate::trouble;
use crate::wire::State;

/// What is asked of a part with kills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it is to reach.
    pub(crate) goal: Goal,
    /// How many messages a second there are, about, while all is well.
    pub(crate) per_second: usize,
    /// Whether the relay's disk is small, and now and then full.
    pub(crate) small_disk: bool,
    /// How long the longest stall of the network is.
    pub(crate) longest_stall: Duration,
}

/// What came of a part.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Which part.
    pub(crate) name: &'static str,
    /// Where its ledgers and logs are.
    pub(crate) dir: PathBuf,
    /// What the ledgers say.
    pub(crate) verdict: Verdict,
    /// What else was wrong.
    pub(crate) faults: Vec<String>,
    /// What else there is to know.
    pub(crate) remarks: Vec<String>,
    /// How far it came.
    pub(crate) progress: Arc<Progress>,
    /// How long messages were sent.
    pub(crate) sending: Duration,
    /// How long it took until the app had them all.
    pub(crate) draining: Duration,
    /// The most memory of each, in KiB.
    pub(crate) peaks_kib: Vec<(Role, u64)>,
}

/// How many senders there are.
const SENDERS_AT_ONCE: usize = 16;

/// Plays a part; nothing where it can't be played, which has been said then.
pub(crate) async fn play(
    plan: &Plan,
    programs: &Programs,
    dir: &Path,
    seed: u64,
) -> Result<Option<Outcome>> {
    std::fs::create_dir_all(dir)?;
    let disk = match plan.small_disk {
        true => match SmallDisk::mount(&dir.join("disk"))? {
            Some(disk) => Some(disk),
            None => return Ok(None),
        },
        false => None,
    };
    let data = dir.join(if disk.is_some() {
        "disk/relay"
    } else {
        "relay"
    });
    let ledger = Ledger::open(&dir.join(SENDERS))?;
    let progress = Arc::new(Progress::new(ledger, seed, plan.goal));
    let mut cast = Cast::start(programs, dir, &data, &progress, false).await?;
    let senders = Senders::start(&cast.target(), &progress, SENDERS_AT_ONCE, plan.per_second);
    let wire = cast.wire();
    tokio::try_join!(
        trouble::kills(&mut cast, &progress),
        trouble::outages(wire, disk.as_ref(), &progress, plan.longest_stall),
        crate::report::beat(plan.name, &progress),
    )?;
    senders.end().await?;
    let outcome = finish(plan.name, cast, progress, dir).await?;
    Ok(Some(outcome))
}

/// Has everything brought up, waits until nothing is outstanding, and counts.
pub(crate) async fn finish(
    name: &'static str,
    mut cast: Cast,
    progress: Arc<Progress>,
    dir: &Path,
) -> Result<Outcome> {
    let sending = progress.elapsed();
    let (mut faults, mut remarks) = (Vec::new(), Vec::new());
    if !progress.is_reached() {
        faults.push(format!(
            "its numbers were not reached within {:?}",
            progress.goal().time
        ));
    }
    let began = Instant::now();
    drain(&mut cast, dir, &mut remarks).await?;
    let draining = began.elapsed();
    leave(&mut cast, &mut faults).await?;
    faults.append(&mut cast.deaths);
    faults.extend(panics(dir)?);
    let peaks_kib = cast
        .peaks_kib
        .iter()
        .map(|(role, kib)| (*role, *kib))
        .collect();
    drop(cast);
    Ok(Outcome {
        name,
        dir: dir.to_owned(),
        verdict: Check::folder(dir)?,
        faults,
        remarks,
        progress,
        sending,
        draining,
        peaks_kib,
    })
}

/// Waits until the app has all that was acknowledged, as long as more arrives.
async fn drain(cast: &mut Cast, dir: &Path, remarks: &mut Vec<String>) -> Result<()> {
    cast.look_after().await?;
    let mut outstanding = HashSet::new();
    each_line(&dir.join(SENDERS), SenderLine::parse, |_, line| {
        if let SenderLine::Ended(ended) = line
            && ended.is_acknowledged()
        {
            outstanding.insert(ended.id);
        }
    })?;
    let mut new_links = 0;
    let mut moved_at = Instant::now();
    loop {
        let before = outstanding.len();
        each_line(&dir.join(APP), Arrival::parse, |_, arrival| {
            outstanding.remove(&arrival.id);
        })?;
        if outstanding.is_empty() {
            return Ok(());
        }
        if outstanding.len() < before {
            moved_at = Instant::now();
        }
        if moved_at.elapsed() > STUCK {
            if new_links == NEW_LINKS {
                return Ok(());
            }
            // Some are kept by the relay until the next link: the client could not hold them.
            new_links += 1;
            remarks.push(format!(
                "{} acknowledged did not arrive until the link was made anew (time {new_links})",
                outstanding.len(),
            ));
            cast.wire().cut().await;
            cast.wire().set(State::Open);
            moved_at = Instant::now();
        }
        cast.look_after().await?;
        sleep(LOOK_EVERY).await;
    }
}

/// Waits until the relay keeps nothing any more, then ends the client politely and asks what it
/// counts.
async fn leave(cast: &mut Cast, faults: &mut Vec<String>) -> Result<()> {
    let mut kept = cast.kept_at_a_new_link().await?;
    for _ in 0..SETTLING {
        if kept == 0 {
            break;
        }
        // Acknowledgements were lost with a link: the client knows these, and says so again.
        sleep(QUIET).await;
        kept = cast.kept_at_a_new_link().await?;
    }
    if kept != 0 {
        faults.push(format!("the relay still keeps {kept} when all is over"));
    }
    let client = cast.process(Role::Client)?;
    client.terminate(READY_WITHIN).await?;
    let counters = client.events("counters")?.pop().unwrap_or_default();
    for count in ["waiting", "lost"] {
        if counters[count] != 0 {
            faults.push(format!(
                "the client counts {} {count} at its end",
                counters[count]
            ));
        }
    }
    // It was told to end, and has.
    let deaths = cast.deaths.len();
    for role in [Role::Client, Role::Relay, Role::App] {
        cast.kill(role).await?;
        if role == Role::Client {
            cast.deaths.truncate(deaths);
        }
    }
    Ok(())
}

/// What programs said on standard error when they should not have.
fn panics(dir: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for role in [Role::Relay, Role::Client, Role::App] {
        let log = std::fs::read(dir.join(format!("{role}.err")))?;
        let log = String::from_utf8_lossy(&log);
        let panic = log.lines().find(|line| line.contains("panicked at"));
        faults.extend(panic.map(|line| format!("the {role} panicked: {line}")));
    }
    Ok(faults)
}

/// A backlog is drained in order, one after another, so something arrives all the time; an app
/// that died of one delays the rest by 15 s at the most.
const STUCK: Duration = Duration::from_secs(20);

/// How often the link is made anew before what is missing counts as lost.
const NEW_LINKS: u32 = 2;

/// How long settling what the client knows already may take.
const QUIET: Duration = Duration::from_secs(2);

/// How often that is waited for.
const SETTLING: usize = 8;

/// How often the app's ledger is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
