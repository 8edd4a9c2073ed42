//! `kreel jobs`: what is known of Krea's jobs, as rows, one whole, or handed over.

mod deliver;
mod object;
mod show;
mod table;

use std::time::Duration;

use jiff::Timestamp;
use kreel_client::inert::inert;
use kreel_krea::{Asker, Evidence, Flag, JobId, JobRow, Place, is_open, row};

use crate::args::{JobsArgs, JobsCommand, JobsGetArgs, JobsListArgs, JobsPlace};
use crate::commands::requests::print_objects;
use crate::exit::Exit;
use crate::krea::asking::{Asking, key_missing};
use crate::krea::{self, Gather, of_ledger};
use crate::limits::{GATHER_WAIT, JOBS_PAGE, RADAR_USUAL};
use crate::log;
use crate::options::certificates;
use crate::past;
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result, chain};
use crate::runtime;
use crate::terminal::{Paint, print, say};
use crate::tunnels::Tunnels;

/// Does what was asked.
pub(crate) fn run(args: JobsArgs) -> Result<Exit> {
    log::start("error");
    let runtime = runtime::on_this_thread()?;
    match args.command {
        JobsCommand::List(args) => runtime.block_on(list(&args)),
        JobsCommand::Get(args) => runtime.block_on(get(&args)),
        JobsCommand::Deliver(args) => runtime.block_on(deliver::run(&args)),
    }
}

async fn list(args: &JobsListArgs) -> Result<Exit> {
    let mut gather = open(&args.place)?;
    let overdue = args.missed_after.0;
    let before = match &args.before {
        Some(text) => Some(find(&gather, text)?),
        None => None,
    };
    if args.missed {
        look_for_missed(&mut gather, args).await?;
    }
    let limit = args.limit as usize;
    let mut rows = page(&mut gather, before.clone(), limit, overdue, args.missed)?;
    if args.verify {
        let ids: Vec<JobId> = rows
            .iter()
            .map(|(_, evidence, _)| evidence.id.clone())
            .collect();
        let asking = asking(&args.place)?;
        asking.about(&ids, gather.ledger()).await?;
        rows = page(&mut gather, before, limit, overdue, args.missed)?;
    }
    if args.place.history.json {
        let objects: Vec<_> = rows.iter().map(|(_, _, row)| object::of_row(row)).collect();
        print_objects(&objects)?;
        return Ok(Exit::Success);
    }
    if rows.is_empty() {
        say(match args.missed {
            true => "no webhook is missed",
            false => "no job is known yet; `kreel proxy krea` notes those that are started",
        });
        return Ok(Exit::Success);
    }
    let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0.into());
    let shown: Vec<&JobRow> = rows.iter().map(|(_, _, row)| row).collect();
    print(&table::table(&shown, width, Paint::of_stdout()))?;
    if let Some((place, ..)) = rows.last().filter(|_| rows.len() == limit) {
        let more = if args.missed { " --missed" } else { "" };
        say(&format!(
            "older ones: kreel jobs list{more} --before {}",
            inert(place.job.as_str())
        ));
    }
    Ok(Exit::Success)
}

/// So many rows; `missed`: only those.
fn page(
    gather: &mut Gather,
    mut before: Option<Place>,
    limit: usize,
    overdue: Duration,
    missed: bool,
) -> Result<Vec<(Place, Evidence, JobRow)>> {
    let mut rows = Vec::new();
    loop {
        let asked = if missed {
            JOBS_PAGE
        } else {
            limit - rows.len()
        };
        let page = gather.page(before.as_ref(), asked, overdue)?;
        let is_end = page.len() < asked;
        before = page.last().map(|(place, ..)| place.clone());
        let wanted =
            |one: &(Place, Evidence, JobRow)| !missed || one.2.flags.contains(&Flag::Missed);
        rows.extend(page.into_iter().filter(wanted));
        rows.truncate(limit);
        if is_end || rows.len() >= limit {
            return Ok(rows);
        }
    }
}

/// Asks for the list of jobs, and about those that may have ended meanwhile.
async fn look_for_missed(gather: &mut Gather, args: &JobsListArgs) -> Result<()> {
    let asking = asking(&args.place)?;
    if !asking.has_key() {
        let problem = key_missing();
        say(&format!(
            "note: {}: {}; only what is known already is shown",
            problem.what, problem.why
        ));
        return Ok(());
    }
    let listed = asking.for_list(gather.ledger()).await?;
    let open = gather.ledger().unfinished(args.limit as usize);
    let mut ids = Vec::new();
    for known in open.map_err(|error| of_ledger(&error))? {
        if !listed.contains(&known.id) && is_open(&gather.evidence(&known.id)?) {
            ids.push(known.id);
        }
    }
    asking.about(&ids, gather.ledger()).await
}

async fn get(args: &JobsGetArgs) -> Result<Exit> {
    let mut gather = open(&args.place)?;
    let id = find(&gather, &args.id)?.job;
    if args.verify {
        let asking = asking(&args.place)?;
        asking
            .about(std::slice::from_ref(&id), gather.ledger())
            .await?;
    }
    let evidence = gather.evidence(&id)?;
    let row = row(&evidence, Timestamp::now(), RADAR_USUAL);
    match args.place.history.json {
        true => print_objects(&[object::whole(&evidence, &row)])?,
        false => print(&show::text(&evidence, &row, Paint::of_stdout()))?,
    }
    Ok(Exit::Success)
}

/// All that is known, up to now.
fn open(place: &JobsPlace) -> Result<Gather> {
    let ledger = krea::ledger(place.api.jobs.as_deref())?;
    let history = past::file(&place.history)?;
    let tunnels = Some(Tunnels::of(&Paths::find()?));
    let mut gather = Gather::new(ledger, &history, tunnels);
    if !gather.catch_up(GATHER_WAIT)?.is_end {
        say("note: the history is long; what came last is not read yet, ask again for the rest");
    }
    Ok(gather)
}

/// Who asks the API, with the key of the environment.
fn asking(place: &JobsPlace) -> Result<Asking> {
    let trusted = place.api.upstream_ca.as_deref().map(certificates);
    let trusted = trusted.transpose()?;
    let asker = Asker::new(place.api.address(), trusted.unwrap_or_default()).map_err(|error| {
        Problem::new(
            Code::ProxyUnusable,
            "the API can't be asked like this",
            chain(&error),
            "check the file of --upstream-ca, and your system's ca-certificates",
        )
    })?;
    Ok(Asking::new(asker, krea::keys()?))
}

/// Which job is meant.
fn find(gather: &Gather, text: &str) -> Result<Place> {
    let ledger = gather.ledger();
    let places = match text {
        "last" => ledger.places(gather.history_name(), None, 1),
        text => ledger.beginning_with(text, 2),
    };
    let mut places = places.map_err(|error| of_ledger(&error))?;
    // One may be the beginning of another.
    if let Some(exact) = places.iter().position(|place| place.job.as_str() == text) {
        return Ok(places.swap_remove(exact));
    }
    match (places.pop(), places.is_empty(), text.is_empty()) {
        (Some(place), true, false) => Ok(place),
        (Some(_), ..) => Err(Problem::new(
            Code::JobUnclear,
            format!("it is not clear which job {text:?} means"),
            "several ids begin like that",
            "give more of the id, or `last`; see `kreel jobs list`",
        )),
        (None, ..) => Err(Problem::new(
            Code::JobNotFound,
            format!("no job {text:?} is known here"),
            "",
            "see `kreel jobs list`; --jobs and --history name other files",
        )),
    }
}
