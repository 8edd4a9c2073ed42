//! `kreel replay`: stored deliveries to an app again, as often, as fast and as changed as asked.

mod cassette;
mod editor;
mod expect;
mod pace;
mod plan;
mod preview;
mod session;
mod tally;

use std::sync::Arc;

use kreel_client::{Edited, History, Replayer};
use kreel_inspect::compare::Ignore;

use self::expect::{Expect, RECORDED, Recorded};
use self::pace::Pace;
use self::plan::Plan;
pub(crate) use self::session::Answers;
use self::session::Session;
use crate::args::ReplayArgs;
use crate::commands::diff::rules;
use crate::exit::Exit;
use crate::log;
use crate::past::{Past, Pick, not_found, nothing_yet};
use crate::problem::{Code, Problem, Result, of_client_config, of_history};
use crate::runtime;
use crate::shape::{Destination, Shape};
use crate::terminal::say;

/// In how many deliveries it is looked up where they went: 20, since those of one run went to one app.
const LOOKED_FOR_APP: usize = 20;

/// Replays what was picked.
pub(crate) fn run(args: &ReplayArgs) -> Result<Exit> {
    let mut shape = Shape::of(&args.shape)?;
    let mut destination = Destination::resolve(&args.shape)?;
    let ignore = ignored(args)?;
    let expect = args.expect.as_deref().filter(|text| *text != RECORDED);
    let expect = expect.map(Expect::parse).transpose()?;
    let Some(picked) = pick(args)? else {
        return Ok(Exit::Success);
    };
    let Picked { past, picks, .. } = picked;
    let expect = match ignore {
        Some(ignore) => Some(Expect::recorded(picked.recorded, ignore)),
        None => expect,
    };
    if picks.is_empty() {
        say("there is nothing to replay: no delivery was picked");
        return Ok(Exit::Success);
    }
    learn(&mut destination, &past, &picks)?;
    if args.edit {
        shape.edited = Some(edit(&past, &picks)?);
    }
    if args.dry_run {
        return preview::show(args, &past, &picks, &shape, &destination);
    }
    let config = destination.config(args.concurrency.into())?;
    let history = History::open(past.path()).map_err(|error| of_history(&error))?;
    let replayer = Replayer::new(config, history.history);
    let replayer = replayer.map_err(|error| of_client_config(&error))?;
    let pace = match (args.rate, args.keep_timing) {
        (Some(rate), _) => Pace::Every(rate.every),
        (None, true) => Pace::AsItCame,
        (None, false) => Pace::Free,
    };
    let plan = Plan {
        past,
        picks,
        shape,
        to: destination.to,
        times: args.times,
        at_once: args.concurrency.into(),
        pace,
    };
    let session = Session::new(&plan, expect, args.place.json);
    log::start("warn");
    runtime::on_this_thread()?.block_on(session.run(replayer, plan))
}

/// What was asked for.
struct Picked {
    past: Past,
    picks: Vec<Pick>,
    /// What it was answered, if it is from a cassette.
    recorded: Recorded,
}

/// What does not count where answers shall be as recorded; nothing if they need not be.
fn ignored(args: &ReplayArgs) -> Result<Option<Ignore>> {
    let is_recorded = args.expect.as_deref() == Some(RECORDED);
    let unusable = |what: &str, next: &str| Err(Problem::new(Code::OptionUnusable, what, "", next));
    match (is_recorded, &args.cassette) {
        (true, Some(_)) => rules(&args.ignore).map(Some),
        (true, None) => unusable(
            "--expect recorded is for a cassette, which has the answers",
            "name one with --cassette; words:recorded looks for the word in answers",
        ),
        (false, _) if !args.ignore.is_empty() => unusable(
            "--ignore is for --expect recorded",
            "leave it out: a filter only asks for what it names",
        ),
        (false, _) => Ok(None),
    }
}

/// What was asked for; nothing if there is no history that could have it.
fn pick(args: &ReplayArgs) -> Result<Option<Picked>> {
    let picked = |(past, picks, recorded)| Picked {
        past,
        picks,
        recorded,
    };
    if let Some(file) = &args.cassette {
        return cassette::take_in(file, &args.place).map(picked).map(Some);
    }
    match (Past::open(&args.place)?, args.ids.first()) {
        (Some(past), _) => {
            let picks = past.pick(&args.ids, &args.filtered)?;
            Ok(Some(picked((past, picks, Recorded::new()))))
        }
        (None, Some(id)) => Err(not_found(id)),
        (None, None) => {
            nothing_yet(&args.place);
            Ok(None)
        }
    }
}

/// Without an app that is configured, it is where the deliveries went.
fn learn(destination: &mut Destination, past: &Past, picks: &[Pick]) -> Result<()> {
    for pick in picks.iter().take(LOOKED_FOR_APP) {
        if destination.app.is_some() || destination.to.is_some() {
            break;
        }
        let whole = past.reader.get(pick.number);
        if let Some(whole) = whole.map_err(|error| of_history(&error))? {
            destination.learn(&whole);
        }
    }
    Ok(())
}

fn edit(past: &Past, picks: &[Pick]) -> Result<Arc<Edited>> {
    let [pick] = picks else {
        return Err(Problem::new(
            Code::OptionUnusable,
            format!("--edit is for one delivery, and these are {}", picks.len()),
            "",
            "name one id; --set changes the same value in many",
        ));
    };
    let taken = past.take(pick.number, &pick.id.to_string())?;
    editor::edit(&taken).map(Arc::new)
}
