//! Fields of a form (`application/x-www-form-urlencoded`): names and values, decoded.
//!
//! What can't be decoded, a `%` without two digits or bytes that are no text, stays as written.

use std::ops::Range;

use crate::inert::{inert_bytes, is_inert};
use crate::limits::CODED_RUN;

use super::pen::{Pen, Tone};

/// Draws a field.
pub(super) fn draw(field: &[u8], pen: &mut Pen<'_>) {
    let equals = memchr::memchr(b'=', field);
    let name = &field[..equals.unwrap_or(field.len())];
    draw_decoded(name, Tone::Key, pen);
    if let Some(equals) = equals {
        pen.put(Tone::Punctuation, " = ");
        draw_decoded(&field[equals + 1..], Tone::String, pen);
    }
}

/// The name of a field, fit to be shown.
pub(super) fn name(field: &[u8]) -> String {
    let end = memchr::memchr(b'=', field).unwrap_or(field.len());
    inert_bytes(&decode(&field[..end])).into_owned()
}

/// Where the value of a field stands.
pub(super) fn value(source: &[u8], field: Range<usize>) -> Range<usize> {
    let equals = memchr::memchr(b'=', &source[field.clone()]);
    equals.map_or(field.end, |it| field.start + it + 1)..field.end
}

/// What a name or a value says.
pub(super) fn decode(written: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(written.len());
    for (kind, bytes) in pieces(written) {
        match kind {
            Piece::Coded => text.extend(coded(bytes)),
            Piece::Blank => text.push(b' '),
            Piece::Plain | Piece::Broken => text.extend_from_slice(bytes),
        }
    }
    text
}

fn draw_decoded(written: &[u8], tone: Tone, pen: &mut Pen<'_>) {
    for (kind, bytes) in pieces(written) {
        if pen.is_full() {
            return;
        }
        match kind {
            Piece::Plain => pen.source(tone, bytes),
            Piece::Blank => pen.blank(1),
            Piece::Broken => pen.source(Tone::Fault, bytes),
            Piece::Coded => draw_coded(bytes, tone, pen),
        }
    }
}

/// Draws what a run of `%XX` stands for; those that stand for nothing to be seen, as written.
fn draw_coded(written: &[u8], tone: Tone, pen: &mut Pen<'_>) {
    let decoded: Vec<u8> = coded(written).collect();
    let mut at = 0;
    for chunk in decoded.utf8_chunks() {
        if pen.is_full() {
            return;
        }
        for c in chunk.valid().chars() {
            let end = at + c.len_utf8() * 3;
            match is_inert(c) {
                true => pen.put(tone, c.encode_utf8(&mut [0; 4])),
                false => pen.source(Tone::Escape, &written[at..end]),
            }
            at = end;
        }
        let end = at + chunk.invalid().len() * 3;
        pen.source(Tone::Fault, &written[at..end]);
        at = end;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Stands for itself.
    Plain,
    /// `+`.
    Blank,
    /// Any number of `%XX`.
    Coded,
    /// A `%` that is none.
    Broken,
}

/// What is written, in runs of one kind.
fn pieces(mut rest: &[u8]) -> impl Iterator<Item = (Piece, &[u8])> {
    std::iter::from_fn(move || {
        let (kind, length) = match rest.first()? {
            b'+' => (Piece::Blank, 1),
            b'%' => match coded_run(rest) {
                0 => (Piece::Broken, 1),
                run => (Piece::Coded, run),
            },
            _ => {
                let plain = memchr::memchr2(b'+', b'%', rest);
                (Piece::Plain, plain.unwrap_or(rest.len()))
            }
        };
        let (piece, after) = rest.split_at(length);
        rest = after;
        Some((kind, piece))
    })
}

/// How many bytes of `%XX` come one after the other. Very long runs are cut, between characters.
fn coded_run(bytes: &[u8]) -> usize {
    let is_coded = |it: &&[u8]| matches!(it, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    let run = bytes.chunks(3).take(CODED_RUN).take_while(is_coded).count();
    if run < CODED_RUN {
        return run * 3;
    }
    let is_inside = |at: &usize| {
        matches!(
            bytes.get(at * 3 + 1),
            Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
        )
    };
    let cut = (run - 3..=run).rev().find(|it| !is_inside(it));
    cut.unwrap_or(run) * 3
}

fn coded(written: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |it: u8| char::from(it).to_digit(16).unwrap_or_default() as u8;
    written
        .chunks_exact(3)
        .map(move |it| digit(it[1]) << 4 | digit(it[2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(field: &str) -> String {
        let mut pen = Pen::new(80, 0, None);
        draw(field.as_bytes(), &mut pen);
        pen.finish().into_iter().map(|(_, it)| it).collect()
    }

    #[test]
    fn fields_are_decoded() {
        assert_eq!(drawn("a+b=%C3%A9t%C3%A9"), "a b = été");
        assert_eq!(drawn("alone"), "alone");
        assert_eq!(drawn("=x"), " = x");
        assert_eq!(decode(b"%41+%zz%4"), b"A %zz%4");
        assert_eq!(name(b"a%5B0%5D=1"), "a[0]");
    }

    #[test]
    fn a_long_run_is_cut_between_characters() {
        let field = format!("a=x{}", "%F0%9F%A6%80".repeat(1_000));
        let mut pen = Pen::new(u16::MAX, 0, None);
        draw(field.as_bytes(), &mut pen);
        let drawn: String = pen.finish().into_iter().map(|(_, it)| it).collect();
        assert_eq!(drawn, format!("a = x{}", "🦀".repeat(1_000)));
        let text = "%C3%A9".repeat(2_000) + "%41%E6%97%A5";
        let text = decode(text.as_bytes());
        assert_eq!(String::from_utf8(text).unwrap(), "é".repeat(2_000) + "A日");
    }

    #[test]
    fn what_cannot_be_decoded_stays_as_written() {
        assert_eq!(drawn("a=%zz%"), "a = %zz%");
        assert_eq!(drawn("a=%ff%C3%A9%0a"), "a = %ffé%0a");
    }
}
