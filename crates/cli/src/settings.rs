//! What can be set for tunnels, and the places where it can be: a flag comes before the
//! environment, that before the project's `kreel.toml`, that before the user's `config.toml`.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ArgMatches;
use clap::parser::ValueSource;
use kreel_client::filter::Saved;
use kreel_client::{RelayUrl, Target};
use kreel_inspect::mask::Masking;
use kreel_tui::Images;
use kreel_wire::TunnelName;
use serde::{Deserialize, Deserializer, de};

use crate::args::{
    Answer, Connection, DoctorArgs, Header, Host, ListenArgs, Output, Secret, Span, StatusArgs,
    ThemeName, TriggerArgs, When,
};
use crate::paths::Paths;
use crate::problem::Result;
use crate::project::Project;

mod file;
#[cfg(test)]
mod tests;

pub(crate) use file::Login;

/// What one place says; all of it may be missing. The names are those of the keys in files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The relay's address.
    #[serde(deserialize_with = "text")]
    pub(crate) relay: Option<RelayUrl>,
    /// The token for it.
    pub(crate) token: Option<Secret>,
    /// The file that holds the token.
    pub(crate) token_file: Option<PathBuf>,
    /// The file of the certificates to trust for the relay.
    pub(crate) relay_ca: Option<PathBuf>,
    /// The tunnel's name.
    #[serde(deserialize_with = "text")]
    pub(crate) tunnel: Option<TunnelName>,
    /// The app.
    #[serde(deserialize_with = "text")]
    pub(crate) forward_to: Option<Target>,
    /// How long the app may take.
    #[serde(deserialize_with = "text")]
    pub(crate) timeout: Option<Span>,
    /// Headers to set on requests to the app.
    #[serde(deserialize_with = "texts")]
    pub(crate) headers: Option<Vec<Header>>,
    /// What the app sees as `Host`.
    #[serde(deserialize_with = "text")]
    pub(crate) host_header: Option<Host>,
    /// Whether any certificate of the app will do.
    pub(crate) insecure: Option<bool>,
    /// Whose answer senders get.
    #[serde(deserialize_with = "text")]
    pub(crate) answer: Option<Answer>,
    /// How long senders wait.
    #[serde(deserialize_with = "text")]
    pub(crate) wait: Option<Span>,
    /// Whether the relay never answers for the app.
    pub(crate) strict: Option<bool>,
    /// Which of what waits is handed over.
    #[serde(deserialize_with = "text")]
    pub(crate) since: Option<When>,
    /// How often what was answered 5xx is tried again.
    pub(crate) retry: Option<u32>,
    /// The history's file.
    pub(crate) history: Option<PathBuf>,
    /// How deliveries are shown.
    pub(crate) output: Option<Output>,
    /// The colours of the inspector.
    #[serde(deserialize_with = "text")]
    pub(crate) theme: Option<ThemeName>,
    /// How the inspector shows images.
    #[serde(deserialize_with = "text")]
    pub(crate) images: Option<Images>,
    /// Keys of the inspector, by action.
    pub(crate) keys: Option<Keys>,
    /// Which deliveries are shown.
    pub(crate) filter: Option<String>,
    /// Saved filters by their names.
    pub(crate) filters: Saved,
    /// What is masked besides what always is.
    pub(crate) mask: Mask,
}

/// What is masked on screen and in exports, besides what always is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mask {
    /// Headers by their names, in whatever case.
    pub(crate) headers: Vec<String>,
}

/// Keys by the names of actions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Keys(pub(crate) BTreeMap<String, Vec<String>>);

/// Where a setting was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// On the command line.
    Flag,
    /// In the environment.
    Environment,
    /// In the project's file.
    Project(PathBuf),
    /// In the user's file.
    User(PathBuf),
}

/// One place and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// The place.
    pub(crate) source: Source,
    /// What it says.
    pub(crate) settings: Settings,
}

/// Every place, the one that counts most first.
#[derive(Debug, Clone)]
pub(crate) struct Layers(Vec<Layer>);

impl Layers {
    /// What was typed and what is in the environment, then the files of project and user.
    pub(crate) fn gather(
        typed: impl Fn(ValueSource) -> Settings,
        project: &Project,
        paths: &Paths,
    ) -> Result<Self> {
        let mut layers = vec![
            Layer {
                source: Source::Flag,
                settings: typed(ValueSource::CommandLine),
            },
            Layer {
                source: Source::Environment,
                settings: typed(ValueSource::EnvVariable),
            },
        ];
        layers.extend(file::project(project)?);
        layers.extend(file::user(&paths.user_settings())?);
        Ok(Self(layers))
    }

    /// The value that counts, and where it was set.
    pub(crate) fn pick<T: Clone>(
        &self,
        field: impl Fn(&Settings) -> &Option<T>,
    ) -> Option<(T, &Source)> {
        self.0
            .iter()
            .find_map(|layer| Some((field(&layer.settings).clone()?, &layer.source)))
    }

