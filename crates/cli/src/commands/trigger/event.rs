//! Which webhook is meant: one of Krea's, a sample of another sender, one that was saved, or a
//! file as it is.

use std::io::Read;

use bytes::Bytes;
use kreel_krea::Fixture;

use super::post::Posting;
use super::samples::Sample;
use super::saved::Saved;
use super::sign::Scheme;
use crate::args::TriggerArgs;
use crate::problem::{Code, Problem, Result};

/// Something that can be posted, over and over.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// One of Krea's.
    Krea(Fixture),
    /// Another sender's.
    Sample(&'static Sample),
    /// One that came before and was saved.
    Saved(String, Box<Saved>),
    /// These bytes, as one of the others would be sent, if one was named.
    Raw(Bytes, Option<Box<Self>>),
}

impl Event {
    /// The event that was typed.
    pub(super) fn resolve(args: &TriggerArgs) -> Result<Self> {
        let named = args.event.as_deref().map(Self::named).transpose()?;
        match (&args.raw, named) {
            (Some(raw), named) => Ok(Self::Raw(read(raw)?, named.map(Box::new))),
            (None, Some(named)) => Ok(named),
            (None, None) => Err(unknown("")),
        }
    }

    /// The event of this name.
    pub(super) fn named(name: &str) -> Result<Self> {
        let krea = Fixture::named(name).map(Self::Krea);
        let sample = || Sample::named(name).map(Self::Sample);
        if let Some(ready_made) = krea.or_else(sample) {
            return Ok(ready_made);
        }
        let saved = Saved::named(name)?.ok_or_else(|| unknown(name))?;
        Ok(Self::Saved(name.to_owned(), saved.into()))
    }

    /// Whether a name is taken by a ready-made one.
    pub(super) fn is_built_in(name: &str) -> bool {
        Fixture::named(name).is_some() || Sample::named(name).is_some() || name == "raw"
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Krea(fixture) => fixture.name(),
            Self::Sample(sample) => sample.name,
            Self::Saved(name, _) => name,
            Self::Raw(_, Some(named)) => named.name(),
            Self::Raw(_, None) => "raw",
        }
    }

    /// Its webhooks, new ones each time.
    pub(super) fn make(&self) -> Vec<Posting> {
        match self {
            Self::Krea(fixture) => {
                let bodies = fixture.bodies().into_iter();
                bodies
                    .map(|body| Posting::json(body, Scheme::None))
                    .collect()
            }
            Self::Sample(sample) => vec![sample.make()],
            Self::Saved(_, saved) => vec![saved.posting()],
            Self::Raw(bytes, named) => {
                let like = named
                    .as_ref()
                    .and_then(|named| named.make().into_iter().next());
                let like = like.unwrap_or_else(|| Posting::json(String::new(), Scheme::None));
                vec![Posting {
                    body: bytes.clone(),
                    ..like
                }]
            }
        }
    }
}

fn read(raw: &str) -> Result<Bytes> {
    let path = raw.strip_prefix('@').unwrap_or(raw);
    let mut bytes = Vec::new();
    let read = match path {
        "-" => std::io::stdin().read_to_end(&mut bytes).map(|_| bytes),
        path => std::fs::read(path),
    };
    read.map(Bytes::from).map_err(|error| {
        Problem::new(
            Code::BodyUnusable,
            format!("can't read {path}"),
            error,
            "check the path behind --raw @",
        )
    })
}

fn unknown(name: &str) -> Problem {
    let krea = Fixture::ALL.iter().map(|fixture| fixture.name());
    let names = krea.chain(super::samples::ALL.iter().map(|sample| sample.name));
    let tail = name.rsplit('.').next().unwrap_or(name);
    let near = names
        .filter(|known| !tail.is_empty() && known.contains(tail))
        .take(3)
        .collect::<Vec<_>>();
    Problem::new(
        Code::EventNotFound,
        format!("there is no webhook called {name:?}"),
        match near.is_empty() {
            true => String::new(),
            false => format!("there is {}", near.join(", ")),
        },
        "`kreel trigger --list` names them all; --raw @FILE sends any body",
    )
}
