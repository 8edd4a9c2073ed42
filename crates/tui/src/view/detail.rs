//! The detail: one delivery, a tab at a time.

mod answer;
mod headers;
mod picture;
mod timing;

use kreel_inspect::document::{self, Cursor, Document};
use kreel_inspect::inert::{inert, inert_bytes};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::clock::date;
use super::rows::styled_outcome;
use super::text::{columns_of, cut, fitting, width, wrapped};
use super::{place, place_of, rule};
use crate::app::pane::{Body, Extent, Pane, Tab};
use crate::app::{App, Focus, Mode};
use crate::desk::Picture;
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
    let [head, content] =
        Layout::vertical([Constraint::Length(head_height(inner)), Constraint::Min(0)]).areas(inner);
    draw_head(frame, head, app);
    let why = why_lines(app, content);
    let [above, content] =
        Layout::vertical([Constraint::Length(why.len() as u16), Constraint::Min(0)]).areas(content);
    frame.render_widget(Paragraph::new(why), above);
    if let Some(text) = draw_tab(frame, content, app, is_here) {
        place(frame, area, tabs_columns, &text, app.theme);
    }
}

fn head_height(area: Rect) -> u16 {
    if area.height >= 8 {
        2
    } else {
        u16::from(area.height >= 4)
    }
}

