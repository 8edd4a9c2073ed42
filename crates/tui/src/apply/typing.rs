//! A line that is typed: what each key does to it, and what it does once it is finished.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent};
use kreel_inspect::filter::Filter;

use super::acting::{chosen, export, replay_many, replay_to};
use super::browsing::{find_typed, is_found};
use super::{Deed, act};
use crate::action::Action;
use crate::app::menu::Choice;
use crate::app::prompt::{About, Prompt, Purpose};
use crate::app::toast::News;
use crate::app::{App, Focus, Listing, Mode};
use crate::command;
use crate::desk::Chore;

/// Begins a line.
pub(super) fn begin(app: &mut App, action: Action) -> Vec<Deed> {
    let about = app.row().map(About::row);
    let (purpose, text) = match (action, app.focus, about) {
        (Action::Search, Focus::Rows, _) if matches!(app.listing, Listing::Subjects(_)) => {
            let text = format!(
                "that searches webhooks: {} shows them",
                app.key(Action::Subjects)
            );
            app.say(News::Fair, text);
            return Vec::new();
        }
        (Action::Search, Focus::Rows, _) => (Purpose::Search, app.view.typed.clone()),
        (Action::Search, ..) => (Purpose::Find, String::new()),
        (Action::Command, ..) => (Purpose::Command, String::new()),
        (Action::Marker, ..) => (Purpose::Marker, String::new()),
        (Action::Trigger, ..) => {
            begin_trigger(app);
            return Vec::new();
        }
        (Action::Note, _, Some(_)) => {
            let note = app.row().and_then(|row| row.note.clone());
            (Purpose::Note, note.unwrap_or_default())
        }
        (Action::ReplayMany, _, Some(_)) => (Purpose::ReplayMany, String::new()),
        (Action::ReplayElsewhere, _, Some(_)) => (Purpose::ReplayElsewhere, String::new()),
        _ => {
            app.say(News::Fair, "nothing is selected");
            return Vec::new();
        }
    };
    if purpose == Purpose::Find {
        let tab = app.tab;
        let cursor = app.pane.as_mut().and_then(|pane| pane.cursor(tab));
        app.before_find = cursor.map(|(_, cursor)| cursor.clone());
        if app.before_find.is_none() {
            app.say(News::Fair, "this tab can't be searched");
            return Vec::new();
        }
    }
    app.mode = Mode::Prompt(Prompt {
        filter: app.view.filter.clone().map(Box::new),
        ..Prompt::new(purpose, about, &text)
    });
    Vec::new()
}

/// A line for the name of a ready-made webhook.
fn begin_trigger(app: &mut App) {
    let events = app.facts.trigger.as_ref().map(|trigger| trigger.events());
    match events {
        Some(choices) => {
            app.mode = Mode::Prompt(Prompt {
                choices,
                ..Prompt::new(Purpose::Trigger, None, "")
            });
        }
        None => app.say(News::Fair, "nothing can be triggered here"),
    }
}

/// What a key does to the line.
pub(crate) fn typed(app: &mut App, event: KeyEvent) -> Vec<Deed> {
    let Mode::Prompt(prompt) = &mut app.mode else {
        return Vec::new();
    };
    match event.code {
        KeyCode::Enter => finish(app),
        KeyCode::Esc => give_up(app),
        // As these lines promise while nothing is typed.
        KeyCode::Char('?')
            if prompt.text().is_empty()
                && matches!(prompt.purpose, Purpose::Search | Purpose::Command) =>
        {
            app.mode = Mode::Browse;
            act(app, Action::Help)
        }
        KeyCode::Tab if prompt.purpose == Purpose::Command => {
            if let Some(more) = command::complete(prompt.text()) {
                prompt.set(more);
            }
            Vec::new()
        }
        KeyCode::Tab if prompt.purpose == Purpose::Trigger => {
            if let Some(only) = only_fitting(prompt) {
                prompt.set(only);
            }
            Vec::new()
        }
        _ => match prompt.key(event) {
            true => changed(app),
            false => Vec::new(),
        },
    }
}

