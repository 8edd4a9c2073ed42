//! A key as it is pressed and as it is written.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key, with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    has_ctrl: bool,
    has_alt: bool,
}

const NAMED: [(&str, KeyCode); 17] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("minus", KeyCode::Char('-')),
];

impl Key {
    /// The key of an event; none if it is not one that can be bound.
    pub(crate) fn of(event: &KeyEvent) -> Option<Self> {
        let held = event.modifiers - KeyModifiers::SHIFT;
        if !(KeyModifiers::CONTROL | KeyModifiers::ALT).contains(held) {
            return None;
        }
        Some(Self {
            code: match event.code {
                // Some terminals tell of shift and give the small letter.
                // With Ctrl most don't tell of it at all.
                KeyCode::Char(c) if held.contains(KeyModifiers::CONTROL) => {
                    KeyCode::Char(c.to_ascii_lowercase())
                }
                KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::SHIFT) => {
                    KeyCode::Char(c.to_ascii_uppercase())
                }
                KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
                code => code,
            },
            has_ctrl: held.contains(KeyModifiers::CONTROL),
            has_alt: held.contains(KeyModifiers::ALT),
        })
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut key = Self {
            code: KeyCode::Null,
            has_ctrl: false,
            has_alt: false,
        };
        let mut rest = text;
        loop {
            if let Some(behind) = behind(rest, "ctrl-") {
                (key.has_ctrl, rest) = (true, behind);
            } else if let Some(behind) = behind(rest, "alt-") {
                (key.has_alt, rest) = (true, behind);
            } else {
                break;
            }
        }
        let lower = rest.to_ascii_lowercase();
        let named = NAMED.iter().find(|(name, _)| *name == lower);
        let mut chars = rest.chars();
        key.code = match (named, chars.next(), chars.as_str()) {
            (Some((_, code)), _, _) => *code,
            (None, Some(c), "") if key.has_ctrl && !c.is_control() => {
                KeyCode::Char(c.to_ascii_lowercase())
            }
            (None, Some(c), "") if !c.is_control() => KeyCode::Char(c),
            (None, Some('f' | 'F'), digits) => match digits.parse() {
                Ok(number @ 1..=12) => KeyCode::F(number),
                _ => return Err(()),
            },
            _ => return Err(()),
        };
        Ok(key)
    }
}

/// What stands behind this prefix, however that is written; none if nothing does.
fn behind<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (before, behind) = text.split_at_checked(prefix.len())?;
    (before.eq_ignore_ascii_case(prefix) && !behind.is_empty()).then_some(behind)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.has_alt {
            f.write_str("Alt-")?;
        }
        let shown = match self.code {
            KeyCode::Up => "↑",
            KeyCode::Down => "↓",
            KeyCode::Left => "←",
            KeyCode::Right => "→",
            KeyCode::Enter => "Enter",
            KeyCode::Esc => "Esc",
            KeyCode::Tab => "Tab",
            KeyCode::BackTab => "Shift-Tab",
            KeyCode::PageUp => "PgUp",
            KeyCode::PageDown => "PgDn",
            KeyCode::Home => "Home",
            KeyCode::End => "End",
            KeyCode::Backspace => "Backspace",
            KeyCode::Delete => "Del",
            KeyCode::Insert => "Ins",
            KeyCode::Char(' ') => "Space",
            KeyCode::Char(c) if self.has_ctrl => return write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => return write!(f, "{c}"),
            KeyCode::F(number) => return write!(f, "F{number}"),
            _ => "?",
        };
        f.write_str(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_they_are_named() {
        for (text, shown) in [
            ("r", "r"),
            ("R", "R"),
            ("ctrl-d", "Ctrl-D"),
            ("Ctrl-D", "Ctrl-D"),
            ("ALT-X", "Alt-X"),
            ("alt-x", "Alt-x"),
            ("space", "Space"),
            ("Enter", "Enter"),
            ("f12", "F12"),
            ("-", "-"),
            ("minus", "-"),
            ("up", "↑"),
        ] {
            assert_eq!(
                text.parse::<Key>().map(|key| key.to_string()),
                Ok(shown.to_owned())
            );
        }
        for nonsense in ["", "ctrl-", "f13", "f0", "rr", "\u{7}"] {
            assert_eq!(nonsense.parse::<Key>(), Err(()), "{nonsense:?}");
        }
    }

    #[test]
    fn with_ctrl_a_letter_is_the_same_in_either_case() {
        let pressed = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
        let with_shift = KeyModifiers::CONTROL | KeyModifiers::SHIFT;
        let capital = KeyEvent::new(KeyCode::Char('D'), with_shift);
        for text in ["ctrl-d", "ctrl-D", "Ctrl-D", "CTRL-d"] {
            let bound = text.parse::<Key>().ok();
            assert_eq!(bound, Key::of(&pressed), "{text}");
            assert_eq!(bound, Key::of(&capital), "{text}");
        }
        let both = "alt-ctrl-D".parse::<Key>();
        assert_eq!(both.map(|key| key.to_string()), Ok("Ctrl-Alt-D".to_owned()));
    }

    #[test]
    fn shift_makes_a_capital_whatever_the_terminal_says() {
        let small = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::SHIFT);
        let capital = KeyEvent::new(KeyCode::Char('R'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(&small), Key::of(&capital));
        assert_eq!(
            Key::of(&small).map(|key| key.to_string()).as_deref(),
            Some("R")
        );
    }
}
