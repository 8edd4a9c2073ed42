//! Times of day and dates, as they are where the user is.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time of day there.
pub(crate) fn clock(at_us: u64, zone: &TimeZone) -> String {
    shown(at_us, zone, "%H:%M:%S")
}

/// Date and time of day there.
pub(super) fn date(at_us: u64, zone: &TimeZone) -> String {
    shown(at_us, zone, "%Y-%m-%d %H:%M:%S")
}

fn shown(at_us: u64, zone: &TimeZone, form: &str) -> String {
    let micros = i64::try_from(at_us).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(micros).map_or_else(
        |_| "?".to_owned(),
        |at| zone.to_datetime(at).strftime(form).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_two_zones() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        let at_us = 1_763_884_800_000_000;
        assert_eq!(clock(at_us, &TimeZone::UTC), "08:00:00");
        assert_eq!(date(at_us, &berlin), "2025-11-23 09:00:00");
        assert_eq!(clock(u64::MAX, &berlin), "?");
    }
}
