//! How the senders of ready-made webhooks sign; the recipes are `kreel_signatures`'.

use http::HeaderMap;
use kreel_wire::rules::Scheme as Recipe;

use crate::problem::Result;
use crate::sign::key;

/// How a sender signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Not at all.
    None,
    /// As GitHub.
    GitHub,
    /// As Stripe.
    Stripe,
    /// As the Standard Webhooks have it.
    Standard,
}

/// The header that names a Standard Webhook; it is signed too.
pub(super) const ID: &str = "webhook-id";

impl Scheme {
    /// The headers that sign this body at this time. Without a secret only what is no signature.
    pub(super) fn sign(
        self,
        headers: &HeaderMap,
        body: &[u8],
        secret: Option<&str>,
        now: i64,
    ) -> Result<Vec<(&'static str, String)>> {
        let recipe = match (self, secret) {
            (Self::None, _) | (Self::GitHub | Self::Stripe, None) => return Ok(Vec::new()),
            (Self::Standard, None) => return Ok(vec![("webhook-timestamp", now.to_string())]),
            (Self::GitHub, Some(_)) => Recipe::Github,
            (Self::Stripe, Some(_)) => Recipe::Stripe,
            (Self::Standard, Some(_)) => Recipe::StandardWebhooks,
        };
        let id = headers.get(ID).map(http::HeaderValue::as_bytes);
        let key = key(recipe, secret.unwrap_or_default())?;
        Ok(key.sign(id.unwrap_or_default(), now, body))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    /// HMAC by the book (RFC 2104), on another library's hash.
    fn by_the_book(key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut block = [0; 64];
        match key.len() {
            0..=64 => block[..key.len()].copy_from_slice(key),
            _ => block[..32].copy_from_slice(&Sha256::digest(key)),
        }
        let pad = |with: u8| block.map(|byte| byte ^ with);
        let inner = Sha256::new()
            .chain_update(pad(0x36))
            .chain_update(message)
            .finalize();
        let outer = Sha256::new()
            .chain_update(pad(0x5c))
            .chain_update(inner)
            .finalize();
        outer.to_vec()
    }

    fn sign(scheme: Scheme, headers: &HeaderMap, body: &[u8], secret: &str, now: i64) -> String {
        let signed = scheme.sign(headers, body, Some(secret), now).unwrap();
        signed.last().unwrap().1.clone()
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn github_signs_as_its_guide_shows() {
        let none = HeaderMap::new();
        let shown = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = "It's a Secret to Everybody";
        assert_eq!(
            sign(Scheme::GitHub, &none, b"Hello, World!", secret, 0),
            shown
        );
        let long = "k".repeat(100);
        let expected = hexadecimal(&by_the_book(long.as_bytes(), b"{}"));
        assert_eq!(
            sign(Scheme::GitHub, &none, b"{}", &long, 0),
            format!("sha256={expected}")
        );
    }

    #[test]
    fn stripe_signs_time_and_body() {
        let signed = sign(
            Scheme::Stripe,
            &HeaderMap::new(),
            b"{\"a\":1}",
            "whsec_x",
            1_700_000_000,
        );
        let expected = hexadecimal(&by_the_book(b"whsec_x", b"1700000000.{\"a\":1}"));
        assert_eq!(signed, format!("t=1700000000,v1={expected}"));
    }

    #[test]
    fn standard_webhooks_sign_as_their_specification_shows() {
        let mut headers = HeaderMap::new();
        headers.insert(ID, "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap());
        let body = b"{\"test\": 2432232314}";
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = sign(Scheme::Standard, &headers, body, secret, 1_614_265_330);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let key = STANDARD.decode(&secret[6..]).unwrap();
        let message = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(
            signed,
            format!("v1,{}", STANDARD.encode(by_the_book(&key, message)))
        );
        assert!(
            Scheme::Standard
                .sign(&headers, body, Some("not base64!"), 0)
                .is_err()
        );
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let sign = |scheme: Scheme| scheme.sign(&HeaderMap::new(), b"", None, 5).unwrap();
        assert_eq!(sign(Scheme::GitHub), []);
        assert_eq!(sign(Scheme::Stripe), []);
        assert_eq!(
            sign(Scheme::Standard),
            [("webhook-timestamp", "5".to_owned())]
        );
        assert_eq!(sign(Scheme::None), []);
    }
}
