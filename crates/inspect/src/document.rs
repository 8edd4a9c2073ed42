//! How a body is looked at: as a tree, as text, as fields, parts or bytes, whatever it is.
//!
//! A [`Document`] is read once; a [`Cursor`] says where the eye is in it; [`lines()`] gives what
//! is visible from there, at the cost of what is visible.

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::Headers;

use crate::limits::UNPACKED_AT_ONCE_BYTES;

mod about;
mod assemble;
mod cancel;
mod coding;
mod cursor;
mod fault;
mod folds;
mod form;
mod glyphs;
mod hex;
mod image;
mod json;
mod kind;
mod lines;
mod multipart;
mod needle;
mod pen;
mod records;
mod rows;
mod section;
mod tree;
mod walk;
mod xml;

#[cfg(test)]
mod tests;

pub use cancel::Cancel;
pub use cursor::Cursor;
pub use fault::Fault;
pub use image::ImageFacts;
pub use kind::{ImageKind, Kind};
pub use lines::{Line, lines};
pub use needle::{Direction, Needle};
pub use pen::Tone;

use assemble::Assembly;
use section::Section;

/// A body ready to be looked at. Cheap to share.
#[derive(Debug, Clone)]
pub struct Document(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    about: String,
    fault: Option<Fault>,
    image: Option<ImageFacts>,
    body: Bytes,
    sections: Vec<Section>,
    decoded_bytes: usize,
}

impl Document {
    /// Reads a body. Never fails: what is broken is shown as far as it goes, then as text. Once
    /// cancelled it ends soon, with what there is.
    pub fn open(kind: Kind, headers: &Headers, body: Bytes, cancel: &Cancel) -> Self {
        Assembly::new(cancel, false).document(kind, headers, body)
    }

    /// The same where somebody waits for the next frame: of a compressed body as much is unpacked as
    /// takes no time to speak of; what unpacks to more is shown as the bytes that came.
    pub fn at_once(kind: Kind, headers: &Headers, body: Bytes) -> Self {
        let cancel = Cancel::default();
        let assembly = Assembly::new(&cancel, false).unpacking(UNPACKED_AT_ONCE_BYTES);
        assembly.document(kind, headers, body)
    }

    /// Something to show at once, while the rest of a large body is still being read.
    pub fn beginning(kind: Kind, headers: &Headers, first_piece: Bytes) -> Self {
        Assembly::new(&Cancel::default(), true).document(kind, headers, first_piece)
    }

    /// The bytes themselves, of whatever body.
    pub fn raw(body: Bytes) -> Self {
        Assembly::new(&Cancel::default(), false).dump(body)
    }

    /// What the body is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The same in words, with its size: `JSON object, 1,234 values, 48.2 MiB`.
    pub fn about(&self) -> String {
        self.0.about.clone()
    }

    /// What is wrong with it, if anything is.
    pub fn fault(&self) -> Option<&Fault> {
        self.0.fault.as_ref()
    }

    /// What is known of it as an image.
    pub fn image(&self) -> Option<ImageFacts> {
        self.0.image
    }

    /// The body it was made of, as it came.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Bytes of memory: the body, what was unpacked from it, and the index.
    pub fn memory_bytes(&self) -> usize {
        let index: usize = self.0.sections.iter().map(Section::memory_bytes).sum();
        size_of::<Inner>() + self.0.body.len() + self.0.decoded_bytes + index
    }

    fn sections(&self) -> &[Section] {
        &self.0.sections
    }
}
