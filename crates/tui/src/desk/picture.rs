//! An image of a body, and how far it is on its way to the screen.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use image::DynamicImage;
use ratatui::layout::Size;
use ratatui_image::protocol::Protocol;

/// An image that is shown, or is to be.
#[derive(Debug)]
pub(crate) struct Picture {
    /// What it is made of: the bytes that came, then the image they are.
    source: Source,
    /// The room there was for it when it was drawn last.
    room: Option<Size>,
    /// The room it was last asked for.
    asked: Option<Size>,
    /// As it is shown, for a room of this size; or why it can't be.
    encoded: Option<(Size, Result<Encoded, String>)>,
}

/// What an image is made of.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The bytes that came.
    Bytes(Bytes),
    /// Decoded, no larger than a screen.
    Decoded(Arc<DynamicImage>),
}

/// An image in the form this terminal takes.
pub(crate) struct Encoded(pub(crate) Protocol);

/// Which image of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Its body.
    Body,
    /// The answer of this attempt.
    Answer(u32),
    /// What is behind a link that the lens found.
    Link,
}

impl Picture {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self {
            source: Source::Bytes(bytes),
            room: None,
            asked: None,
            encoded: None,
        }
    }

    /// There is so much room for it. As it can be drawn there now: nothing if it is not ready,
    /// a sentence if it never will be.
    pub(crate) fn in_room(&mut self, room: Size) -> Option<Result<&Protocol, &str>> {
        self.room = Some(room);
        let (_, encoded) = self.encoded.as_ref()?;
        match encoded {
            Err(fault) => Some(Err(fault)),
            Ok(Encoded(protocol)) => {
                let size = protocol.size();
                let fits = size.width <= room.width && size.height <= room.height;
                fits.then_some(Ok(protocol))
            }
        }
    }

    /// What it is to be made of and for which room, if that was not asked for yet.
    pub(crate) fn next_wanted(&mut self) -> Option<(Source, Size)> {
        let room = self.room.filter(|room| room.width > 0 && room.height > 0)?;
        if self.asked == Some(room) || self.is_broken() {
            return None;
        }
        self.asked = Some(room);
        Some((self.source.clone(), room))
    }

    /// Takes in what was made of it.
    pub(crate) fn show(&mut self, made: Made) {
        if let Some(image) = made.image {
            self.source = Source::Decoded(image);
        }
        self.encoded = Some((made.room, made.encoded));
    }

    /// Has it made again: the terminal does not know it any more.
    pub(crate) fn forget(&mut self) {
        if !self.is_broken() {
            self.asked = None;
            self.encoded = None;
        }
    }

    /// Whether it can't be shown.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.encoded, Some((_, Err(_))))
    }
}

/// What was made of an image.
#[derive(Debug)]
pub(crate) struct Made {
    /// For which room.
    pub(crate) room: Size,
    /// The image, if it was decoded just now.
    pub(crate) image: Option<Arc<DynamicImage>>,
    /// As it is shown, or why it can't be.
    pub(crate) encoded: Result<Encoded, String>,
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encoded").field(&self.0.size()).finish()
    }
}
