//! An image, as well as the terminal can show it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui_image::Image;

use crate::desk::Picture;
use crate::theme::{Look, Theme};

/// Draws it, or says that it is being prepared; of one that can't be shown why, which takes the
/// lines given back from the area.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, picture: &mut Picture, theme: Theme) -> u16 {
    match picture.in_room(area.as_size()) {
        None => super::note(frame, area, "preparing the image…", theme),
        Some(Ok(protocol)) => frame.render_widget(Image::new(protocol), area),
        Some(Err(fault)) => {
            super::said(frame, area, fault, Look::Bad, theme);
            return 1;
        }
    }
    area.height
}
