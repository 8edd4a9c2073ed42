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
    let Mode::Compare(shown) = &mut app.mode else {
        return;
    };
    let half = usize::from(area.width / 2).saturating_sub(8);
    let title = Line::from(vec![
        Span::styled(" - ", theme.style(Look::Bad)),
        Span::raw(cut(&shown.comparing.left, half)),
        Span::styled("  + ", theme.style(Look::Good)),
        Span::raw(cut(&shown.comparing.right, half)),
        Span::raw(" "),
    ]);
    let title_columns = title.width();
    let rule = rule(title, true, theme);
    let inner = rule.inner(area);
    let height = usize::from(inner.height);
    let all = shown.lines(inner.width).len();
    shown.scrolled = shown.scrolled.min(all.saturating_sub(height));
    let from = shown.scrolled;
    let visible = shown.lines(inner.width).iter().skip(from).take(height);
    let visible: Vec<Line<'static>> = visible.map(|line| styled(line, theme)).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(rule, area);
    frame.render_widget(Paragraph::new(visible), inner);
    let place_text = match shown.is_behind() {
        true => Some("laying out…".to_owned()),
        false => place_of(from, height, all),
    };
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
