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
use super::rows::{flags, styled_outcome};
use super::{block, cut, fitting, width, wrapped};
use crate::app::pane::{Body, Extent, Pane, Tab};
use crate::app::{App, Focus, Mode};
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let is_here = app.focus == Focus::Detail && !matches!(app.mode, Mode::Menu(_));
    let block = block(tabs(app, area.width), is_here, app.theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if app.shown().is_none() {
        return note(frame, inner, "nothing selected", app.theme);
    }
    let [head, content] =
        Layout::vertical([Constraint::Length(head_height(inner)), Constraint::Min(0)]).areas(inner);
    draw_head(frame, head, app);
    let why = why_lines(app, content);
    let [content, below] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(why.len() as u16)]).areas(content);
    draw_tab(frame, content, app, is_here);
    frame.render_widget(Paragraph::new(why), below);
}

fn head_height(area: Rect) -> u16 {
    if area.height >= 8 {
        2
    } else {
        u16::from(area.height >= 4)
    }
}

fn draw_tab(frame: &mut Frame<'_>, area: Rect, app: &mut App, is_here: bool) {
    let (tab, theme) = (app.tab, app.theme);
    let Some(pane) = app.pane.as_mut() else {
        return;
    };
    if pane.is_gone {
        return note(frame, area, "it is not in the history any more", theme);
    }
    match tab {
        Tab::Body => match pane.body.as_mut() {
            None => note(frame, area, "reading…", theme),
            Some(body) => draw_body(frame, area, body, is_here, theme),
        },
        Tab::Raw => match pane.body.as_mut() {
            None => note(frame, area, "reading…", theme),
            Some(body) => draw_raw(frame, area, body, is_here, theme),
        },
        Tab::Answer => answer::draw(frame, area, app, is_here),
        Tab::Headers => {
            let lines = headers::request(app);
            scrolled(frame, area, lines, app);
        }
        Tab::Timing => {
            let lines = timing::lines(app, area.width);
            scrolled(frame, area, lines, app);
        }
        Tab::More => {
            let lines = more(app);
            scrolled(frame, area, lines, app);
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
        let look = if is_shown { Look::Selected } else { Look::Dim };
        vec![Span::styled(text, app.theme.style(look)), Span::raw(" ")]
    };
    fitting(app.tabs().iter().enumerate().map(piece).collect(), columns)
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
        id_of(row),
        date(summary.received_at_us, &app.facts.zone),
    ];
    facts.push(attempts(row.attempts));
    let flags = flags(row);
    if !flags.is_empty() {
        facts.push(flags);
    }
    let mut second = cut(&format!(" {}", facts.join(" · ")), area.width.into());
    if let Some(note) = &row.note {
        let room = usize::from(area.width).saturating_sub(width(&second) + 4);
        if room > 8 {
            second = format!("{second}  “{}”", cut(&inert(note), room));
        }
    }
    let second = Line::styled(second, theme.style(Look::Dim));
    frame.render_widget(Paragraph::new(vec![first, second]), area);
}

fn attempts(count: u32) -> String {
    match count {
        0 => "no attempt yet".to_owned(),
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    }
}

fn id_of(row: &kreel_client::Row) -> String {
    row.summary.id.to_string()
}

fn draw_body(frame: &mut Frame<'_>, area: Rect, body: &mut Body, is_here: bool, theme: Theme) {
    let about = about(&body.document, body.extent);
    let [line, content] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    under(frame, line, about, &body.document, &body.cursor, theme);
    if let Some(picture) = &mut body.picture {
        return picture::draw(frame, content, picture, theme);
    }
    document_lines(
        frame,
        content,
        &body.document,
        &mut body.cursor,
        is_here,
        theme,
    );
}

fn draw_raw(frame: &mut Frame<'_>, area: Rect, body: &mut Body, is_here: bool, theme: Theme) {
    let [line, content] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let sum = body.sha256.as_deref();
    let about = match sum {
        Some(sum) => format!("SHA-256 {sum}"),
        None => "no SHA-256: the body is not all here".to_owned(),
    };
    under(frame, line, about, &body.raw, &body.raw_cursor, theme);
    document_lines(
        frame,
        content,
        &body.raw,
        &mut body.raw_cursor,
        is_here,
        theme,
    );
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
fn under(
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

/// What is visible of a document.
fn document_lines(
    frame: &mut Frame<'_>,
    area: Rect,
    document: &Document,
    cursor: &mut Cursor,
    is_here: bool,
    theme: Theme,
) {
    let lines = document::lines(document, cursor, area.width, area.height);
    let lines: Vec<Line<'static>> = lines
        .into_iter()
        .map(|line| styled(line, is_here, area.width, theme))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
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
        let taken: usize = spans.iter().map(Span::width).sum();
        spans.push(Span::raw(
            " ".repeat(usize::from(columns).saturating_sub(taken)),
        ));
        let style = theme.style(Look::Selected);
        for span in &mut spans {
            span.style = span.style.patch(style);
        }
    }
    Line::from(spans)
}

/// Lines that are only scrolled, and never past their end.
fn scrolled(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>, app: &mut App) {
    let Some(place) = app.tab.scroll() else {
        return;
    };
    let Some(pane) = app.pane.as_mut() else {
        return;
    };
    let most = lines.len().saturating_sub(usize::from(area.height));
    let from = pane.scrolled[place].min(most);
    pane.scrolled[place] = from;
    let shown: Vec<Line<'static>> = lines
        .into_iter()
        .skip(from)
        .take(area.height.into())
        .collect();
    frame.render_widget(Paragraph::new(shown), area);
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
    let columns = usize::from(area.width).saturating_sub(5).max(10);
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
    let line = Line::styled(format!(" {text}"), theme.style(Look::Dim));
    frame.render_widget(Paragraph::new(line), area);
}
