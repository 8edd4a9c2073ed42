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
mod subjects;
mod text;
mod top;

pub(crate) use clock::clock;
#[cfg(test)]
pub(crate) use help::SIGNS;
pub(crate) use text::{cut, width};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Color;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Borders, Clear, Paragraph};

use crate::app::toast::News;
use crate::app::{App, Focus, Listing, Mode};
use crate::theme::{Look, Theme};

/// From this width on rows and detail stand side by side.
const WIDE: u16 = 110;

/// The same for what deliveries are about: its rows have more columns, and are read across.
const WIDE_SUBJECTS: u16 = 230;

/// From this height on rows and detail stand one above the other when it is narrow; below it only
/// the one the keys act on is drawn.
const STACKED: u16 = 16;

/// Columns between rows and detail side by side.
const GAP: u16 = 1;

/// Where things are on a screen of this size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Places {
    pub(crate) top: Rect,
    pub(crate) rows: Rect,
    pub(crate) detail: Rect,
    pub(crate) bar: Rect,
}

/// Divides the screen.
pub(crate) fn places(area: Rect, app: &App) -> Places {
    let wide = match app.listing {
        Listing::Deliveries => WIDE,
        Listing::Subjects(_) => WIDE_SUBJECTS,
    };
    divided(area, app.focus, wide)
}

fn divided(area: Rect, focus: Focus, wide: u16) -> Places {
    let top = if area.height >= 12 { 2 } else { 1 };
    let [top, middle, bar] = Layout::vertical([
        Constraint::Length(top),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    let nothing = Rect::new(middle.x, middle.y, 0, 0);
    let (rows, detail) = if middle.width >= wide {
        let halves = Layout::horizontal([Constraint::Percentage(48), Constraint::Min(0)]);
        let [rows, detail] = halves.spacing(GAP).areas(middle);
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
    let places = places(frame.area(), app);
    top::draw(frame, places.top, app);
    match &app.mode {
        Mode::Help { .. } => help::draw(frame, places.rows.union(places.detail), app),
        Mode::Compare(_) => compare::draw(frame, places.rows.union(places.detail), app),
        Mode::Browse | Mode::Prompt(_) | Mode::Menu(_) => {
            match app.listing {
                Listing::Deliveries => rows::draw(frame, places.rows, app),
                Listing::Subjects(_) => subjects::draw(frame, places.rows, app),
            }
            detail::draw(frame, places.detail, app);
        }
    }
    if let Mode::Menu(menu) = &app.mode {
        menu::draw(frame, places.rows.union(places.detail), menu, app.theme);
    }
    toasts(frame, places.bar, app);
    bar::draw(frame, places.bar, app);
    bound_marks(frame);
    paint_ground(frame, app.theme);
}

/// Marks above marks take no columns, so that any number of them would go to the terminal for one
/// character: those that nobody could tell apart are left out. What is drawn as an image stays.
fn bound_marks(frame: &mut Frame<'_>) {
    for cell in &mut frame.buffer_mut().content {
        let symbol = cell.symbol();
        if symbol.len() <= MARKS || symbol.starts_with('\x1b') {
            continue;
        }
        if let Some((end, _)) = symbol.char_indices().nth(MARKS) {
            let bounded = symbol[..end].to_owned();
            cell.set_symbol(&bounded);
        }
    }
}

/// A letter and its marks on a screen: 10, twice what any writing has.
const MARKS: usize = 10;

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

/// A rule above a pane: the title on it, and where in the pane the eye is; thicker if the keys act
/// here.
fn rule<'a>(title: Line<'a>, is_here: bool, theme: Theme) -> Block<'a> {
    let (look, border) = match is_here {
        true => (Look::BorderHere, BorderType::Thick),
        false => (Look::Border, BorderType::Plain),
    };
    Block::new()
        .borders(Borders::TOP)
        .border_type(border)
        .border_style(theme.style(look))
        .title(title)
}

/// Writes on the right end of a pane's rule where in it the eye is, if there is room behind the
/// title.
fn place(frame: &mut Frame<'_>, pane: Rect, title_columns: usize, text: &str, theme: Theme) {
    let text = format!(" {text} ");
    let columns = width(&text);
    if pane.height == 0 || title_columns + columns + 2 > usize::from(pane.width) {
        return;
    }
    let x = pane.right().saturating_sub(columns as u16 + 1);
    let area = Rect::new(x, pane.y, columns as u16, 1);
    frame.render_widget(Span::styled(text, theme.style(Look::Dim)), area);
}

/// Where in so many lines a window is: nothing if it shows all.
fn place_of(from: usize, shown: usize, all: usize) -> Option<String> {
    let to = (from + shown).min(all);
    (shown < all).then(|| format!("{}–{to} of {all}", from + 1))
}

/// A theme with a ground of its own is the same whatever the terminal's is.
fn paint_ground(frame: &mut Frame<'_>, theme: Theme) {
    let Some((front, ground)) = theme.ground() else {
        return;
    };
    for cell in &mut frame.buffer_mut().content {
        if cell.bg == Color::Reset {
            cell.bg = ground;
        }
        if cell.fg == Color::Reset {
            cell.fg = front;
        }
    }
}

#[cfg(test)]
mod tests;
