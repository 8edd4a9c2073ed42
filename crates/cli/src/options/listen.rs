//! What `kreel listen` needs.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use http::{HeaderName, HeaderValue, Uri};
use jiff::Timestamp;
use kreel_client::filter::{Filter, Saved};
use kreel_client::{AnswerMode, CertificateDer, HostHeader, Policy, Since, Target};
use kreel_inspect::mask::Masking;
use kreel_krea::ProxyConfig;
use kreel_tui::{Images, KeyMap, Theme};
use kreel_wire::TunnelName;
use kreel_wire::rules::RulesChange;

use super::{Remote, certificates, conflict, is_typed};
use crate::args::{DeliverMissed, Header, ListenArgs, Output};
use crate::filters;
use crate::limits::RADAR_USUAL;
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;
use crate::rules;
use crate::settings::{Layers, Settings};
use crate::terminal;

/// A tunnel to open, and all about it.
#[derive(Debug)]
pub(crate) struct ListenOptions {
    /// The relay elsewhere; without one it is this process.
    pub(crate) remote: Option<Remote>,
    /// The project the tunnel is for.
    pub(crate) project: Project,
    /// This user's folders.
    pub(crate) paths: Paths,
    /// Which tunnel.
    pub(crate) tunnel: Choice,
    /// What changes about who may post; rules that are not named stay as they are.
    pub(crate) rules: RulesChange,
    /// How the relay answers senders.
    pub(crate) policy: Policy,
    /// The app, if there is one.
    pub(crate) target: Option<Target>,
    /// How long the app may take.
    pub(crate) timeout: Option<Duration>,
    /// Headers to set on requests to the app.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What the app sees as `Host`.
    pub(crate) host_header: HostHeader,
    /// Whether any certificate of the app will do.
    pub(crate) insecure: bool,
    /// Which of what waits is handed over.
    pub(crate) since: Since,
    /// How often what was answered 5xx is tried again.
    pub(crate) retries: u32,
    /// The history's file.
    pub(crate) history: PathBuf,
    /// How deliveries are shown.
    pub(crate) output: Output,
    /// The colours of the inspector.
    pub(crate) theme: Theme,
    /// How it shows images.
    pub(crate) images: Images,
    /// Its keys.
    pub(crate) keys: KeyMap,
    /// Saved filters by their names.
    pub(crate) saved_filters: Saved,
    /// Which headers are masked in the inspector.
    pub(crate) masking: Masking,
    /// Which deliveries are shown, if not all.
    pub(crate) filter: Option<Filter>,
    /// Whether standard output is for the public address alone.
    pub(crate) print_url: bool,
    /// What is to be known of Krea's jobs.
    pub(crate) krea: KreaOptions,
}

/// What is to be known of Krea's jobs.
#[derive(Debug, Clone)]
pub(crate) struct KreaOptions {
    /// The port of the proxy in front of the API, if it is to run too.
    pub(crate) proxy: Option<u16>,
    /// The API.
    pub(crate) upstream: Uri,
    /// Certificates to trust for it besides the system's.
    pub(crate) trusted: Vec<CertificateDer<'static>>,
    /// Whether the app is given only what the API confirms.
    pub(crate) requires_verified: bool,
    /// The file of jobs, if not the usual one.
    pub(crate) jobs: Option<PathBuf>,
    /// How long after a job's end its webhook is missed.
    pub(crate) missed_after: Duration,
    /// Which of those are made up for.
    pub(crate) deliver: Option<DeliverMissed>,
}

/// Which tunnel to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The one of this name.
    Named(TunnelName),
    /// The one this project had the last time, or a new one.
    Remembered,
    /// A new one, which the project has from now on.
    New,
}

impl ListenOptions {
    /// Settles what was typed, what is in the environment, and what the files say.
    pub(crate) fn resolve(args: &ListenArgs, matches: &ArgMatches) -> Result<Self> {
        Self::settle(args, matches, Project::find()?, Paths::find()?)
    }

