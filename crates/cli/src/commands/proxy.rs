//! `kreel proxy krea`: runs the proxy in front of Krea's API and the radar behind it, and tells what
//! goes through and what never came.

use kreel_client::inert::inert;
use kreel_krea::ProxyConfig;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::serving::Teller;
use crate::args::{ProxyArgs, ProxyCommand, ProxyKreaArgs};
use crate::exit::Exit;
use crate::krea;
use crate::krea::front::{Front, FrontEvent, FrontOptions};
use crate::krea::told::{self, Names};
use crate::krea::watch as radar;
use crate::log;
use crate::options::certificates;
use crate::past;
use crate::paths::Paths;
use crate::problem::{Problem, Result};
use crate::project::Project;
use crate::runtime;
use crate::settings::{Layers, Settings};
use crate::shape::Destination;
use crate::signals::Signals;
use crate::terminal::{Paint, object_line, print, say};
use crate::tunnels::address;

/// How many happenings may wait to be printed; with more, some are left out.
const EVENTS: usize = 1024;

/// Runs the proxy that was asked for.
pub(crate) fn run(args: ProxyArgs) -> Result<Exit> {
    let ProxyCommand::Krea(args) = args.command;
    log::start("error");
    runtime::on_this_thread()?.block_on(serve(&args))
}

async fn serve(args: &ProxyKreaArgs) -> Result<Exit> {
    let mut signals = Signals::take()?;
    // An address that was typed must work; one that is only remembered may be of no use.
    let (tell, tunnel) = match &args.tunnel_url {
        Some(url) => (None, ProxyConfig::fixed(Some(url.clone()))),
        None => {
            let (tell, tunnel) = watch::channel(None);
            (Some(tell), tunnel)
        }
    };
    let mut front = Front::open(options(args, tunnel)?).await?;
    let mut known = args.tunnel_url.clone();
    if let Some(tell) = &tell {
        known = remembered()?;
        let _ = tell.send(known.clone());
    }
    let useless = front.out_of_reach().await;
    announce(
        args,
        &front,
        known.as_ref().filter(|_| useless.is_none()),
        useless,
    )?;
    let as_json = args.json;
    let (happen, happening) = mpsc::channel(EVENTS);
    let teller = Teller::start(happening, move |event| print_of(event, as_json));
    let signal = loop {
        tokio::select! {
            signal = signals.next() => break signal,
            Some(event) = front.events.recv() => {
                let _ = happen.try_send(event);
            }
        }
    };
    tokio::select! {
        mut rest = front.close() => {
            while let Ok(event) = rest.try_recv() {
                let _ = happen.try_send(event);
            }
        }
        _ = signals.next() => {}
    }
    drop(happen);
    teller.finish().await;
    Ok(signal.exit())
}

fn options(
    args: &ProxyKreaArgs,
    tunnel: watch::Receiver<Option<http::Uri>>,
) -> Result<FrontOptions> {
    let trusted = args
        .api
        .upstream_ca
        .as_deref()
        .map(certificates)
        .transpose()?;
    let deliver = match args.deliver_missed {
        Some(which) => {
            let config = Destination::to(args.to.clone())?.config(1)?;
            Some((radar::Which::of(which), config))
        }
        None => None,
    };
    Ok(FrontOptions {
        port: args.port,
        upstream: args.api.address(),
        trusted: trusted.unwrap_or_default(),
        names: Names::PROXY,
        tunnel,
        own: None,
        replaces_own: args.replace,
        jobs: args.api.jobs.clone(),
        history: past::named(args.history.as_deref())?,
        missed_after: args.missed_after.0,
        keys: krea::keys()?,
        deliver,
    })
}

/// The address of this project's tunnel, if it has one.
fn remembered() -> Result<Option<http::Uri>> {
    let (project, paths) = (Project::find()?, Paths::find()?);
    let layers = Layers::gather(|_| Settings::default(), &project, &paths)?;
    let public = address::public(&layers, &project, &paths)?;
    Ok(public.and_then(|public| public.url.parse().ok()))
}

fn announce(
    args: &ProxyKreaArgs,
    front: &Front,
    tunnel: Option<&http::Uri>,
    useless: Option<Problem>,
) -> Result<()> {
    let (url, upstream) = (&front.url, &front.upstream);
    if args.json {
        let tunnel = tunnel.map(ToString::to_string);
        let ready = json!({
            "type": "ready", "url": url, "upstream": upstream, "tunnel_url": tunnel,
        });
        return print(&format!("{ready}\n"));
    }
    let paint = Paint::of_stderr();
    say(&format!("kreel proxy krea is ready at {}", paint.bold(url)));
    say(&format!("  in front of    {upstream}"));
    say(&format!(
        "  to use it      KREA_API_BASE_URL={url} with your own token"
    ));
    match (tunnel, useless) {
        (Some(tunnel), _) => say(&format!("  webhooks       come to {tunnel}")),
        (None, Some(problem)) => say(&format!(
            "  webhooks       none are asked for: {}",
            inert(problem.cause())
        )),
        (None, None) => say(
            "  webhooks       none are asked for; --tunnel-url URL, as `kreel listen` prints it",
        ),
    }
    print(&format!("Ready {url}\n"))
}

/// What happened, as one line.
fn print_of(event: &FrontEvent, as_json: bool) -> String {
    match as_json {
        true => object_line(&told::object(event)),
        false => format!("{}\n", inert(&told::line(event))),
    }
}
