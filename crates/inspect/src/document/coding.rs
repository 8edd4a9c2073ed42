//! Bodies that are compressed on their way: `Content-Encoding` (RFC 9110, section 8.4).

use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use kreel_wire::Headers;

use crate::limits::{DECODED_BYTES, SNIFFED_BYTES};

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or what some send instead, RFC 1951.
    Deflate,
    /// In a way that is not read here, or in several.
    Unknown,
}

/// What comes out of a compressed body.
pub(super) struct Decoded {
    /// As much as could be had.
    pub body: Bytes,
    /// Why that is not all.
    pub fault: Option<String>,
    /// Whether there is more, which was not unpacked.
    pub is_cut: bool,
}

impl Coding {
    /// What the headers say.
    pub(super) fn of(headers: &Headers) -> Self {
        let mut coding = Self::None;
        let lines = headers.iter().filter(|it| it.is("content-encoding"));
        let names = lines.flat_map(|it| it.value.split(|it| *it == b','));
        for name in names.map(|it| it.trim_ascii().to_ascii_lowercase()) {
            coding = match (coding, &name[..]) {
                (_, b"" | b"identity") => coding,
                (Self::None, b"gzip" | b"x-gzip") => Self::Gzip,
                (Self::None, b"deflate") => Self::Deflate,
                _ => Self::Unknown,
            };
        }
        coding
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Unknown => "compressed in a way that is not read here",
        }
    }

    /// The first bytes of what a body was; nothing if it is not compressed like this.
    pub(super) fn beginning(self, body: &[u8]) -> Option<Vec<u8>> {
        let mut start = vec![0; SNIFFED_BYTES];
        let read = fill(&mut *self.reader(body)?, &mut start);
        start.truncate(read.ok()?);
        Some(start)
    }

    /// What a body was, up to a limit.
    pub(super) fn decode(self, body: &[u8], limit_bytes: u64) -> Option<Decoded> {
        let mut decoded = Vec::new();
        let mut reader = self.reader(body)?.take(limit_bytes.min(DECODED_BYTES));
        let read = reader.read_to_end(&mut decoded);
        let is_cut = read.is_ok() && reader.limit() == 0;
        let fault = match read {
            Err(_) if decoded.is_empty() => return None,
            Err(_) => Some(format!("the {} data is damaged from here on", self.name())),
            Ok(_) if is_cut => Some("more is not unpacked".into()),
            Ok(_) => None,
        };
        decoded.shrink_to_fit();
        Some(Decoded {
            body: decoded.into(),
            fault,
            is_cut,
        })
    }

    fn reader<'a>(self, body: &'a [u8]) -> Option<Box<dyn Read + 'a>> {
        match self {
            Self::Gzip => Some(Box::new(MultiGzDecoder::new(body))),
            Self::Deflate if is_zlib(body) => Some(Box::new(ZlibDecoder::new(body))),
            Self::Deflate => Some(Box::new(DeflateDecoder::new(body))),
            Self::None | Self::Unknown => None,
        }
    }
}

/// Whether bytes begin with a zlib header (RFC 1950, section 2.2).
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [cmf, flg, ..]
        if cmf & 0x0f == 8 && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0)
}

/// Reads until the buffer is full or nothing more comes; an error only if nothing came.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if filled == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(filled)
}
