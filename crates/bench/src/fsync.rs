//! What an acknowledgement costs: deliveries the relay puts on disk while no client is connected,
//! beside the same rows put there by SQLite alone, in groups of the size the relay came to.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, params};

use crate::aims::Verdict;
use crate::args::Args;
use crate::contender::{Relay, Stage};
use crate::figures::{Measurement, Metric, Spread};
use crate::idle::deserted;
use crate::load::{Load, Sample, Senders, job};

/// One round of both.
struct Round {
    relay_per_second: f64,
    sqlite_per_second: f64,
    /// How many deliveries shared a commit on average.
    group: f64,
    relay_p50: f64,
    sqlite_p50: f64,
}

impl Round {
    /// The same as a whole number.
    fn size(&self) -> usize {
        self.group.round().max(1.0) as usize
    }
}

/// Measures both in turns.
pub(crate) async fn measure(stage: &Stage, args: &Args) -> Result<Vec<Verdict>> {
    let mut rounds: Vec<Round> = Vec::new();
    for number in 0..args.rounds() {
        let round = round(stage, args.time(), number, rounds.last()).await?;
        rounds.push(round);
    }
    let spread =
        |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure)).context("rounds");
    let group = spread(|round| round.group)?;
    println!(
        "\nkept with no client: {:.0} a second, {:.1} to a commit; SQLite alone in such groups {:.0}",
        spread(|round| round.relay_per_second)?.median,
        group.median,
        spread(|round| round.sqlite_per_second)?.median,
    );
    println!(
        "one at a time: p50 {:.0} µs; one commit of SQLite alone {:.0} µs",
        spread(|round| round.relay_p50)?.median,
        spread(|round| round.sqlite_p50)?.median,
    );
    let of = |what: &str| format!("kept with no client: {what}");
    Ok(vec![
        Verdict::at_least(
            &of("to SQLite alone"),
            0.7,
            spread(|round| round.relay_per_second / round.sqlite_per_second)?,
            "",
        ),
        Verdict::at_least(
            &of("a second"),
            20_000.0,
            spread(|round| round.relay_per_second)?,
            "",
        ),
        Verdict::aim(
            &of("p50 of one, to a commit of SQLite alone"),
            2.0,
            spread(|round| round.relay_p50 / round.sqlite_p50)?,
            "",
        ),
    ])
}

/// Both, now the one and now the other first: a disk has moods.
async fn round(stage: &Stage, time: Duration, number: u32, last: Option<&Round>) -> Result<Round> {
    let dir = stage.folder(&format!("fsync-{number}"))?;
    let before = match last.filter(|_| number % 2 == 1) {
        Some(last) => Some(commits(&dir, "before", last.size(), time).await?),
        None => None,
    };
    let kept = kept(stage, &dir, time).await?;
    let alone = match before {
        Some(before) => before,
        None => commits(&dir, "after", kept.size(), time).await?,
    };
    std::fs::remove_dir_all(&dir)?;
    Ok(Round {
        sqlite_per_second: alone.per_second,
        sqlite_p50: alone.p50,
        ..kept
    })
}

/// What the relay comes to.
async fn kept(stage: &Stage, dir: &Path, time: Duration) -> Result<Round> {
    let relay = Relay::start_with(stage, dir, false, UNBOUNDED).await?;
    let target = Arc::new(deserted(&relay).await?);
    let one = run(Senders::new(target.clone(), load(1)), time).await?;
    let crowd = run(Senders::new(target, load(SENDERS)), time).await?;
    let kept = crowd.latencies.len() as f64;
    // Those one at a time had a commit each, and so had those that opened the connection.
    let kept_alone = one.latencies.len() as f64 + SENDERS as f64;
    let log = relay.process.stop().await?;
    let commits = field(&log, "commits=").context("the relay does not tell its commits")?;
    Ok(Round {
        relay_per_second: kept / crowd.elapsed.as_secs_f64(),
        sqlite_per_second: 0.0,
        group: kept / (commits - kept_alone).max(1.0),
        relay_p50: Measurement::new(one, None)
            .figure(Metric::P50)
            .context("no answer")?,
        sqlite_p50: 0.0,
    })
}

