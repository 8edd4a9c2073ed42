//! Draws the screen from what the app holds. Decides nothing.
//!
//! ```text
//! ┌ address · link · app ────────────────────────── counters ┐
//! │ rows                    │ detail: tabs, and what they show │   side by side when wide,
//! │                         │                                  │   one above the other else
//! └ keys that matter now, or the line being typed ───────────┘
//! ```

mod bar;
mod clock;
mod compare;
mod detail;
mod help;
mod menu;
mod rows;
mod top;

pub(crate) use clock::clock;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use crate::app::toast::News;
use crate::app::{App, Focus, Mode};
use crate::theme::{Look, Theme};

/// From this width on rows and detail stand side by side.
const WIDE: u16 = 110;

/// From this height on rows and detail stand one above the other when it is narrow; below it only
/// the one the keys act on is drawn.
const STACKED: u16 = 16;

/// Where things are on a screen of this size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Places {
    pub(crate) top: Rect,
    pub(crate) rows: Rect,
    pub(crate) detail: Rect,
    pub(crate) bar: Rect,
}

/// Divides the screen.
pub(crate) fn places(area: Rect, focus: Focus) -> Places {
    let top = if area.height >= 12 { 2 } else { 1 };
    let [top, middle, bar] = Layout::vertical([
        Constraint::Length(top),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    let nothing = Rect::new(middle.x, middle.y, 0, 0);
    let (rows, detail) = if middle.width >= WIDE {
        let halves = Layout::horizontal([Constraint::Percentage(46), Constraint::Min(0)]);
        let [rows, detail] = halves.areas(middle);
        (rows, detail)
    } else if middle.height >= STACKED {
        let share = match focus {
            Focus::Rows => 45,
            Focus::Detail => 30,
        };
        let [rows, detail] =
            Layout::vertical([Constraint::Percentage(share), Constraint::Min(0)]).areas(middle);
        (rows, detail)
    } else {
        match focus {
            Focus::Rows => (middle, nothing),
            Focus::Detail => (nothing, middle),
        }
    };
    Places {
        top,
        rows,
        detail,
        bar,
    }
}

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let places = places(frame.area(), app.focus);
    top::draw(frame, places.top, app);
    match &app.mode {
        Mode::Help { .. } => help::draw(frame, places.rows.union(places.detail), app),
        Mode::Compare { .. } => compare::draw(frame, places.rows.union(places.detail), app),
        Mode::Browse | Mode::Prompt(_) | Mode::Menu(_) => {
            rows::draw(frame, places.rows, app);
            detail::draw(frame, places.detail, app);
        }
    }
    if let Mode::Menu(menu) = &app.mode {
        menu::draw(frame, places.rows.union(places.detail), menu, app.theme);
    }
    toasts(frame, places.bar, app);
    bar::draw(frame, places.bar, app);
}

/// Toasts stand above the bar, on the right, over whatever is there.
fn toasts(frame: &mut Frame<'_>, bar: Rect, app: &App) {
    let toasts: Vec<_> = app.toasts.shown().collect();
    for (above, toast) in toasts.into_iter().rev().enumerate() {
        let row = bar.y.saturating_sub(above as u16 + 1);
        if row == 0 {
            return;
        }
        let (sign, look) = sign_of(toast.news);
        let room = usize::from(bar.width.saturating_sub(4));
        let text = format!(" {sign} {} ", cut(&toast.text, room));
        let width = width(&text) as u16;
        let area = Rect::new(
            bar.right().saturating_sub(width),
            row,
            width.min(bar.width),
            1,
        );
        frame.render_widget(Clear, area);
        let style = app.theme.style(look).patch(app.theme.style(Look::Selected));
        frame.render_widget(Paragraph::new(Span::styled(text, style)), area);
    }
}

fn sign_of(news: News) -> (&'static str, Look) {
    match news {
        News::Good => ("✓", Look::Good),
        News::Fair => ("·", Look::Fair),
        News::Bad => ("!", Look::Bad),
    }
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// The text in at most so many columns, with a sign if it was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    kreel_client::plain::fit(text, columns)
        .trim_end()
        .to_owned()
}

/// The end of a text in at most so many columns.
pub(crate) fn cut_front(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut taken = 1;
    let tail: Vec<char> = text
        .chars()
        .rev()
        .take_while(|c| {
            taken += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            taken <= columns
        })
        .collect();
    std::iter::once('…')
        .chain(tail.into_iter().rev())
        .take(columns.max(1))
        .collect()
}

/// The text in lines of at most so many columns, broken between words, and inside of those that
/// are longer than a line.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    for line in kreel_client::plain::wrap(text, columns) {
        let mut part = String::new();
        let mut taken = 0;
        for c in line.chars() {
            let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            if taken + wide > columns {
                lines.push(std::mem::take(&mut part));
                taken = 0;
            }
            taken += wide;
            part.push(c);
        }
        lines.push(part);
    }
    lines
}

/// Pieces one after another, as far as there is room for whole ones.
fn fitting<'a>(pieces: Vec<Vec<Span<'a>>>, columns: u16) -> Line<'a> {
    let mut line = Line::default();
    let mut left = usize::from(columns);
    for piece in pieces {
        let width: usize = piece.iter().map(Span::width).sum();
        if width > left {
            break;
        }
        left -= width;
        line.spans.extend(piece);
    }
    line
}

/// A frame around a pane: the title on top, brighter if the keys act here.
fn block<'a>(title: Line<'a>, is_here: bool, theme: Theme) -> ratatui::widgets::Block<'a> {
    let look = if is_here {
        Look::BorderHere
    } else {
        Look::Border
    };
    let border = if is_here {
        ratatui::widgets::BorderType::Thick
    } else {
        ratatui::widgets::BorderType::Plain
    };
    ratatui::widgets::Block::new()
        .borders(ratatui::widgets::Borders::TOP)
        .border_type(border)
        .border_style(theme.style(look))
        .title(title)
}

#[cfg(test)]
mod tests;
