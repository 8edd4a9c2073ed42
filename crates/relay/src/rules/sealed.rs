//! A secret that can be recognised and not read: its HMAC-SHA-256 under a salt of its own.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A secret, sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Sealed {
    salt: [u8; 16],
    sum: [u8; 32],
}

impl Sealed {
    /// Seals a secret with a salt nobody else has.
    pub(super) fn new(secret: &str, salt: [u8; 16]) -> Self {
        let sum = sum(&salt, secret.as_bytes()).finalize().into_bytes().into();
        Self { salt, sum }
    }

    /// The secret that nobody has.
    pub(super) fn nobodys() -> Self {
        Self {
            salt: [0; 16],
            sum: [0; 32],
        }
    }

    /// Whether it is this. Takes the same time wherever the two differ.
    pub(super) fn is(&self, secret: &[u8]) -> bool {
        sum(&self.salt, secret).verify_slice(&self.sum).is_ok()
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        format!(
            "{}.{}",
            BASE64.encode(sealed.salt),
            BASE64.encode(sealed.sum)
        )
    }
}

impl TryFrom<String> for Sealed {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = || {
            let (salt, sum) = text.split_once('.')?;
            Some(Self {
                salt: BASE64.decode(salt).ok()?.try_into().ok()?,
                sum: BASE64.decode(sum).ok()?.try_into().ok()?,
            })
        };
        read().ok_or("a sealed secret is a salt and a sum")
    }
}

fn sum(salt: &[u8], secret: &[u8]) -> Hmac<Sha256> {
    let mut sum = Hmac::new_from_slice(salt).expect("HMAC takes keys of any length");
    sum.update(secret);
    sum
}
