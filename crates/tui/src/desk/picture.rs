//! Images, decoded within limits, off the thread that draws.

use std::fmt;
use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, ImageReader, Limits};
use ratatui_image::protocol::StatefulProtocol;

use crate::limits::{PICTURE_BYTES, PICTURE_SIDE};

/// An image that can be drawn.
#[allow(
    dead_code,
    reason = "drawn once the terminal's way of showing images is known"
)]
pub(crate) enum Picture {
    /// Decoded, and not yet in a form for this terminal.
    Decoded(Box<DynamicImage>),
    /// In a form for this terminal.
    Ready(Box<StatefulProtocol>),
    /// It can't be shown: a sentence.
    Broken(String),
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decoded(_) => "Decoded",
            Self::Ready(_) => "Ready",
            Self::Broken(_) => "Broken",
        })
    }
}

/// Decodes an image; what is too large, or not what it says, is told.
pub(super) fn decode(body: &Bytes) -> Picture {
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE);
    limits.max_image_height = Some(PICTURE_SIDE);
    limits.max_alloc = Some(PICTURE_BYTES);
    let reader = ImageReader::new(Cursor::new(body)).with_guessed_format();
    let decoded = reader
        .map_err(|error| error.to_string())
        .and_then(|mut reader| {
            reader.limits(limits);
            reader.decode().map_err(|error| error.to_string())
        });
    match decoded {
        Ok(image) => Picture::Decoded(Box::new(image)),
        Err(error) => {
            let error = kreel_inspect::inert::inert(&error).into_owned();
            Picture::Broken(format!("it can't be shown as an image: {error}"))
        }
    }
}
