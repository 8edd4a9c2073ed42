//! `kreel exec`: runs a command for each delivery, so many at once.

mod child;
mod environment;

use std::rc::Rc;
use std::time::Duration;

use kreel_client::Row;
use kreel_client::plain::{duration, milliseconds};
use serde_json::json;
use tokio::task::JoinSet;

use self::child::{Ran, run_for};
use super::flow::{Flowing, Next};
use super::requests::print_objects;
use crate::args::ExecArgs;
use crate::exit::Exit;
use crate::past;
use crate::problem::{Code, Problem, Result};
use crate::runtime;
use crate::terminal::say;

/// Takes deliveries until there are enough, and tells how the commands ended.
pub(crate) fn run(args: &ExecArgs) -> Result<Exit> {
    let runtime = runtime::on_this_thread()?;
    tokio::task::LocalSet::new().block_on(&runtime, take(args))
}

/// What was counted.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    ran: u32,
    failed: u32,
}

async fn take(args: &ExecArgs) -> Result<Exit> {
    let path = past::file(&args.place)?;
    let mut flow = Flowing::begin(path.clone(), &args.flow)?;
    let job = Rc::new(child::Job {
        command: args.command.clone(),
        history: path,
        is_json: args.place.json,
    });
    let mut running = JoinSet::new();
    let mut tally = Tally::default();
    let ending = loop {
        let is_full = running.len() >= usize::from(args.concurrency);
        if args.fail_fast && tally.failed > 0 {
            break Next::End;
        }
        tokio::select! {
            biased;
            Some(ended) = running.join_next() => tell(args, ended, &mut tally)?,
            next = flow.next(!is_full) => match next? {
                Next::Row(row) => {
                    let job = job.clone();
                    running.spawn_local(async move { let ran = run_for(&job, &row).await; (row, ran) });
                }
                ending => break ending,
            },
        }
    };
    // A second signal does not wait for them.
    loop {
        tokio::select! {
            ended = running.join_next() => match ended {
                Some(ended) => tell(args, ended, &mut tally)?,
                None => break,
            },
            received = flow.signal() => return Ok(received.exit()),
        }
    }
    say(&format!("{} ran, {} failed", tally.ran, tally.failed));
    match ending {
        Next::Stopped(exit) => Ok(exit),
        _ if tally.failed > 0 => Err(failed(tally)),
        Next::TimedOut(problem) => Err(*problem),
        Next::Row(_) | Next::End => Ok(Exit::Success),
    }
}

type Ended = std::result::Result<(Box<Row>, Result<Ran>), tokio::task::JoinError>;

/// Counts a command that has ended, and tells what is worth telling.
fn tell(args: &ExecArgs, ended: Ended, tally: &mut Tally) -> Result<()> {
    let (row, ran) = ended.map_err(|error| {
        Problem::new(
            Code::SystemRefused,
            "a command could not be followed",
            error,
            "report this",
        )
    })?;
    let ran = ran?;
    tally.ran += 1;
    tally.failed += u32::from(!ran.is_success());
    if args.place.json {
        print_objects(&[json!({
            "type": "executed",
            "delivery_id": row.summary.id.to_string(),
            "exit_code": ran.code,
            "signal": ran.signal,
            "failure": ran.failure,
            "duration_ms": milliseconds(ran.took),
        })])?;
    }
    if !ran.is_success() {
        let (id, took) = (row.summary.id, ran.took);
        say(&format!(
            "{id}: {} in {}",
            ran.words(),
            duration(took.max(LEAST))
        ));
    }
    Ok(())
}

/// The least time that is shown: what took none looks like a mistake.
const LEAST: Duration = Duration::from_micros(1);

fn failed(tally: Tally) -> Problem {
    let Tally { ran, failed } = tally;
    Problem::new(
        Code::CommandFailed,
        format!("{failed} of {ran} commands failed"),
        "",
        "each is named above with its delivery: `kreel exec --since 1h --no-follow --filter id:ID -- …` \
         runs it again",
    )
}
