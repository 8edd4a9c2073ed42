//! Who may post to a tunnel, as its owner has it: what is cheap to see first, what is dear last.
//!
//! Whoever does not know a tunnel's secret path is told nothing else about it: for them it is not
//! there.

mod kept;
mod sealed;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use ipnet::IpNet;
use kreel_signatures::{Key, UnusableSecret};
use kreel_wire::rules::{Mode, Pace};
use serde::de::IgnoredAny;

pub(crate) use self::kept::{Kept, Salts};
use self::sealed::Sealed;

/// A tunnel's rules in force, and how often each was broken.
#[derive(Debug, Default)]
pub(crate) struct Posting {
    rules: RwLock<Option<Arc<Rules>>>,
    refused: [AtomicU64; Reason::ALL.len()],
}

/// Rules, ready to be asked.
#[derive(Debug)]
pub(crate) struct Rules {
    secret_path: Option<Sealed>,
    methods: Option<(Vec<String>, HeaderValue)>,
    allow: Option<Vec<IpNet>>,
    basic_auth: Option<(String, Sealed)>,
    rate: Option<DefaultDirectRateLimiter>,
    max_body_bytes: Option<u64>,
    signature: Option<(Key, Mode)>,
    /// The file has rules that this build can't read: nobody may post.
    unreadable: Option<Unreadable>,
}

/// Rules that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Whether there may be a secret path among them: who does not know it must find nothing.
    pub(crate) may_hide: bool,
}

/// How a request breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It does not know the secret path.
    Path,
    /// Its method is none of these.
    Method(HeaderValue),
    /// Its sender is somewhere else.
    Address,
    /// It shows no or another user and password.
    Auth,
    /// It is one too many; when to come again.
    Rate(Duration),
    /// Nobody may post until the rules can be read.
    Unreadable(Unreadable),
}

/// Which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Path,
    Method,
    Address,
    Auth,
    Rate,
    Body,
    Signature,
}

impl Reason {
    /// All of them, with their words.
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Path, "secret_path"),
        (Self::Method, "method"),
        (Self::Address, "address"),
        (Self::Auth, "basic_auth"),
        (Self::Rate, "rate"),
        (Self::Body, "body"),
        (Self::Signature, "signature"),
    ];
}

