//! The detail: one delivery, a tab at a time.

mod answer;
mod body;
mod document;
mod head;
mod headers;
mod picture;
mod sheet;
mod timing;

pub(super) use self::sheet::look_of;

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::text::{cut, fitting, wrapped};
use super::{place, place_of, rule};
use crate::action::Action;
use crate::app::pane::{Pane, Tab};
use crate::app::{App, Focus, Mode};
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let is_here = app.focus == Focus::Detail && !matches!(app.mode, Mode::Menu(_));
    let tabs = tabs(app, area.width);
    let tabs_columns = tabs.width();
    let rule = rule(tabs, is_here, app.theme);
    let inner = rule.inner(area);
    frame.render_widget(rule, area);
    if app.shown().is_none() {
        let text = "what is selected above or beside is shown here";
        return note(frame, inner, text, app.theme);
    }
    let [top, content] =
        Layout::vertical([Constraint::Length(head::height(inner)), Constraint::Min(0)])
            .areas(inner);
    head::draw(frame, top, app);
    // A sheet tells of all attempts.
    let why = match app.tab {
        Tab::More => Vec::new(),
        _ => why_lines(app, content),
    };
    let [above, content] =
        Layout::vertical([Constraint::Length(why.len() as u16), Constraint::Min(0)]).areas(content);
    frame.render_widget(Paragraph::new(why), above);
    if let Some(text) = draw_tab(frame, content, app, is_here) {
        place(frame, area, tabs_columns, &text, app.theme);
    }
}

/// Draws the shown tab; where in it the eye is, unless all of it is in sight.
fn draw_tab(frame: &mut Frame<'_>, area: Rect, app: &mut App, is_here: bool) -> Option<String> {
    let (tab, theme) = (app.tab, app.theme);
    let open = app.key(Action::Open);
    let pane = app.pane.as_mut()?;
    let still = |frame: &mut Frame<'_>, text| {
        note(frame, area, text, theme);
        None
    };
    if pane.is_gone {
        return still(frame, "it is not in the history any more");
    }
    if pane.number == 0 && tab != Tab::More {
        return still(frame, "no webhook has come about it");
    }
    if let Some(why) = pane.unread_in(tab) {
        let text = format!("{why}; {open} tries again");
        let lines = wrapped(&text, usize::from(area.width).saturating_sub(2).max(1));
        let line = |text: String| Line::styled(format!(" {text}"), theme.style(Look::Bad));
        let lines: Vec<Line<'static>> = lines.into_iter().map(line).collect();
        frame.render_widget(Paragraph::new(lines), area);
        return None;
    }
    match (tab, pane.body.as_mut()) {
        (Tab::Body | Tab::Raw, None) => still(frame, "reading…"),
        (Tab::Body, Some(body)) => body::draw(frame, area, body, is_here, app.shows_images, theme),
        (Tab::Raw, Some(body)) => body::draw_raw(frame, area, body, is_here, theme),
        (Tab::Answer, _) => answer::draw(frame, area, app, is_here),
        (Tab::Headers, _) => {
            let lines = headers::request(app);
            let all = lines.len();
            let visible = |_: &App, visible: Range<usize>| lines[visible].to_vec();
            scrolled(frame, area, all, visible, app)
        }
        (Tab::Timing, _) => {
            let times = timing::Times::of(app, area.width);
            scrolled(
                frame,
                area,
                times.all(),
                |app, visible| times.lines(app, visible),
                app,
            )
        }
        (Tab::More, _) => sheet::draw(frame, area, app, is_here),
    }
}

/// The tabs, the shown one marked, as far as there is room for their names.
fn tabs(app: &App, columns: u16) -> Line<'static> {
    let name = |tab: Tab| match tab {
        Tab::Body => "Body",
        Tab::Headers => "Headers",
        Tab::Answer => "Answer",
        Tab::Timing => "Timing",
        Tab::Raw => "Raw",
        Tab::More => app.facts.lens.as_ref().map_or("More", |lens| lens.name()),
    };
    let all: usize = app.tabs().iter().map(|tab| name(*tab).len() + 5).sum();
    let is_roomy = all <= usize::from(columns);
    let piece = |(index, tab): (usize, &Tab)| {
        let is_shown = *tab == app.tab;
        let text = match is_roomy || is_shown {
            true => format!(" {} {} ", index + 1, name(*tab)),
            false => format!(" {} ", index + 1),
        };
        let look = if is_shown { Look::Shown } else { Look::Dim };
        vec![Span::styled(text, app.theme.style(look)), Span::raw(" ")]
    };
    fitting(
        app.tabs().iter().enumerate().map(piece).collect(),
        columns.into(),
    )
}

/// So many lines that are only scrolled, and never past their end, of which those in sight are made;
/// where in them the eye is.
fn scrolled(
    frame: &mut Frame<'_>,
    area: Rect,
    all: usize,
    lines: impl FnOnce(&App, Range<usize>) -> Vec<Line<'static>>,
    app: &mut App,
) -> Option<String> {
    let place = app.tab.scroll()?;
    let pane = app.pane.as_mut()?;
    let height = usize::from(area.height);
    let from = pane.scrolled[place].min(all.saturating_sub(height));
    pane.scrolled[place] = from;
    let shown = lines(app, from..all.min(from + height));
    frame.render_widget(Paragraph::new(shown), area);
    place_of(from, height, all)
}

/// Why the shown attempt went wrong, and what to do.
fn why_lines(app: &App, area: Rect) -> Vec<Line<'static>> {
    let pane = app.shown();
    let Some(why) = pane.and_then(|pane: &Pane| pane.why.as_ref()) else {
        return Vec::new();
    };
    if area.height < 6 {
        return Vec::new();
    }
    let theme = app.theme;
    let columns = usize::from(area.width).saturating_sub(7).max(10);
    let room = usize::from(area.height / 3).max(2);
    let mut lines = Vec::new();
    for (sign, text, look) in [
        ("why:", &why.cause, Look::Bad),
        ("try:", &why.next, Look::Fair),
    ] {
        let wrapped = wrapped(text, columns);
        for (index, part) in wrapped.into_iter().enumerate() {
            let sign = if index == 0 { sign } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{sign:>5} "), theme.style(look)),
                Span::raw(part.to_owned()),
            ]));
        }
    }
    lines.truncate(room.max(4));
    lines
}

fn note(frame: &mut Frame<'_>, area: Rect, text: &str, theme: Theme) {
    said(frame, area, text, Look::Dim, theme);
}

fn said(frame: &mut Frame<'_>, area: Rect, text: &str, look: Look, theme: Theme) {
    let text = cut(&format!(" {text}"), area.width.into());
    frame.render_widget(Paragraph::new(Line::styled(text, theme.style(look))), area);
}
