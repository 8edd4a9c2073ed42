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

use self::cassette::{TakenIn, Tape};
use self::expect::{Expect, RECORDED};
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
use crate::shape::{Destination, Original, Shape};
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
    let tape = args.cassette.as_deref().map(Tape::read).transpose()?;
    let expect = match (ignore, &tape) {
        (Some(ignore), Some(tape)) => Some(Expect::recorded(tape.answers(), ignore)),
        _ => expect,
    };
    if args.dry_run
        && let Some(tape) = tape
    {
        return preview_of(args, &tape, shape, destination);
    }
    let picked = match tape {
        Some(tape) => Some(tape.take_in(&args.place)?),
        None => pick(args)?,
    };
    let Some(picked) = picked else {
        return Ok(Exit::Success);
    };
    let TakenIn {
        past,
        picks,
        others,
    } = picked;
    if picks.is_empty() {
        nothing_picked();
        return Ok(Exit::Success);
    }
    let numbers = picks.iter().map(|pick| pick.number);
    learn(&mut destination, &past, numbers)?;
    let original = |place: usize, pick: &Pick| match others.get(place) {
        Some(Some(other)) => Ok(other.clone()),
        _ => {
            let taken = past.take(pick.number, &pick.id.to_string())?;
            Ok(Original::of(&taken))
        }
    };
    if args.edit {
        let originals = picks.iter().enumerate();
        let originals = originals.map(|(place, pick)| original(place, pick));
        shape.edited = Some(edit(originals, picks.len())?);
    }
    if args.dry_run {
        let originals = picks.iter().enumerate();
        let originals = originals.map(|(place, pick)| original(place, pick));
        return preview::show(args, originals, &shape, &destination);
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
        others,
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

/// `--dry-run` of a cassette: the history is not even made.
fn preview_of(
    args: &ReplayArgs,
    tape: &Tape,
    mut shape: Shape,
    mut destination: Destination,
) -> Result<Exit> {
    let originals = tape.originals();
    if originals.is_empty() {
        nothing_picked();
        return Ok(Exit::Success);
    }
    if let Some(past) = Past::open(&args.place)? {
        let ids = originals.iter().map(|original| original.id.to_string());
        let known = ids.filter_map(|id| past.find(&id).ok());
        learn(&mut destination, &past, known)?;
    }
    if args.edit {
        let all = originals.iter().map(|original| Ok(original.clone()));
        shape.edited = Some(edit(all, originals.len())?);
    }
    preview::show(args, originals.into_iter().map(Ok), &shape, &destination)
}

fn nothing_picked() {
    say("there is nothing to replay: no delivery was picked");
}

/// Attempts that were made and could not be written down.
pub(crate) fn not_on_record(count: u64) -> Result<()> {
    let attempts = match count {
        0 => return Ok(()),
        1 => "1 attempt is".to_owned(),
        count => format!("{count} attempts are"),
    };
    Err(Problem::new(
        Code::AttemptsNotKept,
        format!("{attempts} not on record"),
        "the app had them, and the history could not be written: its disk is full, or another \
         process held it for long",
        "make room, see that nothing holds the file, and replay again; the summary counts them all",
    ))
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
fn pick(args: &ReplayArgs) -> Result<Option<TakenIn>> {
    match (Past::open(&args.place)?, args.ids.first()) {
        (Some(past), _) => {
            let picks = past.pick(&args.ids, &args.filtered)?;
            Ok(Some(TakenIn {
                past,
                picks,
                others: Vec::new(),
            }))
        }
        (None, Some(id)) => Err(not_found(id)),
        (None, None) => {
            nothing_yet(&args.place);
            Ok(None)
        }
    }
}

/// Without an app that is configured, it is where the deliveries went.
fn learn(
    destination: &mut Destination,
    past: &Past,
    numbers: impl Iterator<Item = i64>,
) -> Result<()> {
    for number in numbers.take(LOOKED_FOR_APP) {
        if destination.app.is_some() || destination.to.is_some() {
            break;
        }
        let whole = past.reader.get_with_answer(number, None);
        if let Some(whole) = whole.map_err(|error| of_history(&error))? {
            destination.learn(&whole);
        }
    }
    Ok(())
}

fn edit(
    mut originals: impl Iterator<Item = Result<Original>>,
    count: usize,
) -> Result<Arc<Edited>> {
    match (originals.next(), count) {
        (Some(original), 1) => editor::edit(&original?).map(Arc::new),
        _ => Err(Problem::new(
            Code::OptionUnusable,
            format!("--edit is for one delivery, and these are {count}"),
            "",
            "name one id; --set changes the same value in many",
        )),
    }
}
