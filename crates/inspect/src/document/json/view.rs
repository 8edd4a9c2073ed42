//! How a JSON value is shown on a row, named, and taken away.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::inert::{inert_bytes, is_inert};
use crate::limits::{PATH_LEVELS, PREVIEW_BYTES};

use super::super::pen::{Pen, Tone};
use super::super::tree::{Container, Tree};
use super::{skip_space, string_end, strings, unescape};

/// Draws the row of a value. `is_open` is for containers; `is_read` shows what strings say
/// instead of how they are written, between other quotes so that it is never mistaken.
pub(in crate::document) fn draw(
    tree: &Tree,
    source: &[u8],
    node: u32,
    is_open: bool,
    is_read: bool,
    pen: &mut Pen<'_>,
) {
    let container = tree.container(node).filter(|it| it.count > 0);
    pen.put(
        Tone::Punctuation,
        match container {
            Some(_) if is_open => "▾ ",
            Some(_) => "▸ ",
            None => "  ",
        },
    );
    label(tree, source, node, is_read, pen);
    let start = value_start(tree, source, node);
    match tree.container(node) {
        Some(it) => draw_container(&it, tree.is_cut(), source, start, is_open, pen),
        None if source.get(start) == Some(&b'"') => {
            let end = string_end(source, start);
            draw_string(&source[start..end], Tone::String, is_read, pen);
        }
        None => {
            let tone = match source.get(start) {
                Some(b't' | b'f' | b'n') => Tone::Literal,
                _ => Tone::Number,
            };
            pen.source(tone, &source[start..scalar_end(source, start)]);
        }
    }
}

/// Where a value stands in the source, its key left out.
pub(in crate::document) fn value(tree: &Tree, source: &Bytes, node: u32) -> Bytes {
    let start = value_start(tree, source, node);
    let end = match tree.container(node) {
        Some(it) => it.close().map_or(source.len(), |it| it as usize),
        None if source.get(start) == Some(&b'"') => string_end(source, start),
        None => scalar_end(source, start),
    };
    source.slice(start..end.max(start))
}

/// What a value says: of a string its text, of all else how it is written.
pub(in crate::document) fn text(tree: &Tree, source: &Bytes, node: u32) -> Bytes {
    let value = value(tree, source, node);
    if value.starts_with(b"\"") {
        return unescape(&value).into();
    }
    value
}

/// The name of a value as jq has it: `.result.urls[0]`. Nothing for what is absurdly deep.
pub(in crate::document) fn path(tree: &Tree, source: &[u8], node: u32) -> Option<String> {
    if tree.depth(node) > PATH_LEVELS {
        return None;
    }
    let mut steps = Vec::new();
    let mut at = node;
    while let Some(parent) = tree.parent(at) {
        let entry = tree.node(at)?;
        steps.push(if parent.is_object() {
            let start = entry.offset as usize;
            key_step(&source[start..string_end(source, start)])
        } else {
            format!("[{}]", entry.ordinal)
        });
        at = parent.node;
    }
    let mut path: String = steps.into_iter().rev().collect();
    if !path.starts_with('.') {
        path.insert(0, '.');
    }
    Some(path)
}

fn key_step(key: &[u8]) -> String {
    let text = unescape(key);
    if is_identifier(&text) {
        return format!(".{}", inert_bytes(&text));
    }
    let written = inner(key);
    let Ok(written) = std::str::from_utf8(written) else {
        return format!("[\"{}\"]", inert_bytes(written));
    };
    let mut step = String::from("[\"");
    for c in written.chars() {
        if is_inert(c) {
            step.push(c);
        } else {
            // Written so that jq reads the same.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(step, "\\u{unit:04x}");
            }
        }
    }
    step + "\"]"
}

fn is_identifier(text: &[u8]) -> bool {
    let is_letter = |it: &u8| it.is_ascii_alphabetic() || *it == b'_';
    text.first().is_some_and(is_letter)
        && text.iter().all(|it| is_letter(it) || it.is_ascii_digit())
}

