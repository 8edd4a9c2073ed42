//! The local app: reads each body to its end and says whose it was and how long.
//!
//! Its own process, so that its work is in nobody's figures; it ends when the bench closes its
//! standard input.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::load::REQUEST_ID;

/// Serves until standard input ends; its address is the first line it prints.
pub(crate) async fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("no port on loopback for the app")?;
    println!("{}", listener.local_addr()?);
    let mut parent = tokio::io::stdin();
    let mut connections = JoinSet::new();
    let mut ignored = [0; 64];
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                connections.spawn(converse(accepted.context("the app cannot accept")?.0));
            }
            Some(_) = connections.join_next() => {}
            read = parent.read(&mut ignored) => if read? == 0 { return Ok(()) },
        }
    }
}

/// Answers one connection's requests until its peer has gone.
async fn converse(stream: TcpStream) {
    // A connection that breaks is its sender's to report.
    if stream.set_nodelay(true).is_ok() {
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer))
            .await;
    }
}

/// How many webhooks were answered so far.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// Where to ask for that number.
pub(crate) const COUNT: &str = "/count";

/// `ID LENGTH`, with the id from the request's header and the length as counted.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, mut body) = request.into_parts();
    let mut length = 0;
    if head.uri.path() == COUNT {
        let answered = ANSWERED.load(Ordering::Relaxed);
        return Ok(Response::new(Full::from(answered.to_string())));
    }
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => length += frame.data_ref().map_or(0, Bytes::len),
            Err(broken) => return Ok(refusal(&broken.to_string())),
        }
    }
    Ok(
        match head.headers.get(REQUEST_ID).map(HeaderValue::to_str) {
            Some(Ok(id)) => {
                ANSWERED.fetch_add(1, Ordering::Relaxed);
                Response::new(Full::from(format!("{id} {length}")))
            }
            _ => refusal("no request id"),
        },
    )
}

fn refusal(why: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(why.to_owned()));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
