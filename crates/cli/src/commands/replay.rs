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

use self::expect::Expect;
use self::pace::Pace;
use self::plan::Plan;
pub(crate) use self::session::Answers;
use self::session::Session;
use crate::args::ReplayArgs;
use crate::exit::Exit;
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
    let expect = args.expect.as_deref().map(Expect::parse).transpose()?;
    let Some((past, picks)) = pick(args)? else {
        return Ok(Exit::Success);
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
    runtime::log("warn");
    runtime::on_this_thread()?.block_on(session.run(replayer, plan))
}

/// What was asked for; nothing if there is no history that could have it.
fn pick(args: &ReplayArgs) -> Result<Option<(Past, Vec<Pick>)>> {
    if let Some(file) = &args.cassette {
        return cassette::take_in(file, &args.place).map(Some);
    }
    match (Past::open(&args.place)?, args.ids.first()) {
        (Some(past), _) => {
            let picks = past.pick(&args.ids, &args.filtered)?;
            Ok(Some((past, picks)))
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
