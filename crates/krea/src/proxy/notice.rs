//! What a proxy has to say about the calls that went through it.

use std::fmt;
use std::time::Duration;

use crate::jobs::KnownJob;

/// Something that happened, to be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum ProxyEvent {
    /// A call was answered.
    Answered {
        /// Its method.
        method: String,
        /// Its path, without the query.
        path: String,
        /// The status of the answer.
        status: u16,
        /// Until the head of the answer was there.
        took: Duration,
        /// What is worth saying about it.
        notices: Vec<Notice>,
    },
    /// A job was started.
    Started(Box<KnownJob>),
    /// The API refused a call; no job is to be expected.
    Refused {
        /// The call's path.
        path: String,
        /// The status.
        status: u16,
        /// The API's words.
        words: String,
        /// What that means, if the words do not say it.
        meaning: Option<&'static str>,
        /// What to do about a model that is gone.
        gone: Option<Gone>,
    },
}

/// What the API says of a model past its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gone {
    /// The model to take in its place.
    pub replacement: Option<String>,
    /// Its last day.
    pub sunset_date: Option<String>,
    /// The page about it.
    pub migration_url: Option<String>,
}

/// Something worth saying about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The tunnel's address was put in.
    WebhookAdded,
    /// The caller's own address was kept.
    WebhookKept(String),
    /// The caller's own address was replaced.
    WebhookReplaced(String),
    /// There is no address to put in.
    NoTunnel,
    /// The tunnel's address is one the API can't reach; why.
    PrivateTunnel(String),
    /// Nobody documents that this call takes an address for a webhook.
    Undocumented,
    /// `/v1` was taken out of the path.
    VersionStripped,
    /// The token came with `Key` and not with `Bearer`.
    KeyScheme,
    /// The model will be taken away.
    Deprecated {
        /// The day, if one was given.
        sunset: Option<String>,
        /// The page about it, if one was given.
        page: Option<String>,
    },
    /// The caller's own address is one the API can't reach.
    OwnOutOfReach,
    /// The API could not be reached; why.
    Unreachable(String),
    /// The call was not meant for this port.
    NotMeant,
}

impl Notice {
    /// Its name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WebhookAdded => "webhook-added",
            Self::WebhookKept(_) => "webhook-kept",
            Self::WebhookReplaced(_) => "webhook-replaced",
            Self::NoTunnel => "no-tunnel",
            Self::PrivateTunnel(_) => "private-tunnel",
            Self::Undocumented => "webhook-undocumented",
            Self::VersionStripped => "version-stripped",
            Self::KeyScheme => "key-scheme",
            Self::Deprecated { .. } => "deprecated",
            Self::OwnOutOfReach => "webhook-out-of-reach",
            Self::Unreachable(_) => "unreachable",
            Self::NotMeant => "not-meant",
        }
    }
}

/// The sentence.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebhookAdded => f.write_str("the webhook comes to the tunnel"),
            Self::WebhookKept(own) => {
                write!(f, "the webhook goes to the caller's own address {own}")
            }
            Self::WebhookReplaced(own) => {
                write!(f, "the webhook comes to the tunnel, and not to {own}")
            }
            Self::NoTunnel => f.write_str(
                "no webhook was asked for: no tunnel is known; `kreel listen` opens one and says where",
            ),
            Self::PrivateTunnel(why) => write!(
                f,
                "no webhook was asked for: {why}; kreel can ask the API instead (--deliver-missed)"
            ),
            Self::Undocumented => {
                f.write_str("whether this call takes a webhook is not documented; be ready to ask")
            }
            Self::VersionStripped => f.write_str("Krea's paths have no /v1; it was taken out"),
            Self::KeyScheme => f.write_str("the token came as \"Key\"; Krea documents \"Bearer\""),
            Self::Deprecated { sunset, page } => {
                f.write_str("this model will be taken away")?;
                for said in [sunset, page].into_iter().flatten() {
                    write!(f, ": {said}")?;
                }
                Ok(())
            }
            Self::OwnOutOfReach => f.write_str(
                "that address is on this machine or in a private network, where Krea can't post; \
                 leave the header out, and the tunnel's is put in",
            ),
            Self::Unreachable(why) => write!(f, "the API could not be reached: {why}"),
            Self::NotMeant => {
                f.write_str("a web page elsewhere made this call; it was not passed on")
            }
        }
    }
}
