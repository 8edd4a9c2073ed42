//! The desk that makes images ready for the terminal: decoded within limits, and in the size there
//! is room for.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image::imageops::overlay;
use image::{DynamicImage, ImageReader, Limits, Rgba, RgbaImage};
use ratatui::layout::Size;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::Protocol;
use ratatui_image::protocol::halfblocks::Halfblocks;
use ratatui_image::{FilterType, FontSize, Resize};
use tokio::sync::mpsc;

use super::picture::{Encoded, Made, Source, Which};
use super::slot::{Wanted, Work};
use super::{Found, Slot};
use crate::images::{Way, cell_size};
use crate::limits::{PICTURE_BYTES, PICTURE_KEPT_SIDE, PICTURE_SIDE};

/// An image that is to be made ready.
#[derive(Debug, Clone)]
pub(crate) struct ToEncode {
    pub(crate) number: i64,
    pub(crate) which: Which,
    pub(crate) source: Source,
    pub(crate) room: Size,
}

impl Wanted for ToEncode {
    fn outdates(&self, _: &Self) -> bool {
        true
    }

    fn after(self, _: &Self) -> Self {
        self
    }
}

/// Makes images ready until nobody wants any more; of several only the last.
pub(super) fn run(way: Way, slot: &Slot<ToEncode>, found: &mpsc::Sender<Found>) {
    let mut hand = None;
    loop {
        let wanted = match slot.next(Duration::from_secs(3600)) {
            Work::Close => return,
            Work::Idle | Work::Chore(_) => continue,
            Work::Look(wanted, _) => wanted,
        };
        crate::panic::if_asked_to("pictures");
        let hand = hand.get_or_insert_with(|| Hand::new(way));
        let made = hand.make(wanted.source, wanted.room);
        let made = Found::Picture {
            number: wanted.number,
            which: wanted.which,
            made: Box::new(made),
        };
        if found.blocking_send(made).is_err() {
            return;
        }
    }
}

/// How images are made ready for this terminal.
#[derive(Debug)]
enum Hand {
    Blocks,
    Pixels(Picker),
}

impl Hand {
    fn new(way: Way) -> Self {
        let kind = match way {
            Way::Blocks => return Self::Blocks,
            Way::Kitty => ProtocolType::Kitty,
            Way::Iterm2 => ProtocolType::Iterm2,
            Way::Sixel => ProtocolType::Sixel,
        };
        let (width, height) = cell_size().unwrap_or(USUAL_CELL);
        // What is advised in its stead asks the terminal and reads the answer from the keys.
        #[expect(deprecated)]
        let mut picker = Picker::from_fontsize(FontSize::new(width, height));
        picker.set_protocol_type(kind);
        Self::Pixels(picker)
    }

    fn make(&self, source: Source, room: Size) -> Made {
        let (image, is_new) = match source {
            Source::Decoded(image) => (image, false),
            Source::Bytes(bytes) => match decode(&bytes) {
                Ok(image) => (Arc::new(image), true),
                Err(fault) => {
                    let encoded = Err(fault);
                    return Made {
                        room,
                        image: None,
                        encoded,
                    };
                }
            },
        };
        let encoded = match self {
            Self::Blocks => blocks(&image, room),
            Self::Pixels(picker) => {
                let resize = Resize::Fit(Some(FilterType::Triangle));
                picker.new_protocol((*image).clone(), room, resize)
            }
        };
        Made {
            room,
            image: is_new.then_some(image),
            encoded: encoded
                .map(Encoded)
                .map_err(|error| broken(&error.to_string())),
        }
    }
}

/// A cell, where the terminal does not tell: about twice as high as wide.
const USUAL_CELL: (u16, u16) = (10, 20);

/// An image as half blocks: two pixels above each other in each cell.
fn blocks(image: &DynamicImage, room: Size) -> Result<Protocol, ratatui_image::errors::Errors> {
    let (width, height) = (image.width().max(1), image.height().max(1));
    let most = (u32::from(room.width), u32::from(room.height) * 2);
    let part = f64::min(
        f64::from(most.0) / f64::from(width),
        f64::from(most.1) / f64::from(height),
    );
    // A small image is not blown up: it would only be coarser.
    let part = part.min(1.0);
    let columns = (f64::from(width) * part)
        .round()
        .clamp(1.0, f64::from(most.0));
    let pixels = (f64::from(height) * part)
        .round()
        .clamp(1.0, f64::from(most.1));
    let size = Size::new(columns as u16, (pixels / 2.0).ceil() as u16);
    Ok(Protocol::Halfblocks(Halfblocks::new(opaque(image), size)?))
}

