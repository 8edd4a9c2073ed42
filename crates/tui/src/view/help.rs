//! The help: every key, from the table of keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::block;
use crate::app::{App, Mode};
use crate::keys::{BINDINGS, Place};
use crate::theme::Look;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let lines = lines(app, area.width);
    let title = Line::styled(
        " Help: ↑ ↓ scroll, Esc closes ",
        app.theme.style(Look::Strong),
    );
    let block = block(title, true, app.theme);
    let inner = block.inner(area);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    if let Mode::Help { scrolled } = &mut app.mode {
        *scrolled = (*scrolled).min(most);
        let shown: Vec<Line<'static>> = lines
            .into_iter()
            .skip(*scrolled)
            .take(inner.height.into())
            .collect();
        frame.render_widget(Clear, area);
        frame.render_widget(block, area);
        frame.render_widget(Paragraph::new(shown), inner);
    }
}

fn lines(app: &App, columns: u16) -> Vec<Line<'static>> {
    let theme = app.theme;
    let mut lines = Vec::new();
    let mut group = "";
    for binding in BINDINGS {
        if binding.group != group {
            if !group.is_empty() {
                lines.push(Line::default());
            }
            group = binding.group;
            lines.push(Line::styled(format!(" {group}"), theme.style(Look::Strong)));
        }
        let keys = app.keys.keys_of(binding.action);
        let place = match binding.place {
            Place::Everywhere => "",
            Place::Rows => " (in the rows)",
            Place::Detail => " (in the detail)",
        };
        let text = format!("{}{place}", binding.says);
        let room = usize::from(columns).saturating_sub(18).max(20);
        for (index, part) in super::wrapped(&text, room).into_iter().enumerate() {
            let keys = if index == 0 { keys.as_str() } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("   {keys:<13} "), theme.style(Look::Hint)),
                Span::raw(part.to_owned()),
            ]));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled(" Filters, after /", theme.style(Look::Strong)));
    for key in kreel_inspect::filter::keys() {
        lines.push(Line::from(vec![
            Span::styled(format!("   {:<24} ", key.example), theme.style(Look::Hint)),
            Span::raw(key.meaning),
        ]));
    }
    lines.push(Line::default());
    lines.push(Line::styled(
        " Commands, after :",
        theme.style(Look::Strong),
    ));
    for command in crate::command::COMMANDS {
        lines.push(Line::from(vec![
            Span::styled(
                format!("   {:<24} ", command.usage),
                theme.style(Look::Hint),
            ),
            Span::raw(command.says),
        ]));
    }
    lines
}
