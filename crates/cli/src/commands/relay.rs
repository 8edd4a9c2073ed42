//! `kreel relay`: the public end, until it is told to stop.

mod upgrade;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use clap::ArgMatches;
use kreel_client::inert::inert;
use kreel_relay::{Access, Bound, Control, Ending, Limits, Relay, RelayError, Tls};
use serde_json::json;
use tokio::signal::unix::Signal;
use tokio::sync::oneshot;

use self::upgrade::Successor;
use crate::args::{RelayAction, RelayArgs};
use crate::exit::Exit;
use crate::log;
use crate::options::RelayOptions;
use crate::problem::{Code, Problem, Result, of_relay};
use crate::runtime;
use crate::signals::{Received, Signals};
use crate::terminal::{Paint, print, say};

/// Runs the relay.
pub(crate) fn run(args: RelayArgs, matches: &ArgMatches) -> Result<Exit> {
    let (action, file) = (args.action, args.file.clone());
    let settings = (args.clone(), matches.clone());
    let options = RelayOptions::resolve(args, matches)?;
    match (action, file) {
        (RelayAction::Run, None) => {
            log::start_as("info", options.log_format);
            let threads = options.threads;
            let successor = Successor::find()?;
            let served = serve(options, settings, &successor);
            match runtime::on_threads(threads)?.block_on(served)? {
                Served::Ended(exit) => Ok(exit),
                // With no thread of this one left.
                Served::HandedOver(listener) => Err(successor.take_over(listener)),
            }
        }
        (RelayAction::Check, None) => check(&options),
        (RelayAction::Backup, Some(file)) => back_up(&options, &file),
        (RelayAction::Backup, None) => Err(usage(
            "a backup needs a file to go to",
            "name one: kreel relay backup relay-backup.db",
        )),
        (_, Some(file)) => Err(usage(
            &format!(
                "there is nothing to do with {}",
                inert(&file.to_string_lossy())
            ),
            "leave it out; only `kreel relay backup FILE` takes a file",
        )),
    }
}

fn usage(what: &str, next: &str) -> Problem {
    Problem::new(Code::OptionUnusable, what, "", next)
}

/// Says whether a relay could start with these settings, without starting or changing one.
fn check(options: &RelayOptions) -> Result<Exit> {
    kreel_relay::check(&options.config).map_err(|error| of_relay(&error))?;
    let config = &options.config;
    if options.json {
        let said =
            json!({"type": "checked", "listen": config.listen.to_string(), "data": config.data});
        print(&format!("{said}\n"))?;
    }
    say("The settings make sense:");
    say(&format!("  listen         {}", config.listen));
    say(&format!("  data           {}", config.data.display()));
    let tls = match &config.tls {
        Tls::Off => "off".to_owned(),
        Tls::SelfSigned => "a certificate of its own".to_owned(),
        Tls::Files { cert, .. } => format!("the certificate in {}", cert.display()),
        Tls::Acme(acme) => format!("a certificate for {} from {}", acme.domain, acme.directory),
    };
    say(&format!("  TLS            {tls}"));
    let usual = Limits::default().table();
    let changed = config
        .limits
        .table()
        .into_iter()
        .filter(|limit| !usual.contains(limit));
    for limit in changed {
        say(&format!(
            "  limit          {} = {}",
            limit.name, limit.value
        ));
    }
    Ok(Exit::Success)
}

fn back_up(options: &RelayOptions, file: &Path) -> Result<Exit> {
    let bytes =
        kreel_relay::backup(&options.config.data, file).map_err(|error| of_relay(&error))?;
    if options.json {
        print(&format!(
            "{}\n",
            json!({"type": "backup", "file": file, "bytes": bytes})
        ))?;
    }
    say(&format!(
        "{bytes} bytes are in {}; it holds what tunnels received, and keeps its mode 0600.",
        inert(&file.to_string_lossy())
    ));
    Ok(Exit::Success)
}

/// How a relay came to its end.
enum Served {
    /// For good.
    Ended(Exit),
    /// For a successor, which listens at this socket.
    HandedOver(TcpListener),
}

