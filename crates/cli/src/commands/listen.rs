//! `kreel listen`: a tunnel from its public address to the app, until it is told to stop.

mod beside;
mod orders;
mod screen;
mod session;
mod sieve;

use std::time::Duration;

use clap::ArgMatches;
use kreel_client::{Client, Config, DeliveryId, History, Opened};
use tokio::sync::mpsc;

use self::beside::Beside;
pub(crate) use self::screen::editor;
use self::session::{Memory, Session};
use crate::args::{ListenArgs, Output};
use crate::embedded::{self, Slot};
use crate::exit::Exit;
use crate::krea;
use crate::log;
use crate::options::{Choice, GRACE, ListenOptions, Remote};
use crate::problem::{Problem, Result, of_client_config, of_history};
use crate::rules;
use crate::runtime;
use crate::signals::Signals;
use crate::terminal::say;
use crate::tunnels::Tunnels;

/// How long work on other threads may take at the end: 500 ms, plenty for a last write. Who asked
/// for the address of a name and leaves need not wait for a silent resolver.
const LAST_WORK: Duration = Duration::from_millis(500);

/// Opens the tunnel and keeps it open.
pub(crate) fn run(args: &ListenArgs, matches: &ArgMatches) -> Result<Exit> {
    let options = ListenOptions::resolve(args, matches)?;
    let for_scripts = options.output == Output::Json;
    log::start("warn");
    let runtime = runtime::on_this_thread()?;
    let result = runtime.block_on(listen(&options));
    runtime.shutdown_timeout(LAST_WORK);
    result.map_err(|problem| Problem {
        for_scripts,
        ..problem
    })
}

async fn listen(options: &ListenOptions) -> Result<Exit> {
    let mut signals = Signals::take()?;
    match &options.remote {
        None => on_our_own_relay(options, &mut signals).await,
        Some(remote) => {
            let memory = memory(options, &remote.url.to_string())?;
            put_in_force(options, remote, &memory).await?;
            let opened = history(options)?;
            let (gate, gated) = way_to_the_door(options);
            let history = opened.history.clone();
            let client = client(options, remote.clone(), &memory, history, gate)?;
            let keys = krea::keys();
            let beside = Beside::open(options, &keys, gated).await?;
            let mut session = Session::new(options, &remote.url, memory, None, beside, keys);
            session.tell_of_history(&opened);
            session.run(client, &mut signals).await
        }
    }
}

/// The same with a relay inside this process.
async fn on_our_own_relay(options: &ListenOptions, signals: &mut Signals) -> Result<Exit> {
    let slot = Slot::claim(&options.paths.embedded(), &options.project)?;
    let mut relay = slot.start().await?;
    let memory = memory(options, embedded::NAME)?;
    put_in_force(options, &relay.remote, &memory).await?;
    let opened = history(options)?;
    let (gate, gated) = way_to_the_door(options);
    let client = client(
        options,
        relay.remote.clone(),
        &memory,
        opened.history.clone(),
        gate,
    )?;
    let certificate = Some(relay.certificate.clone());
    let keys = krea::keys();
    let beside = Beside::open(options, &keys, gated).await?;
    let url = &relay.remote.url;
    let mut session = Session::new(options, url, memory, certificate, beside, keys);
    session.tell_of_history(&opened);
    let result = tokio::select! {
        result = session.run(client, signals) => result,
        problem = relay.failed() => return Err(problem),
    };
    tokio::select! {
        () = relay.stop() => {}
        _ = signals.next() => {}
    }
    result
}

/// Has the rules that were typed in force before anybody can post.
async fn put_in_force(options: &ListenOptions, remote: &Remote, memory: &Memory) -> Result<()> {
    if options.rules.is_empty() {
        return Ok(());
    }
    let own = rules::put_in_force(remote, &memory.tunnel, &options.rules).await?;
    if options.output != Output::Quiet {
        say(&format!("Who may post: {}", rules::in_brief(&own.rules)));
    }
    Ok(())
}

/// Which tunnel, and where its address is remembered. A new one is on disk before the relay
/// hears of it: a tunnel that is claimed and forgotten is lost to everyone.
fn memory(options: &ListenOptions, relay: &str) -> Result<Memory> {
    let tunnels = Tunnels::of(&options.paths);
    let tunnel = match &options.tunnel {
        Choice::Named(name) => name.clone(),
        Choice::Remembered => tunnels.recall_or_make(relay, &options.project)?,
        Choice::New => tunnels.make(relay, &options.project)?,
    };
    Ok(Memory {
        tunnels,
        relay: relay.to_owned(),
        project: options.project.clone(),
        tunnel,
    })
}

fn history(options: &ListenOptions) -> Result<Opened> {
    History::open(&options.history).map_err(|error| of_history(&error))
}

/// How the client tells of webhooks that have to be let in, if they have to.
fn way_to_the_door(
    options: &ListenOptions,
) -> (
    Option<mpsc::Sender<DeliveryId>>,
    Option<mpsc::Receiver<DeliveryId>>,
) {
    let way = options.krea.requires_verified.then(krea::door::way);
    way.unzip()
}

fn client(
    options: &ListenOptions,
    remote: Remote,
    memory: &Memory,
    history: History,
    gate: Option<mpsc::Sender<DeliveryId>>,
) -> Result<Client> {
    let config = Config {
        relay: remote.url,
        token: remote.token,
        relay_ca: remote.ca,
        tunnel: memory.tunnel.clone(),
        policy: options.policy,
        target: options.target.clone(),
        timeout: options.timeout,
        headers: options.headers.clone(),
        host_header: options.host_header.clone(),
        insecure: options.insecure,
        grace: GRACE,
        relay_name: memory.history_name(),
        since: options.since,
        gate,
        retries: options.retries,
    };
    Client::new(config, history).map_err(|error| of_client_config(&error))
}
