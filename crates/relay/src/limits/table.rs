//! Limits as a table: from one list come the fields, their defaults, their names in settings and
//! what is said about them, so that none can be forgotten anywhere.

use std::time::Duration;

use thiserror::Error;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// So many, at least one.
    Count,
    /// So many, or none.
    CountOrNone,
    /// Bytes, at least one.
    Bytes,
    /// Milliseconds, at least one.
    Time,
    /// So many each second; 0 for no limit.
    Rate,
}

/// One limit, for whoever reads or shows settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name in settings.
    pub name: &'static str,
    /// What it counts.
    pub kind: LimitKind,
    /// Its value, in what its kind counts.
    pub value: u64,
    /// The most it can be.
    pub most: u64,
    /// What it limits, and why it is what it is.
    pub reason: &'static str,
}

/// Why a limit can't be set to that.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LimitRefused {
    /// There is none of this name.
    #[error("there is no limit {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// It must not be zero.
    #[error("{name} must not be 0")]
    Zero {
        /// The limit.
        name: &'static str,
    },
    /// It is more than what comes behind it can take.
    #[error("{name} can be at most {most}, not {number}")]
    TooMuch {
        /// The limit.
        name: &'static str,
        /// The most it can be, in what its kind counts.
        most: u64,
        /// What was asked for.
        number: u64,
    },
}

/// What a limit's value is kept as.
pub(super) trait Number: Sized {
    /// From what its kind counts; nothing if it does not fit.
    fn from_number(number: u64) -> Option<Self>;
    /// In what its kind counts.
    fn to_number(&self) -> u64;
}

macro_rules! numbers {
    ($($type:ty),*) => {
        $(impl Number for $type {
            fn from_number(number: u64) -> Option<Self> {
                Self::try_from(number).ok()
            }

            fn to_number(&self) -> u64 {
                u64::try_from(*self).unwrap_or(u64::MAX)
            }
        })*
    };
}

numbers!(u64, u32, usize);

impl Number for Duration {
    fn from_number(number: u64) -> Option<Self> {
        // Further than any clock of ours reaches.
        (number < 1 << 42).then(|| Self::from_millis(number))
    }

    fn to_number(&self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Declares [`Limits`](super::Limits).
macro_rules! limits {
    ($($(#[doc = $doc:literal])* $name:ident: $type:ty = $default:expr, $kind:ident <= $most:expr;)*) => {
        /// What an operator may set.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])* pub $name: $type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// All of them.
            pub fn table(&self) -> Vec<Limit> {
                vec![$(Limit {
                    name: stringify!($name),
                    kind: LimitKind::$kind,
                    value: self.$name.to_number(),
                    most: $most,
                    reason: concat!($($doc),*),
                }),*]
            }

            /// Sets the one of this name, to a number of what its kind counts.
            pub fn set(&mut self, name: &str, number: u64) -> Result<(), LimitRefused> {
                match name {
                    $(stringify!($name) => {
                        let name = stringify!($name);
                        if number == 0 && !matches!(LimitKind::$kind, LimitKind::Rate | LimitKind::CountOrNone) {
                            return Err(LimitRefused::Zero { name });
                        }
                        let value = Number::from_number(number).filter(|_| number <= $most);
                        self.$name = value.ok_or(LimitRefused::TooMuch { name, most: $most, number })?;
                        Ok(())
                    })*
                    _ => Err(LimitRefused::Unknown { name: name.to_owned() }),
                }
            }
        }
    };
}

pub(super) use limits;

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::*;

    #[test]
    fn each_limit_can_be_set_by_its_name() {
        let usual = Limits::default();
        for limit in usual.table() {
            let mut changed = usual.clone();
            assert!((1..=limit.most).contains(&limit.value.max(1)), "{limit:?}");
            let other = limit.value + 1;
            let other = if other > limit.most {
                limit.value - 1
            } else {
                other
            };
            changed.set(limit.name, other).unwrap();
            let moved: Vec<_> = changed
                .table()
                .into_iter()
                .filter(|now| usual.table().iter().all(|before| before != now))
                .collect();
            assert!(
                matches!(&moved[..], [one] if one.name == limit.name && one.value == other),
                "{limit:?}"
            );
            changed.set(limit.name, limit.most).unwrap();
            let refused = changed.set(limit.name, limit.most + 1).unwrap_err();
            assert!(
                refused.to_string().contains(&limit.most.to_string()),
                "{refused}"
            );
            let zero = changed.set(limit.name, 0);
            let may_be_zero = matches!(limit.kind, LimitKind::Rate | LimitKind::CountOrNone);
            assert_eq!(zero.is_ok(), may_be_zero, "{}", limit.name);
        }
        let mut limits = usual;
        assert!(matches!(
            limits.set("max", 1),
            Err(LimitRefused::Unknown { .. })
        ));
        assert!(matches!(
            limits.set("http2_streams", u64::MAX),
            Err(LimitRefused::TooMuch { .. })
        ));
        assert!(matches!(
            limits.set("idle_time", u64::MAX),
            Err(LimitRefused::TooMuch { .. })
        ));
    }

    /// The table in the operator's manual, a line for each limit.
    #[test]
    fn the_manual_lists_each_limit_with_its_default_and_reason() {
        let manual = include_str!("../../../../docs/operating.md");
        for limit in Limits::default().table() {
            let line = format!(
                "| `{}` | {} | {} | {} |",
                limit.name,
                shown(&limit, limit.value),
                shown(&limit, limit.most),
                limit.reason.trim().replace("  ", " ")
            );
            assert!(
                manual.lines().any(|there| there == line),
                "docs/operating.md lacks:\n{line}"
            );
        }
        let rows = manual
            .lines()
            .filter(|line| line.starts_with("| `") && line.matches('|').count() == 5);
        assert_eq!(
            rows.count(),
            Limits::default().table().len(),
            "a row is of no limit there is"
        );
    }

    fn shown(limit: &Limit, value: u64) -> String {
        let binary = |unit: &str, size: u64| {
            (value >= size && value.is_multiple_of(size))
                .then(|| format!("{} {unit}", value / size))
        };
        match limit.kind {
            LimitKind::Count | LimitKind::CountOrNone => value.to_string(),
            LimitKind::Rate if value == 0 => "none".to_owned(),
            LimitKind::Rate => format!("{value}/s"),
            LimitKind::Bytes => binary("TiB", 1 << 40)
                .or_else(|| binary("GiB", 1 << 30))
                .or_else(|| binary("MiB", 1 << 20))
                .or_else(|| binary("KiB", 1 << 10))
                .unwrap_or_else(|| format!("{value} B")),
            LimitKind::Time if value.is_multiple_of(86_400_000 * 2) => {
                format!("{} d", value / 86_400_000)
            }
            LimitKind::Time if value.is_multiple_of(3_600_000) => {
                format!("{} h", value / 3_600_000)
            }
            LimitKind::Time => format!("{} s", value / 1000),
        }
    }
}
