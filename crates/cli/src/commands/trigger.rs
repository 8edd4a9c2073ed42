//! `kreel trigger`: posts ready-made webhooks to this project's tunnel, or straight to an app.
//!
//! Bodies are changed as values and signed last, so that a changed body still verifies.

mod address;
mod body;
mod edit;
mod event;
mod list;
mod path;
mod post;
mod ready;
mod samples;
mod saved;
mod sign;

use clap::ArgMatches;
use kreel_krea::Outgoing;
use serde_json::json;

use self::address::Address;
use self::body::Changes;
use self::event::Event;
use self::post::{Posting, Told};
pub(crate) use self::ready::Ready;
use crate::args::TriggerArgs;
use crate::exit::Exit;
use crate::log;
use crate::problem::{Code, Problem, Result, chain};
use crate::runtime;
use crate::signals::Signals;
use crate::terminal::{object_line, print, say};

/// Posts what was asked for.
pub(crate) fn run(args: &TriggerArgs, matches: &ArgMatches) -> Result<Exit> {
    if args.list {
        return list::show(args.json);
    }
    if let Some(name) = &args.save {
        return saved::save(name, &args.from);
    }
    let event = Event::resolve(args)?;
    let changes = Changes::parse(args)?;
    if args.dry_run {
        return dry_run(args, &event, &changes);
    }
    let address = Address::resolve(args, matches)?;
    log::start("error");
    runtime::on_this_thread()?.block_on(async {
        let mut signals = Signals::take()?;
        tokio::select! {
            told = post_all(args, &event, &changes, &address) => end(&told?),
            signal = signals.next() => Ok(signal.exit()),
        }
    })
}

/// Posts everything, one after the other, and says how each was answered.
async fn post_all(
    args: &TriggerArgs,
    event: &Event,
    changes: &Changes,
    address: &Address,
) -> Result<Told> {
    let client = Outgoing::new(address.trusted.clone()).map_err(|error| {
        Problem::new(
            Code::RelayCaUnusable,
            "can't make TLS connections",
            chain(&error),
            "check the file of --relay-ca, and your system's ca-certificates",
        )
    })?;
    let mut told = Told::default();
    for number in 0..args.count {
        if number > 0
            && let Some(interval) = args.interval
        {
            tokio::time::sleep(interval.0).await;
        }
        for posting in postings(args, event, changes)? {
            let answer = post::send(&client, address, &posting).await?;
            answer.show(event.name(), address, args.json)?;
            told.count(&answer);
        }
    }
    Ok(told)
}

/// The webhooks of one round: changed, then signed.
fn postings(args: &TriggerArgs, event: &Event, changes: &Changes) -> Result<Vec<Posting>> {
    let secret = args.secret.as_ref().map(|secret| secret.0.as_str());
    let made = event.make();
    let made = made.into_iter().map(|mut posting| {
        posting.body = changes.apply(posting.body)?;
        posting.sign(secret)?;
        for header in &args.header {
            posting.set(header);
        }
        Ok(posting)
    });
    made.collect()
}

fn dry_run(args: &TriggerArgs, event: &Event, changes: &Changes) -> Result<Exit> {
    for posting in postings(args, event, changes)? {
        match args.json {
            true => print(&object_line(&posting.object(event.name())))?,
            false => {
                say(&posting.head());
                print(&posting.text())?;
            }
        }
    }
    Ok(Exit::Success)
}

/// The end of it: a webhook that was refused is a failure, whatever came of the others.
fn end(told: &Told) -> Result<Exit> {
    match told.refused {
        0 => Ok(Exit::Success),
        refused => Err(Problem::new(
            Code::WebhookRefused,
            format!(
                "{refused} of {} webhooks were not answered with 2xx",
                told.sent
            ),
            json!(told.statuses).to_string(),
            "look at the app's answers above; `kreel requests get last` shows one whole",
        )),
    }
}
