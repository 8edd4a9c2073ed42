//! How a piece of XML is shown on a row: as it is written, its lines as one.

use memchr::memmem;

use super::super::pen::{Pen, Tone};
use super::super::tree::Tree;
use super::name;

/// Draws the row of an element, or of what stands between elements.
pub(in crate::document) fn draw(
    tree: &Tree,
    source: &[u8],
    node: u32,
    is_open: bool,
    pen: &mut Pen<'_>,
) {
    let container = tree.container(node);
    pen.put(
        Tone::Punctuation,
        match container {
            Some(_) if is_open => "▾ ",
            Some(_) => "▸ ",
            None => "  ",
        },
    );
    let start = tree
        .node(node)
        .map_or(source.len(), |it| it.offset as usize);
    let rest = &source[start..];
    if name(source, start).is_empty() {
        let piece = &rest[..leaf_end(source, start) - start];
        return match piece {
            [b'<', b'!', b'[', ..] => flat(Tone::String, piece, pen),
            [b'<', ..] => flat(Tone::Aside, piece, pen),
            _ => flat(Tone::String, piece.trim_ascii(), pen),
        };
    }
    let tag_end = tag_end(rest);
    draw_tag(&rest[..tag_end], pen);
    match container {
        Some(it) if it.close().is_none() && tree.is_cut() => pen.put(Tone::Dim, " and more"),
        Some(it) if it.close().is_none() => pen.put(Tone::Fault, " and no end"),
        Some(it) if !is_open => {
            let noun = if it.count == 1 { "node" } else { "nodes" };
            pen.put(Tone::Dim, &format!(" {} {noun}", it.count));
        }
        Some(_) => {}
        None => {
            let inside = &rest[tag_end..leaf_end(source, start) - start];
            let text_end = memchr::memchr(b'<', inside).unwrap_or(inside.len());
            flat(Tone::String, &inside[..text_end], pen);
            pen.source(Tone::Punctuation, &inside[text_end..]);
        }
    }
}

/// One past what begins here and holds no elements: a tag with its text and end, a text, a
/// comment, and so on.
pub(super) fn leaf_end(source: &[u8], start: usize) -> usize {
    let rest = &source[start..];
    let past = |mark: &[u8]| memmem::find(rest, mark).map_or(rest.len(), |it| it + mark.len());
    start
        + match rest {
            [b'<', b'!', b'-', ..] => past(b"-->"),
            [b'<', b'!', b'[', ..] => past(b"]]>"),
            [b'<', b'!', ..] => doctype_end(rest),
            [b'<', b'?', ..] => past(b"?>"),
            [b'<', ..] => element_end(rest),
            _ => memchr::memchr(b'<', rest).unwrap_or(rest.len()),
        }
}

/// One past an element with nothing but text inside.
fn element_end(element: &[u8]) -> usize {
    let tag = tag_end(element);
    if element[..tag].ends_with(b"/>") {
        return tag;
    }
    let end = memchr::memchr(b'<', &element[tag..]).map_or(element.len(), |it| tag + it);
    end + tag_end(&element[end..])
}

/// One past the `>` of a tag; inside quotes it is part of an attribute.
fn tag_end(tag: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'>', b'"', b'\'', &tag[at..]) {
        let quote = tag[at + found];
        at += found + 1;
        if quote == b'>' {
            return at;
        }
        match memchr::memchr(quote, &tag[at..]) {
            Some(end) => at += end + 1,
            None => break,
        }
    }
    tag.len()
}

/// One past the `>` that ends a DOCTYPE, those of its own declarations left out.
fn doctype_end(doctype: &[u8]) -> usize {
    let mut depth = 0_usize;
    for at in memchr::memchr2_iter(b'<', b'>', doctype) {
        match doctype[at] {
            b'<' => depth += 1,
            _ if depth == 1 => return at + 1,
            _ => depth = depth.saturating_sub(1),
        }
    }
    doctype.len()
}

fn draw_tag(tag: &[u8], pen: &mut Pen<'_>) {
    let name = name(tag, 0);
    pen.put(Tone::Punctuation, "<");
    pen.source(Tone::Name, name);
    let mut rest = &tag[1 + name.len()..];
    while !rest.is_empty() && !pen.is_full() {
        let quote = memchr::memchr2(b'"', b'\'', rest).unwrap_or(rest.len());
        let (before, quoted) = rest.split_at(quote);
        let is_end = quoted.is_empty();
        flat(
            if is_end { Tone::Punctuation } else { Tone::Key },
            before,
            pen,
        );
        let end = match quoted.first() {
            Some(it) => memchr::memchr(*it, &quoted[1..]).map_or(quoted.len(), |at| at + 2),
            None => 0,
        };
        flat(Tone::String, &quoted[..end], pen);
        rest = &quoted[end..];
    }
}

/// Several lines as one, what sets them in as one blank.
fn flat(tone: Tone, bytes: &[u8], pen: &mut Pen<'_>) {
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        if pen.is_full() {
            return;
        }
        pen.source(
            tone,
            rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]),
        );
        rest = rest[end + 1..].trim_ascii_start();
        if !rest.is_empty() {
            pen.blank(1);
        }
    }
    pen.source(tone, rest);
}
