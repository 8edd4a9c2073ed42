//! The body of a delivery, as what it is or as bytes.

use kreel_inspect::document::Document;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::document::{about_line, document_lines};
use super::picture;
use crate::app::pane::{Body, Extent};
use crate::desk::Picture;
use crate::theme::Theme;

pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    body: &mut Body,
    is_here: bool,
    shows_images: bool,
    theme: Theme,
) -> Option<String> {
    let about = about(&body.document, body.extent);
    let [line, content] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    about_line(frame, line, about, &body.document, &body.cursor, theme);
    let content = match &mut body.picture {
        Some(picture) if shows_images => below_picture(frame, content, picture, theme)?,
        _ => content,
    };
    let (document, cursor) = (&body.document, &mut body.cursor);
    document_lines(frame, content, document, cursor, is_here, theme)
}

/// Draws an image; what is left below it for its bytes, if it can't be shown.
pub(super) fn below_picture(
    frame: &mut Frame<'_>,
    area: Rect,
    picture: &mut Picture,
    theme: Theme,
) -> Option<Rect> {
    let taken = picture::draw(frame, area, picture, theme);
    let left = area.height.saturating_sub(taken);
    (left > 0).then(|| Rect::new(area.x, area.y + taken, area.width, left))
}

pub(super) fn draw_raw(
    frame: &mut Frame<'_>,
    area: Rect,
    body: &mut Body,
    is_here: bool,
    theme: Theme,
) -> Option<String> {
    let [line, content] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let sum = body.sha256.as_deref();
    let about = match sum {
        Some(sum) => format!("SHA-256 {sum}"),
        None => "no SHA-256: the body is not all here".to_owned(),
    };
    about_line(frame, line, about, &body.raw, &body.raw_cursor, theme);
    let (raw, cursor) = (&body.raw, &mut body.raw_cursor);
    document_lines(frame, content, raw, cursor, is_here, theme)
}

/// What a document is, and how much of it is there.
fn about(document: &Document, extent: Extent) -> String {
    let size = |bytes| kreel_client::plain::size(Some(bytes));
    match extent {
        Extent::Whole => document.about(),
        Extent::Reading {
            read_bytes,
            total_bytes,
        } => format!(
            "{}: {} of {} read…",
            document.about(),
            size(read_bytes),
            size(total_bytes)
        ),
        Extent::Beginning {
            read_bytes,
            total_bytes,
        } => format!(
            "{}: only the first {} of {} are here",
            document.about(),
            size(read_bytes),
            size(total_bytes)
        ),
    }
}
