//! How a stored request is changed before it is handed over again, and where it goes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::parser::ValueSource;
use jiff::Timestamp;
use kreel_client::{DeliveryId, Edited, HostHeader, ReplayConfig, Target, Whole};
use kreel_inspect::cassette::Recorded;
use kreel_inspect::edit::Request;
use kreel_inspect::set::Set;

use crate::args::{Header, ShapeArgs};
use crate::past::Taken;
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;
use crate::settings::{Layers, Settings};
use crate::sign::Signer;

/// How long running attempts may go on after Ctrl-C: 10 s, after which an app that hangs is left.
const GRACE: Duration = Duration::from_secs(10);

/// What is done to each request.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    sets: Vec<Set>,
    signer: Option<Signer>,
    /// What the user made of it in an editor.
    pub(crate) edited: Option<Arc<Edited>>,
}

/// Where requests go.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    /// Where they go if nothing else is known: the app.
    pub(crate) app: Option<Target>,
    /// Where they all go, in place of it.
    pub(crate) to: Option<Target>,
    settings: Layers,
}

impl Shape {
    /// As it was typed.
    pub(crate) fn of(args: &ShapeArgs) -> Result<Self> {
        let signer = match (args.resign, &args.secret) {
            (Some(scheme), Some(secret)) => Some(Signer::new(scheme, secret)?),
            _ => None,
        };
        Ok(Self {
            sets: args.set.clone(),
            signer,
            edited: None,
        })
    }

    /// Whether requests go as they came.
    pub(crate) fn is_nothing(&self) -> bool {
        self.sets.is_empty() && self.signer.is_none() && self.edited.is_none()
    }

    /// Whether each attempt must be made anew, since its time is in it.
    pub(crate) fn has_time(&self) -> bool {
        self.signer.is_some()
    }

    /// The request as it is to be sent; none if that is as the history has it.
    pub(crate) fn apply(
        &self,
        source: &Original,
    ) -> std::result::Result<Option<Arc<Edited>>, String> {
        if self.is_nothing() && !source.is_other {
            return Ok(None);
        }
        if !source.is_whole {
            return Err("its body is not all here, so it can't be changed".to_owned());
        }
        let mut request = match &self.edited {
            Some(edited) => Edited::clone(edited),
            None => Edited::from(source.request.clone()),
        };
        request.senders = source.is_other.then(|| source.request.headers.clone());
        for set in &self.sets {
            let body = set.apply(&request.body);
            request.body = Bytes::from(body.map_err(|error| error.to_string())?);
        }
        if let Some(signer) = &self.signer {
            let now = Timestamp::now().as_second();
            signer.sign(&mut request, source.id, now);
        }
        match request.too_large() {
            Some(why) => Err(why),
            None => Ok(Some(Arc::new(request))),
        }
    }
}

/// A request before it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    /// The delivery it is of.
    pub(crate) id: DeliveryId,
    /// What its sender sent.
    pub(crate) request: Request,
    /// Whether its body is here to the last byte.
    pub(crate) is_whole: bool,
    /// It is from a cassette, and the history has the delivery in another form.
    pub(crate) is_other: bool,
}

impl Original {
    /// A delivery as the history has it.
    pub(crate) fn of(taken: &Taken) -> Self {
        let delivery = &taken.whole.delivery;
        Self {
            id: delivery.id,
            request: Request {
                method: delivery.method.to_string(),
                target: delivery.target.clone(),
                headers: delivery.headers.clone(),
                body: taken.body.clone(),
            },
            is_whole: taken.is_whole(),
            is_other: false,
        }
    }

    /// A delivery as a cassette has it.
    pub(crate) fn recorded(recorded: &Recorded) -> Self {
        Self {
            id: recorded.id,
            request: Request {
                method: recorded.method.clone(),
                target: recorded.target.clone(),
                headers: recorded.headers.clone(),
                body: recorded.body.clone(),
            },
            is_whole: true,
            is_other: false,
        }
    }
}

impl Destination {
    /// What was typed, and what the environment and the files of project and user say.
    pub(crate) fn resolve(args: &ShapeArgs) -> Result<Self> {
        let typed = |from| match from {
            ValueSource::CommandLine => Settings {
                timeout: args.timeout,
                headers: (!args.headers.is_empty()).then(|| args.headers.clone()),
                insecure: args.insecure.then_some(true),
                ..Settings::default()
            },
            _ => Settings::default(),
        };
        let settings = Layers::gather(typed, &Project::find()?, &Paths::find()?)?;
        let app = match std::env::var("KREEL_FORWARD_TO") {
            Ok(text) if !text.is_empty() => Some(text.parse().map_err(|error| {
                Problem::new(
                    Code::OptionUnusable,
                    "KREEL_FORWARD_TO is no target",
                    error,
                    "set it to a port, host:port/path or a URL",
                )
            })?),
            _ => settings.value(|s| &s.forward_to),
        };
        Ok(Self {
            app,
            to: args.to.clone(),
            settings,
        })
    }

