//! Text, durations and sizes as columns of a row.

use std::time::Duration;

use unicode_width::UnicodeWidthChar;

/// The text in exactly so many columns: filled up, or cut with a sign that it is.
pub fn fit(text: &str, columns: usize) -> String {
    let width = |c: char| c.width().unwrap_or(0);
    let total: usize = text.chars().map(width).sum();
    let room = if total > columns {
        columns - 1
    } else {
        columns
    };
    let mut taken = 0;
    let mut fitted: String = text
        .chars()
        .take_while(|c| {
            taken += width(*c);
            taken <= room
        })
        .collect();
    if total > columns {
        fitted.push('…');
    }
    let shown: usize = fitted.chars().map(width).sum();
    fitted.extend(std::iter::repeat_n(' ', columns.saturating_sub(shown)));
    fitted
}

/// A duration to three digits or so.
pub fn duration(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1e3;
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        ..60_000.0 => format!("{:.1} s", ms / 1e3),
        _ => format!("{:.1} min", ms / 6e4),
    }
}

/// A size to three digits or so.
pub fn size(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else {
        return "?".to_owned();
    };
    let kb = bytes as f64 / 1e3;
    match kb {
        ..1.0 => format!("{bytes} B"),
        ..100.0 => format!("{kb:.1} kB"),
        ..1000.0 => format!("{kb:.0} kB"),
        _ => format!("{:.1} MB", kb / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fills_its_columns_and_no_more() {
        for (text, fitted) in [
            ("", "    "),
            ("ab", "ab  "),
            ("abcd", "abcd"),
            ("abcde", "abc…"),
            ("日本", "日本"),
            ("日本語", "日… "),
            ("a日本", "a日…"),
            ("e\u{301}", "e\u{301}   "),
        ] {
            assert_eq!(fit(text, 4), fitted, "{text}");
        }
    }

    #[test]
    fn figures_are_short() {
        for (micros, shown) in [
            (310, "0.3 ms"),
            (9_940, "9.9 ms"),
            (12_345, "12 ms"),
            (1_234_000, "1.2 s"),
            (90_000_000, "1.5 min"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), shown);
        }
        for (bytes, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_234, "1.2 kB"),
            (123_456, "123 kB"),
            (50_000_000, "50.0 MB"),
        ] {
            assert_eq!(size(Some(bytes)), shown);
        }
        assert_eq!(size(None), "?");
    }
}
