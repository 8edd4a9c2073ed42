//! `kreel assert`: checks that as many deliveries come as should.

use kreel_client::plain::milliseconds;
use serde_json::json;

use super::requests::print_objects;
use super::verdict::{Ending, Junit, Question, Verdict, ask, end};
use crate::args::AssertArgs;
use crate::exit::Exit;
use crate::problem::{Code, Problem, Result};
use crate::terminal::{print, say};
use crate::watch::not_in_time;

/// Watches, and tells whether it holds.
pub(crate) fn run(args: &AssertArgs) -> Result<Exit> {
    let question = Question {
        words: &args.words,
        since: args.since,
        within: args.within.0,
        count: args.count,
        place: &args.place,
    };
    let junit = Junit::open(&args.report)?;
    let verdict = match ask(&question)? {
        Ending::Answered(verdict) => verdict,
        Ending::Stopped(exit) => return Ok(exit),
    };
    let reported = junit.write(&verdict, &args.report);
    if args.report.tap {
        print(&verdict.tap(&args.report))?;
    }
    if args.place.json {
        let ids: Vec<String> = verdict
            .rows
            .iter()
            .map(|row| row.summary.id.to_string())
            .collect();
        print_objects(&[json!({
            "type": "assertion",
            "name": verdict.name(&args.report),
            "filter": verdict.filter,
            "holds": verdict.holds(),
            "count": verdict.rows.len(),
            "least": verdict.count.least,
            "most": verdict.count.most,
            "deliveries": ids,
            "took_ms": milliseconds(verdict.took),
        })])?;
    }
    let ended = match verdict.holds() {
        true => {
            say(&format!("holds: {}", verdict.found()));
            Ok(Exit::Success)
        }
        false => Err(broken(&verdict)),
    };
    end(ended, reported)
}

fn broken(verdict: &Verdict) -> Problem {
    let what = format!("it does not hold: {}", verdict.found());
    match verdict.is_short() {
        true => not_in_time(what, verdict.why()),
        false => Problem::new(
            Code::TooMany,
            what,
            verdict.why(),
            "see what came with `kreel requests list`, or allow more with --count",
        ),
    }
}
