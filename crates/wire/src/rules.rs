//! Who may post to a tunnel: what its owner tells the relay, and is told by it, as JSON.
//!
//! Secrets go one way only. A rule that an end does not know is refused by the relay, which must
//! not take half of them for all, and skipped by a client, which only shows them.

mod values;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

pub use self::values::{Mode, Network, Pace, Scheme, Secret};
use crate::is_token;

/// The most methods in a rule: 32, more than are registered in earnest.
const METHODS: usize = 32;

/// The most networks in a rule: 1,000; GitHub's list, the longest, has some 50 for webhooks.
const NETWORKS: usize = 1_000;

/// The most bytes of a user's name, a password, a path segment or a signing secret: 512, which no
/// sender's settings exceed.
const SECRET_BYTES: usize = 512;

/// The fewest characters of a secret path segment: 12. What is shorter is guessed.
const SEGMENT_CHARACTERS: usize = 12;

/// The most requests in the time of a rate: a million.
const MOST_REQUESTS: u32 = 1_000_000;

/// The longest time of a rate: a day.
const MOST_SECONDS: u32 = 24 * 60 * 60;

/// What is to become of a tunnel's rules. What is not named stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesChange {
    /// The methods that are taken, no others.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub methods: Change<Vec<String>>,
    /// The networks senders may be in, no others.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub allow: Change<Vec<Network>>,
    /// The user and password that senders must show.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub basic_auth: Change<BasicAuth>,
    /// The path segment behind the tunnel's name that senders must know.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub secret_path: Change<Secret>,
    /// How senders sign.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub signature: Change<Signature>,
    /// The largest body, in bytes.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub max_body_bytes: Change<u64>,
    /// How many requests are taken in which time.
    #[serde(default, skip_serializing_if = "Change::is_keep")]
    pub rate: Change<Pace>,
}

/// A tunnel's rules, as they may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesShown {
    /// The methods that are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// The networks senders may be in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<Network>>,
    /// The user that senders must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth_user: Option<String>,
    /// Whether there is a path segment that senders must know.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_secret_path: bool,
    /// How senders sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureShown>,
    /// The largest body, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<u64>,
    /// How many requests are taken in which time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Pace>,
}

/// What becomes of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes: `null`.
    Clear,
    /// It is this from now on.
    Set(T),
}

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The user, without a colon.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How senders sign, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// By whose recipe.
    pub scheme: Scheme,
    /// What becomes of those that are not good.
    pub mode: Mode,
    /// The secret, as the sender's settings show it.
    pub secret: Secret,
}

/// How senders sign, as it may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureShown {
    /// By whose recipe.
    pub scheme: Scheme,
    /// What becomes of those that are not good.
    pub mode: Mode,
}

/// Why a rule can't be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidRule {
    /// No methods would take nothing, and so many are none.
    #[error("there can be 1 to {METHODS} methods, each a word like POST")]
    Methods,
    /// Senders spell it otherwise.
    #[error("{method:?} matches no request: the method is {}", .method.to_ascii_uppercase())]
    MethodCase {
        /// As it was written.
        method: String,
    },
    /// As with methods.
    #[error("there can be 1 to {NETWORKS} networks")]
    Networks,
    /// It is no address and no network.
    #[error("{0:?} is neither an address nor a network like 192.0.2.0/24")]
    Network(String),
    /// A user or a password can't be that.
    #[error(
        "a user has no colon, and neither user nor password is empty, longer than {SECRET_BYTES} \
         bytes or has control characters"
    )]
    BasicAuth,
    /// A path segment can't be that.
    #[error(
        "a secret path segment is {SEGMENT_CHARACTERS} to {SECRET_BYTES} letters, digits, -, _, . or ~"
    )]
    SecretPath,
    /// A signing secret can't be that.
    #[error("the signing secret is empty, or longer than {SECRET_BYTES} bytes")]
    SigningSecret,
    /// Nothing fits.
    #[error("a body limit is at least 1 byte")]
    MaxBody,
    /// Too few or too many.
    #[error("a rate is 1 to {MOST_REQUESTS} requests in 1 to {MOST_SECONDS} seconds")]
    Rate,
}

impl RulesChange {
    /// All rules gone.
    pub fn clear() -> Self {
        Self {
            methods: Change::Clear,
            allow: Change::Clear,
            basic_auth: Change::Clear,
            secret_path: Change::Clear,
            signature: Change::Clear,
            max_body_bytes: Change::Clear,
            rate: Change::Clear,
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all that is set can be.
    pub fn check(&self) -> Result<(), InvalidRule> {
        let holds = |holds: bool, otherwise| if holds { Ok(()) } else { Err(otherwise) };
        if let Change::Set(methods) = &self.methods {
            let fits = (1..=METHODS).contains(&methods.len())
                && methods
                    .iter()
                    .all(|method| method.len() <= METHODS && is_token(method.as_bytes()));
            holds(fits, InvalidRule::Methods)?;
            for method in methods {
                let upper = method.to_ascii_uppercase();
                let is_misspelt = upper != *method && values::REGISTERED.contains(&&*upper);
                let method = method.clone();
                holds(!is_misspelt, InvalidRule::MethodCase { method })?;
            }
        }
        if let Change::Set(networks) = &self.allow {
            holds(
                (1..=NETWORKS).contains(&networks.len()),
                InvalidRule::Networks,
            )?;
        }
        if let Change::Set(BasicAuth { user, password }) = &self.basic_auth {
            let fits = |text: &str| is_secret(text) && !text.chars().any(char::is_control);
            holds(
                fits(user) && !user.contains(':') && fits(&password.0),
                InvalidRule::BasicAuth,
            )?;
        }
        if let Change::Set(Secret(segment)) = &self.secret_path {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
            holds(
                (SEGMENT_CHARACTERS..=SECRET_BYTES).contains(&segment.len())
                    && segment.bytes().all(fits),
                InvalidRule::SecretPath,
            )?;
        }
        if let Change::Set(signature) = &self.signature {
            holds(is_secret(&signature.secret.0), InvalidRule::SigningSecret)?;
        }
        if let Change::Set(bytes) = self.max_body_bytes {
            holds(bytes > 0, InvalidRule::MaxBody)?;
        }
        if let Change::Set(Pace { requests, seconds }) = self.rate {
            let fits =
                (1..=MOST_REQUESTS).contains(&requests) && (1..=MOST_SECONDS).contains(&seconds);
            holds(fits, InvalidRule::Rate)?;
        }
        Ok(())
    }
}

impl RulesShown {
    /// Whether everybody may post.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl<T> Change<T> {
    fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// What a rule is after this.
    pub fn apply<U>(self, to: &mut Option<U>, from: impl FnOnce(T) -> U) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(value) => *to = Some(from(value)),
        }
    }
}

impl<T> From<Option<T>> for Change<T> {
    /// Something is set; nothing changes nothing.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => to.serialize_none(),
            Self::Set(value) => value.serialize(to),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(from)?;
        Ok(value.map_or(Self::Clear, Self::Set))
    }
}

fn is_secret(text: &str) -> bool {
    (1..=SECRET_BYTES).contains(&text.len())
}

#[cfg(test)]
mod tests;
