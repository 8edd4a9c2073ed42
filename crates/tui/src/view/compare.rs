//! Two sides and how they differ.

use kreel_inspect::compare::Sign;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::text::cut;
use super::{place, place_of, rule};
use crate::app::{App, Mode};
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let theme = app.theme;
    let Mode::Compare {
        comparing,
        scrolled,
        unfolded,
        lines,
    } = &mut app.mode
    else {
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
    let title_columns = title.width();
    let rule = rule(title, true, theme);
    let inner = rule.inner(area);
    let laid_out = lines
        .take()
        .filter(|(width, how, _)| (*width, *how) == (inner.width, *unfolded));
    let laid_out = laid_out.unwrap_or_else(|| {
        let all = comparing.comparison.lines(inner.width, *unfolded);
        (inner.width, *unfolded, all)
    });
    let (_, _, lines) = &*lines.insert(laid_out);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    *scrolled = (*scrolled).min(most);
    let shown = lines.iter().skip(*scrolled).take(inner.height.into());
    let shown: Vec<Line<'static>> = shown.map(|line| styled(line, theme)).collect();
    frame.render_widget(Clear, area);
    let place_text = place_of(*scrolled, inner.height.into(), lines.len());
    frame.render_widget(rule, area);
    frame.render_widget(Paragraph::new(shown), inner);
    if let Some(text) = place_text {
        place(frame, area, title_columns, &text, theme);
    }
}

fn styled(line: &kreel_inspect::compare::DiffLine, theme: Theme) -> Line<'static> {
    let look = match line.sign {
        Sign::Added => Look::Good,
        Sign::Removed => Look::Bad,
        Sign::Changed | Sign::Moved => Look::Fair,
        Sign::Title => Look::Strong,
        Sign::Same | Sign::Note => Look::Dim,
    };
    let style = theme.style(look);
    let mut spans = vec![Span::styled(format!("{} ", line.sign.as_char()), style)];
    for piece in &line.spans {
        let style = if piece.is_marked {
            theme.style(Look::Found)
        } else {
            style
        };
        spans.push(Span::styled(piece.text.clone(), style));
    }
    Line::from(spans)
}
