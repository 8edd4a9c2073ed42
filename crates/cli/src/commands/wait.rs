//! `kreel wait`: blocks until deliveries come that a filter picks.

use kreel_client::Row;

use super::requests::{print_objects, request};
use super::verdict::{Ending, Junit, Question, Verdict, ask, end};
use crate::args::{Count, WaitArgs};
use crate::exit::Exit;
use crate::problem::{Problem, Result};
use crate::terminal::print;
use crate::watch::not_in_time;

/// Waits, and prints what came.
pub(crate) fn run(args: &WaitArgs) -> Result<Exit> {
    let count = Count {
        least: args.count,
        most: None,
    };
    let question = Question {
        words: &args.words,
        since: args.since,
        within: args.timeout.0,
        count,
        place: &args.place,
    };
    let junit = Junit::open(&args.report)?;
    let mut verdict = match ask(&question)? {
        Ending::Answered(verdict) => verdict,
        Ending::Stopped(exit) => return Ok(exit),
    };
    // More may have come at once; a script gets as many as it asked for.
    verdict.rows.truncate(args.count as usize);
    let reported = junit.write(&verdict, &args.report);
    match (args.report.tap, args.place.json) {
        (true, _) => print(&verdict.tap(&args.report))?,
        (false, true) => {
            let objects: Vec<_> = verdict.rows.iter().map(request).collect();
            print_objects(&objects)?;
        }
        (false, false) => print(&ids(&verdict.rows))?,
    }
    let ended = match verdict.holds() {
        true => Ok(Exit::Success),
        false => Err(timed_out(&verdict)),
    };
    end(ended, reported)
}

fn ids(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{}\n", row.summary.id);
    rows.iter().map(line).collect()
}

fn timed_out(verdict: &Verdict) -> Problem {
    let what = match verdict.rows.len() {
        0 => "nothing came in time".to_owned(),
        count => format!("only {count} of {} came in time", verdict.count.least),
    };
    not_in_time(what, verdict.why())
}
