//! `kreel jobs deliver`: a webhook that never came, to the app.

use kreel_client::{History, Match};

use super::{asking, find, open};
use crate::args::JobsDeliverArgs;
use crate::exit::Exit;
use crate::krea::deliver::{Handed, check, deliver, or_known};
use crate::krea::{Gather, told};
use crate::past;
use crate::problem::{Result, of_history};
use crate::shape::Destination;
use crate::terminal::{object_line, print};

/// Hands it over.
pub(super) async fn run(args: &JobsDeliverArgs) -> Result<Exit> {
    let mut gather = open(&args.place)?;
    let id = find(&gather, &args.id)?.job;
    let asking = asking(&args.place)?;
    let asked = match asking.has_key() {
        true => {
            let asked = asking.about(std::slice::from_ref(&id), gather.ledger());
            asked.await
        }
        false => Ok(()),
    };
    let evidence = gather.evidence(&id)?;
    asked.or_else(|problem| or_known(problem, &evidence))?;
    check(&evidence, args.again)?;
    let mut destination = Destination::to(args.to.clone())?;
    learn(&mut destination, &mut gather)?;
    let history = History::open(&past::file(&args.place.history)?);
    let history = history.map_err(|error| of_history(&error))?.history;
    let config = destination.config(1)?;
    let handed = deliver(&mut gather, &history, config, &evidence, args.again).await?;
    match args.place.history.json {
        true => print(&object_line(&told::delivered(id.as_str(), &handed)))?,
        false => print(&format!("{id}: {}\n", told::of_handed(&handed)))?,
    }
    Ok(match handed {
        Handed::Answered {
            status: 200..=299, ..
        }
        | Handed::Before(_) => Exit::Success,
        _ => Exit::Failure,
    })
}

/// Without an app that is configured, it is where the last webhooks went.
fn learn(destination: &mut Destination, gather: &mut Gather) -> Result<()> {
    const LOOKED: usize = 20;
    let name = gather.history_name().to_owned();
    let last = gather.ledger().last_seen(&name, LOOKED);
    let last = last.map_err(|error| crate::krea::of_ledger(&error))?;
    let Some(reader) = gather.reader()? else {
        return Ok(());
    };
    for seen in last {
        if destination.app.is_some() || destination.to.is_some() {
            break;
        }
        let found = reader
            .find(&seen.delivery_id)
            .map_err(|error| of_history(&error))?;
        let Match::One(number) = found else { continue };
        let whole = reader.get(number).map_err(|error| of_history(&error))?;
        if let Some(whole) = whole {
            destination.learn(&whole);
        }
    }
    Ok(())
}
