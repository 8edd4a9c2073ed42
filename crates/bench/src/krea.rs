//! The mock of Krea's API and the proxy in front of it: how many jobs the mock holds and tells
//! of, and what a call through the proxy takes beside the same call without it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::aims::Verdict;
use crate::args::Args;
use crate::contender::Stage;
use crate::figures::Spread;
use crate::process::Process;

/// How many jobs are in flight at once.
const JOBS: usize = 1_000;

/// How many webhooks a second the mock must post.
const WEBHOOKS: f64 = 200.0;

/// What a call may take more through the proxy: half a millisecond, nothing beside the tenth of a
/// second to the real API.
const MOST_MICROS: f64 = 500.0;

/// How many calls in a row one side of a round makes.
const CALLS: usize = 300;

/// Runs both, with a receiver of webhooks in this process.
pub(crate) async fn measure(stage: &Stage, args: &Args) -> Result<Vec<Verdict>> {
    let mut verdicts = webhooks(stage, args).await?;
    verdicts.push(added(stage, args).await?);
    Ok(verdicts)
}

/// A thousand jobs that are under way at once, and end at nearly the same time.
async fn webhooks(stage: &Stage, args: &Args) -> Result<Vec<Verdict>> {
    let (received, hook) = receiver().await?;
    let dir = stage.folder("mock")?;
    let (mut rates, mut at_once) = (Vec::new(), Vec::new());
    for round in 0..args.rounds() {
        // From 1.4 to 2.1 s each, so that they are all under way before the first ends.
        let seed = round.to_string();
        let words = [
            "mock",
            "krea",
            "--speed",
            "4",
            "--concurrency",
            "1000",
            "--seed",
            &seed,
        ];
        let (_mock, address) = start(stage, "mock", &dir, &words).await?;
        let mut api = connect(address).await?;
        let before = received.load(Ordering::Relaxed);
        let came = || received.load(Ordering::Relaxed) - before;
        for _ in 0..JOBS {
            create(&mut api, &hook).await?;
        }
        at_once.push((JOBS - came()) as f64);
        until(|| came() > 0).await?;
        let (begun, ahead) = (Instant::now(), came());
        until(|| came() >= JOBS).await?;
        rates.push((JOBS - ahead) as f64 / begun.elapsed().as_secs_f64());
    }
    let (rates, at_once) = (Spread::of(rates), Spread::of(at_once));
    let (rates, at_once) = rates.zip(at_once).context("no round")?;
    let all = JOBS as f64;
    Ok(vec![
        Verdict::at_least("mock: jobs in flight at once", all, at_once, ""),
        Verdict::at_least("mock: webhooks of 1,000 jobs", WEBHOOKS, rates, "/s"),
    ])
}

/// Waits for webhooks.
async fn until(holds: impl Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !holds() {
        if begun.elapsed() > Duration::from_secs(30) {
            bail!("webhooks are missing");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Calls that start a job, in turn without and with the proxy.
async fn added(stage: &Stage, args: &Args) -> Result<Verdict> {
    let dir = stage.folder("proxy")?;
    let words = [
        "mock",
        "krea",
        "--speed",
        "0.01",
        "--concurrency",
        "10000",
        "--backlog",
        "10000",
    ];
    let (_mock, behind) = start(stage, "mock", &dir, &words).await?;
    let upstream = format!("http://{behind}");
    let words = [
        "proxy",
        "krea",
        "--upstream",
        &upstream,
        "--tunnel-url",
        "http://127.0.0.1:9/",
    ];
    let (_proxy, front) = start(stage, "proxy", &dir, &words).await?;
    let (mut direct, mut through) = (connect(behind).await?, connect(front).await?);
    let mut more = Vec::new();
    for _ in 0..args.rounds() {
        let without = median(&mut direct).await?;
        let with = median(&mut through).await?;
        more.push((with - without) * 1e6);
    }
    let got = Spread::of(more).context("no round")?;
    Ok(Verdict::aim(
        "proxy: added to a call that starts a job",
        MOST_MICROS,
        got,
        "µs",
    ))
}

/// The median of some calls, in seconds.
async fn median(api: &mut SendRequest<Full<Bytes>>) -> Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        create(api, "http://127.0.0.1:9/").await?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let spread = Spread::of(seconds).context("no call")?;
    Ok(spread.median)
}

async fn create(api: &mut SendRequest<Full<Bytes>>, hook: &str) -> Result<()> {
    let request = Request::post("/generate/image/bfl/flux-1-dev")
        .header("host", "127.0.0.1")
        .header("authorization", "Bearer bench")
        .header("content-type", "application/json")
        .header("x-webhook-url", hook)
        .body(Full::from("{\"prompt\":\"a red fox\"}"))?;
    api.ready().await?;
    let response = api.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    match status.is_success() {
        true => Ok(()),
        false => bail!("{status}: {}", String::from_utf8_lossy(&body)),
    }
}

/// Starts one of the two and waits for its address.
async fn start(
    stage: &Stage,
    role: &'static str,
    dir: &std::path::Path,
    words: &[&str],
) -> Result<(Process, SocketAddr)> {
    let kreel = stage.tools.kreel.as_ref().context("there is no kreel")?;
    let mut command = Command::new(kreel);
    command.args(words).args(["--port", "0", "--json"]);
    let (mut process, mut printout) = Process::talking(role, &mut command, dir)?;
    let line: serde_json::Value = serde_json::from_str(&process.line(&mut printout).await?)?;
    process.ignore(printout);
    let url = line["url"].as_str().context("no address")?;
    let address = url.trim_start_matches("http://").parse()?;
    Ok((process, address))
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (api, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(api)
}

/// Takes webhooks and counts them; the count and the address.
async fn receiver() -> Result<(Arc<AtomicUsize>, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let hook = format!("http://{}/", listener.local_addr()?);
    let count = Arc::new(AtomicUsize::new(0));
    let counting = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let count = counting.clone();
            let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                let count = count.clone();
                async move {
                    if request.into_body().collect().await.is_ok() {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
                }
            });
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(served);
        }
    });
    Ok((count, hook))
}
