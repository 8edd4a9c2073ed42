//! Moving among the rows and inside a detail.

use kreel_inspect::document::{Direction, Needle};

use super::{Deed, follow_selection, looking};
use crate::action::Action;
use crate::app::pane::{Extent, Pane, Tab};
use crate::app::toast::News;
use crate::app::{App, Focus, Listing};
use crate::desk::Chore;

/// The selection, the focus, or the place inside a detail moves.
pub(super) fn moved(app: &mut App, action: Action) -> Vec<Deed> {
    let tab = app.tab;
    let is_unread = |pane: &Pane| pane.unread_in(tab).is_some();
    let is_unread = app.pane.as_ref().is_some_and(is_unread);
    match (app.focus, action) {
        // It is tried again.
        (_, Action::Open) if is_unread => vec![Deed::OpenDetail],
        (_, Action::NextPane) => {
            match app.focus {
                Focus::Rows if app.selected().is_some() => enter(app),
                _ => app.focus = Focus::Rows,
            }
            Vec::new()
        }
        (Focus::Rows, action) if matches!(app.listing, Listing::Subjects(_)) => {
            looking::among(app, action)
        }
        (_, Action::Follow) => {
            match app.list.follows() {
                true => app.list.stay(),
                false => app.list.follow(),
            }
            wanted(app)
        }
        (Focus::Rows, action) => among_rows(app, action),
        (Focus::Detail, action) => {
            inside(app, action);
            Vec::new()
        }
    }
}

fn among_rows(app: &mut App, action: Action) -> Vec<Deed> {
    match action {
        Action::Move(by) => app.list.move_by(by),
        Action::Page(by) => app.list.page_by(by),
        Action::Top => {
            app.list.follow();
            return wanted(app);
        }
        Action::Bottom => {
            let are_elsewhere = app.list.go_to_oldest();
            if are_elsewhere {
                app.wants_oldest = true;
                return vec![Deed::Look];
            }
        }
        Action::Open if app.subject().is_some() => enter(app),
        Action::Back => return back(app),
        _ => {}
    }
    let mut deeds = follow_selection(app);
    if app.list.wants_more() {
        deeds.push(Deed::Look);
    }
    deeds
}

/// Into the detail: what is read there is not to be replaced by what comes.
fn enter(app: &mut App) {
    app.list.stay();
    app.focus = Focus::Detail;
}

/// Esc among the rows takes back what narrows them, the last thing first.
fn back(app: &mut App) -> Vec<Deed> {
    if app.toasts.shown().next().is_some() {
        app.toasts.clear();
        return Vec::new();
    }
    let view = &mut app.view;
    if view.filter.is_some() {
        view.filter = None;
        view.typed.clear();
    } else if view.only_marked {
        view.only_marked = false;
    } else if view.since.is_some() {
        view.since = None;
    } else {
        return Vec::new();
    }
    // Whoever has chosen one goes on from there.
    let chosen = app.list.selected_number();
    let chosen = chosen.filter(|_| !app.list.follows());
    app.list.reset();
    if let Some(number) = chosen {
        app.list.select(number);
    }
    vec![Deed::Look]
}

/// Moves inside what the detail shows.
fn inside(app: &mut App, action: Action) {
    if action == Action::Back {
        let preview = app.pane.as_mut().filter(|_| app.tab == Tab::More);
        if preview.is_some_and(|pane| pane.sheet.preview.take().is_some()) {
            return;
        }
        match app.needle.is_empty() {
            true => app.focus = Focus::Rows,
            false => {
                app.needle.clear();
                app.before_find = None;
                find_typed(app);
            }
        }
        return;
    }
    if app.tab == Tab::More {
        return looking::inside(app, action);
    }
    let tab = app.tab;
    let Some(pane) = app.pane.as_mut() else {
        return;
    };
    if let Some(place) = tab.scroll() {
        let by = match action {
            Action::Move(by) => by as isize,
            Action::Page(by) => by as isize * 10,
            Action::Top => isize::MIN,
            Action::Bottom => 1 << 30,
            _ => return,
        };
        pane.scrolled[place] = pane.scrolled[place].saturating_add_signed(by);
        return;
    }
    let Some((document, cursor)) = pane.cursor(tab) else {
        return;
    };
    match action {
        Action::Move(by) => cursor.move_by(document, by),
        Action::Page(by) => cursor.page_by(document, by),
        Action::Top => cursor.to_start(document),
        Action::Bottom => cursor.to_end(document),
        Action::Sideways(by) => match by > 0 {
            true if cursor.expand(document) => {}
            false
                if cursor.columns_left_out() == 0
                    && (cursor.collapse(document) || cursor.to_parent(document)) => {}
            _ => cursor.sideways(by * STEP),
        },
        Action::Open => cursor.toggle(document),
        Action::FoldAll => cursor.fold_all(document),
        Action::UnfoldAll => cursor.expand_all(document),
        Action::Wrap => cursor.set_wrapped(!cursor.is_wrapped()),
        _ => {}
    }
}

