//! Bytes as a hex dump: where, what, and which characters they would be.

use std::fmt::Write as _;

use super::pen::{Pen, Tone};

/// How many bytes stand on a row: as many of 16 as the width allows.
pub(super) fn per_row(length: usize, width: u16) -> usize {
    let columns = |bytes: usize| digits(length) + 1 + bytes * 3 + bytes / 9 + 2 + bytes;
    let fits = |it: &usize| columns(*it) <= usize::from(width);
    [16, 8, 4, 2].into_iter().find(fits).unwrap_or(1)
}

/// Draws the row that begins at `start`.
pub(super) fn draw(source: &[u8], start: usize, per_row: usize, pen: &mut Pen<'_>) {
    let row = source.get(start..).unwrap_or_default();
    let row = &row[..row.len().min(per_row)];
    let places = digits(source.len());
    pen.put(Tone::Dim, &format!("{start:0places$x} "));
    let mut hex = String::new();
    for at in 0..per_row {
        if at == 8 {
            hex.push(' ');
        }
        // Writing to a string can't fail.
        let _ = match row.get(at) {
            Some(byte) => write!(hex, " {byte:02x}"),
            None => write!(hex, "   "),
        };
    }
    pen.put(Tone::Plain, &hex);
    pen.blank(2);
    for byte in row {
        match byte {
            b' '..=b'~' => pen.put(Tone::String, char::from(*byte).encode_utf8(&mut [0; 4])),
            _ => pen.put(Tone::Dim, "·"),
        }
    }
}

/// How many digits the last offset has: at least four.
fn digits(length: usize) -> usize {
    let digits = length.max(1).ilog(16) as usize + 1;
    digits.max(4)
}
