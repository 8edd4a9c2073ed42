//! Which header lines are secrets, and what is shown instead of them.
//!
//! What is stored is never masked; what leaves for a screen, a file or a clipboard is, unless
//! the user asks to see it.

use std::borrow::Cow;

use crate::inert::inert_bytes;

/// What stands for a secret.
pub const MASKED: &str = "••••••";

/// The headers that are always taken for secrets.
const STANDARD: [&str; 6] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
];

/// Schemes of `Authorization` that tell nothing about the secret behind them.
const SCHEMES: [&str; 6] = ["apikey", "basic", "bearer", "digest", "negotiate", "token"];

/// Which header lines are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masking {
    /// Lower-case names; none if secrets are shown.
    names: Vec<String>,
}

impl Default for Masking {
    fn default() -> Self {
        Self::standard()
    }
}

impl Masking {
    /// Masks `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie` and API keys.
    pub fn standard() -> Self {
        Self {
            names: STANDARD.map(str::to_owned).to_vec(),
        }
    }

    /// Masks nothing: the user asked for the secrets.
    pub fn off() -> Self {
        Self { names: Vec::new() }
    }

    /// Masks these headers too, in whatever case they are written.
    pub fn with<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let lower_case = |name: S| name.as_ref().trim().to_ascii_lowercase();
        self.names.extend(names.into_iter().map(lower_case));
        self
    }

    /// Whether the values of this header are secrets.
    pub fn hides(&self, name: &[u8]) -> bool {
        let same = |hidden: &String| hidden.as_bytes().eq_ignore_ascii_case(name);
        self.names.iter().any(same)
    }

    /// The value as it may be shown: inert, and masked if it is a secret. The scheme of an
    /// `Authorization` stays.
    pub fn shown<'a>(&self, name: &[u8], value: &'a [u8]) -> Cow<'a, str> {
        if !self.hides(name) {
            return inert_bytes(value);
        }
        match scheme(value) {
            Some(scheme) => Cow::Owned(format!("{scheme} {MASKED}")),
            None => Cow::Borrowed(MASKED),
        }
    }
}

/// The scheme in front of a secret, if it is a known one.
pub(crate) fn scheme(value: &[u8]) -> Option<&str> {
    let end = value.iter().position(|byte| *byte == b' ')?;
    let scheme = std::str::from_utf8(value.get(..end)?).ok()?;
    let known = SCHEMES
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    known.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_their_schemes_are_not() {
        let masking = Masking::standard().with(["X-Hub-Signature"]);
        for (name, value, shown) in [
            ("authorization", "Bearer s3cret", "Bearer ••••••"),
            ("Authorization", "s3cret and more", "••••••"),
            ("authorization", "Basic", "••••••"),
            ("set-cookie", "a=b", "••••••"),
            ("x-hub-signature", "sha256=1", "••••••"),
            ("x-other", "Bearer s3cret", "Bearer s3cret"),
            ("x-other", "a\x1bb", "a\\u{1b}b"),
        ] {
            assert_eq!(masking.shown(name.as_bytes(), value.as_bytes()), shown);
        }
    }

    #[test]
    fn all_is_shown_to_who_asks() {
        let shown = Masking::off().shown(b"cookie", b"a=b").into_owned();
        assert_eq!(shown, "a=b");
    }
}