/// Columns to go sideways with one key: 8, as far as a tab.
const STEP: i64 = 8;

/// Another tab, or another attempt.
pub(super) fn turned(app: &mut App, action: Action) -> Vec<Deed> {
    let tabs = app.tabs();
    let shown = tabs.iter().position(|tab| *tab == app.tab).unwrap_or(0);
    let next = match action {
        Action::Tab(index) => index,
        Action::NextTab => (shown + 1) % tabs.len(),
        Action::PreviousTab => (shown + tabs.len() - 1) % tabs.len(),
        Action::NextAttempt | Action::PreviousAttempt => {
            let by = if action == Action::NextAttempt { 1 } else { -1 };
            let is_read = match app.pane.as_mut() {
                Some(pane) => pane.turn_attempts(by),
                None => true,
            };
            app.explain();
            return match is_read {
                true => Vec::new(),
                false => vec![Deed::OpenDetail],
            };
        }
        _ => shown,
    };
    let before = app.tab;
    if let Some(tab) = tabs.get(next) {
        app.tab = *tab;
    }
    // Its sheet comes into sight, or goes out of it.
    let turned = (before == Tab::More) != (app.tab == Tab::More);
    turned.then_some(Deed::LookThrough).into_iter().collect()
}

/// Other rows are wanted.
pub(super) fn narrowed(app: &mut App, action: Action) -> Vec<Deed> {
    if let Listing::Subjects(_) = app.listing {
        let text = format!(
            "that narrows webhooks: {} shows them",
            app.key(Action::Subjects)
        );
        app.say(News::Fair, text);
        return Vec::new();
    }
    match action {
        Action::OnlyMarked => app.view.only_marked = !app.view.only_marked,
        _ => match app.view.since.take() {
            Some(_) => app.say(News::Fair, "all again"),
            // The newest of the history, not of those that are shown.
            None => return vec![Deed::Chore(Chore::Clear)],
        },
    }
    app.list.reset();
    vec![Deed::Look]
}

/// To the next place in the detail that has what is searched for.
pub(super) fn find(app: &mut App, is_forward: bool) -> Vec<Deed> {
    if app.needle.is_empty() {
        let key = app.key(Action::Search);
        let text = format!("nothing searched for yet: {key} searches in what is shown");
        app.say(News::Fair, text);
        return Vec::new();
    }
    let direction = if is_forward {
        Direction::Forward
    } else {
        Direction::Backward
    };
    let (tab, typed) = (app.tab, app.needle.clone());
    let is_all_here = tab == Tab::Answer
        || app
            .shown()
            .and_then(|pane| pane.body.as_ref())
            .is_some_and(|body| body.extent == Extent::Whole);
    let found = match (
        app.pane.as_mut().and_then(|pane| pane.cursor(tab)),
        Needle::new(&typed),
    ) {
        (Some((document, cursor)), Some(needle)) => cursor.find(document, &needle, direction),
        _ => {
            app.say(News::Fair, "this tab can't be searched");
            return Vec::new();
        }
    };
    if !found {
        let where_ = if is_all_here {
            ""
        } else {
            " in what is here of it"
        };
        app.say(News::Fair, format!("{typed:?} is not there{where_}"));
    }
    Vec::new()
}

/// Goes to the first place, from where the search was begun, that has what is typed so far.
pub(super) fn find_typed(app: &mut App) {
    let needle = Needle::new(&app.needle);
    let (tab, before) = (app.tab, app.before_find.clone());
    let Some((document, cursor)) = app.pane.as_mut().and_then(|pane| pane.cursor(tab)) else {
        return;
    };
    if let Some(before) = before {
        *cursor = before;
    }
    match needle {
        Some(needle) => {
            cursor.find(document, &needle, Direction::Forward);
        }
        None => cursor.end_search(),
    }
}

/// Whether what is searched for was found where the eye is now.
pub(super) fn is_found(app: &mut App) -> bool {
    let tab = app.tab;
    let cursor = app.pane.as_mut().and_then(|pane| pane.cursor(tab));
    cursor.is_some_and(|(_, cursor)| cursor.has_found())
}

/// The newest are wanted, or those around the selected one.
fn wanted(app: &mut App) -> Vec<Deed> {
    let mut deeds = follow_selection(app);
    deeds.push(Deed::Look);
    deeds
}
