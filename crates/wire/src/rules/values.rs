//! What rules are made of.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::InvalidRule;

/// The methods that are registered (IANA, "HTTP Method Registry"). Case counts in a method, so that
/// what is one of these but for that is a slip.
pub(super) const REGISTERED: [&str; 40] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// Text that is nobody else's business.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

/// Whose recipe a signature follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// `X-Hub-Signature-256`.
    Github,
    /// `Stripe-Signature`.
    Stripe,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature`, or `svix-…`.
    StandardWebhooks,
    /// `X-Slack-Signature` and `X-Slack-Request-Timestamp`.
    Slack,
    /// `X-Shopify-Hmac-Sha256`.
    Shopify,
}

/// What becomes of a webhook whose signature is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is refused.
    Verify,
    /// It is taken, and marked.
    Mark,
}

/// Addresses that begin alike: `192.0.2.0/24`, `2001:db8::/32`, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(pub IpNet);

/// So many requests in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// How many, all of which may come at once.
    pub requests: u32,
    /// In how many seconds as many may come again.
    pub seconds: u32,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Github,
        Self::Stripe,
        Self::StandardWebhooks,
        Self::Slack,
        Self::Shopify,
    ];

    /// Its name, for people and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Stripe => "stripe",
            Self::StandardWebhooks => "standard-webhooks",
            Self::Slack => "slack",
            Self::Shopify => "shopify",
        }
    }
}

impl Mode {
    /// Its name, for people and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Mark => "mark",
        }
    }
}

impl FromStr for Network {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let one = || text.parse::<IpAddr>().map(IpNet::from).ok();
        let network: Option<IpNet> = text.parse().ok().or_else(one);
        let network = network.ok_or_else(|| InvalidRule::Network(text.to_owned()))?;
        Ok(Self(unmapped(network.trunc())))
    }
}

/// A network of IPv4 addresses written as IPv6 has them (`::ffff:192.0.2.0/120`) is that network:
/// senders are compared by their IPv4 addresses.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else {
        return network;
    };
    let four = six.addr().to_ipv4_mapped();
    let length = six.prefix_len().checked_sub(96);
    four.zip(length)
        .and_then(|(four, length)| Ipv4Net::new(four, length).ok())
        .map_or(network, IpNet::V4)
}

impl TryFrom<String> for Network {
    type Error = InvalidRule;

    fn try_from(text: String) -> Result<Self, InvalidRule> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix_len() == self.0.max_prefix_len() {
            true => self.0.addr().fmt(f),
            false => self.0.fmt(f),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, seconds } = self;
        match seconds {
            1 => write!(f, "{requests}/s"),
            60 => write!(f, "{requests}/m"),
            3600 => write!(f, "{requests}/h"),
            seconds => write!(f, "{requests} in {seconds} s"),
        }
    }
}
