//! Text in lines, broken between words.

use unicode_width::UnicodeWidthStr;

/// The text in lines of so many columns at most. A word that is longer has a line for itself and
/// is left whole, so that it can be copied.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        for (text, lines) in [
            ("", &[""][..]),
            ("one two", &["one two"]),
            ("one two three", &["one two", "three"]),
            (
                "a https://relay.example b",
                &["a", "https://relay.example", "b"],
            ),
            ("日本 日本 日本", &["日本", "日本", "日本"]),
        ] {
            assert_eq!(wrap(text, 8), lines, "{text}");
        }
    }
}