/// Over grey, where it is seen through: light and dark are told from that.
fn opaque(image: &DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return image.clone();
    }
    let grey = Rgba([128, 128, 128, 255]);
    let mut ground = RgbaImage::from_pixel(image.width(), image.height(), grey);
    overlay(&mut ground, &image.to_rgba8(), 0, 0);
    DynamicImage::ImageRgba8(ground)
}

/// Decodes an image, of one that moves the first; what is too large, or not what it says, is told.
/// What is larger than a screen is made smaller at once, and the rest let go of.
fn decode(body: &Bytes) -> Result<DynamicImage, String> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE);
    limits.max_image_height = Some(PICTURE_SIDE);
    limits.max_alloc = Some(PICTURE_BYTES);
    let reader = ImageReader::new(Cursor::new(body)).with_guessed_format();
    let mut reader = reader.map_err(|error| broken(&error.to_string()))?;
    reader.limits(limits);
    let image = reader
        .decode()
        .map_err(|error| broken(&error.to_string()))?;
    Ok(
        match image.width().max(image.height()) > PICTURE_KEPT_SIDE {
            true => image.thumbnail(PICTURE_KEPT_SIDE, PICTURE_KEPT_SIDE),
            false => image,
        },
    )
}

fn broken(error: &str) -> String {
    let error = kreel_inspect::inert::inert(error);
    format!("it can't be shown as an image: {error}")
}

/// An image as half blocks, at once.
#[cfg(test)]
pub(crate) fn at_once(source: Source, room: Size) -> Made {
    Hand::Blocks.make(source, room)
}

#[cfg(test)]
mod tests {
    use image::ImageFormat;

    use super::*;

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Bytes {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner().into()
    }

    fn size_of(bytes: Bytes, room: Size) -> (u16, u16) {
        let made = Hand::Blocks.make(Source::Bytes(bytes), room);
        let size = made.encoded.unwrap().0.size();
        (size.width, size.height)
    }

    #[test]
    fn an_image_keeps_its_shape_in_whatever_room() {
        let wide = encoded(&DynamicImage::new_rgb8(400, 100), ImageFormat::Png);
        assert_eq!(size_of(wide.clone(), Size::new(80, 24)), (80, 10));
        assert_eq!(size_of(wide.clone(), Size::new(40, 2)), (16, 2));
        assert_eq!(size_of(wide, Size::new(1, 1)), (1, 1));
        let small = encoded(&DynamicImage::new_rgba8(10, 6), ImageFormat::Gif);
        assert_eq!(size_of(small, Size::new(80, 24)), (10, 3));
    }

    #[test]
    fn what_is_no_image_is_told() {
        let cut = encoded(&DynamicImage::new_rgb8(64, 64), ImageFormat::Png).slice(..40);
        for bytes in [
            Bytes::from_static(b"\x89PNG\r\n\x1a\n\x1b[2J"),
            cut,
            Bytes::new(),
        ] {
            let made = Hand::Blocks.make(Source::Bytes(bytes), Size::new(10, 10));
            let fault = made.encoded.unwrap_err();
            assert!(
                fault.starts_with("it can't be shown as an image"),
                "{fault}"
            );
        }
    }

    #[test]
    fn an_image_that_claims_too_much_is_refused_and_a_large_one_made_smaller() {
        let large = DynamicImage::new_luma8(PICTURE_SIDE, 8);
        let kept = decode(&encoded(&large, ImageFormat::Png)).unwrap();
        assert_eq!(kept.width(), PICTURE_KEPT_SIDE);
        let larger = DynamicImage::new_luma8(PICTURE_SIDE + 1, 8);
        assert!(decode(&encoded(&larger, ImageFormat::Png)).is_err());
    }

    #[test]
    fn what_is_seen_through_stands_out_from_dark_and_light() {
        let clear = DynamicImage::new_rgba8(2, 2);
        let shown = opaque(&clear).to_rgb8();
        assert!(shown.pixels().all(|pixel| pixel.0 == [128, 128, 128]));
    }
}