/// Draws the shown tab; where in it the eye is, unless all of it is in sight.
fn draw_tab(frame: &mut Frame<'_>, area: Rect, app: &mut App, is_here: bool) -> Option<String> {
    let (tab, theme) = (app.tab, app.theme);
    let pane = app.pane.as_mut()?;
    let still = |frame: &mut Frame<'_>, text| {
        note(frame, area, text, theme);
        None
    };
    if pane.is_gone {
        return still(frame, "it is not in the history any more");
    }
    match (tab, pane.body.as_mut()) {
        (Tab::Body | Tab::Raw, None) => still(frame, "reading…"),
        (Tab::Body, Some(body)) => draw_body(frame, area, body, is_here, app.shows_images, theme),
        (Tab::Raw, Some(body)) => draw_raw(frame, area, body, is_here, theme),
        (Tab::Answer, _) => answer::draw(frame, area, app, is_here),
        (Tab::Headers, _) => {
            let lines = headers::request(app);
            scrolled(frame, area, lines, app)
        }
        (Tab::Timing, _) => {
            let lines = timing::lines(app, area.width);
            scrolled(frame, area, lines, app)
        }
        (Tab::More, _) => {
            let lines = more(app);
            scrolled(frame, area, lines, app)
        }
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

/// Which delivery it is.
fn draw_head(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let Some(row) = app.list.selected() else {
        return;
    };
    let (theme, summary) = (app.theme, &row.summary);
    let outcome = styled_outcome(row, theme);
    let method = inert(&summary.method).into_owned();
    let room = usize::from(area.width).saturating_sub(outcome.width() + width(&method) + 4);
    let target = cut(&inert_bytes(&summary.target), room);
    let first = Line::from(vec![
        Span::styled(format!(" {method} "), theme.style(Look::Strong)),
        Span::raw(target),
        Span::raw("  "),
        outcome,
    ]);
    let mut facts = vec![
        format!("#{}", summary.seq.0),
        date(summary.received_at_us, &app.facts.zone),
        attempts(row.attempts),
    ];
    if let Some(note) = &row.note {
        facts.push(format!(
            "“{}”",
            cut(&inert(note), usize::from(area.width / 2))
        ));
    }
    facts.extend(flag_words(row));
    facts.push(summary.id.to_string());
    let second = fitting_facts(facts, area.width.into());
    let second = Line::styled(second, theme.style(Look::Dim));
    frame.render_widget(Paragraph::new(vec![first, second]), area);
}

/// One behind another, the first in any case, as far as there is room.
fn fitting_facts(facts: Vec<String>, columns: usize) -> String {
    let mut line = String::new();
    for fact in facts {
        let gap = if line.is_empty() { " " } else { " · " };
        if width(&line) + width(gap) + width(&fact) <= columns || line.is_empty() {
            line = format!("{line}{gap}{fact}");
        }
    }
    cut(&line, columns)
}

/// What the signs behind a row mean.
fn flag_words(row: &kreel_client::Row) -> Vec<String> {
    let replays = match row.replays.count {
        0 => None,
        1 => Some("replayed".to_owned()),
        count => Some(format!("replayed {count} times")),
    };
    let edited = row.replays.is_edited.then(|| "edited".to_owned());
    let marked = row.is_marked.then(|| "marked".to_owned());
    marked.into_iter().chain(replays).chain(edited).collect()
}

fn attempts(count: u32) -> String {
    match count {
        0 => "no attempt yet".to_owned(),
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    }
}

fn draw_body(
    frame: &mut Frame<'_>,
    area: Rect,
    body: &mut Body,
    is_here: bool,
    shows_images: bool,
    theme: Theme,
) -> Option<String> {
    let about = about(&body.document, body.extent);
    let [line, content] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    about_line(frame, line, about, &body.document, &body.cursor, theme);
    let content = match &mut body.picture {
        Some(picture) if shows_images => below_picture(frame, content, picture, theme)?,
        _ => content,
    };
    let (document, cursor) = (&body.document, &mut body.cursor);
    document_lines(frame, content, document, cursor, is_here, theme)
}

/// Draws an image; what is left below it for its bytes, if it can't be shown.
fn below_picture(
    frame: &mut Frame<'_>,
    area: Rect,
    picture: &mut Picture,
    theme: Theme,
) -> Option<Rect> {
    let taken = picture::draw(frame, area, picture, theme);
    let left = area.height.saturating_sub(taken);
    (left > 0).then(|| Rect::new(area.x, area.y + taken, area.width, left))
}

fn draw_raw(
    frame: &mut Frame<'_>,
    area: Rect,
    body: &mut Body,
    is_here: bool,
    theme: Theme,
) -> Option<String> {
    let [line, content] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let sum = body.sha256.as_deref();
    let about = match sum {
        Some(sum) => format!("SHA-256 {sum}"),
        None => "no SHA-256: the body is not all here".to_owned(),
    };
    about_line(frame, line, about, &body.raw, &body.raw_cursor, theme);
    let (raw, cursor) = (&body.raw, &mut body.raw_cursor);
    document_lines(frame, content, raw, cursor, is_here, theme)
}

/// What a document is, and how much of it is there.
fn about(document: &Document, extent: Extent) -> String {
    let size = |bytes| kreel_client::plain::size(Some(bytes));
    match extent {
        Extent::Whole => document.about(),
        Extent::Reading {
            read_bytes,
            total_bytes,
        } => format!(
            "{}: {} of {} read…",
            document.about(),
            size(read_bytes),
            size(total_bytes)
        ),
        Extent::Beginning {
            read_bytes,
            total_bytes,
        } => format!(
            "{}: only the first {} of {} are here",
            document.about(),
            size(read_bytes),
            size(total_bytes)
        ),
    }
}

/// A line about a document: what it is, what is wrong with it, and where the cursor is.
pub(super) fn about_line(
    frame: &mut Frame<'_>,
    area: Rect,
    about: String,
    document: &Document,
    cursor: &Cursor,
    theme: Theme,
) {
    let mut spans = vec![Span::styled(format!(" {about}"), theme.style(Look::Dim))];
    if let Some(fault) = document.fault() {
        spans.push(Span::styled(format!("  ! {fault}"), theme.style(Look::Bad)));
    } else if let Some(path) = cursor.path(document) {
        spans.push(Span::styled(format!("  {path}"), theme.style(Look::Key)));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// What is visible of a document, the selected line with a sign in front; where in it the eye is.
fn document_lines(
    frame: &mut Frame<'_>,
    area: Rect,
    document: &Document,
    cursor: &mut Cursor,
    is_here: bool,
    theme: Theme,
) -> Option<String> {
    let columns = area.width.saturating_sub(1);
    let lines = document::lines(document, cursor, columns, area.height);
    let is_full = lines.len() >= usize::from(area.height);
    let signed = |line: document::Line| {
        let (look, sign) = match line.is_selected && is_here {
            true => (Look::Selected, "▌"),
            false => (Look::Plain, " "),
        };
        let mut line = styled(line, is_here, columns, theme);
        let sign = Span::styled(sign, theme.style(look));
        line.spans.insert(0, sign);
        line
    };
    let lines: Vec<Line<'static>> = lines.into_iter().map(signed).collect();
    frame.render_widget(Paragraph::new(lines), area);
    let (place, of) = cursor.position(document).filter(|_| is_full)?;
    (of > u64::from(area.height)).then(|| format!("{} %", place * 100 / of.max(1)))
}

/// A line of a document in the theme's colours.
pub(super) fn styled(
    line: document::Line,
    is_here: bool,
    columns: u16,
    theme: Theme,
) -> Line<'static> {
    let is_selected = line.is_selected && is_here;
    let pieces = line.pieces.into_iter();
    let mut spans: Vec<Span<'static>> = pieces
        .map(|(tone, text)| Span::styled(text, theme.tone(tone)))
        .collect();
    if is_selected {
        let gap = usize::from(columns).saturating_sub(columns_of(&spans));
        spans.push(Span::raw(" ".repeat(gap)));
        for span in &mut spans {
            span.style = theme.on(Look::Selected, span.style);
        }
    }
    Line::from(spans)
}

/// Lines that are only scrolled, and never past their end; where in them the eye is.
fn scrolled(
    frame: &mut Frame<'_>,
    area: Rect,
    lines: Vec<Line<'static>>,
    app: &mut App,
) -> Option<String> {
    let place = app.tab.scroll()?;
    let pane = app.pane.as_mut()?;
    let (all, height) = (lines.len(), usize::from(area.height));
    let from = pane.scrolled[place].min(all.saturating_sub(height));
    pane.scrolled[place] = from;
    let shown: Vec<Line<'static>> = lines.into_iter().skip(from).take(height).collect();
    frame.render_widget(Paragraph::new(shown), area);
    place_of(from, height, all)
}

/// What the lens makes of it.
fn more(app: &App) -> Vec<Line<'static>> {
    let theme = app.theme;
    let read = app.shown().and_then(|pane| pane.more.clone());
    match read {
        Some(lines) => lines
            .into_iter()
            .map(|line| styled(line, false, 0, theme))
            .collect(),
        None => vec![Line::styled(
            " nothing is known of it",
            theme.style(Look::Dim),
        )],
    }
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
