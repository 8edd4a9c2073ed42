//! Images, bytes, compressed bodies, and how kinds are told.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

#[test]
fn kinds_are_told_by_type_and_bytes() {
    for (content_type, body, kind) in [
        ("application/json", "{\"a\"", Kind::Json),
        ("application/vnd.api+json", "[1]", Kind::Json),
        ("application/json", "<html><body>502", Kind::Html),
        ("", "{\"a\": 1}", Kind::Json),
        ("text/plain", "[1, 2]", Kind::Json),
        ("text/plain", "[INFO] started", Kind::Text),
        ("text/plain", "{not json", Kind::Text),
        (
            "application/octet-stream",
            "<?xml version='1.0'?><a/>",
            Kind::Xml,
        ),
        ("application/x-www-form-urlencoded", "a=b", Kind::Form),
        ("application/x-www-form-urlencoded", "{\"a\":1}", Kind::Json),
        ("image/png", "not an image", Kind::Text),
        ("text/csv", "a,b", Kind::Text),
        (
            "",
            "--x\r\nContent-Type: a/b\r\n\r\n\r\n--x--",
            Kind::Multipart,
        ),
        ("application/json", "", Kind::Empty),
        ("application/json", "\0\u{1}\u{2}", Kind::Binary),
    ] {
        assert_eq!(
            Kind::of(&of_type(content_type), body.as_bytes()),
            kind,
            "{content_type} {body}"
        );
    }
}

#[test]
fn an_image_tells_its_size() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x03\0\x08\x02\0\0\0".to_vec();
    png.resize(60, 0);
    let document = open(&Headers::default(), png);
    assert_eq!(document.kind(), Kind::Image(ImageKind::Png));
    assert_eq!(document.about(), "PNG image, 1024 × 768, 60 bytes");
    assert_eq!(document.image().unwrap().size_pixels, Some((1024, 768)));
    let shown = first_screen(&document, 80);
    assert_eq!(shown[0], ">PNG image, 1024 × 768");
    assert_eq!(
        shown[1],
        " 0000  89 50 4e 47 0d 0a 1a 0a  00 00 00 0d 49 48 44 52  ·PNG········IHDR"
    );
    let broken = open(&Headers::default(), &b"\xff\xd8\xff\xe0"[..]);
    assert_eq!(broken.about(), "JPEG image of unknown size, 4 bytes");
}

#[test]
fn bytes_are_dumped_in_any_width() {
    let document = Document::raw(Bytes::from_static(b"GET / HTTP/1.1\r\n\xff!"));
    assert_eq!(
        first_screen(&document, 80),
        [
            ">0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1··",
            " 0010  ff 21                                             ·!",
        ]
    );
    assert_eq!(
        first_screen(&document, 40),
        [
            ">0000  47 45 54 20 2f 20 48 54  GET / HT",
            " 0008  54 50 2f 31 2e 31 0d 0a  TP/1.1··",
            " 0010  ff 21                    ·!",
        ]
    );
    let mut cursor = Cursor::default();
    cursor.move_by(&document, 1);
    assert_eq!(cursor.position(&document), Some((1, 2)));
    assert_eq!(
        screen(&document, &mut cursor, 40, 3)[2].chars().next(),
        Some('>')
    );
    let large = Document::raw(Bytes::from(vec![7; 5_000_000]));
    cursor.to_end(&large);
    assert_eq!(
        screen(&large, &mut cursor, 80, 3)[2].get(..10),
        Some(">4c4b30  0")
    );
}

fn packed(coding: &str, plain: &[u8]) -> Vec<u8> {
    let level = Compression::fast();
    let mut gzip = GzEncoder::new(Vec::new(), level);
    let mut zlib = ZlibEncoder::new(Vec::new(), level);
    let mut bare = DeflateEncoder::new(Vec::new(), level);
    match coding {
        "gzip" => gzip.write_all(plain).and_then(|()| gzip.finish()),
        "zlib" => zlib.write_all(plain).and_then(|()| zlib.finish()),
        _ => bare.write_all(plain).and_then(|()| bare.finish()),
    }
    .unwrap()
}

#[test]
fn a_compressed_body_is_looked_into() {
    for (packing, coding) in [("gzip", "gzip"), ("zlib", "deflate"), ("bare", "Deflate")] {
        let headers = headers(&[
            ("content-encoding", coding),
            ("content-type", "application/json"),
        ]);
        let body = packed(packing, b"{\"a\": 1}");
        let document = open(&headers, body.clone());
        assert_eq!(document.kind(), Kind::Json, "{packing}");
        assert_eq!(first_screen(&document, 80), [">▾ {1 key}", "     a: 1"]);
        let about = format!(
            "JSON object, 2 values, 8 bytes, {} bytes as {}",
            body.len(),
            coding.to_lowercase()
        );
        assert_eq!(document.about(), about);
        assert_eq!(document.body(), &body);
    }
}

#[test]
fn what_cannot_be_unpacked_is_bytes_and_says_so() {
    let brotli = headers(&[("content-encoding", "br")]);
    let document = open(&brotli, "whatever it is");
    assert_eq!(document.kind(), Kind::Binary);
    assert_eq!(
        document.about(),
        "binary, 14 bytes, compressed in a way that is not read here"
    );
    let gzip = headers(&[("content-encoding", "gzip")]);
    let document = open(&gzip, "no gzip at all");
    assert_eq!(document.about(), "binary, 14 bytes, said to be gzip");

    let text = "some words, again and again; ".repeat(5_000);
    let mut cut = packed("gzip", text.as_bytes());
    cut.truncate(cut.len() / 2);
    let document = open(&gzip, cut);
    let mut cursor = Cursor::default();
    cursor.to_end(&document);
    let last = screen(&document, &mut cursor, 80, 24).pop();
    assert_eq!(
        last.as_deref(),
        Some(">⚠ the gzip data is damaged from here on")
    );
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let bomb = packed("gzip", &vec![b'x'; 70 * 1024 * 1024]);
    let document = open(&headers(&[("content-encoding", "gzip")]), bomb);
    assert!(document.memory_bytes() < 66 * 1024 * 1024);
    let mut cursor = Cursor::default();
    cursor.to_end(&document);
    let last = screen(&document, &mut cursor, 80, 24).pop();
    assert_eq!(last.as_deref(), Some(">⚠ more is not unpacked"));
}
