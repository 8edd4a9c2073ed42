//! The whole way around: a websocket, the largest body, and webhooks from a sender to an app of
//! the doctor's own and back, with the time each part took.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kreel_client::doctor::{BodyAnswer, offer, post};
use kreel_client::{
    Client, Command, Config, History, HostHeader, LinkError, Policy, ProbeConfig, Since,
    TunnelName, Update,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::report::{Report, spoken};
use super::{as_sender, no_room};
use crate::options::Remote;
use crate::problem::{Code, Problem, Result, of_client_config, of_history, of_link};

/// How many webhooks go around: 5, the quickest of which is told.
const ROUNDS: usize = 5;

/// How long a tunnel may take to open, and a webhook to go around: 15 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// A size that no relay takes: 1 TiB.
const TOO_MUCH: u64 = 1 << 40;

/// Opens the tunnel, and sends webhooks around.
pub(super) async fn all_the_way(
    report: &mut Report,
    remote: Remote,
    name: TunnelName,
) -> Result<()> {
    let folder = tempfile::tempdir().map_err(|error| no_room(&error))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(|error| no_room(&error))?;
    let address = listener.local_addr().map_err(|error| no_room(&error))?;
    let (calls, called) = mpsc::channel(8);
    let app = tokio::spawn(serve(listener, calls));
    let opened =
        History::open(&folder.path().join("history.db")).map_err(|error| of_history(&error))?;
    let client = Client::new(config(&remote, name, &address.to_string()), opened.history);
    let client = client.map_err(|error| of_client_config(&error))?;
    let (commands, commanded) = mpsc::channel(1);
    let (updating, mut updates) = mpsc::channel(64);
    let client = tokio::spawn(client.run(commanded, updating));
    if let Some(url) = websocket(report, &remote, &mut updates).await {
        // Updates are not looked at any more, and nobody shall wait for that.
        let draining = tokio::spawn(async move { while updates.recv().await.is_some() {} });
        if let Some(sender) = as_sender(&remote, &url) {
            around(report, &sender, called).await;
            largest(report, &sender).await;
        }
        draining.abort();
    }
    let _ = commands.send(Command::StopNow).await;
    if timeout(PATIENCE, client).await.is_err() {
        report.skipped("farewell", "the client did not end in time");
    }
    app.abort();
    Ok(())
}

/// Opens the tunnel; its public address.
async fn websocket(
    report: &mut Report,
    remote: &Remote,
    updates: &mut mpsc::Receiver<Update>,
) -> Option<String> {
    let began = Instant::now();
    let opening = async {
        loop {
            match updates.recv().await {
                Some(Update::Ready(ready)) => return Ok(ready.url.clone()),
                Some(Update::Reconnecting { error, .. }) => {
                    return Err(Some(of_link(&error, &remote.url)));
                }
                Some(_) => {}
                None => return Err(None),
            }
        }
    };
    let problem = match timeout(PATIENCE, opening).await {
        Ok(Ok(url)) => {
            let said = format!("a tunnel is open at {url}");
            report.fine("websocket", &said, Some(began.elapsed()));
            return Some(url);
        }
        Ok(Err(problem)) => problem,
        Err(_) => None,
    };
    report.failed("websocket", problem.unwrap_or_else(|| unopened(remote)));
    None
}

fn unopened(remote: &Remote) -> Problem {
    Problem::new(
        Code::LinkLost,
        "no tunnel could be opened",
        format!(
            "the relay {} answers plain requests, and ended or held up the websocket",
            remote.url
        ),
        "look for a proxy in between that does not let websockets through, and in the relay's log; \
         a relay with --reserved-only lets nobody open a tunnel of a new name",
    )
}

/// Sends webhooks around; the times of the quickest.
async fn around(report: &mut Report, sender: &ProbeConfig, mut called: mpsc::Receiver<Call>) {
    let mut quickest: Option<(Duration, String)> = None;
    for number in 0..ROUNDS {
        let body = format!("webhook {number} of kreel doctor");
        let began = Instant::now();
        let posted = match timeout(PATIENCE, post(sender, body.as_bytes())).await {
            Ok(Ok(posted)) => posted,
            Ok(Err(error)) => return report.failed("loop", of_link(&error, &sender.relay)),
            Err(_) => return report.failed("loop", lost("nobody answered in time")),
        };
        let ended = Instant::now();
        let call = called.try_recv();
        let arrived = match call {
            Ok(call) if call.body == body.as_bytes() && posted.status == 200 => call,
            _ => {
                let why = format!(
                    "its sender had {} and the app had something else",
                    posted.status
                );
                return report.failed("loop", lost(&why));
            }
        };
        let there = (arrived.at - began).saturating_sub(posted.connecting);
        let back = ended - arrived.at;
        let total = there + back;
        if quickest.as_ref().is_none_or(|(least, _)| total < *least) {
            let said = format!(
                "{ROUNDS} webhooks arrived and were answered; the quickest: connecting {}, \
                 sender → relay → this machine → app {}, and back {}",
                spoken(posted.connecting),
                spoken(there),
                spoken(back)
            );
            quickest = Some((total, said));
        }
    }
    if let Some((total, said)) = quickest {
        report.fine("loop", &said, Some(total));
    }
}

fn lost(why: &str) -> Problem {
    Problem::new(
        Code::LinkLost,
        "a webhook did not come around",
        why,
        "look in the relay's log at this moment, and for a proxy in front of it that answers by itself",
    )
}

/// Finds out how large a body may be, without sending one.
async fn largest(report: &mut Report, sender: &ProbeConfig) {
    let asked = offer(sender, TOO_MUCH).await;
    let limit = match asked {
        Ok(BodyAnswer::TooLarge {
            limit_bytes: Some(limit),
        }) => limit,
        Ok(BodyAnswer::Refused { status }) => {
            return in_front(report, sender, status).await;
        }
        Ok(_) => return report.skipped("body", "the relay does not say how much it takes"),
        Err(error) => return report.failed("body", of_link(&error, &sender.relay)),
    };
    match offer(sender, limit).await {
        Ok(BodyAnswer::Taken) => {
            report.fine("body", &format!("up to {}", size(limit)), None);
        }
        Ok(BodyAnswer::Refused { status }) => in_front(report, sender, status).await,
        Ok(BodyAnswer::TooLarge { .. }) => {
            report.warning(
                "body",
                "the relay contradicts itself about its limit",
                "look in its log",
            );
        }
        Err(error) => broken(report, &error, sender),
    }
}

/// Something in front of the relay takes less than it: how much, about.
async fn in_front(report: &mut Report, sender: &ProbeConfig, status: u16) {
    let mut most = 0;
    for mib in [1, 2, 5, 10, 20, 50, 100, 200] {
        match offer(sender, mib << 20).await {
            Ok(BodyAnswer::Taken) => most = mib,
            Ok(_) => break,
            Err(error) => return broken(report, &error, sender),
        }
    }
    report.warning(
        "body",
        &format!("something in front of the relay answers {status} to bodies over some {most} MiB"),
        "raise its limit to the relay's (nginx: client_max_body_size), or know that larger webhooks never arrive",
    );
}

fn broken(report: &mut Report, error: &LinkError, sender: &ProbeConfig) {
    report.failed("body", of_link(error, &sender.relay));
}

fn size(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        mib => format!("{mib} MiB"),
    }
}