/// What was pasted goes where it would have been typed, and nowhere else.
pub(crate) fn paste(app: &mut App, text: &str) -> Vec<Deed> {
    match &mut app.mode {
        Mode::Prompt(prompt) => {
            prompt.paste(text);
            changed(app)
        }
        _ => Vec::new(),
    }
}

/// The text is another one: what filters or searches does so at once.
fn changed(app: &mut App) -> Vec<Deed> {
    let Mode::Prompt(prompt) = &mut app.mode else {
        return Vec::new();
    };
    prompt.fault = None;
    let (purpose, text) = (prompt.purpose, prompt.text().to_owned());
    match purpose {
        Purpose::Search => match understood(app, &unfinished(&text)) {
            Ok(filter) => narrow(app, filter, text),
            Err(fault) => {
                if let Mode::Prompt(prompt) = &mut app.mode {
                    prompt.fault = Some(fault);
                }
                Vec::new()
            }
        },
        Purpose::Find => {
            app.needle = text;
            find_typed(app);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Only these rows are wanted.
fn narrow(app: &mut App, filter: Option<Filter>, typed: String) -> Vec<Deed> {
    app.view.filter = filter;
    app.view.typed = typed;
    app.list.reset();
    vec![Deed::Look]
}

/// A filter while it is typed: the last word may be a beginning, since it may be typed further.
fn unfinished(text: &str) -> Cow<'_, str> {
    let last = text.rsplit(char::is_whitespace).next().unwrap_or("");
    let is_word = !last.is_empty()
        && last
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && !last.starts_with('-')
        && !matches!(last, "or" | "and" | "not");
    let is_inside = text.matches('"').count() % 2 == 1 || text.matches('\'').count() % 2 == 1;
    match is_word && !is_inside {
        true => Cow::Owned(format!("{text}*")),
        false => Cow::Borrowed(text),
    }
}

/// A filter as it was typed; none if there is nothing.
fn understood(app: &App, text: &str) -> Result<Option<Filter>, (String, usize)> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Filter::parse_with(text, &app.facts.saved_filters)
        .map(Some)
        .map_err(|error| (error.to_string(), error.range.start))
}

/// Esc: as it was before.
fn give_up(app: &mut App) -> Vec<Deed> {
    let Mode::Prompt(prompt) = std::mem::replace(&mut app.mode, Mode::Browse) else {
        return Vec::new();
    };
    match prompt.purpose {
        Purpose::Search => narrow(app, prompt.filter.map(|filter| *filter), prompt.before),
        Purpose::Find => {
            app.needle.clear();
            find_typed(app);
            app.before_find = None;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Enter: it is done, unless something is wrong with it.
fn finish(app: &mut App) -> Vec<Deed> {
    let Mode::Prompt(prompt) = &mut app.mode else {
        return Vec::new();
    };
    let (purpose, about, text) = (prompt.purpose, prompt.about, prompt.text().to_owned());
    let done = match purpose {
        Purpose::Search if prompt.fault.is_some() => return Vec::new(),
        Purpose::Search => match understood(app, &text) {
            Ok(filter) => {
                app.mode = Mode::Browse;
                let says = |filter: &Option<Filter>| filter.as_ref().map(ToString::to_string);
                return match says(&filter) == says(&app.view.filter) {
                    true => Vec::new(),
                    // Now that it is all, its last word is a whole one.
                    false => narrow(app, filter, text),
                };
            }
            Err((fault, _)) => Err(fault),
        },
        Purpose::Find => {
            app.mode = Mode::Browse;
            app.before_find = None;
            if !app.needle.is_empty() && !is_found(app) {
                let text = format!("{:?} is not there", app.needle);
                app.say(News::Fair, text);
            }
            return Vec::new();
        }
        Purpose::Command => match command::parse(&text) {
            Ok(typed) => {
                app.mode = Mode::Browse;
                return carry_out(app, typed, about);
            }
            Err(fault) => Err(fault),
        },
        Purpose::Note => Ok(with(app, about, |_, it| note(it, text))),
        Purpose::Marker => Ok(vec![Deed::Chore(Chore::Marker { text })]),
        Purpose::ReplayMany => command::times(&text).map(|(times, at_once)| {
            with(app, about, |app, it| {
                replay_many(app, it.id, times, at_once)
            })
        }),
        Purpose::ReplayElsewhere => command::target(&text)
            .map(|target| with(app, about, |app, it| replay_to(app, it.id, target))),
        Purpose::Trigger => named(prompt).map(|event| vec![Deed::Trigger(event)]),
        Purpose::ExportTo(format) => Ok(with(app, about, |app, it| export(app, it, format, &text))),
    };
    match done {
        Ok(deeds) => {
            app.mode = Mode::Browse;
            deeds
        }
        Err(fault) => {
            if let Mode::Prompt(prompt) = &mut app.mode {
                prompt.fault = Some((fault, 0));
            }
            Vec::new()
        }
    }
}

/// The webhook whose name was typed, or as much of it as no other has.
fn named(prompt: &Prompt) -> Result<String, String> {
    let typed = prompt.text().trim();
    if prompt.choices.iter().any(|choice| choice == typed) {
        return Ok(typed.to_owned());
    }
    match (only_fitting(prompt), prompt.fitting().next()) {
        (Some(only), _) if !typed.is_empty() => Ok(only),
        (_, None) => Err("there is no such webhook".to_owned()),
        _ => Err("that could be several: type more of its name".to_owned()),
    }
}

/// The only choice that fits what is typed.
fn only_fitting(prompt: &Prompt) -> Option<String> {
    let mut fitting = prompt.fitting();
    let only = fitting.next()?.to_owned();
    fitting.next().is_none().then_some(only)
}

/// Does something with the delivery the line is about.
fn with(
    app: &mut App,
    about: Option<About>,
    act: impl FnOnce(&mut App, About) -> Vec<Deed>,
) -> Vec<Deed> {
    match about {
        Some(about) => act(app, about),
        None => {
            app.say(News::Fair, "nothing is selected");
            Vec::new()
        }
    }
}

fn note(about: About, text: String) -> Vec<Deed> {
    let number = about.number;
    vec![Deed::Chore(Chore::Note { number, text })]
}

/// Does what a command says.
fn carry_out(app: &mut App, typed: command::Typed, about: Option<About>) -> Vec<Deed> {
    use command::Typed;
    match typed {
        Typed::Act(action) => act(app, action),
        Typed::Filter(text) => match understood(app, &text) {
            Ok(filter) => narrow(app, filter, text),
            Err((fault, _)) => {
                app.say(News::Bad, fault);
                Vec::new()
            }
        },
        Typed::Replay { times, at_once } => with(app, about, |app, it| {
            replay_many(app, it.id, times, at_once)
        }),
        Typed::ReplayTo(target) => with(app, about, |app, it| replay_to(app, it.id, target)),
        Typed::Goto(which) => vec![Deed::Chore(Chore::Goto {
            which,
            since: app.view.since,
        })],
        Typed::Trigger(event) => vec![Deed::Trigger(event)],
        Typed::Marker(text) => vec![Deed::Chore(Chore::Marker { text })],
        Typed::EraseMarker => vec![Deed::Chore(Chore::EraseMarker)],
        Typed::Note(text) => with(app, about, |_, it| note(it, text)),
        Typed::Export { format, to } => with(app, about, |app, it| match to {
            Some(to) => export(app, it, format, &to),
            None => chosen(app, Some(it), Choice::Export(format)),
        }),
        Typed::Theme(theme) => {
            app.theme = theme;
            vec![Deed::Redraw]
        }
        Typed::Nothing => Vec::new(),
    }
}
