//! JSON whose strings are inert on a terminal, and mean the same: what is not seen as itself is
//! written as its code, `\u202e`.

use std::io::{self, Write};

use serde_json::ser::Formatter;

use crate::inert::is_inert;

/// Compact JSON, with everything escaped that could act on a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_inert(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize as _;
    use serde_json::Serializer;

    use super::*;

    #[test]
    fn what_is_escaped_means_the_same() {
        for text in [
            "plain",
            "Grüße 🦀",
            "\u{202e}\u{9b}\u{7f}\u{1b}\n\"\\",
            "x\u{e0041}y",
        ] {
            let mut json = Vec::new();
            text.serialize(&mut Serializer::with_formatter(&mut json, Inert))
                .unwrap();
            let json = String::from_utf8(json).unwrap();
            assert!(json.chars().all(is_inert), "{json:?}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
