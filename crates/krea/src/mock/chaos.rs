//! What may go wrong with the mock's webhooks: `lose=3/20,duplicate=10%,delay=1s..5s,retry=3`.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;

use super::chance::{Chance, rng};

/// What may go wrong with webhooks. Nothing does by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chaos {
    lose: Chance,
    duplicate: Chance,
    reorder: Chance,
    truncate: Chance,
    garbage: Chance,
    slow: Chance,
    early: Chance,
    conflict: Chance,
    delay: Option<(Duration, Duration)>,
    retries: u32,
}

/// Why a text says nothing about chaos.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{part:?} is none of {}, with a chance like 10% or 3/20 (delay=1s..5s, retry=3)", NAMES.join(", "))]
pub struct InvalidChaos {
    /// The part that was not understood.
    pub part: String,
}

/// What can be asked for.
const NAMES: [&str; 10] = [
    "lose",
    "duplicate",
    "reorder",
    "truncate",
    "garbage",
    "slow",
    "early",
    "conflict",
    "delay",
    "retry",
];

/// What happens to one job's webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Fate {
    /// It is never posted.
    pub(crate) lost: bool,
    /// It is posted twice.
    pub(crate) twice: bool,
    /// Another one overtakes it.
    pub(crate) overtaken: bool,
    /// Its body breaks off.
    pub(crate) truncated: bool,
    /// Its body is no JSON.
    pub(crate) garbled: bool,
    /// Its body comes in small pieces over a second.
    pub(crate) slow: bool,
    /// One that says `processing` comes first.
    pub(crate) early: bool,
    /// One that says the opposite comes after it.
    pub(crate) contradicted: bool,
    /// How long it waits.
    pub(crate) delay: Duration,
    /// How often it is tried again.
    pub(crate) retries: u32,
}

impl FromStr for Chaos {
    type Err = InvalidChaos;

    fn from_str(text: &str) -> Result<Self, InvalidChaos> {
        let mut chaos = Self::default();
        let parts = text.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            let invalid = || InvalidChaos {
                part: part.to_owned(),
            };
            let (name, value) = part.split_once('=').unwrap_or((part, "100%"));
            chaos.set(name, value).ok_or_else(invalid)?;
        }
        Ok(chaos)
    }
}

impl Chaos {
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let chance = match name {
            "delay" => {
                let (from, to) = value.split_once("..").unwrap_or((value, value));
                let (from, to) = (span(from)?, span(to)?);
                self.delay = (from <= to).then_some((from, to));
                return self.delay.map(drop);
            }
            "retry" => {
                let retries = if value == "100%" { "3" } else { value };
                self.retries = retries.parse().ok().filter(|retries| *retries <= 20)?;
                return Some(());
            }
            "lose" => &mut self.lose,
            "duplicate" => &mut self.duplicate,
            "reorder" => &mut self.reorder,
            "truncate" => &mut self.truncate,
            "garbage" => &mut self.garbage,
            "slow" => &mut self.slow,
            "early" => &mut self.early,
            "conflict" => &mut self.conflict,
            _ => return None,
        };
        *chance = value.parse().ok()?;
        Some(())
    }

    /// What happens to the webhook of the nth job.
    pub(crate) fn fate(&self, seed: u64, n: u64) -> Fate {
        let strikes = |chance: Chance, salt| chance.strikes(seed, salt, n);
        let delay = self.delay.map(|(from, to)| {
            let part = rng(seed, "delay", n).f64();
            from + (to - from).mul_f64(part)
        });
        Fate {
            lost: strikes(self.lose, "lose"),
            twice: strikes(self.duplicate, "duplicate"),
            overtaken: strikes(self.reorder, "reorder"),
            truncated: strikes(self.truncate, "truncate"),
            garbled: strikes(self.garbage, "garbage"),
            slow: strikes(self.slow, "slow"),
            early: strikes(self.early, "early"),
            contradicted: strikes(self.conflict, "conflict"),
            delay: delay.unwrap_or_default(),
            retries: self.retries,
        }
    }
}

fn span(text: &str) -> Option<Duration> {
    let span: SignedDuration = text.parse().ok()?;
    span.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_happens() {
        let chaos: Chaos = "lose=0%, duplicate, delay=1s..2s, retry=4".parse().unwrap();
        for n in 0..100 {
            let fate = chaos.fate(3, n);
            assert!(fate.twice && !fate.lost && !fate.slow);
            assert!((1.0..=2.0).contains(&fate.delay.as_secs_f64()));
            assert_eq!(fate.retries, 4);
        }
        assert_eq!("".parse::<Chaos>(), Ok(Chaos::default()));
        assert_eq!(Chaos::default().fate(1, 1), Fate::default());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for bad in ["loose=1/2", "lose=2", "delay=5s..1s", "retry=x", "delay"] {
            let error = bad.parse::<Chaos>().unwrap_err();
            assert_eq!(error.part, bad);
            assert!(error.to_string().contains("truncate"));
        }
    }
}
