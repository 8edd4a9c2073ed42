//! Small ports beside the main one: each connection asks once, gets its answer, and has a deadline
//! as a whole.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::config::Limits;
use crate::error::RelayError;
use crate::limits::ACCEPT_PAUSE;

/// A small port, taken.
#[derive(Debug)]
pub(crate) struct SidePort {
    listener: TcpListener,
    most: usize,
    time: Duration,
}

/// What a small port answers.
pub(crate) type Said = Response<Full<Bytes>>;

impl SidePort {
    /// Takes the address.
    pub(crate) async fn bind(address: SocketAddr, limits: &Limits) -> Result<Self, RelayError> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| RelayError::Listen { address, source })?;
        Ok(Self {
            listener,
            most: limits.side_connections,
            time: limits.side_time,
        })
    }

    /// The address taken.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers for ever.
    pub(crate) async fn serve<A, F>(self, answer: A)
    where
        A: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Said> + Send,
    {
        let (answer, places) = (Arc::new(answer), Arc::new(Semaphore::new(self.most)));
        let (mut connections, time) = (JoinSet::new(), self.time);
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let Ok((tcp, peer)) = self.listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let answer = answer.clone();
            connections.spawn(async move {
                let service = service_fn(|request| {
                    let said = answer(request);
                    async { Ok::<_, Infallible>(said.await) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(tcp), service);
                match timeout(time, connection).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => debug!(%peer, %error, "a connection beside failed"),
                    Err(_) => debug!(%peer, "a connection beside took too long"),
                }
                drop(place);
            });
        }
    }
}
