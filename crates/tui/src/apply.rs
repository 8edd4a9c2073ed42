//! What an action does: it changes the app, and says what else is to be done.

mod acting;
mod browsing;
mod looking;
mod mouse;
mod typing;

use crossterm::event::KeyEvent;
use kreel_client::Command;

use crate::action::Action;
use crate::app::pane::{Pane, Tab};
use crate::app::{App, Focus, Mode};
use crate::desk::Chore;
use crate::keys::Place;
use crate::lens::Act;

pub(crate) use mouse::mouse;
pub(crate) use typing::{paste, typed};

/// Something to be done outside of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Tell the client.
    Tell(Command),
    /// Look up the rows that are wanted now.
    Look,
    /// Open the selected delivery.
    OpenDetail,
    /// Have the lens read what is in sight now.
    LookThrough,
    /// Have something done at a desk.
    Chore(Chore),
    /// Put text into the clipboard, and say so.
    Copy {
        text: String,
        says: String,
    },
    /// Post a ready-made webhook to the public address.
    Trigger(String),
    /// Open a link in a browser.
    Browse(String),
    /// Edit the file again that had a fault.
    EditAgain,
    /// Forget it.
    DropEdited,
    Mouse(bool),
    Redraw,
    Suspend,
    /// End: first in peace, then at once.
    Quit {
        is_interrupt: bool,
    },
}

/// What a key does.
pub(crate) fn key(app: &mut App, event: KeyEvent) -> Vec<Deed> {
    let place = match (&app.mode, app.focus) {
        // A comparison unfolds and folds as a detail does, wherever it was asked for.
        (Mode::Compare(_), _) | (_, Focus::Detail) => Place::Detail,
        (_, Focus::Rows) => Place::Rows,
    };
    let action = app.keys.action(place, &event);
    if action == Some(Action::Interrupt) {
        return act(app, Action::Interrupt);
    }
    match &mut app.mode {
        Mode::Prompt(_) => typed(app, event),
        Mode::Menu(menu) => {
            let about = menu.about;
            let chosen = match event.code {
                crossterm::event::KeyCode::Char(key) => menu.choice(key),
                _ => None,
            };
            match (chosen, action) {
                (Some(choice), _) => {
                    app.mode = Mode::Browse;
                    acting::chosen(app, about, choice)
                }
                (None, Some(Action::Back | Action::Quit)) => {
                    app.mode = Mode::Browse;
                    vec![Deed::DropEdited]
                }
                _ => Vec::new(),
            }
        }
        _ => action.map_or_else(Vec::new, |action| act(app, action)),
    }
}

/// What an action does.
pub(crate) fn act(app: &mut App, action: Action) -> Vec<Deed> {
    match &mut app.mode {
        Mode::Help { scrolled } => {
            if let Some(to) = scroll(*scrolled, action) {
                *scrolled = to;
                return Vec::new();
            }
            if matches!(
                action,
                Action::Help | Action::Back | Action::Quit | Action::Open
            ) {
                app.mode = Mode::Browse;
                return Vec::new();
            }
            // What is done unseen would surprise: these close the help or are seen above it.
            if action == Action::Search || action == Action::Command {
                app.mode = Mode::Browse;
            } else if !is_global(action) {
                return Vec::new();
            }
        }
        Mode::Compare(shown) => {
            if let Some(to) = scroll(shown.scrolled, action) {
                shown.scrolled = to;
                return Vec::new();
            }
            match action {
                Action::UnfoldAll | Action::Sideways(1) => shown.is_unfolded = true,
                Action::FoldAll | Action::Sideways(-1) => shown.is_unfolded = false,
                Action::Open => shown.is_unfolded = !shown.is_unfolded,
                Action::Back | Action::Quit | Action::Compare => app.mode = Mode::Browse,
                _ => {
                    return if is_global(action) {
                        rest(app, action)
                    } else {
                        Vec::new()
                    };
                }
            }
            return Vec::new();
        }
        Mode::Browse | Mode::Prompt(_) | Mode::Menu(_) => {}
    }
    rest(app, action)
}

fn is_global(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Interrupt | A::Suspend | A::Redraw | A::Mouse | A::Help | A::Command
    )
}

/// Where scrolled text is after this; none if the action is about something else.
fn scroll(scrolled: usize, action: Action) -> Option<usize> {
    const PAGE: usize = 20;
    Some(match action {
        Action::Move(by) => scrolled.saturating_add_signed(by as isize),
        Action::Page(by) => scrolled.saturating_add_signed(by as isize * PAGE as isize),
        Action::Top => 0,
        Action::Bottom => usize::MAX,
        _ => return None,
    })
}

fn rest(app: &mut App, action: Action) -> Vec<Deed> {
    use Action as A;
    match action {
        A::Move(_)
        | A::Page(_)
        | A::Top
        | A::Bottom
        | A::Sideways(_)
        | A::Open
        | A::Back
        | A::NextPane
        | A::FoldAll
        | A::UnfoldAll
        | A::Wrap
        | A::Follow => browsing::moved(app, action),
        A::Subjects => looking::turned(app),
        A::Verify => looking::act(app, Act::Verify),
        A::Deliver => looking::act(app, Act::Deliver),
        A::Tab(_) | A::NextTab | A::PreviousTab | A::NextAttempt | A::PreviousAttempt => {
            browsing::turned(app, action)
        }
        A::Search
        | A::Note
        | A::Marker
        | A::ReplayMany
        | A::ReplayElsewhere
        | A::Trigger
        | A::Command => typing::begin(app, action),
        A::FindNext | A::FindPrevious => browsing::find(app, action == A::FindNext),
        A::OnlyMarked | A::Clear => browsing::narrowed(app, action),
        A::Unmask => {
            app.shows_secrets = !app.shows_secrets;
            Vec::new()
        }
        A::Help => {
            app.mode = Mode::Help { scrolled: 0 };
            Vec::new()
        }
        A::Mouse => {
            app.has_mouse = !app.has_mouse;
            vec![Deed::Mouse(app.has_mouse)]
        }
        A::Redraw => vec![Deed::Redraw],
        A::Suspend => vec![Deed::Suspend],
        A::Quit | A::Interrupt => vec![Deed::Quit {
            is_interrupt: action == A::Interrupt,
        }],
        other => acting::acted(app, other),
    }
}

/// Opens the detail of what is selected, unless that is what is shown.
pub(crate) fn follow_selection(app: &mut App) -> Vec<Deed> {
    let Some(of) = app.selected() else {
        // The lens is told, so that it tells anew of what is selected next.
        let was_open = app.pane.take().is_some();
        return was_open.then_some(Deed::LookThrough).into_iter().collect();
    };
    let number = app.subject();
    let is_same = |pane: &Pane| pane.of == of && pane.number == number.unwrap_or(0);
    if app.pane.as_ref().is_some_and(is_same) {
        return Vec::new();
    }
    let mut pane = Pane::new(of, number);
    // What was shown is let go of at once: it may be large.
    if let Some(mut before) = app.pane.take() {
        if before.of == pane.of {
            // Another delivery about the same: where the user is stays.
            pane.sheet = std::mem::take(&mut before.sheet);
        }
        before.let_go();
    }
    app.pane = Some(pane);
    if app.tab == Tab::More && app.facts.lens.is_none() {
        app.tab = Tab::Body;
    }
    vec![Deed::OpenDetail]
}

#[cfg(test)]
mod tests;
