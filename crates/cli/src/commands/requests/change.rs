//! `kreel requests mark`, `note` and `rm`: what the user does to the history.

use std::io::{self, BufRead as _, Write as _};

use kreel_client::{Pen, Removed};
use serde_json::json;

use super::print_objects;
use crate::args::{HistoryPlace, MarkArgs, NoteArgs, Picked, RmArgs};
use crate::exit::Exit;
use crate::past::{Past, Pick, not_found, nothing_yet};
use crate::problem::{Code, Problem, Result, of_history};
use crate::terminal::{can_ask, say};

/// Marks, or takes marks away.
pub(super) fn mark(args: &MarkArgs) -> Result<()> {
    let Some((picks, mut pen)) = open(&args.picked, &args.place)? else {
        return Ok(());
    };
    let mut objects = Vec::new();
    for pick in &picks {
        let marked = pen.mark(pick.number, !args.off);
        let is_there = marked.map_err(|error| of_history(&error))?;
        objects.push(json!({
            "type": "marked", "id": pick.id.to_string(), "marked": is_there && !args.off,
        }));
    }
    let what = if args.off {
        "mark taken from"
    } else {
        "marked"
    };
    done(
        &args.place,
        &objects,
        &format!("{what} {}", count(picks.len())),
    )
}

/// Writes a note, or takes it away.
pub(super) fn note(args: &NoteArgs) -> Result<()> {
    let past = Past::with(&args.place, &args.id)?;
    let number = past.find(&args.id)?;
    let row = past.row(number)?.ok_or_else(|| not_found(&args.id))?;
    let mut pen = pen(&past)?;
    let text = args.text.trim();
    let is_there = pen.note(number, text).map_err(|error| of_history(&error))?;
    if !is_there {
        return Err(not_found(&args.id));
    }
    let note = (!text.is_empty()).then_some(text);
    let object = json!({ "type": "noted", "id": row.summary.id.to_string(), "note": note });
    let what = match note {
        Some(_) => format!("noted on {}", row.summary.id),
        None => format!("no note on {} any more", row.summary.id),
    };
    done(&args.place, &[object], &what)
}

/// Takes deliveries out.
pub(super) fn remove(args: &RmArgs) -> Result<Exit> {
    let Some((picks, mut pen)) = open(&args.picked, &args.place)? else {
        return Ok(Exit::Success);
    };
    if !args.yes && args.picked.filtered.filter.is_some() && !picks.is_empty() && !agreed(&picks)? {
        say("nothing was taken out");
        return Ok(Exit::Success);
    }
    let (mut gone, mut waiting) = (0, Vec::new());
    let mut objects = Vec::new();
    for pick in &picks {
        let removed = pen.remove(pick.number);
        let removed = removed.map_err(|error| of_history(&error))?;
        match removed {
            Removed::Gone => gone += 1,
            // Somebody else was quicker.
            Removed::Absent => {}
            Removed::Waiting => waiting.push(pick.id.to_string()),
        }
        objects.push(json!({
            "type": "removed", "id": pick.id.to_string(), "removed": removed != Removed::Waiting,
        }));
    }
    done(
        &args.place,
        &objects,
        &format!("taken out: {}", count(gone)),
    )?;
    match waiting.first() {
        None => Ok(Exit::Success),
        Some(first) => Err(Problem::new(
            Code::DeliveryWaiting,
            format!("{} stayed in the history", count(waiting.len())),
            format!("{first} waits for the app or is arriving: taking it out would lose it"),
            "let `kreel listen` hand over what waits, then try again",
        )),
    }
}

fn open(picked: &Picked, place: &HistoryPlace) -> Result<Option<(Vec<Pick>, Pen)>> {
    let past = match (Past::open(place)?, picked.ids.first()) {
        (Some(past), _) => past,
        (None, Some(id)) => return Err(not_found(id)),
        (None, None) => {
            nothing_yet(place);
            return Ok(None);
        }
    };
    let picks = past.pick(&picked.ids, &picked.filtered)?;
    let pen = pen(&past)?;
    Ok(Some((picks, pen)))
}

fn pen(past: &Past) -> Result<Pen> {
    let pen = Pen::open(past.path()).map_err(|error| of_history(&error))?;
    pen.ok_or_else(|| {
        Problem::new(
            Code::HistoryUnusable,
            "the history is not there any more",
            "somebody has moved or removed its file",
            "try again; `kreel listen` makes a new one",
        )
    })
}

fn agreed(picks: &[Pick]) -> Result<bool> {
    if !can_ask() {
        return Err(Problem::new(
            Code::NobodyToAsk,
            format!("taking out {} needs a yes", count(picks.len())),
            "there is no terminal to ask on",
            "add --yes; `kreel requests search` shows what the filter picks",
        ));
    }
    let mut stderr = io::stderr();
    let _ = write!(stderr, "take {} out for good? [y/N] ", count(picks.len()));
    let _ = stderr.flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn done(place: &HistoryPlace, objects: &[serde_json::Value], words: &str) -> Result<()> {
    match place.json {
        true => print_objects(objects),
        false => {
            say(words);
            Ok(())
        }
    }
}

fn count(count: usize) -> String {
    match count {
        0 => "nothing".to_owned(),
        1 => "1 delivery".to_owned(),
        count => format!("{count} deliveries"),
    }
}
