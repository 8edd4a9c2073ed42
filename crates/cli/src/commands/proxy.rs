//! `kreel proxy krea`: runs the proxy in front of Krea's API, and tells what goes through it.

use kreel_client::inert::inert;
use kreel_krea::{
    Gone, InvalidProxy, KnownJob, Notice, Proxy, ProxyConfig, ProxyError, ProxyEvent,
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::serving::{Teller, until_stopped};
use crate::args::{ProxyArgs, ProxyCommand, ProxyKreaArgs};
use crate::commands::mock::bind;
use crate::exit::Exit;
use crate::krea;
use crate::log;
use crate::options::certificates;
use crate::problem::{Code, Problem, Result, chain};
use crate::runtime;
use crate::signals::Signals;
use crate::terminal::{Paint, object_line, print, say};

/// How many happenings may wait to be printed; with more, some are left out.
const EVENTS: usize = 1024;

/// Runs the proxy that was asked for.
pub(crate) fn run(args: ProxyArgs) -> Result<Exit> {
    let ProxyCommand::Krea(args) = args.command;
    let trusted = args.upstream_ca.as_deref().map(certificates).transpose()?;
    let mut config = ProxyConfig {
        webhook_url: ProxyConfig::fixed(args.tunnel_url.clone()),
        keys: krea::keys()?,
        replaces_own: args.replace,
        trusted: trusted.unwrap_or_default(),
        ..ProxyConfig::default()
    };
    if let Some(upstream) = &args.upstream {
        config.upstream = upstream.clone();
    }
    log::start("error");
    runtime::on_this_thread()?.block_on(serve(&args, config))
}

async fn serve(args: &ProxyKreaArgs, config: ProxyConfig) -> Result<Exit> {
    let mut signals = Signals::take()?;
    let upstream = config.upstream.clone();
    let looked_up = config.look_up().await;
    looked_up.map_err(|error| unusable(&error.into()))?;
    let (events, happening) = mpsc::channel(EVENTS);
    let ledger = krea::ledger(args.jobs.as_deref())?;
    let proxy = Proxy::new(config, ledger, events);
    let proxy = proxy.map_err(|error| unusable(&error))?;
    let listener = bind(args.port, "the proxy").await?;
    let address = listener
        .local_addr()
        .map_err(|error| unusable_port(&error))?;
    announce(args, &format!("http://{address}"), &upstream.to_string())?;
    let as_json = args.json;
    let teller = Teller::start(happening, move |event| told(event, as_json));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = proxy.serve(listener, async {
        let _ = stopped.await;
    });
    let (_, exit) = until_stopped(serving, stop, &mut signals).await;
    teller.finish().await;
    Ok(exit)
}

fn announce(args: &ProxyKreaArgs, url: &str, upstream: &str) -> Result<()> {
    if args.json {
        let ready = json!({"type": "ready", "url": url, "upstream": upstream});
        return print(&format!("{ready}\n"));
    }
    let paint = Paint::of_stderr();
    say(&format!("kreel proxy krea is ready at {}", paint.bold(url)));
    say(&format!("  in front of    {upstream}"));
    say(&format!(
        "  to use it      KREA_API_BASE_URL={url} with your own token"
    ));
    match &args.tunnel_url {
        Some(tunnel) => say(&format!("  webhooks       come to {tunnel}")),
        None => say(
            "  webhooks       none are asked for; --tunnel-url URL, as `kreel listen` prints it",
        ),
    }
    print(&format!("Ready {url}\n"))
}

/// What happened, as one line.
fn told(event: &ProxyEvent, as_json: bool) -> String {
    match as_json {
        true => object_line(&object(event)),
        false => format!(
            "{}
",
            inert(&line(event))
        ),
    }
}

fn line(event: &ProxyEvent) -> String {
    match event {
        ProxyEvent::Answered {
            method,
            path,
            status,
            took,
            notices,
        } => {
            let notices: String = notices.iter().map(|notice| format!("; {notice}")).collect();
            format!(
                "{status}  {method} {path} ({} ms){notices}",
                took.as_millis()
            )
        }
        ProxyEvent::Started(job) => {
            let kind = job.kind.map_or("job", |kind| kind.as_str());
            let model = job.model.as_deref().unwrap_or_default();
            format!("job  {} {kind} {model}", job.id)
        }
        ProxyEvent::Refused {
            path,
            status,
            words,
            meaning,
            gone,
        } => {
            let meaning = meaning
                .map(|meaning| format!(" ({meaning})"))
                .unwrap_or_default();
            let gone = gone.as_ref().map(instead).unwrap_or_default();
            format!("refused  {path}: {status} {words}{meaning}{gone}")
        }
    }
}

/// What there is in place of a model that is gone.
fn instead(gone: &Gone) -> String {
    let said = [
        ("since", &gone.sunset_date),
        ("use", &gone.replacement),
        ("see", &gone.migration_url),
    ];
    let said = said.into_iter().filter_map(|(word, value)| {
        let value = value.as_deref()?;
        Some(format!("; {word} {value}"))
    });
    said.collect()
}

fn object(event: &ProxyEvent) -> Value {
    match event {
        ProxyEvent::Answered {
            method,
            path,
            status,
            took,
            notices,
        } => {
            let told = |notice: &Notice| json!({"code": notice.code(), "text": notice.to_string()});
            let notices: Vec<Value> = notices.iter().map(told).collect();
            json!({
                "type": "answered", "method": method, "path": path, "status": status,
                "duration_ms": took.as_millis(), "notices": notices,
            })
        }
        ProxyEvent::Started(job) => started(job),
        ProxyEvent::Refused {
            path,
            status,
            words,
            meaning,
            gone,
        } => {
            let gone = gone.clone().unwrap_or_default();
            json!({
                "type": "refused", "path": path, "status": status, "words": words,
                "meaning": meaning, "replacement": gone.replacement,
                "sunset_date": gone.sunset_date, "migration_url": gone.migration_url,
            })
        }
    }
}

fn started(job: &KnownJob) -> Value {
    let parameters = job
        .parameters
        .as_deref()
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())));
    json!({
        "type": "job_started",
        "job_id": job.id.as_str(),
        "kind": job.kind.map(|kind| kind.as_str()),
        "model": job.model,
        "path": job.path,
        "parameters": parameters,
        "started_at": format!("{:.3}", job.started_at),
        "webhook_url": job.webhook_url,
        "is_own_webhook": job.is_own_webhook,
    })
}

fn unusable(error: &ProxyError) -> Problem {
    let next = match error {
        ProxyError::Config(InvalidProxy::PrivateWebhook { .. }) => {
            "use a relay with a public address (`kreel relay` on a server), or --upstream with a mock"
        }
        ProxyError::Config(_) => "check the address: it begins with https:// or http://",
        ProxyError::Client(_) => {
            "check the file of --upstream-ca, and your system's ca-certificates"
        }
    };
    Problem::new(
        Code::ProxyUnusable,
        "the proxy can't run like this",
        chain(error),
        next,
    )
}

fn unusable_port(error: &std::io::Error) -> Problem {
    Problem::new(
        Code::LocalAddressUnusable,
        "the proxy has lost its port",
        error,
        "start it again",
    )
}
