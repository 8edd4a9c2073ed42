//! The help: every key, from the table of keys; what the signs mean; filters and commands.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::text::{fit, wrapped};
use super::{place, place_of, rule};
use crate::action::Action;
use crate::app::{App, Mode};
use crate::keys::{BINDINGS, Place};
use crate::theme::Look;

/// From this width on the help has two columns.
const TWO_COLUMNS: u16 = 130;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let theme = app.theme;
    let title = Line::styled(" Help: ↑ ↓ scroll, Esc closes ", theme.style(Look::Strong));
    let title_columns = title.width();
    let rule = rule(title, true, theme);
    let inner = rule.inner(area);
    let lines = laid_out(app, inner.width);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    let Mode::Help { scrolled } = &mut app.mode else {
        return;
    };
    *scrolled = (*scrolled).min(most);
    let text = place_of(*scrolled, inner.height.into(), lines.len());
    let shown: Vec<Line<'static>> = lines
        .into_iter()
        .skip(*scrolled)
        .take(inner.height.into())
        .collect();
    frame.render_widget(Clear, area);
    frame.render_widget(rule, area);
    frame.render_widget(Paragraph::new(shown), inner);
    if let Some(text) = text {
        place(frame, area, title_columns, &text, theme);
    }
}

/// All chapters, one below the other, or in two columns of about the same height.
fn laid_out(app: &App, columns: u16) -> Vec<Line<'static>> {
    if columns < TWO_COLUMNS {
        return one_column(chapters(app, columns));
    }
    let half = columns / 2 - 1;
    let mut left = chapters(app, half);
    let all: usize = left.iter().map(|chapter| chapter.len() + 1).sum();
    let mut height = 0;
    let first = left.iter().take_while(|chapter| {
        height += chapter.len() + 1;
        height <= all / 2 + 1
    });
    let right = left.split_off(first.count());
    let (left, right) = (one_column(left), one_column(right));
    let count = left.len().max(right.len());
    let mut right = right.into_iter();
    let mut left = left.into_iter();
    let joined = (0..count).map(|_| {
        let mut line = left.next().unwrap_or_default();
        let taken = super::text::columns_of(&line.spans);
        let gap = usize::from(half + 2).saturating_sub(taken);
        line.spans.push(Span::raw(" ".repeat(gap)));
        line.spans.extend(right.next().unwrap_or_default().spans);
        line
    });
    joined.collect()
}

fn one_column(chapters: Vec<Vec<Line<'static>>>) -> Vec<Line<'static>> {
    chapters.join(&Line::default())
}

/// A heading with its lines.
fn chapters(app: &App, columns: u16) -> Vec<Vec<Line<'static>>> {
    let mut chapters = keys(app, columns);
    let chapter = |title: &str, rows: Vec<(&str, &str)>, first: usize| {
        let mut lines = vec![heading(app, title)];
        for (sign, says) in rows {
            lines.extend(entry(app, sign, says, first, columns));
        }
        lines
    };
    chapters.push(chapter("Signs of a row", SIGNS.to_vec(), KEYS));
    let filters = kreel_inspect::filter::keys().iter();
    let filters = filters.map(|key| (key.example, key.meaning)).collect();
    chapters.push(chapter("Filters, after /", filters, EXAMPLES));
    let commands = crate::command::COMMANDS.iter();
    let commands = commands.map(|it| (it.usage, it.says)).collect();
    chapters.push(chapter("Commands, after :", commands, EXAMPLES));
    chapters
}

/// Columns for keys, and for examples.
const KEYS: usize = 13;
const EXAMPLES: usize = 24;

/// The signs in front of rows and behind them.
pub(crate) const SIGNS: [(&str, &str); 11] = [
    ("✓ → ✗", "Answered by the app: 2xx, 3xx, 4xx or 5xx"),
    ("!", "No answer: refused, timed out, died; or lost"),
    ("… ·", "Running; waiting for its turn or for the app"),
    ("‖", "Held back by you, or until it is verified"),
    (
        "○ ✂",
        "Only captured, or withheld from the app as untrue; broken off by its sender",
    ),
    ("*", "Marked"),
    ("n", "Has a note of yours"),
    ("R", "Was replayed"),
    ("E", "Was edited and replayed"),
    (
        "D",
        "Duplicate: came again when it was finished; the app was not handed it again",
    ),
    ("V X", "Its signature is good; is not, or is missing"),
];

fn keys(app: &App, columns: u16) -> Vec<Vec<Line<'static>>> {
    let mut chapters: Vec<Vec<Line<'static>>> = Vec::new();
    let mut group = "";
    let has = |binding: &&crate::keys::Binding| match binding.action {
        Action::Tab(tab) => tab < app.tabs().len(),
        Action::Subjects | Action::Verify | Action::Deliver => app.facts.lens.is_some(),
        _ => true,
    };
    for binding in BINDINGS.iter().filter(has) {
        if binding.group != group {
            group = binding.group;
            chapters.push(vec![heading(app, group)]);
        }
        let keys = app.keys.keys_of(binding.action);
        let place = match binding.place {
            Place::Everywhere => "",
            Place::Rows => " (in the rows)",
            Place::Detail => " (in the detail)",
        };
        let says = format!("{}{place}", binding.says);
        if let Some(chapter) = chapters.last_mut() {
            chapter.extend(entry(app, &keys, &says, KEYS, columns));
        }
    }
    chapters
}

fn heading(app: &App, title: &str) -> Line<'static> {
    Line::styled(format!(" {title}"), app.theme.style(Look::Strong))
}

/// A key or an example, and what it does, on as many lines as that takes.
fn entry(app: &App, sign: &str, says: &str, first: usize, columns: u16) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    // Where it is narrow the explanation has a line of its own.
    let indent = if columns < first + 24 { 6 } else { first + 4 };
    let room = columns.saturating_sub(indent + 1).max(10);
    let look = app.theme.style(Look::Hint);
    let mut lines = Vec::new();
    let is_apart = indent == 6 || super::width(sign) > first;
    if is_apart {
        lines.push(Line::from(Span::styled(format!("   {sign}"), look)));
    }
    for (index, part) in wrapped(says, room).into_iter().enumerate() {
        let sign = if index == 0 && !is_apart { sign } else { "" };
        lines.push(Line::from(vec![
            Span::raw("   "),
            Span::styled(fit(sign, indent - 3), look),
            Span::raw(part),
        ]));
    }
    lines
}