    /// The same for this project and this user.
    pub(super) fn settle(
        args: &ListenArgs,
        matches: &ArgMatches,
        project: Project,
        paths: Paths,
    ) -> Result<Self> {
        check(args, matches)?;
        let typed = |from| Settings::of_listen(args, matches, from);
        let layers = Layers::gather(typed, &project, &paths)?;
        let headers = layers.value(|s| &s.headers).unwrap_or_default();
        let output = output(args, &layers)?;
        if args.print_url && output == Output::Json {
            return Err(conflict("--print-url", "JSON", "both want standard output"));
        }
        let filter = layers.value(|s| &s.filter);
        let filter = filter.map(|text| filters::parse(&text, &layers.filters()));
        let tunnel = match layers.value(|s| &s.tunnel) {
            _ if args.new => Choice::New,
            Some(name) => Choice::Named(name),
            None => Choice::Remembered,
        };
        Ok(Self {
            remote: Remote::resolve(&layers)?,
            project,
            tunnel,
            rules: rules::change(&args.rules)?,
            policy: policy(&layers)?,
            target: layers.value(|s| &s.forward_to),
            timeout: layers.value(|s| &s.timeout).map(|span| span.0),
            headers: headers
                .into_iter()
                .map(|Header(name, value)| (name, value))
                .collect(),
            host_header: layers
                .value(|s| &s.host_header)
                .map_or(HostHeader::Rewrite, |host| host.0),
            insecure: layers.value(|s| &s.insecure).unwrap_or(false),
            since: layers
                .value(|s| &s.since)
                .map_or(Since::Last, |from| from.since(Timestamp::now())),
            history: layers
                .value(|s| &s.history)
                .unwrap_or_else(|| paths.history()),
            retries: layers.value(|s| &s.retry).unwrap_or(0),
            paths,
            output,
            theme: theme(&layers)?,
            images: layers.value(|s| &s.images).unwrap_or_default(),
            keys: keys(&layers)?,
            saved_filters: layers.filters(),
            masking: layers.masking(),
            filter: filter.transpose()?.filter(|filter| !filter.is_empty()),
            print_url: args.print_url,
            krea: KreaOptions {
                proxy: args.krea_proxy,
                upstream: args
                    .krea_upstream
                    .clone()
                    .unwrap_or_else(|| ProxyConfig::default().upstream),
                trusted: match &args.krea_upstream_ca {
                    Some(file) => certificates(file)?,
                    None => Vec::new(),
                },
                requires_verified: args.require_verified,
                jobs: args.krea_jobs.clone(),
                missed_after: args.missed_after.map_or(RADAR_USUAL, |span| span.0),
                deliver: args.deliver_missed,
            },
        })
    }
}

/// The colours asked for; none where colours are not wanted.
fn theme(layers: &Layers) -> Result<Theme> {
    match layers.value(|s| &s.theme) {
        Some(theme) => Ok(theme.0),
        None if terminal::forbids_colour() => Ok(Theme::None),
        None => Ok(Theme::default()),
    }
}

/// The keys, some of them the user's own.
fn keys(layers: &Layers) -> Result<KeyMap> {
    let own = layers.value(|s| &s.keys).unwrap_or_default();
    KeyMap::with(&own.0).map_err(|error| {
        Problem::new(
            Code::SettingsInvalid,
            "[keys] is not what kreel understands",
            error,
            "? in the inspector lists actions and keys; write them as replay = [\"r\", \"f5\"]",
        )
    })
}

/// The inspector where there is a terminal for it, unless something else is wanted.
fn output(args: &ListenArgs, layers: &Layers) -> Result<Output> {
    let is_on_terminal = terminal::has_screen();
    match layers.value(|s| &s.output) {
        Some(Output::Tui) if args.no_tui => Ok(Output::Compact),
        Some(Output::Tui) if args.print_url => Err(conflict(
            "--print-url",
            "the inspector",
            "both want standard output",
        )),
        Some(Output::Tui) if !is_on_terminal => Err(conflict(
            "--output tui",
            "streams that are no terminal",
            "the inspector is drawn on one; without it, use --output compact or json",
        )),
        Some(output) => Ok(output),
        None if is_on_terminal && !args.print_url && !args.no_tui => Ok(Output::Tui),
        None => Ok(Output::Compact),
    }
}

fn policy(layers: &Layers) -> Result<Policy> {
    let usual = Policy::default();
    let policy = Policy {
        answer: layers
            .value(|s| &s.answer)
            .map_or(usual.answer, |answer| answer.0),
        wait: layers.value(|s| &s.wait).map_or(usual.wait, |span| span.0),
        strict: layers.value(|s| &s.strict).unwrap_or(usual.strict),
    };
    match policy {
        Policy {
            answer: AnswerMode::Now(_),
            strict: true,
            ..
        } => Err(conflict(
            "answer = now",
            "strict",
            "one answers before the app does, the other never without it",
        )),
        policy => Ok(policy),
    }
}

/// What was typed in one breath must not contradict itself.
fn check(args: &ListenArgs, matches: &ArgMatches) -> Result<()> {
    let typed = |id| is_typed(matches, id);
    if args.new && typed("tunnel") {
        return Err(conflict(
            "--new",
            "--tunnel",
            "one makes a name, the other gives it",
        ));
    }
    if let (Some(target), Some(other)) = (&args.target, &args.forward_to)
        && typed("forward_to")
        && target != other
    {
        let why = format!("{target} and {other} are two apps");
        return Err(conflict("TARGET", "--forward-to", &why));
    }
    if args.json && typed("output") && args.output != Some(Output::Json) {
        return Err(conflict(
            "--json",
            "--output",
            "they ask for different formats",
        ));
    }
    Ok(())
}
