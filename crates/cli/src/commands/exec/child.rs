//! One command for one delivery: its body goes to standard input piece by piece.

use std::ffi::OsString;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kreel_client::{Reader, Row};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStdin, Command};

use super::environment;
use crate::group::Group;
use crate::past::Past;
use crate::problem::{Result, of_history};

/// What is run, whatever the delivery.
#[derive(Debug)]
pub(super) struct Job {
    /// The command and its words.
    pub(super) command: Vec<OsString>,
    /// The history's file.
    pub(super) history: PathBuf,
    /// Standard output is for objects: what the command prints goes to standard error.
    pub(super) is_json: bool,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ran {
    /// Its exit code.
    pub(super) code: Option<i32>,
    /// The signal that ended it.
    pub(super) signal: Option<i32>,
    /// Why it could not be run.
    pub(super) failure: Option<String>,
    /// How long it took.
    pub(super) took: Duration,
}

impl Ran {
    /// Whether it ended as it should.
    pub(super) fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// How it ended, in words.
    pub(super) fn words(&self) -> String {
        match (self.code, self.signal, &self.failure) {
            (_, _, Some(failure)) => format!("can't be run: {failure}"),
            (Some(code), _, _) => format!("exit code {code}"),
            (_, Some(signal), _) => format!("ended by signal {signal}"),
            _ => "ended in an unknown way".to_owned(),
        }
    }
}

/// Why nothing was run for a delivery that was there a moment ago.
const GONE: &str = "the history does not have it any more";

/// Runs it. A command that can't be run has failed, and so has one whose delivery was taken out of
/// the history meanwhile; a history that can't be read is a problem.
pub(super) async fn run_for(job: &Job, row: &Row) -> Result<Ran> {
    let began = Instant::now();
    let ended = |code, signal, failure| Ran {
        code,
        signal,
        failure,
        took: began.elapsed(),
    };
    let gone = || Ok(ended(None, None, Some(GONE.to_owned())));
    // A connection of its own: pieces are read while others are running.
    let Some(past) = Past::at(job.history.clone())? else {
        return gone();
    };
    let whole = past.reader.get(row.number);
    let Some(whole) = whole.map_err(|error| of_history(&error))? else {
        return gone();
    };
    let (program, words) = job
        .command
        .split_first()
        .expect("clap wants one word at least");
    let mut command = Command::new(program);
    command
        .args(words)
        .envs(environment::facts(&whole))
        .env("KREEL_HISTORY", &job.history)
        .stdin(Stdio::piped());
    Group::lead(&mut command);
    if job.is_json {
        match std::io::stderr().as_fd().try_clone_to_owned() {
            Ok(stderr) => command.stdout(stderr),
            Err(error) => return Ok(ended(None, None, Some(error.to_string()))),
        };
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(ended(None, None, Some(error.to_string()))),
    };
    let group = Group::of(&child);
    if let Some(stdin) = child.stdin.take() {
        feed(stdin, &past.reader, row.number).await?;
    }
    Ok(match child.wait().await {
        Ok(status) => {
            group.ended();
            ended(status.code(), status.signal(), None)
        }
        Err(error) => ended(None, None, Some(error.to_string())),
    })
}

/// Writes the body.
async fn feed(mut stdin: ChildStdin, reader: &Reader, number: i64) -> Result<()> {
    for place in 0.. {
        let piece = reader.piece(number, place);
        let Some(piece) = piece.map_err(|error| of_history(&error))? else {
            break;
        };
        // It may have read enough; whether that is well is told by how it ends.
        if stdin.write_all(&piece).await.is_err() {
            break;
        }
    }
    Ok(())
}