/// What SQLite comes to by itself.
struct Alone {
    per_second: f64,
    p50: f64,
}

async fn commits(dir: &Path, name: &str, group: usize, time: Duration) -> Result<Alone> {
    let file = |what: &str| dir.join(format!("{name}-{what}.db"));
    let (one, many) = (file("one"), file("many"));
    let run = move || anyhow::Ok((sqlite(&one, 1, time)?, sqlite(&many, group, time)?));
    let (mut one, many) = tokio::task::spawn_blocking(run).await??;
    one.sort_unstable();
    let spent: Duration = many.iter().sum();
    Ok(Alone {
        per_second: (many.len() * group) as f64 / spent.as_secs_f64(),
        p50: one[one.len() / 2].as_secs_f64() * 1e6,
    })
}

async fn run(mut senders: Senders, time: Duration) -> Result<Sample> {
    // The connections are opened beforehand.
    senders.run(SENDERS as u64, time).await;
    let sample = senders.run(u64::MAX, time).await;
    match &sample.complaint {
        Some(complaint) => bail!("a delivery was not kept: {complaint}"),
        None => Ok(sample),
    }
}

fn load(senders: usize) -> Load {
    Load {
        senders,
        body_bytes: BODY_BYTES,
        fresh: false,
        requests: u64::MAX,
        pace: None,
    }
}

/// The number behind the last such key in a log.
fn field(log: &str, key: &str) -> Option<f64> {
    let (_, behind) = log.rsplit_once(key)?;
    let digits = behind.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Commits rows like the relay's, so many at a time; how long each commit took, rows and all.
fn sqlite(path: &Path, group: usize, time: Duration) -> Result<Vec<Duration>> {
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "cache_size", -2048)?;
    db.execute_batch(TABLE)?;
    let (body, headers) = (job(BODY_BYTES), [b'h'; HEADER_BYTES]);
    let (mut seq, mut commits, started) = (0_i64, Vec::new(), Instant::now());
    while started.elapsed() < time {
        let began = Instant::now();
        let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for _ in 0..group {
            seq += 1;
            let mut id = [7; 16];
            id[8..].copy_from_slice(&seq.to_be_bytes());
            transaction.prepare_cached(INSERT)?.execute(params![
                1,
                seq,
                id,
                seq,
                "POST",
                &b"/hook"[..],
                headers,
                false,
                "127.0.0.1",
                body.len(),
                body,
            ])?;
        }
        transaction.commit()?;
        commits.push(began.elapsed());
    }
    Ok(commits)
}

/// As the relay's, with its index.
const TABLE: &str = "CREATE TABLE delivery (
    tunnel_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    received_at_us INTEGER NOT NULL,
    method TEXT NOT NULL,
    target BLOB NOT NULL,
    headers BLOB NOT NULL,
    https INTEGER NOT NULL,
    forwarded_for TEXT NOT NULL,
    body_bytes INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (tunnel_id, seq)
) STRICT";

const INSERT: &str = "INSERT INTO delivery (tunnel_id, seq, id, received_at_us, method, target,
    headers, https, forwarded_for, body_bytes, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const UNBOUNDED: &[&str] = &[
    "--max-waiting=100000000",
    "--max-queue=8GiB",
    "--max-disk=8GiB",
];

const SENDERS: usize = 64;

const BODY_BYTES: usize = 600;

/// What the senders' header lines come to in a row.
const HEADER_BYTES: usize = 112;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_figure_of_a_log_counts() {
        let log = "commits=3\n INFO the store is closed jobs=90 commits=12\n";
        assert_eq!(field(log, "commits="), Some(12.0));
        assert_eq!(field(log, "rows="), None);
    }

    #[test]
    fn sqlite_alone_commits() {
        let dir = tempfile::tempdir().unwrap();
        let commits = sqlite(&dir.path().join("x.db"), 3, Duration::from_millis(20)).unwrap();
        assert!(!commits.is_empty());
    }
}
