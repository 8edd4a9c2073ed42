//! Signatures that webhook senders make, each recipe written once: made anew by the client, checked
//! by the relay. No I/O, no clock.
//!
//! All are an HMAC-SHA-256 under a secret that sender and receiver share. What stands before the
//! body in it, and how it is written in the head, differs:
//!
//! - GitHub: `X-Hub-Signature-256: sha256=…`, over the body.
//! - Stripe: `Stripe-Signature: t=…,v1=…`, over time, a dot and body.
//! - Standard Webhooks: `webhook-signature: v1,…`, over id, time and body, with a Base64 secret.
//! - Slack: `X-Slack-Signature: v0=…`, over `v0`, time and body with colons between.
//! - Shopify: `X-Shopify-Hmac-Sha256: …`, over the body, in Base64.

mod check;
mod key;
mod read;
#[cfg(test)]
mod tests;

pub use self::check::Check;
pub use self::key::{Key, UnusableSecret};

/// How far a signature's time may be off: 5 min, in seconds. What Stripe, Slack and the Standard
/// Webhooks name; a message that is kept back for longer is sent anew, with a new time.
pub const TOLERANCE_SECONDS: i64 = 5 * 60;