    /// The value that counts.
    pub(crate) fn value<T: Clone>(&self, field: impl Fn(&Settings) -> &Option<T>) -> Option<T> {
        self.pick(field).map(|(value, _)| value)
    }

    /// The saved filters of all places; of two of one name, the one that counts most.
    pub(crate) fn filters(&self) -> Saved {
        let layers = self.0.iter().rev();
        layers
            .flat_map(|layer| layer.settings.filters.clone())
            .collect()
    }

    /// Which headers are masked: those that always are, and those of all places. Nobody's file
    /// uncovers what another's covers.
    pub(crate) fn masking(&self) -> Masking {
        let added = self.0.iter().flat_map(|layer| &layer.settings.mask.headers);
        Masking::standard().with(added)
    }

    /// The places in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Layer> {
        self.0.iter()
    }
}

impl Settings {
    /// Of what was typed for `listen`, the part that came from here.
    pub(crate) fn of_listen(args: &ListenArgs, matches: &ArgMatches, from: ValueSource) -> Self {
        let part = Part { matches, from };
        Self {
            tunnel: part.of("tunnel", &args.tunnel),
            forward_to: part
                .of("target", &args.target)
                .or_else(|| part.of("forward_to", &args.forward_to)),
            timeout: part.of("timeout", &args.timeout),
            headers: part.of("headers", &args.headers),
            host_header: part.of("host_header", &args.host_header),
            insecure: part.of("insecure", &Some(args.insecure)),
            answer: part.of("answer", &args.answer),
            wait: part.of("wait", &args.wait),
            strict: part.of("strict", &Some(args.strict)),
            since: part.of("since", &args.since),
            retry: part.of("retry", &args.retry),
            history: part.of("history", &args.history),
            filter: part.of("filter", &args.filter),
            output: part
                .of("json", &Some(Output::Json))
                .or_else(|| part.of("output", &args.output)),
            theme: part.of("theme", &args.theme),
            images: part.of("images", &args.images),
            ..Self::of_connection(&args.connection, matches, from)
        }
    }

    /// Of what was typed for `status`, the part that came from here.
    pub(crate) fn of_status(args: &StatusArgs, matches: &ArgMatches, from: ValueSource) -> Self {
        let part = Part { matches, from };
        Self {
            tunnel: part.of("tunnel", &args.tunnel),
            ..Self::of_connection(&args.connection, matches, from)
        }
    }

    /// Of what was typed for `doctor`, the part that came from here.
    pub(crate) fn of_doctor(args: &DoctorArgs, matches: &ArgMatches, from: ValueSource) -> Self {
        let part = Part { matches, from };
        Self {
            forward_to: part.of("target", &args.target),
            ..Self::of_connection(&args.connection, matches, from)
        }
    }

    /// Of what was typed for `trigger`, the part that came from here.
    pub(crate) fn of_trigger(args: &TriggerArgs, matches: &ArgMatches, from: ValueSource) -> Self {
        let part = Part { matches, from };
        Self {
            relay: part.of("relay", &args.relay),
            relay_ca: part.of("relay_ca", &args.relay_ca),
            tunnel: part.of("tunnel", &args.tunnel),
            ..Self::default()
        }
    }

    /// Of what was typed about the relay, the part that came from here.
    pub(crate) fn of_connection(
        args: &Connection,
        matches: &ArgMatches,
        from: ValueSource,
    ) -> Self {
        let part = Part { matches, from };
        Self {
            relay: part.of("relay", &args.relay),
            token: part.of("token", &args.token),
            token_file: part.of("token_file", &args.token_file),
            relay_ca: part.of("relay_ca", &args.relay_ca),
            ..Self::default()
        }
    }
}

/// The part of what clap has read that came from one source.
struct Part<'a> {
    matches: &'a ArgMatches,
    from: ValueSource,
}

impl Part<'_> {
    fn of<T: Clone>(&self, id: &str, value: &Option<T>) -> Option<T> {
        (self.matches.value_source(id) == Some(self.from))
            .then(|| value.clone())
            .flatten()
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("the command line"),
            Self::Environment => f.write_str("the environment"),
            Self::Project(path) | Self::User(path) => path.display().fmt(f),
        }
    }
}

impl Source {
    /// A stable word for scripts.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "env",
            Self::Project(_) => "project",
            Self::User(_) => "user",
        }
    }
}

/// A value written as a string, parsed as it would be on the command line.
fn text<'de, D, T>(deserializer: D) -> std::result::Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

/// A list of such values.
fn texts<'de, D, T>(deserializer: D) -> std::result::Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let values = texts.iter().map(|text| text.parse());
    let values: std::result::Result<_, _> = values.collect();
    values.map(Some).map_err(de::Error::custom)
}

/// A path from a file: `~/` is the home folder, and others are relative to the file's folder.
fn expand(path: &Path, folder: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        Ok(rest) => etcetera::home_dir().map_or_else(|_| path.to_owned(), |home| home.join(rest)),
        Err(_) => folder.join(path),
    }
}
