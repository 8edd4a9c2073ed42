//! `kreel idempotency`: the same delivery once, again and many times at once, and whether the app
//! bears that.

mod trial;
mod verdict;

use std::time::Duration;

use kreel_client::inert::inert;
use kreel_client::plain::{duration, inert_line, milliseconds};
use kreel_client::{History, KeptAttempt};
use serde_json::{Value, json};

use self::trial::{Trial, Trials};
use self::verdict::{Shot, Slower, Verdict, judge, slower};
use crate::args::IdempotencyArgs;
use crate::commands::diff::rules;
use crate::exit::Exit;
use crate::log;
use crate::past::Past;
use crate::problem::{Code, Problem, Result, of_history};
use crate::runtime;
use crate::shape::{Destination, Shape};
use crate::terminal::print;

/// Sends, compares, and says what it means.
pub(crate) fn run(args: &IdempotencyArgs) -> Result<Exit> {
    let shape = Shape::of(&args.shape)?;
    let ignore = rules(&args.ignore)?;
    let mut destination = Destination::resolve(&args.shape)?;
    let past = Past::with(&args.place, &args.id)?;
    let taken = past.take(past.find(&args.id)?, &args.id)?;
    if destination.to.is_none() {
        destination.learn(&taken.whole);
    }
    let config = destination.config(usize::from(args.at_once.max(1)))?;
    let history = History::open(past.path()).map_err(|error| of_history(&error))?;
    let trial = Trial {
        history: history.history,
        path: past.path().to_owned(),
        config,
        taken: &taken,
        shape: &shape,
        to: destination.to.clone(),
        probe: args.probe.as_deref(),
    };
    log::start("warn");
    let trials = runtime::on_this_thread()?.block_on(trial.run(args.at_once.into()))?;
    let Trials { shots, stopped_by } = trials;
    if stopped_by.is_none() && shots.iter().all(|shot| shot.attempts.is_empty()) {
        return Err(Problem::new(
            Code::ChangeImpossible,
            "the delivery can't be replayed",
            "no attempt at it could be made",
            "see `kreel requests get ID`: it may have broken off before it was complete",
        ));
    }
    let verdict = match stopped_by {
        Some(_) => Verdict::Interrupted,
        None => judge(&shots, args.probe.is_some(), &ignore),
    };
    let slower = slower(&shots);
    let id = taken.whole.delivery.id.to_string();
    match args.place.json {
        true => {
            let line = inert_line(&object(&id, &shots, &verdict, slower)).unwrap_or_default();
            print(&String::from_utf8_lossy(&line))?;
        }
        false => print(&text(&shots, &verdict, slower))?,
    }
    Ok(match (stopped_by, verdict.is_good()) {
        (Some(signal), _) => signal.exit(),
        (None, true) => Exit::Success,
        (None, false) => Exit::Failure,
    })
}

fn text(shots: &[Shot], verdict: &Verdict, slower: Option<Slower>) -> String {
    let mut text = String::new();
    let shown = shots.iter();
    for shot in shown.filter(|shot| !shot.attempts.is_empty() || shot.probe.is_some()) {
        let ends = shot.attempts.iter().map(end);
        let mut ends: Vec<String> = ends.collect();
        let most = 4;
        if ends.len() > most {
            let more = ends.len() - most;
            ends.truncate(most);
            ends.push(format!("and {more} more"));
        }
        let line = format!("{:<9}{}", shot.name, ends.join(", "));
        text += line.trim_end();
        text.push('\n');
        if let Some(probe) = &shot.probe {
            let first = probe.lines().next().unwrap_or_default();
            text += &format!("  probe: {}\n", inert(first));
        }
    }
    text += &format!("{}: {}\n", verdict.word(), verdict.words());
    if let Some(slower) = slower {
        text += &format!("note: {}\n", slower.words());
    }
    text
}

fn end(attempt: &KeptAttempt) -> String {
    let took = duration(attempt.timings.total);
    match (&attempt.failure, attempt.status) {
        (Some((_, words)), _) => format!("{} after {took}", inert(words)),
        (None, Some(status)) => format!("{status} in {took}"),
        (None, None) => format!("no answer after {took}"),
    }
}

fn object(id: &str, shots: &[Shot], verdict: &Verdict, slower: Option<Slower>) -> Value {
    let attempt = |attempt: &KeptAttempt| {
        json!({
            "attempt": attempt.number,
            "status": attempt.status,
            "failure": attempt.failure.as_ref().map(|(code, _)| code),
            "duration_ms": milliseconds(attempt.timings.total),
        })
    };
    let shot = |shot: &Shot| {
        json!({
            "name": shot.name,
            "attempts": shot.attempts.iter().map(attempt).collect::<Vec<_>>(),
            "probe": shot.probe,
        })
    };
    json!({
        "type": "idempotency",
        "delivery_id": id,
        "verdict": verdict.word(),
        "message": verdict.words(),
        "good": verdict.is_good(),
        "note": slower.map(Slower::words),
        "steps": shots.iter().map(shot).collect::<Vec<_>>(),
    })
}

/// How long a probe may take: 30 s, enough for any count; one that hangs would hang the script.
const PROBE: Duration = Duration::from_secs(30);
