//! Whole documents, as they are seen.

use kreel_wire::HeadersBuilder;

use super::*;

mod anything;
mod forms;
mod json;
mod media;
mod text;
mod xml;

fn headers(lines: &[(&str, &str)]) -> Headers {
    let mut builder = HeadersBuilder::with_capacity(lines.len());
    for (name, value) in lines {
        builder.push(name.as_bytes(), value.as_bytes());
    }
    builder.build()
}

fn of_type(content_type: &str) -> Headers {
    headers(&[("content-type", content_type)])
}

/// A body as it is opened when it arrives.
fn open(headers: &Headers, body: impl Into<Bytes>) -> Document {
    let body = body.into();
    let kind = Kind::of(headers, &body);
    Document::open(kind, headers, body, &Cancel::default())
}

fn open_json(body: impl Into<Bytes>) -> Document {
    open(&of_type("application/json"), body)
}

/// What is seen, the selected line marked with `>`.
fn screen(document: &Document, cursor: &mut Cursor, width: u16, height: u16) -> Vec<String> {
    let shown = lines(document, cursor, width, height);
    let line = |it: Line| {
        let text: String = it.pieces.iter().map(|(_, text)| text.as_str()).collect();
        let mark = if it.is_selected { ">" } else { " " };
        format!("{mark}{text}").trim_end().to_string()
    };
    shown.into_iter().map(line).collect()
}

/// What the selected line shows.
fn selected(document: &Document, cursor: &mut Cursor) -> String {
    let line = lines(document, cursor, 80, 24)
        .into_iter()
        .find(|it| it.is_selected);
    line.map_or(String::new(), |it| {
        it.pieces.into_iter().map(|it| it.1).collect()
    })
}

fn first_screen(document: &Document, width: u16) -> Vec<String> {
    screen(document, &mut Cursor::default(), width, 24)
}
