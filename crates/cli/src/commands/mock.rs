//! `kreel mock krea`: runs the stand-in for Krea's API, and tells what it does.

use std::fs;
use std::net::Ipv4Addr;

use kreel_client::inert::inert;
use kreel_krea::{Mock, MockConfig, MockEvent, OpenApi};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::serving::{Teller, until_stopped};
use crate::args::{MockArgs, MockCommand, MockKreaArgs};
use crate::exit::Exit;
use crate::log;
use crate::options::certificates;
use crate::problem::{Code, Problem, Result, chain};
use crate::runtime;
use crate::signals::Signals;
use crate::terminal::{Paint, object_line, print, say};

/// How many happenings may wait to be printed; with more, some are left out.
const EVENTS: usize = 1024;

/// Runs the mock that was asked for.
pub(crate) fn run(args: MockArgs) -> Result<Exit> {
    let MockCommand::Krea(args) = args.command;
    let config = config(&args)?;
    log::start("error");
    runtime::on_this_thread()?.block_on(serve(&args, config))
}

fn config(args: &MockKreaArgs) -> Result<MockConfig> {
    let trusted = args.webhook_ca.as_deref().map(certificates).transpose()?;
    Ok(MockConfig {
        seed: args.seed,
        speed: args.speed,
        outcomes: args.outcome.clone(),
        chaos: args.chaos.clone(),
        concurrency: args.concurrency as usize,
        backlog: args.backlog as usize,
        balance: args.balance,
        token: args.api_token.as_ref().map(|token| token.0.clone()),
        validation_status: args.validation_status,
        fault_form: args.fault_form,
        error_key: args.error_key,
        is_lenient: args.lenient,
        openapi: args.openapi.as_deref().map(openapi).transpose()?,
        media_url: args.media_url.clone(),
        forgets_deleted: args.forget_deleted,
        strict_cancel: args.strict_cancel,
        deprecated: args.deprecated.clone(),
        trusted: trusted.unwrap_or_default(),
    })
}

fn openapi(path: &std::path::Path) -> Result<OpenApi> {
    let unusable = |why: String| {
        Problem::new(
            Code::MockUnusable,
            format!("can't check bodies against {}", path.display()),
            why,
            "fetch the document again from https://api.krea.ai/openapi.json, or leave --openapi out",
        )
    };
    let text = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    OpenApi::parse(text.into()).map_err(|error| unusable(chain(&error)))
}

async fn serve(args: &MockKreaArgs, config: MockConfig) -> Result<Exit> {
    let mut signals = Signals::take()?;
    let listener = bind(args.port, "the mock").await?;
    let address = listener
        .local_addr()
        .map_err(|error| unbound(args.port, "the mock", &error))?;
    let url = Mock::url(address);
    match args.json {
        true => print(&format!("{}\n", json!({"type": "ready", "url": url})))?,
        false => announce(&url)?,
    }
    let (events, happening) = mpsc::channel(EVENTS);
    let as_json = args.json;
    let teller = Teller::start(happening, move |event| told(event, as_json));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = Mock::new(config).serve(listener, events, async {
        let _ = stopped.await;
    });
    let (served, exit) = until_stopped(serving, stop, &mut signals).await;
    teller.finish().await;
    match served {
        Some(Err(error)) => Err(Problem::new(
            Code::MockUnusable,
            "the mock has stopped",
            chain(&error),
            "check the file of --webhook-ca, and your system's ca-certificates",
        )),
        _ => Ok(exit),
    }
}

/// A port on loopback.
pub(crate) async fn bind(port: u16, who: &str) -> Result<TcpListener> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.map_err(|error| unbound(port, who, &error))
}

fn unbound(port: u16, who: &str, error: &std::io::Error) -> Problem {
    Problem::new(
        Code::LocalAddressUnusable,
        format!("{who} can't listen on 127.0.0.1:{port}"),
        error,
        "choose another port with --port; 0 takes any that is free",
    )
}

fn announce(url: &str) -> Result<()> {
    let paint = Paint::of_stderr();
    say(&format!("kreel mock krea is ready at {}", paint.bold(url)));
    say(&format!(
        "  to use it      KREA_API_BASE_URL={url} with any token"
    ));
    print(&format!("Ready {url}\n"))
}

/// What happened, as one line.
fn told(event: &MockEvent, as_json: bool) -> String {
    match as_json {
        true => object_line(&object(event)),
        false => format!(
            "{}
",
            inert(&line(event))
        ),
    }
}

fn line(event: &MockEvent) -> String {
    match event {
        MockEvent::Answered {
            method,
            path,
            status,
        } => format!("{status}  {method} {path}"),
        MockEvent::Ended { job_id, status } => format!("job  {job_id} {status}"),
        MockEvent::Posted {
            job_id,
            url,
            outcome,
            took,
        } => {
            let outcome = match outcome {
                Ok(status) => status.to_string(),
                Err(why) => why.clone(),
            };
            format!(
                "webhook  {job_id} to {url}: {outcome} ({} ms)",
                took.as_millis()
            )
        }
        MockEvent::Lost { job_id } => format!("webhook  {job_id} lost on purpose"),
    }
}

fn object(event: &MockEvent) -> Value {
    match event {
        MockEvent::Answered {
            method,
            path,
            status,
        } => {
            json!({"type": "answered", "method": method, "path": path, "status": status})
        }
        MockEvent::Ended { job_id, status } => {
            json!({"type": "job_ended", "job_id": job_id, "status": status})
        }
        MockEvent::Posted {
            job_id,
            url,
            outcome,
            took,
        } => json!({
            "type": "webhook",
            "job_id": job_id,
            "url": url,
            "status": outcome.as_ref().ok(),
            "failure": outcome.as_ref().err(),
            "duration_ms": took.as_millis(),
        }),
        MockEvent::Lost { job_id } => json!({"type": "webhook_lost", "job_id": job_id}),
    }
}