async fn serve(
    options: RelayOptions,
    settings: (RelayArgs, ArgMatches),
    successor: &Successor,
) -> Result<Served> {
    let mut signals = Signals::take()?;
    let tls = options.config.tls.clone();
    let open = options.config.access == Access::Open;
    let grace = options.config.grace;
    let inherited = upgrade::inherited(options.config.listen)?;
    if inherited.is_none() {
        check_address(options.config.listen)?;
    }
    let relay = Relay::new(options.config).map_err(|error| of_relay(&error))?;
    if let Some(damage) = relay.damage() {
        say(&format!("warning: {}", inert(&damage.to_string())));
    }
    let first_token = relay.first_token().map(str::to_owned);
    let bound = match inherited {
        Some(listener) => relay.take_over(listener).await,
        None => relay.bind().await,
    };
    if let Some(token) = &first_token {
        // Before anything else can fail: it is never to be had again.
        tell_token(token);
    }
    let bound = bound.map_err(|error| of_relay(&error))?;
    let announcement = Announcement::of(&bound, &tls, open, options.json);
    let ready = bound.ready();
    let reload = reload(bound.control(), settings)?;
    let (stop, stopped) = oneshot::channel();
    let serving = bound.serve_until(async { stopped.await.unwrap_or(Ending::Closed) });
    if let Tls::Acme(acme) = &tls {
        say(&format!("waiting for the certificate of {}", acme.domain));
    }
    let reload = tokio::spawn(reload);
    let served = until_stopped(
        serving,
        ready,
        announcement,
        stop,
        (&mut signals, successor),
        grace,
    )
    .await;
    reload.abort();
    let served = served?;
    if options.json {
        let said = match served {
            Served::Ended(_) => json!({"type": "stopped"}),
            Served::HandedOver(_) => json!({"type": "upgrading"}),
        };
        print(&format!("{said}\n"))?;
    }
    Ok(served)
}

/// Reads the settings again at each SIGHUP. What can't be read changes nothing, and is told.
fn reload(
    control: Control,
    (args, matches): (RelayArgs, ArgMatches),
) -> Result<impl Future<Output = ()>> {
    let mut signals = Signals::hangups()?;
    Ok(async move {
        while signals.recv().await.is_some() {
            match RelayOptions::resolve(args.clone(), &matches) {
                Ok(options) => control.set_limits(options.config.limits),
                Err(problem) => problem.tell(false),
            }
        }
    })
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
    serving: impl Future<Output = std::result::Result<Option<TcpListener>, RelayError>>,
    ready: impl Future<Output = ()>,
    announcement: Announcement,
    stop: oneshot::Sender<Ending>,
    (signals, successor): (&mut Signals, &Successor),
    grace: Duration,
) -> Result<Served> {
    tokio::pin!(serving, ready);
    let mut upgrades = Signals::upgrades()?;
    let mut announcement = Some(announcement);
    let upgrade = checked(&mut upgrades, successor);
    tokio::pin!(upgrade);
    let signal = loop {
        tokio::select! {
            ended = &mut serving => {
                ended.map_err(|error| of_relay(&error))?;
                return Ok(Served::Ended(Exit::Success));
            }
            () = &mut ready, if announcement.is_some() => {
                announcement.take().map(Announcement::tell).transpose()?;
            }
            Some(()) = &mut upgrade => break None,
            signal = signals.next() => break Some(signal),
        }
    };
    let (ending, what) = match signal {
        None => (Ending::HandedOver, "upgrading"),
        Some(_) => (Ending::Closed, "stopping"),
    };
    say(&format!(
        "{what}: requests under way may take {} s more; Ctrl-C stops at once",
        grace.as_secs()
    ));
    let _ = stop.send(ending);
    let left = tokio::select! {
        ended = &mut serving => ended.map_err(|error| of_relay(&error))?,
        second = signals.next() => return Ok(Served::Ended(second.exit())),
    };
    Ok(match (signal, left) {
        (None, Some(listener)) => Served::HandedOver(listener),
        (signal, _) => Served::Ended(signal.map_or(Exit::Success, Received::exit)),
    })
}

/// Waits for a SIGUSR2 with a program behind it that can take over. One that can't is told of.
async fn checked(upgrades: &mut Signal, successor: &Successor) -> Option<()> {
    loop {
        upgrades.recv().await?;
        match successor.check().await {
            Ok(()) => return Some(()),
            Err(problem) => problem.tell(false),
        }
    }
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
    fn of(bound: &Bound, tls: &Tls, open: bool, json: bool) -> Self {
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
        if open {
            let warning =
                "WARNING        --open: whoever reaches this relay can open tunnels on it";
            lines.push(format!("  {}", Paint::of_stderr().red(warning)));
        }
        lines.push(format!("  to use it      {}", login_line(bound, tls)));
        if bound.is_guessed() {
            let guessed = "  others may have another address for this machine: tell it by --domain \
                           or --public-url";
            lines.push(guessed.to_owned());
        }
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
        "metrics": bound.metrics().map(|address| address.to_string()),
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
