//! Everything that goes wrong on purpose: kills, a bad network, a full disk. Each goes on until
//! the part is over, and leaves things mended.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use tokio::time::{Instant, sleep, sleep_until};

use crate::cast::Cast;
use crate::disk::SmallDisk;
use crate::process::{Process, Role};
use crate::progress::{FULL, Progress, REFUSED};
use crate::wire::{State, Wire};

/// Kills and starts again.
pub(crate) async fn kills(cast: &mut Cast, progress: &Progress) -> Result<()> {
    let mut rng = Rng::with_seed(progress.seed ^ 0x6b69_6c6c);
    while !progress.is_over() {
        sleep(millis(&mut rng, 300, 2500)).await;
        cast.look_after().await?;
        let mut due = Vec::new();
        for role in victims(&mut rng) {
            progress.add(killed(role));
            cast.kill(role).await?;
            due.push((Instant::now() + absence(&mut rng, role), role));
        }
        due.sort_unstable();
        for (at, role) in due {
            sleep_until(at).await;
            // Now and then it dies again before it is on its feet.
            if rng.u8(..) < 40 {
                stillborn(cast, progress, role, millis(&mut rng, 0, 60)).await?;
            }
            if role == Role::Client {
                cast.answer = answer(&mut rng);
            }
            cast.start_again(role).await?;
        }
    }
    Ok(())
}

async fn stillborn(cast: &Cast, progress: &Progress, role: Role, life: Duration) -> Result<()> {
    if role == Role::Client {
        progress.client_comes();
    }
    let process: Process = cast.spawn(role)?;
    sleep(life).await;
    process.kill().await?;
    if role == Role::Client {
        progress.client_is_gone();
    }
    progress.add(killed(role));
    Ok(())
}

fn victims(rng: &mut Rng) -> Vec<Role> {
    let (relay, client, app) = (Role::Relay, Role::Client, Role::App);
    match rng.u8(..100) {
        0..28 => vec![relay],
        28..58 => vec![client],
        58..82 => vec![app],
        82..87 => vec![relay, client],
        87..92 => vec![app, client],
        92..96 => vec![relay, app],
        _ => vec![app, client, relay],
    }
}

fn killed(role: Role) -> &'static str {
    match role {
        Role::Relay => "relay killed",
        Role::Client => "client killed",
        Role::App => "app killed",
    }
}

/// How long one stays away: a relay is started again at once, a laptop is closed for longer.
fn absence(rng: &mut Rng, role: Role) -> Duration {
    match role {
        Role::Relay => millis(rng, 0, 400),
        Role::Client => millis(rng, 0, 1200),
        Role::App => millis(rng, 0, 1200),
    }
}

/// How the next client has senders answered.
fn answer(rng: &mut Rng) -> Vec<&'static str> {
    match rng.u8(..3) {
        0 => vec!["--answer", "now=202"],
        _ => Vec::new(),
    }
}

/// Cuts, stalls and spoils the network, or fills the relay's disk, and mends it. `long` is how long
/// a stall may last.
pub(crate) async fn outages(
    wire: Arc<Wire>,
    disk: Option<&SmallDisk>,
    progress: &Progress,
    long: Duration,
) -> Result<()> {
    let mut rng = Rng::with_seed(progress.seed ^ 0x6e65_7477);
    while !progress.is_over() {
        sleep(millis(&mut rng, 800, 4000)).await;
        match (rng.u8(..100), disk) {
            (..45, Some(disk)) => fill(disk, &wire, progress, &mut rng).await?,
            (..50, _) => cut(&wire, progress, &mut rng).await,
            (50..75, _) => {
                progress.add("network stalled");
                wire.set(State::Stalled);
                // Some last until both ends have given the link up.
                let is_long = progress.count("network stalled").is_multiple_of(10);
                sleep(if is_long {
                    long
                } else {
                    millis(&mut rng, 100, 2500)
                })
                .await;
            }
            _ => {
                progress.add("network swallowing");
                wire.set(State::Swallowing);
                sleep(millis(&mut rng, 0, 800)).await;
                // What was swallowed can't be made up for: that connection is lost.
                wire.cut().await;
            }
        }
        wire.set(State::Open);
    }
    Ok(())
}

async fn cut(wire: &Wire, progress: &Progress, rng: &mut Rng) {
    progress.add("network cut");
    wire.cut().await;
    progress.is_cut();
    sleep(millis(rng, 20, 1800)).await;
    progress.is_mended();
}

/// Fills the relay's disk, and makes room again.
///
/// The link is cut meanwhile, for a backlog must grow before the relay needs more room than it
/// has taken already; now and then it is mended first, so that a backlog is drained without room.
async fn fill(disk: &SmallDisk, wire: &Wire, progress: &Progress, rng: &mut Rng) -> Result<()> {
    wire.cut().await;
    progress.is_cut();
    let refused = progress.count(REFUSED);
    let patience = Instant::now() + FULL_WITHIN;
    let mut end = None;
    while end.unwrap_or(patience) > Instant::now() {
        // Again and again, since whatever the relay gives back is taken, too.
        disk.fill()?;
        sleep(Duration::from_millis(20)).await;
        if end.is_none() && progress.count(REFUSED) > refused {
            progress.add(FULL);
            end = Some(Instant::now() + millis(rng, 100, 1500));
        }
    }
    let mended_first = rng.bool();
    if mended_first {
        progress.is_mended();
        wire.set(State::Open);
        sleep(millis(rng, 200, 1500)).await;
    }
    disk.make_room()?;
    if !mended_first {
        progress.is_mended();
    }
    Ok(())
}

/// How long a backlog may take to fill the disk.
const FULL_WITHIN: Duration = Duration::from_secs(6);

fn millis(rng: &mut Rng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.u64(least..most))
}
