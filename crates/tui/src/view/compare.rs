//! Two sides and how they differ.

use kreel_inspect::compare::Sign;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::{block, cut};
use crate::app::{App, Mode};
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let theme = app.theme;
    let Mode::Compare { comparing, scrolled, unfolded } = &mut app.mode else {
        return;
    };
    let half = usize::from(area.width / 2).saturating_sub(8);
    let title = Line::from(vec![
        Span::styled(" - ", theme.style(Look::Bad)),
        Span::raw(cut(&comparing.left, half)),
        Span::styled("  + ", theme.style(Look::Good)),
        Span::raw(cut(&comparing.right, half)),
        Span::raw(" "),
    ]);
    let block = block(title, true, theme);
    let inner = block.inner(area);
    let lines = comparing.comparison.lines(inner.width, *unfolded);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    *scrolled = (*scrolled).min(most);
    let shown = lines.into_iter().skip(*scrolled).take(inner.height.into());
    let shown: Vec<Line<'static>> = shown.map(|line| styled(line, theme)).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(shown), inner);
}

fn styled(line: kreel_inspect::compare::DiffLine, theme: Theme) -> Line<'static> {
    let look = match line.sign {
        Sign::Added => Look::Good,
        Sign::Removed => Look::Bad,
        Sign::Changed | Sign::Moved => Look::Fair,
        Sign::Title => Look::Strong,
        Sign::Same | Sign::Note => Look::Dim,
    };
    let style = theme.style(look);
    let mut spans = vec![Span::styled(format!("{} ", line.sign.as_char()), style)];
    for piece in line.spans {
        let style = if piece.is_marked { theme.style(Look::Found) } else { style };
        spans.push(Span::styled(piece.text, style));
    }
    Line::from(spans)
}
