//! `--dry-run`: what would be sent, and nothing is.

use http::{HeaderName, HeaderValue};
use kreel_client::inert::{inert, inert_bytes};
use kreel_client::plain::{inert_line, size};
use kreel_inspect::edit::{Request, changes};
use kreel_wire::{Headers, HeadersBuilder};
use serde_json::json;

use crate::args::ReplayArgs;
use crate::exit::Exit;
use crate::problem::Result;
use crate::shape::{Destination, Original, Shape};
use crate::terminal::{print, say};

/// Tells of each delivery where it would go, and how it would be changed.
pub(super) fn show(
    args: &ReplayArgs,
    originals: impl Iterator<Item = Result<Original>>,
    shape: &Shape,
    destination: &Destination,
) -> Result<Exit> {
    // Faults of the options are found all the same.
    let headers = destination.config(args.concurrency.into())?.headers;
    let (mut count, mut faults) = (0_usize, 0);
    for original in originals {
        let original = original?;
        let changed = changed(&original, shape, &headers);
        count += 1;
        faults += usize::from(changed.is_err());
        print(&match args.place.json {
            true => line(&original, &changed, args, destination),
            false => words(&original, &changed, destination),
        })?;
    }
    if !args.place.json {
        let attempts = count as u64 * u64::from(args.times);
        say(&match (attempts, count) {
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
fn changed(
    original: &Original,
    shape: &Shape,
    headers: &[(HeaderName, HeaderValue)],
) -> std::result::Result<Vec<String>, String> {
    if !original.is_whole {
        return Err("its body is not all here".to_owned());
    }
    let was = &original.request;
    let mut request = match shape.apply(original)? {
        None => was.clone(),
        Some(edited) => Request {
            method: edited.method.clone(),
            target: edited.target.clone(),
            headers: edited.headers.clone(),
            body: edited.body.clone(),
        },
    };
    request.headers = with(headers, &was.headers, &request.headers);
    Ok(changes(was, &request))
}

/// The lines with those that are set for all requests. They replace the sender's, and not what was
/// edited.
fn with(set: &[(HeaderName, HeaderValue)], senders: &Headers, lines: &Headers) -> Headers {
    let replaces = |name: &[u8]| {
        let mut set = set.iter().map(|(set, _)| set.as_str());
        set.find(|set| set.as_bytes() == name)
            .is_some_and(|name| senders.all(name).eq(lines.all(name)))
    };
    let mut all = HeadersBuilder::with_capacity(lines.len() + set.len());
    for line in lines.iter().filter(|line| !replaces(line.name)) {
        all.push(line.name, line.value);
    }
    for (name, value) in set {
        let name = name.as_str().as_bytes();
        if replaces(name) {
            all.push(name, value.as_bytes());
        }
    }
    all.build()
}

fn words(
    original: &Original,
    changed: &std::result::Result<Vec<String>, String>,
    destination: &Destination,
) -> String {
    let request = &original.request;
    let target = match request.target.is_empty() {
        true => "/".into(),
        false => inert_bytes(&request.target),
    };
    let mut text = format!(
        "{}  {} {target}  {}  to {}\n",
        original.id,
        inert(&request.method),
        size(Some(request.body.len() as u64)),
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
    original: &Original,
    changed: &std::result::Result<Vec<String>, String>,
    args: &ReplayArgs,
    destination: &Destination,
) -> String {
    let request = &original.request;
    let object = json!({
        "type": "would_replay",
        "delivery_id": original.id.to_string(),
        "method": request.method,
        "path": String::from_utf8_lossy(&request.target),
        "to": destination.shown(),
        "times": args.times,
        "changes": changed.as_ref().ok(),
        "message": changed.as_ref().err(),
    });
    let line = inert_line(&object).unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}
