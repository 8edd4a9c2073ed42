//! One event of the log with nothing left in it that acts.

use std::borrow::Cow;
use std::fmt::Write as _;

use kreel_inspect::inert::is_inert;

/// What an event is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text.
    Text,
    /// Text with colours, as the log itself sets them.
    Coloured,
    /// An object of JSON.
    Json,
}

impl Form {
    /// The event, on one line. Most are that already, and stay where they are.
    pub(super) fn shown(self, event: &[u8]) -> Cow<'_, [u8]> {
        let (line, end) = match event {
            [line @ .., b'\n'] => (line, "\n"),
            line => (line, ""),
        };
        if line.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return Cow::Borrowed(event);
        }
        let text = String::from_utf8_lossy(line);
        let mut shown = String::with_capacity(text.len() + 16);
        let mut rest = &*text;
        while let Some(c) = rest.chars().next() {
            let colour = (self == Self::Coloured).then(|| colour(rest)).flatten();
            let taken = match colour {
                Some(bytes) => {
                    shown.push_str(&rest[..bytes]);
                    bytes
                }
                None => {
                    self.push(c, &mut shown);
                    c.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        shown.push_str(end);
        Cow::Owned(shown.into_bytes())
    }

    fn push(self, c: char, shown: &mut String) {
        // Writing to a string can't fail.
        match self {
            _ if is_inert(c) => shown.push(c),
            Self::Json => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
            Self::Text | Self::Coloured => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
}

/// How long a change of colours is that stands at the beginning of this text; it changes nothing
/// else.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\x1b[")?;
    let end = numbers.find(|c: char| !matches!(c, '0'..='9' | ';'))?;
    numbers[end..].starts_with('m').then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(form: Form, event: &str) -> String {
        String::from_utf8(form.shown(event.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn an_event_stays_one_line_and_acts_on_nothing() {
        for (form, event, line) in [
            (Form::Text, "INFO fine\n", "INFO fine\n"),
            (
                Form::Text,
                "INFO Gr\u{fc}\u{df}e\n",
                "INFO Gr\u{fc}\u{df}e\n",
            ),
            (Form::Text, "a\nINFO forged\n", "a\\u{a}INFO forged\n"),
            (
                Form::Text,
                "a\r\x1b[2Jb\u{202e}\n",
                "a\\u{d}\\u{1b}[2Jb\\u{202e}\n",
            ),
            (
                Form::Coloured,
                "\x1b[32mINFO\x1b[0m a\n",
                "\x1b[32mINFO\x1b[0m a\n",
            ),
            (
                Form::Coloured,
                "\x1b[2J\x1b[1;31mx\n",
                "\\u{1b}[2J\x1b[1;31mx\n",
            ),
            (Form::Coloured, "\x1b[", "\\u{1b}["),
            (
                Form::Json,
                "{\"a\":\"\u{202e}\u{9b}\"}\n",
                "{\"a\":\"\\u202e\\u009b\"}\n",
            ),
        ] {
            assert_eq!(shown(form, event), line, "{event:?}");
        }
    }

    #[test]
    fn json_says_the_same_as_before() {
        let text = "a\u{202e}b\u{e0041}c\u{7f}\u{2028}";
        let event = format!("{}\n", serde_json::json!({"message": text}));
        let line = shown(Form::Json, &event);
        assert!(line.trim_end().chars().all(is_inert));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], text);
    }

    #[test]
    fn what_is_plain_is_not_copied() {
        assert!(matches!(Form::Json.shown(b"{}\n"), Cow::Borrowed(_)));
    }
}
