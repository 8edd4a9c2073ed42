//! Whether two numbers of JSON are the same one, whatever their size.

/// Whether two numbers, as JSON writes them, have the same value.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (Decimal::of(left), Decimal::of(right));
    left.is_some() && left == right
}

/// Sign, digits without zeros at either end, and the power of ten behind them.
#[derive(PartialEq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i128,
}

impl Decimal {
    fn of(written: &str) -> Option<Self> {
        let unsigned = written.strip_prefix('-').unwrap_or(written);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self {
                is_negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let zeros = all.len() - all.trim_end_matches('0').len();
        let exponent: i64 = exponent.parse().ok()?;
        let shift = i128::try_from(zeros).ok()? - i128::try_from(fraction.len()).ok()?;
        Some(Self {
            is_negative: unsigned.len() < written.len(),
            digits: digits.to_owned(),
            exponent: i128::from(exponent) + shift,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn the_value_counts_not_the_writing() {
        for (left, right, same) in [
            ("1", "1.0", true),
            ("1", "1e0", true),
            ("100", "1e2", true),
            ("0.001", "1E-3", true),
            ("-0", "0.0", true),
            ("0e99999999999999999999", "0", true),
            ("1", "-1", false),
            ("9007199254740993", "9007199254740992", false),
            ("1e99999999999999999999", "1e99999999999999999999", false),
            ("10", "1", false),
        ] {
            assert_eq!(is_same(left, right), same, "{left} {right}");
        }
        let long = "7".repeat(10_000);
        assert!(is_same(&long, &format!("{long}.00")));
    }
}
