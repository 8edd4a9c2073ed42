//! `kreel status`: what is configured, where each value comes from, and whether the relay
//! answers.

mod report;

use clap::ArgMatches;
use kreel_client::{Health, ProbeConfig, Reader, RelayUrl, Token, Totals, TunnelName, probe};

use self::report::{Relay, Report, Set, Tunnel};
use crate::args::StatusArgs;
use crate::embedded;
use crate::exit::Exit;
use crate::options::{certificates, find_token, missing_token, relay_ca};
use crate::paths::Paths;
use crate::problem::{Result, chain, of_link};
use crate::project::Project;
use crate::runtime;
use crate::settings::{Layers, Settings};
use crate::terminal::{Paint, print, say};
use crate::tunnels::Tunnels;

/// Looks, and says what it found. What is wrong with the relay decides how the program ends.
pub(crate) fn run(args: &StatusArgs, matches: &ArgMatches) -> Result<Exit> {
    let (project, paths) = (Project::find()?, Paths::find()?);
    let typed = |from| Settings::of_status(args, matches, from);
    let layers = Layers::gather(typed, &project, &paths)?;
    let relay = relay(&layers)?;
    let problem = relay.as_ref().and_then(|relay| relay.health.as_ref().err());
    let problem = problem.cloned();
    let tunnel = tunnel(&layers, relay.as_ref(), &project, &paths)?;
    let report = Report {
        counters: counters(args, relay.as_ref(), tunnel.as_ref(), &project, &paths),
        tunnel,
        relay,
        project: project.folder().to_owned(),
    };
    match args.json {
        true => print(&format!("{}\n", report.object())),
        false => print(&report.text(Paint::of_stdout())),
    }?;
    match problem {
        Some(problem) => Err(problem),
        None => Ok(Exit::Success),
    }
}

/// The relay that is configured, if one is, and how it is.
fn relay(layers: &Layers) -> Result<Option<Relay>> {
    let Some((url, source)) = layers.pick(|settings| &settings.relay) else {
        return Ok(None);
    };
    let token = find_token(layers, &url, source);
    let relay_ca = relay_ca(layers, &url);
    let health = match &token {
        Ok(Some((token, _))) => look(
            &url,
            token,
            relay_ca.as_ref().map(|(path, _)| path.as_path()),
        ),
        Ok(None) => Err(missing_token(&url)),
        Err(problem) => Err(problem.clone()),
    };
    let token = token.ok().flatten();
    Ok(Some(Relay {
        token: token.map(|(token, source)| Set::new(token.to_string(), source)),
        relay_ca: relay_ca.map(|(path, source)| Set::new(path.display().to_string(), source)),
        url: Set::new(url.to_string(), source),
        health,
    }))
}

fn look(url: &RelayUrl, token: &Token, relay_ca: Option<&std::path::Path>) -> Result<Health> {
    let config = ProbeConfig {
        relay: url.clone(),
        relay_ca: relay_ca.map(certificates).transpose()?,
        token: Some(token.clone()),
    };
    let probed = runtime::on_this_thread()?.block_on(probe(config));
    probed.map_err(|error| of_link(&error, url))
}

/// What became of the deliveries of that tunnel. A history that can't be read is said, and is no
/// reason not to say the rest.
fn counters(
    args: &StatusArgs,
    relay: Option<&Relay>,
    tunnel: Option<&Tunnel>,
    project: &Project,
    paths: &Paths,
) -> Option<Totals> {
    let name: TunnelName = tunnel?.name.parse().ok()?;
    let key = match relay {
        Some(relay) => relay.url.value.clone(),
        None => embedded::history_name(project),
    };
    let file = args.history.clone().unwrap_or_else(|| paths.history());
    let read = || match Reader::open(&file)? {
        Some(history) => history.counters(&key, &name),
        None => Ok(None),
    };
    read().unwrap_or_else(|error| {
        say(&format!("warning: {}", chain(&error)));
        None
    })
}

/// The tunnel `listen` would open here, if it is known already.
fn tunnel(
    layers: &Layers,
    relay: Option<&Relay>,
    project: &Project,
    paths: &Paths,
) -> Result<Option<Tunnel>> {
    let key = relay.map_or(embedded::NAME, |relay| &relay.url.value);
    let remembered = Tunnels::of(paths).recall(key, project)?;
    let named = layers.pick(|settings| &settings.tunnel);
    Ok(match (named, remembered) {
        (Some((name, source)), remembered) => Some(Tunnel {
            url: remembered
                .filter(|known| known.tunnel == name)
                .and_then(|known| known.url),
            name: name.to_string(),
            source: Some(source.clone()),
        }),
        (None, Some(known)) => Some(Tunnel {
            name: known.tunnel.to_string(),
            url: known.url,
            source: None,
        }),
        (None, None) => None,
    })
}
