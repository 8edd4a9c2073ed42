//! An image, as well as the terminal can show it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::StatefulWidget as _;
use ratatui_image::StatefulImage;

use crate::desk::Picture;
use crate::theme::Theme;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, picture: &mut Picture, theme: Theme) {
    match picture {
        Picture::Decoded(_) => super::note(frame, area, "preparing the image…", theme),
        Picture::Broken(fault) => super::note(frame, area, fault, theme),
        Picture::Ready(protocol) => {
            StatefulImage::default().render(area, frame.buffer_mut(), protocol.as_mut());
        }
    }
}
