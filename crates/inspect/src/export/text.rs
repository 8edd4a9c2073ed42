//! Bytes as JSON carries them, and times as RFC 3339 has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;

use crate::inert::is_inert;

/// Bytes as text if they are text, or in base64.
pub(super) enum Text<'a> {
    /// They are UTF-8.
    Plain(&'a str),
    /// They are not; this is base64.
    Base64(String),
}

impl<'a> Text<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Plain(text),
            Err(_) => Self::Base64(base64(bytes)),
        }
    }
}

/// Bytes in base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A moment as RFC 3339 has it, in UTC. One beyond the calendar is shown as its end.
pub(super) fn rfc3339(at_us: u64) -> String {
    let at = i64::try_from(at_us).unwrap_or(i64::MAX);
    let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX);
    format!("{at:.6}")
}

/// JSON on one line. What a terminal would obey is written as an escape, which means the same.
pub(super) fn line(value: &impl Serialize) -> String {
    // The values are our own structures of strings and numbers, which can't fail.
    escape(&serde_json::to_string(value).unwrap_or_default())
}

/// The same over several lines.
pub(super) fn pretty(value: &impl Serialize) -> String {
    escape(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// Beyond ASCII, JSON has characters only within strings, where any may be escaped.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_inert(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_utc_to_the_microsecond() {
        assert_eq!(
            rfc3339(1_767_225_600_000_001),
            "2026-01-01T00:00:00.000001Z"
        );
        assert!(rfc3339(u64::MAX).starts_with("9999-12-3"));
    }

    proptest! {
        #[test]
        fn escaped_json_means_the_same_and_is_inert(text in any::<String>()) {
            let written = line(&text);
            prop_assert!(written.chars().all(is_inert));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
