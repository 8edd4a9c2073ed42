//! Rules as the file has them, and as their owner may see them.

use std::convert::identity;

use kreel_wire::rules::{Network, Pace, RulesChange, RulesShown, Signature, SignatureShown};
use serde::{Deserialize, Serialize};

use super::sealed::Sealed;

/// Rules in the file: JSON. What a newer relay added can't be read, and must not be overlooked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) methods: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) allow: Option<Vec<Network>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) basic_auth: Option<KeptAuth>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret_path: Option<Sealed>,
    /// With its secret: what checks a signature could make one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<Signature>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_body_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<Pace>,
}

/// A user, and a password that can be recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptAuth {
    pub(super) user: String,
    pub(super) password: Sealed,
}

/// Random bits to seal a change's secrets with.
pub(crate) type Salts = [[u8; 16]; 2];

impl Kept {
    /// What the file says, if this build can read it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// For the file; nothing if there is no rule.
    pub(crate) fn write(&self) -> Option<String> {
        let text = serde_json::to_string(self).ok();
        text.filter(|_| *self != Self::default())
    }

    /// What they are after a change that has been checked.
    pub(crate) fn changed(mut self, change: &RulesChange, salts: Salts) -> Self {
        let RulesChange {
            methods,
            allow,
            basic_auth,
            secret_path,
            signature,
            max_body_bytes,
            rate,
        } = change.clone();
        methods.apply(&mut self.methods, identity);
        allow.apply(&mut self.allow, identity);
        basic_auth.apply(&mut self.basic_auth, |auth| KeptAuth {
            password: Sealed::new(&auth.password.0, salts[0]),
            user: auth.user,
        });
        secret_path.apply(&mut self.secret_path, |segment| {
            Sealed::new(&segment.0, salts[1])
        });
        signature.apply(&mut self.signature, identity);
        max_body_bytes.apply(&mut self.max_body_bytes, identity);
        rate.apply(&mut self.rate, identity);
        self
    }

    /// Without secrets.
    pub(crate) fn shown(&self) -> RulesShown {
        RulesShown {
            methods: self.methods.clone(),
            allow: self.allow.clone(),
            basic_auth_user: self.basic_auth.as_ref().map(|auth| auth.user.clone()),
            has_secret_path: self.secret_path.is_some(),
            signature: self.signature.as_ref().map(|rule| SignatureShown {
                scheme: rule.scheme,
                mode: rule.mode,
            }),
            max_body_bytes: self.max_body_bytes,
            rate: self.rate,
        }
    }
}
