//! What a body is: by its content type where the bytes agree, else by the bytes.

use kreel_wire::Headers;

use super::coding::Coding;

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No bytes at all.
    Empty,
    /// One JSON value, or lines of them.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Parts between boundaries.
    Multipart,
    /// XML in UTF-8.
    Xml,
    /// A web page.
    Html,
    /// Any other text.
    Text,
    /// An image of a format that is known.
    Image(ImageKind),
    /// Anything else, also what is compressed in a way that is not read here.
    Binary,
}

/// The format of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF, moving or not.
    Gif,
    /// WebP.
    Webp,
    /// A Windows bitmap.
    Bmp,
}

impl ImageKind {
    /// The name people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::Webp => "WebP",
            Self::Bmp => "BMP",
        }
    }

    /// The format that bytes begin like.
    fn of(body: &[u8]) -> Option<Self> {
        match body {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::Webp),
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Self::Bmp),
            _ => None,
        }
    }
}

impl Kind {
    /// What a body with these headers is. The content type is believed unless the bytes say
    /// otherwise; a compressed body is looked into.
    pub fn of(headers: &Headers, body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::Empty;
        }
        match Coding::of(headers) {
            Coding::None => Self::of_plain(content_type(headers), body),
            Coding::Unknown => Self::Binary,
            coding => match coding.beginning(body) {
                Some(beginning) if beginning.is_empty() => Self::Empty,
                Some(beginning) => Self::of_plain(content_type(headers), &beginning),
                None => Self::Binary,
            },
        }
    }

    /// The same for a body that is not compressed, of this content type.
    pub(super) fn of_plain(content_type: &[u8], body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::Empty;
        }
        if let Some(image) = ImageKind::of(body) {
            return Self::Image(image);
        }
        if is_binary(body) {
            return Self::Binary;
        }
        match declared(content_type) {
            Some(kind) if kind.agrees(body) => kind,
            Some(_) | None => sniffed(body),
        }
    }

    /// Whether bytes may be of this kind; a broken one still is.
    fn agrees(self, body: &[u8]) -> bool {
        let first = first_byte(body);
        match self {
            Self::Json => !matches!(first, b'<'),
            Self::Xml | Self::Html => first == b'<' || sniffed(body) == Self::Text,
            Self::Form => !matches!(first, b'<' | b'{' | b'['),
            _ => true,
        }
    }
}

/// The value of the content type; empty if there is none.
pub(super) fn content_type(headers: &Headers) -> &[u8] {
    headers.first("content-type").unwrap_or_default()
}

/// Whether a content type is of JSON values one after the other.
pub(super) fn is_json_lines(content_type: &[u8]) -> bool {
    let media = media(content_type);
    ["ndjson", "jsonl", "jsonlines", "json-lines", "x-ndjson"]
        .iter()
        .any(|it| media.rsplit('/').next() == Some(it))
}

fn media(content_type: &[u8]) -> String {
    let end = memchr::memchr(b';', content_type).unwrap_or(content_type.len());
    let media = content_type[..end].trim_ascii().to_ascii_lowercase();
    String::from_utf8_lossy(&media).into_owned()
}

/// What the content type says, where it says what one can tell apart.
fn declared(content_type: &[u8]) -> Option<Kind> {
    let media = media(content_type);
    let (top, sub) = media.split_once('/')?;
    Some(match (top, sub) {
        _ if is_json_lines(content_type) => Kind::Json,
        (_, "json") => Kind::Json,
        (_, sub) if sub.ends_with("+json") => Kind::Json,
        ("application", "x-www-form-urlencoded") => Kind::Form,
        ("multipart", _) => Kind::Multipart,
        (_, "html" | "xhtml+xml") => Kind::Html,
        (_, "xml") => Kind::Xml,
        (_, sub) if sub.ends_with("+xml") => Kind::Xml,
        // Senders say `text/plain` of anything, and so does curl of forms.
        ("text", "plain") => return None,
        ("text", _) => Kind::Text,
        _ => return None,
    })
}

/// What bytes look like that are text.
fn sniffed(body: &[u8]) -> Kind {
    let start = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii_start();
    let begins = |with: &str| {
        let there = start.get(..with.len());
        there.is_some_and(|it| it.eq_ignore_ascii_case(with.as_bytes()))
    };
    match start.first() {
        Some(b'{' | b'[') if super::json::looks_like(start) => Kind::Json,
        Some(b'<') if begins("<!doctype html") || begins("<html") => Kind::Html,
        Some(b'<') if begins("<?xml") => Kind::Xml,
        Some(b'-') if super::multipart::sniffed_boundary(start).is_some() => Kind::Multipart,
        _ => Kind::Text,
    }
}

fn first_byte(body: &[u8]) -> u8 {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.trim_ascii_start().first().copied().unwrap_or_default()
}

/// Whether bytes are no text: a NUL, or many that no text has, in the first KiB.
fn is_binary(body: &[u8]) -> bool {
    let start = &body[..body.len().min(1024)];
    if start.contains(&0) {
        return true;
    }
    let controls = start
        .iter()
        .filter(|it| it.is_ascii_control() && !matches!(it, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
        .count();
    let broken: usize = start.utf8_chunks().map(|it| it.invalid().len()).sum();
    (controls + broken) * 5 > start.len()
}