impl Posting {
    /// The rules, if there are any.
    pub(crate) fn rules(&self) -> Option<Arc<Rules>> {
        self.rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts others in force for requests to come. What the file can't tell lets nobody through.
    pub(crate) fn set(&self, kept: Option<&str>) {
        let rules = kept.map(Rules::read).map(Arc::new);
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Counts a request that was refused for it.
    pub(crate) fn count(&self, reason: Reason) {
        self.refused[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many were refused since the relay began, by the rule they broke.
    pub(crate) fn refused(&self) -> Vec<(&'static str, u64)> {
        let counted = Reason::ALL.iter().map(|(reason, word)| {
            (
                *word,
                self.refused[*reason as usize].load(Ordering::Relaxed),
            )
        });
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

impl Rules {
    fn read(kept: &str) -> Self {
        let rules = Kept::read(kept).and_then(|kept| Self::new(kept).ok());
        rules.unwrap_or_else(|| {
            tracing::error!(
                "a tunnel's rules can't be read: nobody may post there until they are set anew"
            );
            let names: Option<HashMap<String, IgnoredAny>> = serde_json::from_str(kept).ok();
            let may_hide = names.is_none_or(|names| names.contains_key("secret_path"));
            Self {
                unreadable: Some(Unreadable { may_hide }),
                ..Self::open()
            }
        })
    }

    /// As they are kept, unless the signing secret is none.
    fn new(kept: Kept) -> Result<Self, UnusableSecret> {
        let signature = kept
            .signature
            .map(|rule| Key::new(rule.scheme, &rule.secret.0).map(|key| (key, rule.mode)))
            .transpose()?;
        Ok(Self {
            secret_path: kept.secret_path,
            methods: kept.methods.map(|methods| {
                let allow = HeaderValue::try_from(methods.join(", "));
                let none = HeaderValue::from_static("");
                (methods, allow.unwrap_or(none))
            }),
            allow: kept
                .allow
                .map(|networks| networks.into_iter().map(|network| network.0).collect()),
            basic_auth: kept.basic_auth.map(|auth| (auth.user, auth.password)),
            rate: kept.rate.and_then(limiter),
            max_body_bytes: kept.max_body_bytes,
            signature,
            unreadable: None,
        })
    }

    fn open() -> Self {
        Self {
            secret_path: None,
            methods: None,
            allow: None,
            basic_auth: None,
            rate: None,
            max_body_bytes: None,
            signature: None,
            unreadable: None,
        }
    }

    /// Whether a request may be taken, as far as its head tells; what is left of its target behind
    /// the secret path.
    pub(crate) fn admit(
        &self,
        address: IpAddr,
        method: &Method,
        headers: &HeaderMap,
        target: Bytes,
    ) -> Result<Bytes, Broken> {
        if let Some(unreadable) = self.unreadable {
            look_for_nothing(&target);
            return Err(Broken::Unreadable(unreadable));
        }
        let target = match &self.secret_path {
            None => target,
            Some(secret) => behind(secret, target).ok_or(Broken::Path)?,
        };
        if let Some((methods, allow)) = &self.methods
            && !methods.iter().any(|one| one == method.as_str())
        {
            return Err(Broken::Method(allow.clone()));
        }
        if let Some(networks) = &self.allow
            && !networks.iter().any(|network| network.contains(&address))
        {
            return Err(Broken::Address);
        }
        if let Some((user, password)) = &self.basic_auth
            && !shows(headers, user, password)
        {
            return Err(Broken::Auth);
        }
        Ok(target)
    }

    /// Counts a request that keeps all other rules, unless it is one too many. Who breaks another
    /// must not use up what those may send that keep it.
    pub(crate) fn count_in(&self) -> Result<(), Broken> {
        let Some(rate) = &self.rate else {
            return Ok(());
        };
        rate.check()
            .map_err(|until| Broken::Rate(until.wait_time_from(DefaultClock::default().now())))
    }

    /// Whether senders must, or may have to, know a path that is nobody else's business.
    pub(crate) fn may_hide(&self) -> bool {
        self.secret_path.is_some()
            || self
                .unreadable
                .is_some_and(|unreadable| unreadable.may_hide)
    }

    /// Whether `Authorization` is for the relay, and not for the app.
    pub(crate) fn takes_authorization(&self) -> bool {
        self.basic_auth.is_some()
    }

    /// The largest body.
    pub(crate) fn max_body_bytes(&self) -> Option<u64> {
        self.max_body_bytes
    }

    /// How senders sign, and what becomes of those that don't.
    pub(crate) fn signature(&self) -> Option<(&Key, Mode)> {
        self.signature.as_ref().map(|(key, mode)| (key, *mode))
    }
}

impl Broken {
    /// Which rule it is, for who counts them.
    pub(crate) fn reason(&self) -> Option<Reason> {
        Some(match self {
            Self::Path => Reason::Path,
            Self::Method(_) => Reason::Method,
            Self::Address => Reason::Address,
            Self::Auth => Reason::Auth,
            Self::Rate(_) => Reason::Rate,
            Self::Unreadable(_) => return None,
        })
    }
}

/// What stands behind the secret segment, if it is the first.
fn behind(secret: &Sealed, target: Bytes) -> Option<Bytes> {
    let rest = target.strip_prefix(b"/")?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    let (segment, _) = rest.split_at(end.unwrap_or(rest.len()));
    secret
        .is(segment)
        .then(|| target.slice(1 + segment.len()..))
}

/// Looks for a secret path where there is no tunnel: who asks for one must wait as long as for a
/// tunnel whose secret path it does not know.
pub(crate) fn look_for_nothing(target: &Bytes) {
    let nobodys = Sealed::nobodys();
    std::hint::black_box(behind(&nobodys, target.clone()));
}

/// Whether a head shows this user and password (RFC 7617). With two lines an app might see the
/// other.
fn shows(headers: &HeaderMap, user: &str, password: &Sealed) -> bool {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return false;
    };
    let shown = line
        .as_bytes()
        .split_at_checked(6)
        .and_then(|(scheme, rest)| {
            let is_basic = scheme.eq_ignore_ascii_case(b"basic ");
            STANDARD.decode(rest.trim_ascii()).ok().filter(|_| is_basic)
        });
    let Some(shown) = shown else {
        return false;
    };
    let Some(colon) = shown.iter().position(|byte| *byte == b':') else {
        return false;
    };
    // Both in any case: a user that is wrong takes as long as a password that is.
    let is_password = password.is(&shown[colon + 1..]);
    shown[..colon] == *user.as_bytes() && is_password
}

fn limiter(pace: Pace) -> Option<DefaultDirectRateLimiter> {
    let requests = NonZeroU32::new(pace.requests)?;
    let every = Duration::from_secs(pace.seconds.into()) / pace.requests;
    let quota = Quota::with_period(every)?.allow_burst(requests);
    Some(RateLimiter::direct(quota))
}
