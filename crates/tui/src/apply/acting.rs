//! Doing something with a delivery.

use std::path::PathBuf;

use kreel_client::{Command, DeliveryId, Replay, Standing, Target};

use super::Deed;
use crate::action::Action;
use crate::app::menu::{Choice, Menu};
use crate::app::pane::Tab;
use crate::app::prompt::{About, Prompt, Purpose};
use crate::app::toast::News;
use crate::app::{App, Focus, Listing, Mode};
use crate::clipboard;
use crate::desk::{Chore, Copied, ExportFormat, Side};
use crate::lens::Act;
use crate::limits::CLIPBOARD_BYTES;

/// Does what an action says with the selected delivery.
pub(super) fn acted(app: &mut App, action: Action) -> Vec<Deed> {
    match action {
        Action::Hold => return hold(app),
        Action::StopReplaying => {
            let key = app.key(Action::StopReplaying);
            let text = format!("no further replays; {key} again cuts off those that run");
            app.say(News::Fair, text);
            return vec![Deed::Tell(Command::StopReplaying(None))];
        }
        Action::ReleaseAll => return vec![Deed::Tell(Command::Release)],
        Action::CopyAddress => return copy_address(app),
        Action::Browse => return browse(app),
        _ => {}
    }
    let Some(row) = app.row() else {
        app.say(News::Fair, "nothing is selected");
        return Vec::new();
    };
    let (about, is_marked) = (About::row(row), row.is_marked);
    let About { number, id } = about;
    if matches!(action, Action::Replay | Action::Edit) && app.view.leaves_out() {
        // The filter may not pick it any more once it is answered anew.
        app.list.stay();
    }
    let shows_secrets = app.shows_secrets;
    let copy = |what| {
        vec![Deed::Chore(Chore::Copy {
            number,
            what,
            shows_secrets,
        })]
    };
    match action {
        Action::Replay => replay(app, Replay::once(id)),
        Action::Edit => edit(app, number),
        Action::Mark => vec![Deed::Chore(Chore::Mark {
            number,
            on: !is_marked,
        })],
        Action::Compare => compare(app, number),
        Action::CopyCurl => copy(Copied::Curl),
        Action::CopyHeaders => copy(Copied::Headers),
        Action::CopyBody => copy(Copied::Body),
        Action::CopyPath | Action::CopyValue => copy_inside(app, action),
        Action::Export => {
            app.mode = Mode::Menu(Menu::export(about));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Has a delivery edited, if there is an app to send it to: nothing is typed in vain.
fn edit(app: &mut App, number: i64) -> Vec<Deed> {
    if app.facts.target.is_none() {
        let text = "there is no app to send it to: kreel replay --edit --to names one";
        app.say(News::Fair, text);
        return Vec::new();
    }
    vec![Deed::Chore(Chore::Edit { number })]
}

/// Hands a delivery over again; where there is no app, asks for one.
pub(super) fn replay(app: &mut App, replay: Replay) -> Vec<Deed> {
    if app.facts.target.is_none() && replay.to.is_none() {
        let key = app.key(Action::ReplayElsewhere);
        app.say(
            News::Fair,
            format!("there is no app: {key} replays to one you name"),
        );
        return Vec::new();
    }
    vec![Deed::Tell(Command::Replay(Box::new(replay)))]
}

/// Replays that were asked for on a line.
pub(super) fn replay_many(app: &mut App, id: DeliveryId, times: u32, at_once: u32) -> Vec<Deed> {
    let wanted = Replay {
        times,
        at_once,
        ..Replay::once(id)
    };
    replay(app, wanted)
}

/// A replay to another app.
pub(super) fn replay_to(app: &mut App, id: DeliveryId, target: Target) -> Vec<Deed> {
    let wanted = Replay {
        to: Some(target),
        ..Replay::once(id)
    };
    replay(app, wanted)
}

/// Holds deliveries back; while they are held, lets go the selected one if it waits, else the
/// oldest.
fn hold(app: &mut App) -> Vec<Deed> {
    if app.status.held.is_none() {
        let (one, all) = (app.key(Action::Hold), app.key(Action::ReleaseAll));
        app.say(
            News::Fair,
            format!("holding: {one} lets one go, {all} all of them"),
        );
        return vec![Deed::Tell(Command::Hold)];
    }
    let row = app.row();
    let waits = row.filter(|row| {
        row.last.is_none() && matches!(row.standing, Standing::Live | Standing::Waiting)
    });
    let command = match waits.filter(|_| !app.list.follows()) {
        Some(row) => Command::ReleaseThis(row.summary.id),
        None => Command::ReleaseOne,
    };
    vec![Deed::Tell(command)]
}

/// The selected delivery with the one marked, else with the one before it; among the answers, the
/// shown answer with the one before.
fn compare(app: &mut App, number: i64) -> Vec<Deed> {
    let pane = app.shown();
    let answers = pane.and_then(|pane| {
        let attempts = &pane.whole.as_ref()?.attempts;
        let shown = pane.attempt.unwrap_or(attempts.len().checked_sub(1)?);
        let before = attempts.get(shown.checked_sub(1)?)?.number;
        Some((before, attempts.get(shown)?.number))
    });
    let shows_secrets = app.shows_secrets;
    vec![Deed::Chore(match (app.tab, answers) {
        (Tab::Answer, Some((before, shown))) => {
            let answer = |attempt| Side {
                number,
                attempt: Some(attempt),
            };
            Chore::Compare {
                left: answer(before),
                right: answer(shown),
                shows_secrets,
            }
        }
        _ => Chore::CompareWithMarked {
            number,
            before: match app.listing {
                Listing::Deliveries => app.list.before_selected().map(|row| row.number),
                Listing::Subjects(_) => before_about(app),
            },
            shows_secrets,
        },
    })]
}

/// The delivery about the same that came before the last.
fn before_about(app: &App) -> Option<i64> {
    let Listing::Subjects(subjects) = &app.listing else {
        return None;
    };
    let deliveries = &subjects.selected()?.deliveries;
    deliveries.iter().rev().nth(1).copied()
}

fn copy_address(app: &mut App) -> Vec<Deed> {
    match app.status.link.ready() {
        Some(ready) => vec![Deed::Copy {
            text: ready.url.clone(),
            says: "public address copied".to_owned(),
        }],
        None => {
            app.say(News::Fair, "there is no address until the link is up");
            Vec::new()
        }
    }
}

/// The path of the selected value, or the value itself as it stands in the source.
fn copy_inside(app: &mut App, action: Action) -> Vec<Deed> {
    let tab = app.tab;
    let found = app.pane.as_mut().and_then(|pane| {
        if tab == Tab::More {
            let line = pane.sheet.line()?;
            let text = line.link.clone().unwrap_or_else(|| line.text.clone());
            return Some((Some(text), "line copied"));
        }
        let (document, cursor) = pane.cursor(tab)?;
        match action {
            Action::CopyPath => cursor
                .path(document)
                .map(|path| (Some(path), "path copied")),
            _ => {
                let value = cursor.value(document)?;
                // Making text of 50 MB takes longer than a frame.
                let fits = value.len() <= CLIPBOARD_BYTES;
                let text = || clipboard::harmless(&String::from_utf8_lossy(&value)).into_owned();
                Some((fits.then(text), "value copied"))
            }
        }
    });
    match found {
        Some((Some(text), says)) if text.len() <= CLIPBOARD_BYTES => vec![Deed::Copy {
            text,
            says: says.to_owned(),
        }],
        Some(_) => {
            let key = app.key(Action::Export);
            app.say(
                News::Bad,
                format!("too much for a clipboard: {key} writes a file"),
            );
            Vec::new()
        }
        None => {
            app.say(News::Fair, "nothing here can be copied that way");
            Vec::new()
        }
    }
}

/// The link that is selected, else the public address.
fn browse(app: &mut App) -> Vec<Deed> {
    let (tab, focus) = (app.tab, app.focus);
    let value = app
        .pane
        .as_mut()
        .filter(|_| focus == Focus::Detail)
        .and_then(|pane| {
            let (document, cursor) = pane.cursor(tab)?;
            let value = cursor.value(document)?;
            let text = String::from_utf8(value.to_vec()).ok()?;
            serde_json::from_str::<String>(&text).ok().or(Some(text))
        });
    let in_sheet = super::looking::selected_link(app).filter(|_| focus == Focus::Detail);
    let link = in_sheet.or(value).filter(|text| is_link(text));
    let address = || app.status.link.ready().map(|ready| ready.url.clone());
    match link.or_else(address) {
        Some(url) => vec![Deed::Browse(url)],
        None => {
            app.say(News::Fair, "there is no address until the link is up");
            Vec::new()
        }
    }
}

/// Whether a browser may be given it: a web address of plain characters, and nothing else.
fn is_link(text: &str) -> bool {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    is_web && text.len() <= 8192 && text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
}

/// What was chosen in a menu.
pub(super) fn chosen(app: &mut App, about: Option<About>, choice: Choice) -> Vec<Deed> {
    match (choice, about) {
        (Choice::Export(format), Some(about)) => {
            let name = default_name(about.id, format);
            let purpose = Purpose::ExportTo(format);
            app.mode = Mode::Prompt(Prompt::new(purpose, Some(about), &name));
            Vec::new()
        }
        (Choice::Export(_), None) => Vec::new(),
        (Choice::Check, _) => super::looking::link(app, Act::Check),
        (Choice::Preview, _) => super::looking::link(app, Act::Preview),
        (Choice::Browse, _) => browse(app),
        (Choice::EditAgain, _) => vec![Deed::EditAgain],
        (Choice::Drop, _) => vec![Deed::DropEdited],
    }
}

/// A name for an export that is not taken by another delivery's.
fn default_name(id: DeliveryId, format: ExportFormat) -> String {
    let id = id.to_string();
    // The end of the id differs most: its begin is the time.
    let end = &id[id.len().saturating_sub(12)..];
    format!("kreel-{end}.{}", format.extension())
}

/// An export to this file.
pub(super) fn export(app: &mut App, about: About, format: ExportFormat, to: &str) -> Vec<Deed> {
    let to = to.trim();
    if to.is_empty() {
        app.say(News::Fair, "not exported: no file was named");
        return Vec::new();
    }
    let to = match (to.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(to),
    };
    vec![Deed::Chore(Chore::Export {
        number: about.number,
        format,
        to,
        shows_secrets: app.shows_secrets,
    })]
}
