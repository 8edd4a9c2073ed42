//! A secret as its scheme has it, and what is signed with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use kreel_wire::rules::Scheme;
use sha2::Sha256;
use thiserror::Error;

/// A scheme and the secret to sign and check with.
#[derive(Clone)]
pub struct Key {
    scheme: Scheme,
    secret: Vec<u8>,
}

/// Why a secret can't be used for a scheme.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnusableSecret {
    /// It has no bytes.
    #[error("it is empty")]
    Empty,
    /// The Standard Webhooks want Base64.
    #[error("{0}")]
    NotBase64(#[from] base64::DecodeError),
}

/// An HMAC in the making.
pub(crate) type Sum = Hmac<Sha256>;

/// What a secret of the Standard Webhooks begins with, mostly.
const PREFIX: &str = "whsec_";

impl Key {
    /// With this secret, as the sender's settings show it.
    pub fn new(scheme: Scheme, secret: &str) -> Result<Self, UnusableSecret> {
        let secret = match scheme {
            Scheme::StandardWebhooks => {
                STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret))?
            }
            Scheme::Github | Scheme::Stripe | Scheme::Slack | Scheme::Shopify => {
                secret.as_bytes().to_vec()
            }
        };
        match secret.is_empty() {
            true => Err(UnusableSecret::Empty),
            false => Ok(Self { scheme, secret }),
        }
    }

    /// Whose recipe it is for.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The header lines that sign this body at this time (seconds since 1970). The id counts for
    /// Standard Webhooks alone, whose `webhook-id` must stand beside them.
    pub fn sign(&self, id: &[u8], now: i64, body: &[u8]) -> Vec<(&'static str, String)> {
        let time = now.to_string();
        let mut sum = self.begin(id, time.as_bytes());
        sum.update(body);
        let mac: [u8; 32] = sum.finalize().into_bytes().into();
        match self.scheme {
            Scheme::Github => vec![("x-hub-signature-256", format!("sha256={}", hex(&mac)))],
            Scheme::Stripe => {
                vec![("stripe-signature", format!("t={time},v1={}", hex(&mac)))]
            }
            Scheme::StandardWebhooks => vec![
                ("webhook-timestamp", time),
                ("webhook-signature", format!("v1,{}", STANDARD.encode(mac))),
            ],
            Scheme::Slack => vec![
                ("x-slack-request-timestamp", time),
                ("x-slack-signature", format!("v0={}", hex(&mac))),
            ],
            Scheme::Shopify => vec![("x-shopify-hmac-sha256", STANDARD.encode(mac))],
        }
    }

    /// All that is signed before the body.
    pub(crate) fn begin(&self, id: &[u8], time: &[u8]) -> Sum {
        let mut sum = Sum::new_from_slice(&self.secret).expect("HMAC takes secrets of any length");
        let before: &[&[u8]] = match self.scheme {
            Scheme::Github | Scheme::Shopify => &[],
            Scheme::Stripe => &[time, b"."],
            Scheme::StandardWebhooks => &[id, b".", time, b"."],
            Scheme::Slack => &[b"v0:", time, b":"],
        };
        before.iter().for_each(|part| sum.update(part));
        sum
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.scheme.as_str())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
