//! `--dry-run`: what would be sent, and nothing is.

use kreel_client::inert::{inert, inert_bytes};
use kreel_client::plain::{inert_line, size};
use kreel_inspect::edit::{Request, changes};
use serde_json::json;

use crate::args::ReplayArgs;
use crate::exit::Exit;
use crate::past::{Past, Pick, Taken};
use crate::problem::Result;
use crate::shape::{Destination, Shape, original};
use crate::terminal::{print, say};

/// Tells of each delivery where it would go, and how it would be changed.
pub(super) fn show(
    args: &ReplayArgs,
    past: &Past,
    picks: &[Pick],
    shape: &Shape,
    destination: &Destination,
) -> Result<Exit> {
    // Faults of the options are found all the same.
    destination.config(args.concurrency.into())?;
    let mut text = String::new();
    let mut faults = 0;
    for pick in picks {
        let taken = past.take(pick.number, &pick.id.to_string())?;
        let changed = changed(&taken, shape);
        faults += usize::from(changed.is_err());
        text += &match args.place.json {
            true => line(&taken, &changed, args, destination),
            false => words(&taken, &changed, destination),
        };
    }
    print(&text)?;
    if !args.place.json {
        let attempts = picks.len() as u64 * u64::from(args.times);
        say(&match (attempts, picks.len()) {
            (1, _) => "1 attempt; nothing was sent".to_owned(),
            (attempts, 1) => format!("{attempts} attempts; nothing was sent"),
            (attempts, picks) => {
                format!("{attempts} attempts at {picks} deliveries; nothing was sent")
            }
        });
    }
    Ok(match faults {
        0 => Exit::Success,
        _ => Exit::Failure,
    })
}

/// What would be changed, in words; or why it can't be.
fn changed(taken: &Taken, shape: &Shape) -> std::result::Result<Vec<String>, String> {
    if !taken.is_whole() {
        return Err("its body is not all here".to_owned());
    }
    let Some(edited) = shape.apply(taken)? else {
        return Ok(Vec::new());
    };
    let edited = Request {
        method: edited.method.clone(),
        target: edited.target.clone(),
        headers: edited.headers.clone(),
        body: edited.body.clone(),
    };
    Ok(changes(&original(taken), &edited))
}

fn words(
    taken: &Taken,
    changed: &std::result::Result<Vec<String>, String>,
    destination: &Destination,
) -> String {
    let delivery = &taken.whole.delivery;
    let target = match delivery.target.is_empty() {
        true => "/".into(),
        false => inert_bytes(&delivery.target),
    };
    let mut text = format!(
        "{}  {} {target}  {}  to {}\n",
        delivery.id,
        inert(&delivery.method),
        size(Some(taken.body.len() as u64)),
        inert(&destination.shown()),
    );
    match changed {
        Ok(changes) => changes.iter().for_each(|change| {
            text += &format!("    {}\n", inert(change));
        }),
        Err(why) => text += &format!("    not replayed: {}\n", inert(why)),
    }
    text
}

fn line(
    taken: &Taken,
    changed: &std::result::Result<Vec<String>, String>,
    args: &ReplayArgs,
    destination: &Destination,
) -> String {
    let delivery = &taken.whole.delivery;
    let object = json!({
        "type": "would_replay",
        "delivery_id": delivery.id.to_string(),
        "method": delivery.method,
        "path": String::from_utf8_lossy(&delivery.target),
        "to": destination.shown(),
        "times": args.times,
        "changes": changed.as_ref().ok(),
        "message": changed.as_ref().err(),
    });
    let line = inert_line(&object).unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}
