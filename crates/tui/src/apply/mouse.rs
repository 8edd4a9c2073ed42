//! The mouse, once the user has let it in: it selects and scrolls.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{Deed, act, follow_selection};
use crate::action::Action;
use crate::app::lines::Shown;
use crate::app::{App, Focus, Listing, Mode};
use crate::view::Places;

/// Rows one turn of the wheel goes.
const WHEEL: i64 = 3;

/// What the mouse does there.
pub(crate) fn mouse(app: &mut App, event: MouseEvent, places: Places) -> Vec<Deed> {
    let at = Position::new(event.column, event.row);
    let by = match event.kind {
        MouseEventKind::ScrollDown => WHEEL,
        MouseEventKind::ScrollUp => -WHEEL,
        MouseEventKind::Down(MouseButton::Left) => return click(app, at, places),
        _ => return Vec::new(),
    };
    if matches!(app.mode, Mode::Browse) {
        app.focus = match places.detail.contains(at) {
            true => Focus::Detail,
            false => Focus::Rows,
        };
    }
    act(app, Action::Move(by))
}

fn click(app: &mut App, at: Position, places: Places) -> Vec<Deed> {
    if !matches!(app.mode, Mode::Browse) {
        return Vec::new();
    }
    if places.rows.contains(at) {
        app.focus = Focus::Rows;
        // The first line is the frame's.
        if let Some(line) = (at.y - places.rows.y).checked_sub(1) {
            if let Listing::Subjects(subjects) = &mut app.listing {
                // The second line has the titles.
                if let Some(line) = line.checked_sub(1) {
                    subjects.select_line(line.into());
                }
            } else if let Some(Shown::Row(row)) = app.shown_lines().get(usize::from(line)) {
                let number = row.number;
                app.list.select(number);
            }
            return follow_selection(app);
        }
    } else if places.detail.contains(at) {
        app.focus = Focus::Detail;
    }
    Vec::new()
}
