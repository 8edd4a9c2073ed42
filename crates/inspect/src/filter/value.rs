//! Values of terms: statuses, spans, sizes, comparisons.

use std::time::Duration;

use super::expression::{Comparison, Status};

/// Units of time in microseconds, the largest first.
pub(super) const UNITS_OF_TIME: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

const UNITS_OF_SIZE: [(&str, u64); 7] = [
    ("", 1),
    ("k", 1_000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
    ("ki", 1 << 10),
    ("mi", 1 << 20),
    ("gi", 1 << 30),
];

/// A comparison at the beginning of a text, and the rest.
pub(super) fn comparison(text: &str) -> Option<(Comparison, &str)> {
    [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::More),
        ("=", Comparison::Equal),
    ]
    .into_iter()
    .find_map(|(sign, how)| Some((how, text.strip_prefix(sign)?)))
}

/// `none`, `5xx`, `404`, `>=400`.
pub(super) fn status(text: &str) -> Option<Status> {
    let text = text.to_ascii_lowercase();
    if text == "none" {
        return Some(Status::None);
    }
    if let Some(class) = text.strip_suffix("xx") {
        let class = class.parse().ok().filter(|class| (1..=5).contains(class));
        return class.map(Status::Class);
    }
    let (how, number) = comparison(&text).unwrap_or((Comparison::Equal, &text));
    let number = digits(number)?.parse().ok();
    let number = number.filter(|number| (100..=999).contains(number));
    number.map(|number| Status::Compared(how, number))
}

/// `10m`, `1h30m`, `1.5s`.
pub(super) fn span(text: &str) -> Option<Duration> {
    let mut left = text;
    let mut micros = 0_u64;
    while !left.is_empty() {
        let (number, rest) = number(left)?;
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(end);
        let unit = unit.to_ascii_lowercase();
        let (_, factor) = UNITS_OF_TIME.iter().find(|(name, _)| *name == unit)?;
        micros = micros.checked_add(times(number, *factor)?)?;
        left = rest;
    }
    (!text.is_empty()).then(|| Duration::from_micros(micros))
}

/// `10k`, `1.5MB`, `4Ki`, `200`.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = number(text)?;
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (_, factor) = UNITS_OF_SIZE.iter().find(|(name, _)| *name == unit)?;
    times(number, *factor)
}

/// A whole number.
pub(super) fn whole(text: &str) -> Option<u64> {
    digits(text)?.parse().ok()
}

fn digits(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(text)
}

/// A number with or without a fraction, as digits on both sides of the point, and the rest.
fn number(text: &str) -> Option<((&str, &str), &str)> {
    let end = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let (before, rest) = text.split_at(end(text));
    let (after, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(end(rest)),
        None => ("", rest),
    };
    (!before.is_empty()).then_some(((before, after), rest))
}

fn times((before, after): (&str, &str), factor: u64) -> Option<u64> {
    let whole = before.parse::<u64>().ok()?.checked_mul(factor)?;
    // Six digits are a millionth; what is finer than the units is cut off.
    let after = after.get(..6).unwrap_or(after);
    let fraction = match after {
        "" => 0,
        after => {
            let digits = u128::from(after.parse::<u64>().ok()?);
            let scale = 10_u128.pow(after.len() as u32);
            u64::try_from(digits * u128::from(factor) / scale).ok()?
        }
    };
    whole.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        let second = Duration::from_secs(1);
        for (text, value) in [
            ("10m", Some(600 * second)),
            ("1h30m", Some(5_400 * second)),
            ("1.5s", Some(second * 3 / 2)),
            ("250ms", Some(second / 4)),
            ("10", None),
            ("", None),
            ("m", None),
            ("99999999999999d", None),
        ] {
            assert_eq!(span(text), value, "{text}");
        }
        for (text, value) in [
            ("10k", Some(10_000)),
            ("1.5MB", Some(1_500_000)),
            ("4Ki", Some(4_096)),
            ("200", Some(200)),
            ("200b", Some(200)),
            ("10x", None),
            ("k", None),
            ("99999999999g", None),
        ] {
            assert_eq!(size(text), value, "{text}");
        }
        for (text, value) in [
            ("5xx", Some(Status::Class(5))),
            ("404", Some(Status::Compared(Comparison::Equal, 404))),
            (">=400", Some(Status::Compared(Comparison::AtLeast, 400))),
            ("None", Some(Status::None)),
            ("6xx", None),
            ("4", None),
            ("+404", None),
        ] {
            assert_eq!(status(text), value, "{text}");
        }
    }
}
