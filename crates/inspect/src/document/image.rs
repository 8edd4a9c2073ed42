//! What the first bytes of an image tell: its size. Nothing is decoded.

use std::io::Cursor;

use imagesize::reader_size;

use super::kind::ImageKind;

/// What is known of an image without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its format.
    pub kind: ImageKind,
    /// Width and height in pixels, unless its header is broken.
    pub size_pixels: Option<(usize, usize)>,
}

impl ImageFacts {
    /// What the bytes of an image of this format say.
    pub(super) fn of(kind: ImageKind, body: &[u8]) -> Self {
        let size = reader_size(Cursor::new(body)).ok();
        Self {
            kind,
            size_pixels: size.map(|it| (it.width, it.height)),
        }
    }

    /// The same in words.
    pub(super) fn words(&self) -> String {
        match self.size_pixels {
            Some((width, height)) => format!("{} image, {width} × {height}", self.kind.name()),
            None => format!("{} image of unknown size", self.kind.name()),
        }
    }
}
