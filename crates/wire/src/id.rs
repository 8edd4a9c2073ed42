//! The names of things: deliveries, exchanges, positions in a tunnel, tunnels.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

/// A delivery's one name for life: a UUIDv7 (RFC 9562, section 5.7), so ids sort by time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(Uuid);

impl DeliveryId {
    /// A new id from the present time and fresh random bits.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id with these bytes, in network order.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes, in network order.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DeliveryId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self)
    }
}

/// One request and its answer on one link. The relay counts them up from 1; none is used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExchangeId(pub u32);

/// A delivery's position in its tunnel, from 1. It grows with time and may skip numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Seq(pub u64);

/// The public name a tunnel is posted to: a DNS label of 3 to 63 characters from `a-z 0-9 -`
/// (RFC 1035, section 2.3.1, with a leading digit allowed as in RFC 1123, section 2.1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TunnelName(Box<str>);

/// Why a text is no tunnel name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidName {
    /// Shorter than 3 or longer than 63 characters.
    #[error("a tunnel name has 3 to 63 characters, this one has {got}")]
    Length {
        /// How many characters it has.
        got: usize,
    },
    /// A character outside `a-z 0-9 -`.
    #[error("a tunnel name has only a-z, 0-9 and -, this one has {got:?}")]
    Character {
        /// The first such character.
        got: char,
    },
    /// A hyphen at either end.
    #[error("a tunnel name neither begins nor ends with a hyphen")]
    Hyphen,
}

impl TunnelName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that 80 random bits spell: 16 characters from an alphabet of 32 in which no
    /// two look alike.
    pub fn from_random(bits: [u8; 10]) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let number = bits
            .iter()
            .fold(0u128, |sum, byte| (sum << 8) | u128::from(*byte));
        let text = (0..16)
            .rev()
            .map(|place| char::from(ALPHABET[(number >> (place * 5)) as usize & 31]))
            .collect::<String>();
        Self(text.into())
    }
}

/// So that a map of names can be asked for any text: one that is no name is not in it.
impl Borrow<str> for TunnelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for TunnelName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if let Some(got) = text
            .chars()
            .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'))
        {
            return Err(InvalidName::Character { got });
        }
        if !(3..=63).contains(&text.len()) {
            return Err(InvalidName::Length { got: text.len() });
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(InvalidName::Hyphen);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TunnelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TunnelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names_spell_all_eighty_bits() {
        assert_eq!(
            TunnelName::from_random([0; 10]).as_str(),
            "0000000000000000"
        );
        assert_eq!(
            TunnelName::from_random([255; 10]).as_str(),
            "zzzzzzzzzzzzzzzz"
        );
        let mut one = [0; 10];
        one[9] = 1;
        assert_eq!(TunnelName::from_random(one).as_str(), "0000000000000001");
        let name = TunnelName::from_random([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(name.as_str().parse(), Ok(name));
    }

    #[test]
    fn names_are_dns_labels() {
        assert!("my-app".parse::<TunnelName>().is_ok());
        assert_eq!(
            "ab".parse::<TunnelName>(),
            Err(InvalidName::Length { got: 2 })
        );
        assert_eq!(
            "Äpp".parse::<TunnelName>(),
            Err(InvalidName::Character { got: 'Ä' })
        );
        assert_eq!(
            "UPPER".parse::<TunnelName>(),
            Err(InvalidName::Character { got: 'U' })
        );
        assert_eq!(
            "_kreel".parse::<TunnelName>(),
            Err(InvalidName::Character { got: '_' })
        );
        assert_eq!("app-".parse::<TunnelName>(), Err(InvalidName::Hyphen));
        assert_eq!(
            "a".repeat(64).parse::<TunnelName>(),
            Err(InvalidName::Length { got: 64 })
        );
    }
}