    /// This target, or what the environment and the files say.
    pub(crate) fn to(target: Option<Target>) -> Result<Self> {
        Self::resolve(&ShapeArgs {
            to: target,
            set: Vec::new(),
            headers: Vec::new(),
            resign: None,
            secret: None,
            timeout: None,
            insecure: false,
        })
    }

    /// Without an app known otherwise, it is where this delivery went last.
    pub(crate) fn learn(&mut self, whole: &Whole) {
        if self.app.is_none() {
            self.app = went_to(whole);
        }
    }

    /// All a replayer must know.
    pub(crate) fn config(&self, at_once: usize) -> Result<ReplayConfig> {
        if self.app.is_none() && self.to.is_none() {
            return Err(Problem::new(
                Code::TargetMissing,
                "there is no app to hand it to",
                "none is configured, and the delivery has not been at one",
                "give --to 3000, or forward_to in kreel.toml",
            ));
        }
        let headers = self.settings.value(|s| &s.headers).unwrap_or_default();
        Ok(ReplayConfig {
            target: self.app.clone().or_else(|| self.to.clone()),
            timeout: self.settings.value(|s| &s.timeout).map(|span| span.0),
            headers: headers
                .into_iter()
                .map(|Header(name, value)| (name, value))
                .collect(),
            host_header: self
                .settings
                .value(|s| &s.host_header)
                .map_or(HostHeader::Rewrite, |host| host.0),
            insecure: self.settings.value(|s| &s.insecure).unwrap_or(false),
            grace: GRACE,
            at_once,
        })
    }

    /// Where a request goes, for people.
    pub(crate) fn shown(&self) -> String {
        let target = self.to.as_ref().or(self.app.as_ref());
        target.map_or_else(|| "nowhere".to_owned(), ToString::to_string)
    }
}

/// The app that got the last attempt which was for the app: its address without what came.
fn went_to(whole: &Whole) -> Option<Target> {
    let attempts = whole.attempts.iter().rev();
    let mut urls = attempts
        .filter(|attempt| attempt.other_target.is_none() && !attempt.is_edited)
        .filter_map(|attempt| attempt.request.as_ref());
    let (url, _) = urls.next()?;
    let target = std::str::from_utf8(&whole.delivery.target).ok()?;
    url.strip_suffix(target)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use kreel_wire::Headers;

    use super::*;
    use kreel_wire::rules::Scheme;

    use crate::args::Secret;

    fn original(body_bytes: usize) -> Original {
        Original {
            id: DeliveryId::from_bytes([7; 16]),
            request: Request {
                method: "POST".to_owned(),
                target: "/hook".into(),
                headers: Headers::default(),
                body: vec![b'x'; body_bytes].into(),
            },
            is_whole: true,
            is_other: false,
        }
    }

    #[test]
    fn what_is_too_large_to_be_changed_goes_as_it_came() {
        let secret = Secret("whsec_x".to_owned());
        let signed = Shape {
            sets: Vec::new(),
            signer: Some(Signer::new(Scheme::Stripe, &secret).unwrap()),
            edited: None,
        };
        let as_it_came = Shape {
            signer: None,
            ..signed.clone()
        };
        let most = 16 * 1024 * 1024;
        assert!(signed.apply(&original(most)).unwrap().is_some());
        let why = signed.apply(&original(most + 1)).unwrap_err();
        assert!(
            why.contains("changed or signed anew is held in memory, at most 16 MiB"),
            "{why}"
        );
        assert_eq!(as_it_came.apply(&original(most + 1)), Ok(None));
    }

    #[test]
    fn a_line_that_differs_is_sent_with_its_own_lines_as_the_senders() {
        let nothing = Shape {
            sets: Vec::new(),
            signer: None,
            edited: None,
        };
        let other = Original {
            is_other: true,
            ..original(3)
        };
        let sent = nothing.apply(&other).unwrap().unwrap();
        assert_eq!(sent.body, other.request.body);
        assert_eq!(sent.senders, Some(Headers::default()));
    }
}
