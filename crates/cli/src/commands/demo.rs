//! `kreel demo`: relay, client, sample app and sender in one process, over real connections.
//!
//! Nothing is faked: six webhooks are posted over HTTPS to the relay's public address and take
//! the whole way to the app and back. All of it is gone at the end.

mod app;
mod script;
mod sender;
mod stage;

use std::io::{self, IsTerminal};
use std::net::Ipv4Addr;
use std::path::Path;

use kreel_client::{Client, Config, History, HostHeader, Policy, Since};
use tokio::net::TcpListener;

use self::stage::Stage;
use crate::args::DemoArgs;
use crate::embedded::{self, Embedded};
use crate::exit::Exit;
use crate::options::{GRACE, Remote};
use crate::problem::{Code, Problem, Result, of_client_config, of_history};
use crate::runtime;
use crate::signals::Signals;
use crate::tunnels::random_name;

/// Plays the demo; on a terminal it stays for the user's own webhooks.
pub(crate) fn run(args: &DemoArgs) -> Result<Exit> {
    let is_watched = io::stdout().is_terminal();
    runtime::log("error");
    runtime::on_this_thread()?.block_on(demo(is_watched, is_watched && !args.once))
}

async fn demo(is_watched: bool, stays: bool) -> Result<Exit> {
    let mut signals = Signals::take()?;
    let folder = tempfile::tempdir().map_err(|error| refused(&error))?;
    let relay = Embedded::start(folder.path(), 0).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(|error| refused(&error))?;
    let address = listener.local_addr().map_err(|error| refused(&error))?;
    let app = tokio::spawn(app::serve(listener));
    let client = client(relay.remote.clone(), &address.to_string(), folder.path())?;
    let mut stage = Stage::open(client, &relay, is_watched);
    let result = tokio::select! {
        result = stage.play(stays) => result.map(|()| Exit::Success),
        signal = signals.next() => Ok(signal.exit()),
    };
    tokio::select! {
        () = async { stage.close().await; relay.stop().await } => {}
        _ = signals.next() => {}
    }
    app.abort();
    result
}

fn client(remote: Remote, app: &str, folder: &Path) -> Result<Client> {
    let opened = History::open(&folder.join("history.db")).map_err(|error| of_history(&error))?;
    let config = Config {
        relay: remote.url,
        token: remote.token,
        relay_ca: remote.ca,
        tunnel: random_name()?,
        policy: Policy::default(),
        target: Some(app.parse().expect("a socket's address is a target")),
        timeout: None,
        headers: Vec::new(),
        host_header: HostHeader::Rewrite,
        insecure: false,
        grace: GRACE,
        relay_name: embedded::NAME.to_owned(),
        since: Since::Last,
        gated: false,
        retries: 0,
    };
    Client::new(config, opened.history).map_err(|error| of_client_config(&error))
}

fn refused(error: &io::Error) -> Problem {
    Problem::new(
        Code::SystemRefused,
        "the demo can't start",
        error,
        "check that there is room in the folder for temporary files, and a free port",
    )
}
