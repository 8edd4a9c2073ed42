//! Fields written one after another, from wherever their values are.
//!
//! By hand, for the messages that carry heads: derived code wants a copy of each part to own, and
//! goes through all of them once more to learn their sizes. The bytes are the same.

use bytes::{Buf, Bytes};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::Headers;

/// A message in the making. As proto3 has it, a field of its type's zero is left out.
#[derive(Debug)]
pub(crate) struct Fields(Vec<u8>);

/// Room in front of the fields for the key and the length of what they make up: a tag below 16,
/// and a length below 2^28.
const FRONT_BYTES: usize = 5;

impl Fields {
    /// No fields yet; `values_bytes` is what lines and bytes will come to, at a guess.
    pub(crate) fn with_capacity(values_bytes: usize) -> Self {
        let mut fields = Vec::with_capacity(FRONT_BYTES + values_bytes + 128);
        fields.extend_from_slice(&[0; FRONT_BYTES]);
        Self(fields)
    }

    pub(crate) fn number(&mut self, tag: u32, value: u64) {
        if value != 0 {
            self.optional_number(tag, Some(value));
        }
    }

    pub(crate) fn optional_number(&mut self, tag: u32, value: Option<u64>) {
        if let Some(value) = value {
            encode_key(tag, WireType::Varint, &mut self.0);
            encode_varint(value, &mut self.0);
        }
    }

    pub(crate) fn flag(&mut self, tag: u32, value: bool) {
        self.number(tag, value.into());
    }

    pub(crate) fn bytes(&mut self, tag: u32, value: &[u8]) {
        if !value.is_empty() {
            self.optional_bytes(tag, Some(value));
        }
    }

    pub(crate) fn optional_bytes(&mut self, tag: u32, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.begin(tag, value.len());
            self.0.extend_from_slice(value);
        }
    }

    /// Header lines: `{ bytes name = 1; bytes value = 2; }` for each.
    pub(crate) fn lines(&mut self, tag: u32, headers: &Headers) {
        for line in headers {
            self.begin(tag, field_len(line.name) + field_len(line.value));
            self.bytes(1, line.name);
            self.bytes(2, line.value);
        }
    }

    /// The fields as the message of this tag within another.
    pub(crate) fn within(mut self, tag: u32) -> Bytes {
        let len = self.0.len() - FRONT_BYTES;
        let unused = FRONT_BYTES - key_len(tag) - encoded_len_varint(len as u64);
        let mut front = &mut self.0[unused..FRONT_BYTES];
        encode_key(tag, WireType::LengthDelimited, &mut front);
        encode_varint(len as u64, &mut front);
        let mut message = Bytes::from(self.0);
        message.advance(unused);
        message
    }

    fn begin(&mut self, tag: u32, len: usize) {
        encode_key(tag, WireType::LengthDelimited, &mut self.0);
        encode_varint(len as u64, &mut self.0);
    }
}

/// The length of a field of bytes whose tag is below 16.
fn field_len(value: &[u8]) -> usize {
    match value.len() {
        0 => 0,
        len => 1 + encoded_len_varint(len as u64) + len,
    }
}
