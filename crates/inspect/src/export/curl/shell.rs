//! Words of the POSIX shell for any bytes.

use crate::inert::is_inert;

/// One word of exactly these bytes. NUL can't be in any word of a shell, and is left out.
pub(super) fn quoted(bytes: &[u8]) -> String {
    if let Some(word) = plain(bytes) {
        return word;
    }
    let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    format!("\"$(printf {})\"", octal(&bytes))
}

/// The word in single quotes, if it may stand in a terminal like that: text in which nothing
/// acts but line feeds.
pub(super) fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_plain = text.chars().all(|c| c == '\n' || is_inert(c));
    is_plain.then(|| format!("'{}'", text.replace('\'', "'\\''")))
}

/// A format for `printf` that prints these bytes.
pub(super) fn octal(bytes: &[u8]) -> String {
    let mut format = String::with_capacity(bytes.len() + 2);
    format.push('\'');
    for byte in bytes {
        match byte {
            b'%' => format.push_str("%%"),
            b'\\' => format.push_str("\\\\"),
            b'\'' => format.push_str("'\\''"),
            b' '..=b'~' => format.push(char::from(*byte)),
            _ => format.push_str(&format!("\\{byte:03o}")),
        }
    }
    format.push('\'');
    // A format that begins with a hyphen is taken for an option.
    if format.starts_with("'-") {
        format.insert_str(0, "-- ");
    }
    format
}

/// Text within double quotes, where it means itself.
pub(super) fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}
