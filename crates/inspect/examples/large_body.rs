//! What a body of 50 MB costs: time and memory of its index, of a screen, of a search.
//!
//! `cargo run --release -p kreel-inspect --example large_body [MB]`

#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::fmt::Write as _;
use std::time::Instant;

use bytes::Bytes;
use kreel_inspect::document::{Cancel, Cursor, Direction, Document, Kind, Needle, lines};
use kreel_wire::Headers;

fn main() {
    let megabytes = std::env::args().nth(1).and_then(|it| it.parse().ok());
    let length = megabytes.unwrap_or(50) * 1_000_000;
    let headers = Headers::default();
    for (name, kind, body) in [
        ("JSON of objects", Kind::Json, objects(length)),
        (
            "JSON of numbers",
            Kind::Json,
            Bytes::from(format!("[{}1]", "1,".repeat(length / 2))),
        ),
        (
            "JSON, numbers folded away",
            Kind::Json,
            Bytes::from(format!("{{\"data\":[{}1]}}", "1,".repeat(length / 2))),
        ),
        (
            "JSON, one string",
            Kind::Json,
            Bytes::from(format!("[\"{}\"]", "x".repeat(length))),
        ),
        ("XML", Kind::Xml, elements(length)),
        (
            "text in one line",
            Kind::Text,
            Bytes::from("x".repeat(length)),
        ),
        (
            "text of line ends",
            Kind::Text,
            Bytes::from("\n".repeat(length)),
        ),
        ("form", Kind::Form, Bytes::from("a=b&".repeat(length / 4))),
    ] {
        println!("{name}");
        measure(kind, &headers, body);
    }
}

fn measure(kind: Kind, headers: &Headers, body: Bytes) {
    let length = body.len();
    timed("  first screen of the beginning", || {
        let document = Document::beginning(kind, headers, body.clone());
        lines(&document, &mut Cursor::default(), 200, 60)
    });
    let open = || Document::open(kind, headers, body.clone(), &Cancel::default());
    let document = timed("  whole index", open);
    println!("  {}", document.about());
    println!(
        "  index {:.1} MB",
        (document.memory_bytes() - length) as f64 / 1e6
    );
    let mut cursor = Cursor::default();
    timed("  first screen", || lines(&document, &mut cursor, 200, 60));
    timed("  last screen", || {
        cursor.to_end(&document);
        lines(&document, &mut cursor, 200, 60)
    });
    timed("  a page up", || {
        cursor.page_by(&document, -1);
        lines(&document, &mut cursor, 200, 60)
    });
    timed("  unfold all, to the end", || {
        cursor.expand_all(&document);
        cursor.to_end(&document);
        lines(&document, &mut cursor, 200, 60)
    });
    timed("  path and value", || {
        (cursor.path(&document), cursor.value(&document))
    });
    for words in ["what is nowhere", "e\":z", "name\": \"nobody"] {
        let needle = Needle::new(words).expect("it is not empty");
        timed("  search of all", || {
            cursor.find(&document, &needle, Direction::Forward)
        });
    }
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{what}: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    result
}

/// About a value for each 20 bytes, as bodies have it.
fn objects(length: usize) -> Bytes {
    let mut body = String::from("[");
    let mut at = 0;
    while body.len() < length {
        // Writing to a string can't fail.
        let _ = write!(
            body,
            r#"{{"id": {at}, "name": "item number {at}", "ok": true, "price": 12.50, "tags": ["a", "b"], "at": {{"x": 1, "y": null}}}},"#
        );
        at += 1;
    }
    body.push_str("null]");
    body.into()
}

fn elements(length: usize) -> Bytes {
    let mut body = String::from("<all>");
    let mut at = 0;
    while body.len() < length {
        let _ = writeln!(body, "<item id=\"{at}\"><name>item {at}</name><ok/></item>");
        at += 1;
    }
    body.push_str("</all>");
    body.into()
}
