//! How long it takes to look into a large history, with the program as its users have it.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::aims::Verdict;
use crate::args::Args;
use crate::contender::Stage;
use crate::figures::Spread;

/// Fills a history and looks into it. It goes with the run's folder.
pub(crate) async fn measure(stage: &Stage, args: &Args) -> Result<Vec<Verdict>> {
    let kreel = stage.tools.kreel.as_ref().context("there is no kreel")?;
    let count: u64 = if args.quick { 100_000 } else { 1_000_000 };
    let file = stage.folder("history")?.join("history.db");
    let tunnel = "my-app".parse()?;
    let began = Instant::now();
    let filled = file.clone();
    tokio::task::spawn_blocking(move || kreel_client::fill_history(&filled, &tunnel, count))
        .await??;
    let mib = std::fs::metadata(&file)?.len() / 1024 / 1024;
    let took = began.elapsed();
    eprintln!("a history of {count} deliveries, {mib} MiB, filled in {took:.1?}");

    let rare = format!("job{}", count / 2);
    let middle = id(kreel, &file, &rare).await?;
    let mut verdicts = Vec::new();
    for (what, words) in [
        ("the first page", &["list"][..]),
        ("filter by a rare status", &["search", "status:5xx"]),
        (
            "filter by a header",
            &["search", "header:x-request-id=5f0c"],
        ),
        (
            "filter by a jq program",
            &["search", "jq:.status == \"completed\""],
        ),
        ("a page in the middle", &["list", "--before", &middle]),
        ("search a rare word", &["search", &rare]),
        ("search a word all have", &["search", "krea"]),
        ("search two words", &["search", "harbour", "gulls"]),
        ("open one", &["get", "last"]),
    ] {
        let got = looks(kreel, &file, words, LOOKS).await?;
        let of = format!("history of {count}: {what}");
        verdicts.push(Verdict::aim(&of, MOST_MS, got, "ms"));
    }
    // What no index tells is read from end to end; a screen shows how far it is meanwhile.
    for (what, words) in [
        ("every header", &["search", "header:x-odd"][..]),
        ("every body by jq", &["search", "jq:.job_id == \"job33\""]),
    ] {
        let got = looks(kreel, &file, words, LONG_LOOKS).await?;
        let of = format!("history of {count}: read {what}");
        verdicts.push(Verdict::aim(
            &of,
            MOST_LONG_MS * count as f64 / 1e6,
            got,
            "ms",
        ));
    }
    Ok(verdicts)
}

/// The id of the delivery with this word.
async fn id(kreel: &Path, file: &Path, word: &str) -> Result<String> {
    let mut command = Command::new(kreel);
    command
        .args(["requests", "search", word, "--json", "--history"])
        .arg(file);
    let output = command.output().await?;
    let found: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let id = found["id"].as_str().context("a request without an id")?;
    Ok(id.to_owned())
}

async fn looks(kreel: &Path, file: &Path, words: &[&str], count: usize) -> Result<Spread> {
    let mut millis = Vec::new();
    for _ in 0..count {
        millis.push(look(kreel, file, words).await?);
    }
    Spread::of(millis).context("nothing was looked at")
}

async fn look(kreel: &Path, file: &Path, words: &[&str]) -> Result<f64> {
    let mut command = Command::new(kreel);
    command
        .arg("requests")
        .args(words)
        .arg("--history")
        .arg(file);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let began = Instant::now();
    let output = command.output().await?;
    let millis = began.elapsed().as_secs_f64() * 1_000.0;
    if !output.status.success() || output.stdout.is_empty() {
        bail!(
            "kreel requests {words:?} found nothing: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(millis)
}

/// Enough for a median; the first finds the file outside of memory, or nearly.
const LOOKS: usize = 21;

/// As many of those that take long.
const LONG_LOOKS: usize = 3;

/// What reading a million deliveries may take: half a minute, of which each second shows results.
const MOST_LONG_MS: f64 = 30_000.0;

/// What nobody notices.
const MOST_MS: f64 = 50.0;
