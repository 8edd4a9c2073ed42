//! What the lens makes of it, line by line, and the image behind a link.

use kreel_inspect::inert::inert;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::app::App;
use crate::lens::{Mood, SheetLine};
use crate::theme::{Look, Theme};
use crate::view::place_of;
use crate::view::text::{columns_of, fit, wrapped};

/// The column of labels, with the gaps around it; half of a narrow screen at the most.
const LABEL: usize = 13;

/// Draws the sheet; where in it the eye is.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    app: &mut App,
    is_here: bool,
) -> Option<String> {
    let (theme, name) = (app.theme, app.facts.lens.as_ref().map(|lens| lens.name()));
    let pane = app.pane.as_mut()?;
    let sheet = &mut pane.sheet;
    if let Some(preview) = &mut sheet.preview {
        let [line, rest] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
        super::note(
            frame,
            line,
            "the image behind the link: Esc closes it",
            theme,
        );
        super::picture::draw(frame, rest, preview, theme);
        return None;
    }
    if let Some(fault) = &sheet.fault {
        super::said(frame, area, &inert(fault), Look::Bad, theme);
        return None;
    }
    if sheet.lines().is_empty() {
        let text = match (sheet.is_read, name) {
            (true, Some(_)) => "nothing is known of it",
            _ => "reading…",
        };
        super::note(frame, area, text, theme);
        return None;
    }
    let columns = usize::from(area.width);
    // Which line of the sheet each line on screen is of.
    let (mut lines, mut starts) = (Vec::new(), Vec::new());
    for (index, line) in sheet.lines().iter().enumerate() {
        starts.push(lines.len());
        let is_selected = is_here && index == sheet.selected;
        lines.extend(laid_out(line, columns, is_selected, theme));
    }
    let (all, height) = (lines.len(), usize::from(area.height));
    let from = starts[sheet.selected.min(starts.len() - 1)];
    let to = starts.get(sheet.selected + 1).copied().unwrap_or(all);
    // All of the selected line, and no empty lines below while there are lines above.
    let least = to.saturating_sub(height).min(from);
    let most = from.min(all.saturating_sub(height)).max(least);
    sheet.top = sheet.top.clamp(least, most);
    let top = sheet.top;
    let shown: Vec<Line<'static>> = lines.into_iter().skip(top).take(height).collect();
    frame.render_widget(Paragraph::new(shown), area);
    place_of(top, height, all)
}

/// A line as it stands on the screen, as many lines as it takes.
fn laid_out(
    line: &SheetLine,
    columns: usize,
    is_selected: bool,
    theme: Theme,
) -> Vec<Line<'static>> {
    let look = look_of(line.mood);
    let text = inert(&line.text);
    let indent = match line.label.is_empty() {
        true => 1,
        false => LABEL.min(columns / 2).max(2),
    };
    let parts = wrapped(&text, columns.saturating_sub(indent + 1));
    let lines = parts.into_iter().enumerate().map(|(number, part)| {
        let label = if number == 0 {
            &*inert(&line.label)
        } else {
            ""
        };
        let style = theme.style(look);
        let style = match line.link.is_some() {
            true => style.patch(theme.style(Look::Hint)),
            false => style,
        };
        let mut spans = vec![
            Span::raw(" "),
            Span::styled(fit(label, indent - 1), theme.style(Look::Dim)),
            Span::styled(part, style),
        ];
        if is_selected {
            let gap = columns.saturating_sub(columns_of(&spans));
            spans.push(Span::raw(" ".repeat(gap)));
            spans[0].content = "▌".into();
            for span in &mut spans {
                span.style = theme.on(Look::Selected, span.style);
            }
        }
        Line::from(spans)
    });
    lines.collect()
}

/// How a mood looks.
pub(in crate::view) fn look_of(mood: Mood) -> Look {
    match mood {
        Mood::Plain => Look::Plain,
        Mood::Dim => Look::Dim,
        Mood::Strong => Look::Strong,
        Mood::Good => Look::Good,
        Mood::Fair => Look::Fair,
        Mood::Bad => Look::Bad,
    }
}