fn inner(string: &[u8]) -> &[u8] {
    let inner = string.strip_prefix(b"\"").unwrap_or(string);
    inner.strip_suffix(b"\"").unwrap_or(inner)
}

/// Where the value begins, after its key if it has one.
fn value_start(tree: &Tree, source: &[u8], node: u32) -> usize {
    let start = tree
        .node(node)
        .map_or(source.len(), |it| it.offset as usize);
    if !tree.parent(node).is_some_and(|it| it.is_object()) {
        return start;
    }
    let colon = skip_space(source, string_end(source, start));
    skip_space(source, colon + 1).min(source.len())
}

fn scalar_end(source: &[u8], start: usize) -> usize {
    let is_part = |it: &&u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'+' | b'.');
    start + source[start..].iter().take_while(is_part).count()
}

fn label(tree: &Tree, source: &[u8], node: u32, is_read: bool, pen: &mut Pen<'_>) {
    let (Some(parent), Some(entry)) = (tree.parent(node), tree.node(node)) else {
        return;
    };
    if !parent.is_object() {
        return pen.put(Tone::Dim, &format!("{}: ", entry.ordinal));
    }
    let start = entry.offset as usize;
    let key = &source[start..string_end(source, start)];
    if is_identifier(inner(key)) {
        pen.source(Tone::Key, inner(key));
    } else {
        draw_string(key, Tone::Key, is_read, pen);
    }
    pen.put(Tone::Punctuation, ": ");
}

fn draw_container(
    container: &Container,
    is_cut: bool,
    source: &[u8],
    start: usize,
    is_open: bool,
    pen: &mut Pen<'_>,
) {
    let (opening, closing, one, many) = match container.is_object() {
        true => ("{", "}", "key", "keys"),
        false => ("[", "]", "item", "items"),
    };
    pen.put(Tone::Punctuation, opening);
    if container.count > 0 {
        let noun = if container.count == 1 { one } else { many };
        pen.put(Tone::Dim, &format!("{} {noun}", container.count));
    }
    match container.close() {
        Some(_) => pen.put(Tone::Punctuation, closing),
        None if is_cut => pen.put(Tone::Dim, " and more"),
        None => pen.put(Tone::Fault, " and no end"),
    }
    if !is_open && container.count > 0 {
        let end = container.close().map_or(source.len(), |it| it as usize - 1);
        pen.blank(1);
        preview(&source[start + 1..end.max(start + 1)], pen);
    }
}

/// The beginning of what is inside, its lines as one.
fn preview(inside: &[u8], pen: &mut Pen<'_>) {
    let start = &inside[..inside.len().min(PREVIEW_BYTES)];
    for line in start.split(|it| *it == b'\n') {
        if pen.is_full() {
            return;
        }
        let line = line.trim_ascii();
        if !line.is_empty() {
            pen.source(Tone::Dim, line);
            pen.blank(1);
        }
    }
    if start.len() < inside.len() {
        pen.put(Tone::Dim, "…");
    }
}

/// A string as it is written, its escapes told apart; or what it says.
fn draw_string(string: &[u8], tone: Tone, is_read: bool, pen: &mut Pen<'_>) {
    let mut rest = inner(string);
    pen.put(tone, if is_read { "“" } else { "\"" });
    while !rest.is_empty() && !pen.is_full() {
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        pen.source(tone, &rest[..plain]);
        rest = &rest[plain..];
        if rest.is_empty() {
            break;
        }
        let (character, length) = strings::one(rest);
        match character.filter(|it| is_read && is_inert(*it)) {
            Some(it) => pen.put(tone, it.encode_utf8(&mut [0; 4])),
            None => pen.source(Tone::Escape, &rest[..length]),
        }
        rest = &rest[length..];
    }
    pen.put(tone, if is_read { "”" } else { "\"" });
}
