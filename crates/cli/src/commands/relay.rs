//! `kreel relay`: the public end, until it is told to stop.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};

use clap::ArgMatches;
use kreel_client::inert::inert;
use kreel_relay::{Bound, Relay, RelayError, Tls};
use serde_json::json;
use tokio::sync::oneshot;

use crate::args::RelayArgs;
use crate::exit::Exit;
use crate::options::{GRACE, RelayOptions};
use crate::problem::{Result, of_relay};
use crate::runtime;
use crate::signals::Signals;
use crate::terminal::{Paint, print, say};

/// Runs the relay.
pub(crate) fn run(args: RelayArgs, matches: &ArgMatches) -> Result<Exit> {
    let options = RelayOptions::resolve(args, matches)?;
    runtime::log("info");
    runtime::on_threads(options.threads)?.block_on(serve(options))
}

async fn serve(options: RelayOptions) -> Result<Exit> {
    let mut signals = Signals::take()?;
    let tls = options.config.tls.clone();
    check_address(options.config.listen)?;
    let relay = Relay::new(options.config).map_err(|error| of_relay(&error))?;
    if let Some(damage) = relay.damage() {
        say(&format!("warning: {}", inert(&damage.to_string())));
    }
    let first_token = relay.first_token().map(str::to_owned);
    let bound = relay.bind().await;
    if let Some(token) = &first_token {
        // Before anything else can fail: it is never to be had again.
        tell_token(token);
    }
    let bound = bound.map_err(|error| of_relay(&error))?;
    let announcement = Announcement::of(&bound, &tls, options.json);
    let ready = bound.ready();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = bound.serve(async {
        let _ = stopped.await;
    });
    if let Tls::Acme(acme) = &tls {
        say(&format!("waiting for the certificate of {}", acme.domain));
    }
    let exit = until_stopped(serving, ready, announcement, stop, &mut signals).await?;
    if options.json {
        print(&format!("{}\n", json!({"type": "stopped"})))?;
    }
    Ok(exit)
}

/// Makes sure that the address can be had before the data folder and the first token are made.
fn check_address(address: SocketAddr) -> Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(source) => Err(of_relay(&RelayError::Listen { address, source })),
    }
}

/// Serves until the first signal, then drains, unless a second one comes. What senders need is
/// told once they can be served.
async fn until_stopped(
    serving: impl Future<Output = std::result::Result<(), RelayError>>,
    ready: impl Future<Output = ()>,
    announcement: Announcement,
    stop: oneshot::Sender<()>,
    signals: &mut Signals,
) -> Result<Exit> {
    tokio::pin!(serving, ready);
    let mut announcement = Some(announcement);
    let signal = loop {
        tokio::select! {
            ended = &mut serving => {
                ended.map_err(|error| of_relay(&error))?;
                return Ok(Exit::Success);
            }
            () = &mut ready, if announcement.is_some() => {
                announcement.take().map(Announcement::tell).transpose()?;
            }
            signal = signals.next() => break signal,
        }
    };
    say(&format!(
        "stopping: requests under way may take {} s more; Ctrl-C again stops at once",
        GRACE.as_secs()
    ));
    let _ = stop.send(());
    tokio::select! {
        ended = &mut serving => ended.map_err(|error| of_relay(&error))?,
        _ = signals.next() => {}
    }
    Ok(signal.exit())
}

fn tell_token(token: &str) {
    let paint = Paint::of_stderr();
    say("The first token, shown now and never again:\n");
    say(&format!("  {}\n", paint.bold(token)));
}

/// What is told once senders can be served.
struct Announcement {
    lines: Vec<String>,
    json: Option<String>,
}

impl Announcement {
    fn of(bound: &Bound, tls: &Tls, json: bool) -> Self {
        let url = Paint::of_stderr().bold(bound.url());
        let mut lines = vec![
            format!("kreel relay is ready at {url}"),
            format!("  listening on   {}", bound.address()),
        ];
        if let Some(certificate) = bound.certificate() {
            lines.push(format!("  certificate    {}", certificate.display()));
        }
        if *tls == Tls::Off {
            let off = "off: put a proxy with TLS in front before the world posts here";
            lines.push(format!("  TLS            {off}"));
        }
        lines.push(format!("  to use it      {}", login_line(bound, tls)));
        if bound.address().ip().is_loopback() {
            let loopback =
                "  reachable from this machine only; --listen 0.0.0.0:PORT opens it to others";
            lines.push(loopback.to_owned());
        }
        let json = json.then(|| format!("{}\n", ready(bound)));
        Self { lines, json }
    }

    fn tell(self) -> Result<()> {
        for line in self.lines {
            say(&line);
        }
        self.json.map_or(Ok(()), |line| print(&line))
    }
}

/// The command that connects a developer's machine.
fn login_line(bound: &Bound, tls: &Tls) -> String {
    let login = format!("kreel login --relay {}", bound.url());
    match (tls, bound.certificate()) {
        (Tls::SelfSigned, Some(certificate)) => {
            format!("{login} --relay-ca {}", certificate.display())
        }
        _ => login,
    }
}

fn ready(bound: &Bound) -> serde_json::Value {
    json!({
        "type": "ready",
        "listen": bound.address().to_string(),
        "url": bound.url(),
        "certificate": bound.certificate(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    #[test]
    fn an_address_that_is_taken_is_noticed_before_anything_is_made() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let problem = check_address(address).unwrap_err();
        assert_eq!(problem.code, Code::AddressUnusable);
        drop(listener);
        check_address(address).unwrap();
    }
}
