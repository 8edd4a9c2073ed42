//! The local app: puts each whole request down in its ledger, then answers.
//!
//! A process of its own, so that it can be killed. Its moods come from the clock and the seed:
//! now and then it is slow before it works, slow after, or answers 500. It ends when the soak closes
//! its standard input.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

use crate::ledger::{Arrival, Clock, Ledger};
use crate::message::sha;

/// The header a message's number is in, both ways.
pub(crate) const MESSAGE: &str = "x-soak-message";

/// What the app is told at its start.
#[derive(Debug, clap::Args)]
pub(crate) struct AppArgs {
    /// Where to listen; the address taken is printed.
    #[arg(long)]
    listen: SocketAddr,
    /// The ledger.
    #[arg(long)]
    ledger: PathBuf,
    /// Where its moods come from.
    #[arg(long)]
    seed: u64,
    /// It has no moods.
    #[arg(long)]
    even: bool,
}

struct App {
    ledger: Ledger,
    clock: Clock,
    seed: u64,
    even: bool,
}

/// Serves until standard input ends.
pub(crate) async fn serve(args: AppArgs) -> Result<()> {
    let app = Rc::new(App {
        ledger: Ledger::open(&args.ledger)?,
        clock: Clock::new(),
        seed: args.seed,
        even: args.even,
    });
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("the app cannot listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    println!("{{\"type\":\"ready\",\"listen\":\"{address}\"}}");
    LocalSet::new().run_until(accept(listener, app)).await
}

async fn accept(listener: TcpListener, app: Rc<App>) -> Result<()> {
    let mut parent = tokio::io::stdin();
    let mut connections = JoinSet::new();
    let mut ignored = [0; 64];
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.context("the app cannot accept")?;
                connections.spawn_local(converse(stream, Rc::clone(&app)));
            }
            Some(_) = connections.join_next() => {}
            read = parent.read(&mut ignored) => if read? == 0 { return Ok(()) },
        }
    }
}

async fn converse(stream: TcpStream, app: Rc<App>) {
    // A connection that breaks is the client's to report.
    if stream.set_nodelay(true).is_ok() {
        let answer = service_fn(|request| app.answer(request));
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }
}

impl App {
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let mood = if self.even {
            Mood::Even
        } else {
            Mood::at(self.seed, self.clock.now_us())
        };
        let (head, body) = request.into_parts();
        let Ok(body) = whole(body).await else {
            return Ok(refusal("a body that broke off"));
        };
        if let Mood::SlowBefore(time) = mood {
            sleep(time).await;
        }
        let Some(arrival) = self.arrival(&head, &body) else {
            return Ok(refusal("a request that is nobody's"));
        };
        // Put down before anything is answered: what was not put down was not received.
        if self.ledger.put(&arrival).is_err() {
            return Ok(refusal("the ledger can't be written"));
        }
        if let Mood::SlowAfter(time) = mood {
            sleep(time).await;
        }
        let mut response = Response::new(Full::from(format!("{}\n", arrival.id)));
        response.headers_mut().insert(MESSAGE, arrival.id.into());
        if mood == Mood::Failing {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        Ok(response)
    }

    fn arrival(&self, head: &Parts, body: &[u8]) -> Option<Arrival> {
        let line = |name| head.headers.get(name)?.to_str().ok();
        Some(Arrival {
            at_us: self.clock.now_us(),
            id: line(MESSAGE)?.parse().ok()?,
            path_id: head.uri.path().rsplit('/').next()?.parse().ok()?,
            delivery: line("kreel-delivery-id")?.parse().ok()?,
            attempt: line("kreel-attempt")?.parse().ok()?,
            bytes: body.len() as u64,
            sha: sha(body),
        })
    }
}

async fn whole(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            whole.extend_from_slice(data);
        }
    }
    Ok(whole.freeze())
}

fn refusal(why: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{why}\n")));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// How the app is with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Even,
    /// It takes its time before it has the message, as far as its ledger goes.
    SlowBefore(Duration),
    /// It has the message, and takes its time to answer.
    SlowAfter(Duration),
    /// It has the message, and answers 500.
    Failing,
}

impl Mood {
    /// The mood of the moment, and by chance whether it strikes this request.
    fn at(seed: u64, now_us: u64) -> Self {
        let spell = now_us / SPELL_US;
        let of_the_moment = Rng::with_seed(seed ^ spell.wrapping_mul(0x9e37_79b9)).u8(..100);
        let strikes = |share: u8| fastrand::u8(..100) < share;
        match of_the_moment {
            0..15 if strikes(12) => Self::SlowBefore(slowness()),
            15..30 if strikes(12) => Self::SlowAfter(slowness()),
            30..45 if strikes(30) => Self::Failing,
            _ => Self::Even,
        }
    }
}

/// On both sides of the one second that senders wait.
fn slowness() -> Duration {
    Duration::from_millis(match fastrand::u8(..4) {
        0 => fastrand::u64(900..1100),
        _ => fastrand::u64(20..600),
    })
}

/// How long a mood lasts: 1.5 s.
const SPELL_US: u64 = 1_500_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_even_most_of_the_time_and_has_every_mood() {
        let moods: Vec<Mood> = (0..4000)
            .map(|spell| Mood::at(5, spell * SPELL_US))
            .collect();
        let count = |is: fn(&Mood) -> bool| moods.iter().filter(|mood| is(mood)).count();
        assert!(count(|mood| *mood == Mood::Even) > 3000);
        assert!(count(|mood| *mood == Mood::Failing) > 20);
        assert!(count(|mood| matches!(mood, Mood::SlowBefore(_))) > 10);
        assert!(count(|mood| matches!(mood, Mood::SlowAfter(_))) > 10);
    }
}
