//! A choice of a few things, in a box.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::app::menu::Menu;
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, menu: &Menu, theme: Theme) {
    let widest = menu
        .items
        .iter()
        .map(|item| super::width(item.says) + 8)
        .max();
    let width = (widest.unwrap_or(20).max(super::width(menu.title) + 4) as u16).min(area.width);
    let height = (menu.items.len() as u16 + 2).min(area.height);
    let left = area.x + (area.width - width) / 2;
    let top = area.y + (area.height - height) / 2;
    let place = Rect::new(left, top, width, height);
    let title = Line::styled(format!(" {} ", menu.title), theme.style(Look::Strong));
    let block = Block::bordered()
        .title(title)
        .border_style(theme.style(Look::BorderHere));
    let inner = block.inner(place);
    let line = |item: &crate::app::menu::Item| {
        Line::from(vec![
            Span::styled(format!(" {}  ", item.key), theme.style(Look::Hint)),
            Span::raw(item.says),
        ])
    };
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    let lines: Vec<Line<'static>> = menu.items.iter().map(line).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}
