//! A document in the detail: a line about it, and what is visible of it.

use kreel_inspect::document::{self, Cursor, Document};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::theme::{Look, Theme};
use crate::view::text::{columns_of, cut_front};

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
        // The end of a path tells most.
        let room = usize::from(area.width).saturating_sub(columns_of(&spans) + 2);
        let path = cut_front(&path, room);
        spans.push(Span::styled(format!("  {path}"), theme.style(Look::Key)));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// What is visible of a document, the selected line with a sign in front; where in it the eye is.
pub(super) fn document_lines(
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