fn config(remote: &Remote, tunnel: TunnelName, app: &str) -> Config {
    Config {
        relay: remote.url.clone(),
        token: remote.token.clone(),
        relay_ca: remote.ca.clone(),
        tunnel,
        // Nothing is to be kept for later.
        policy: Policy {
            strict: true,
            ..Policy::default()
        },
        target: Some(app.parse().expect("a socket's address is a target")),
        timeout: None,
        headers: Vec::new(),
        host_header: HostHeader::Rewrite,
        insecure: false,
        grace: Duration::from_secs(1),
        relay_name: remote.url.to_string(),
        since: Since::Never,
        gate: None,
        retries: 0,
    }
}

/// A webhook the app has had.
struct Call {
    at: Instant,
    body: Bytes,
}

/// The doctor's own app: answers 200, and tells when it was called.
async fn serve(listener: TcpListener, calls: mpsc::Sender<Call>) {
    while let Ok((stream, _)) = listener.accept().await {
        let calls = calls.clone();
        tokio::spawn(async move {
            let answer =
                service_fn(move |request: Request<Incoming>| answer(request, calls.clone()));
            let http = hyper::server::conn::http1::Builder::new();
            // Whoever broke off is told of by the other side.
            let _ = http.serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    calls: mpsc::Sender<Call>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let at = Instant::now();
    if let Ok(body) = request.into_body().collect().await {
        let body = body.to_bytes();
        let _ = calls.try_send(Call { at, body });
    }
    Ok(Response::new(Full::new(Bytes::from_static(b"well\n"))))
}
