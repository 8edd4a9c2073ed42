//! What deliveries are about, in place of deliveries: a row each.

use kreel_inspect::inert::inert;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::detail::look_of;
use super::rows::selected_line;
use super::text::{cut, fit, fit_right, wrapped};
use super::{place, rule};
use crate::action::Action;
use crate::app::subjects::Subjects;
use crate::app::{App, Focus, Listing, Mode};
use crate::lens::{Column, SubjectRow};
use crate::theme::{Look, Theme};

/// The sign in front, and the gaps around it.
const FRONT: usize = 3;

/// Columns that the flags should have at least.
const FLAGS: usize = 12;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let (theme, is_menu) = (app.theme, matches!(app.mode, Mode::Menu(_)));
    let is_here = app.focus == Focus::Rows && !is_menu;
    let (title, columns) = match &app.facts.lens {
        Some(lens) => (lens.title(), lens.columns()),
        None => ("", &[][..]),
    };
    let back = app.keys.key_of(Action::Subjects);
    let Listing::Subjects(subjects) = &mut app.listing else {
        return;
    };
    let back = back.map_or_else(String::new, |key| format!("{key} webhooks "));
    let title = Line::from(vec![
        Span::styled(format!(" {title} "), theme.style(Look::Strong)),
        Span::styled(back, theme.style(Look::Dim)),
    ]);
    let title_columns = title.width();
    let rule = rule(title, is_here, theme);
    let inner = rule.inner(area);
    frame.render_widget(rule, area);
    subjects.set_height(usize::from(inner.height).saturating_sub(1));
    if let Some((at, count, has_more)) = subjects.place() {
        let more = if has_more { "+" } else { "" };
        let text = format!("{at} of {count}{more}");
        place(frame, area, title_columns, &text, theme);
    }
    let lines = lines(subjects, columns, inner, is_here, theme);
    frame.render_widget(Paragraph::new(lines), inner);
}

fn lines(
    subjects: &Subjects,
    columns: &'static [Column],
    area: Rect,
    is_here: bool,
    theme: Theme,
) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    if subjects.is_empty() {
        let (text, look) = match (&subjects.fault, subjects.is_loaded()) {
            (Some(fault), _) => (inert(fault).into_owned(), Look::Bad),
            (None, false) => ("reading…".to_owned(), Look::Dim),
            (None, true) => ("none is known yet".to_owned(), Look::Dim),
        };
        let text = wrapped(&text, width.saturating_sub(2).max(1));
        let line = |text: String| Line::styled(format!(" {text}"), theme.style(look));
        return text.into_iter().map(line).collect();
    }
    let widths = widths(columns, width);
    let shown: usize = widths.iter().sum();
    let left = width.saturating_sub(FRONT + shown);
    let titles = columns.iter().zip(&widths).map(|(column, width)| {
        let text = cell(column.title, column, *width);
        Span::styled(text, theme.style(Look::Dim))
    });
    let titles = std::iter::once(Span::raw(" ".repeat(FRONT))).chain(titles);
    let titles = Line::from(titles.collect::<Vec<_>>());
    let selected = subjects.selected().map(|row| row.id.as_str());
    let line = |row: &SubjectRow| {
        let look = look_of(row.mood);
        let mut spans = vec![
            Span::raw(" "),
            Span::styled(fit(&inert(row.sign), 1), theme.style(look)),
            Span::raw(" "),
        ];
        let cells = row.cells.iter().zip(columns).zip(&widths);
        spans.extend(cells.map(|((text, column), width)| {
            let look = if column.rank == 0 { look } else { Look::Plain };
            Span::styled(cell(&inert(text), column, *width), theme.style(look))
        }));
        let flags = cut(&inert(&row.flags.join(", ")), left);
        spans.push(Span::styled(flags, theme.style(Look::Fair)));
        let line = Line::from(spans);
        match selected == Some(row.id.as_str()) {
            true => selected_line(line, area.width, is_here, theme),
            false => line,
        }
    };
    let rows = subjects.visible().iter().map(line);
    std::iter::once(titles).chain(rows).collect()
}

/// How wide each column is, 0 for those that are left out.
fn widths(columns: &[Column], room: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.width).collect();
    let mut ranks: Vec<u8> = columns.iter().map(|column| column.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    while let Some(rank) = ranks.pop().filter(|rank| *rank > 0) {
        if widths.iter().sum::<usize>() + FRONT + FLAGS <= room {
            break;
        }
        for (column, width) in columns.iter().zip(&mut widths) {
            if column.rank == rank {
                *width = 0;
            }
        }
    }
    widths
}

fn cell(text: &str, column: &Column, width: usize) -> String {
    match (width.checked_sub(1), column.is_right) {
        (None, _) => String::new(),
        (Some(room), true) => format!("{} ", fit_right(text, room)),
        (Some(room), false) => format!("{} ", fit(text, room)),
    }
}
