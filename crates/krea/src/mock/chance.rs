//! Chance that repeats: what happens to the nth thing depends on the seed and n alone, not on
//! what else goes on or in which order.

use std::str::FromStr;

use fastrand::Rng;

/// How likely something is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Chance {
    /// It does not happen.
    #[default]
    Never,
    /// It happens to this share, by chance.
    Share(f64),
    /// It happens to exactly so many of each so many.
    Of(u64, u64),
}

impl FromStr for Chance {
    type Err = ();

    /// `10%`, `0.1`, `3/20`, or nothing at all for always.
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some((part, whole)) = text.split_once('/') {
            let (part, whole) = (part.parse().map_err(drop)?, whole.parse().map_err(drop)?);
            let fits = part <= whole && (1..=10_000).contains(&whole);
            return fits.then_some(Self::Of(part, whole)).ok_or(());
        }
        let share: f64 = match text.strip_suffix('%') {
            Some(percent) => percent.parse::<f64>().map_err(drop)? / 100.0,
            None => text.parse().map_err(drop)?,
        };
        (0.0..=1.0)
            .contains(&share)
            .then_some(Self::Share(share))
            .ok_or(())
    }
}

impl Chance {
    /// Whether it happens to the nth thing. The salt keeps several chances apart.
    pub(super) fn strikes(self, seed: u64, salt: &str, n: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Share(share) => rng(seed, salt, n).f64() < share,
            Self::Of(part, whole) => {
                let mut places: Vec<u64> = (0..whole).collect();
                rng(seed, salt, n / whole).shuffle(&mut places);
                let part = usize::try_from(part).unwrap_or(places.len());
                places[..part].contains(&(n % whole))
            }
        }
    }
}

/// Random numbers for the nth thing.
pub(super) fn rng(seed: u64, salt: &str, n: u64) -> Rng {
    // FNV-1a spreads the salt; the generator spreads the rest.
    let salt = salt.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = seed ^ salt ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Rng::with_seed(Rng::with_seed(mixed).u64(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(chance: Chance, seed: u64, of: u64) -> Vec<u64> {
        (0..of)
            .filter(|n| chance.strikes(seed, "lose", *n))
            .collect()
    }

    #[test]
    fn so_many_of_so_many_are_exactly_that() {
        let chance = Chance::Of(3, 20);
        for seed in 0..50 {
            assert_eq!(struck(chance, seed, 20).len(), 3);
            assert_eq!(struck(chance, seed, 200).len(), 30);
        }
        assert_eq!(struck(chance, 1, 100), struck(chance, 1, 100));
        assert_ne!(struck(chance, 1, 100), struck(chance, 2, 100));
    }

    #[test]
    fn shares_are_about_that() {
        let ten = struck(Chance::Share(0.1), 7, 10_000).len();
        assert!((850..1150).contains(&ten), "{ten}");
        assert_eq!(struck(Chance::Share(1.0), 7, 100).len(), 100);
        assert_eq!(struck(Chance::Share(0.0), 7, 100).len(), 0);
    }

    #[test]
    fn chances_are_written_three_ways() {
        assert_eq!("10%".parse(), Ok(Chance::Share(0.1)));
        assert_eq!("0.5".parse(), Ok(Chance::Share(0.5)));
        assert_eq!("3/20".parse(), Ok(Chance::Of(3, 20)));
        for bad in ["", "x", "2", "-1%", "101%", "4/3", "1/0", "NaN"] {
            assert_eq!(bad.parse::<Chance>(), Err(()), "{bad}");
        }
    }
}
