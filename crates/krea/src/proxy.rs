//! A proxy in front of Krea's API: asks for a webhook where the caller has not, remembers the
//! jobs that are started, and hands everything else through, both ways, as it comes.
//!
//! The caller's token goes to the API and to nobody else: it is not kept, told or printed here.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ledger::Ledger;
use crate::limits::{HEAD_DEADLINE, STOP_DEADLINE};
use crate::outgoing::{Outgoing, OutgoingError};

mod call;
mod config;
mod notice;
mod pass;
mod reach;
mod record;
mod tee;
#[cfg(test)]
mod tests;

pub use config::{InvalidProxy, ProxyConfig};
pub use notice::{Gone, Notice, ProxyEvent};
pub use reach::Reach;

/// A proxy that has not opened a port yet.
pub struct Proxy {
    shared: Arc<Shared>,
}

/// Why a proxy can't run.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// Its options make no sense.
    #[error(transparent)]
    Config(#[from] InvalidProxy),
    /// It can't make connections.
    #[error("the proxy can't make connections")]
    Client(#[from] OutgoingError),
}

/// What all connections share.
struct Shared {
    config: ProxyConfig,
    client: Outgoing,
    ledger: Arc<Ledger>,
    events: mpsc::Sender<ProxyEvent>,
}

impl Proxy {
    /// A proxy with these options that notes jobs in this ledger, and tells what happens as far as there
    /// is room.
    pub fn new(
        config: ProxyConfig,
        ledger: Arc<Ledger>,
        events: mpsc::Sender<ProxyEvent>,
    ) -> Result<Self, ProxyError> {
        config.check()?;
        let client = Outgoing::new(config.trusted.clone())?;
        let shared = Arc::new(Shared {
            config,
            client,
            ledger,
            events,
        });
        Ok(Self { shared })
    }

    /// Serves this listener until it is told to stop; calls under way may then take 2 s more.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let (tracker, stopping) = (TaskTracker::new(), CancellationToken::new());
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let connection = connection(stream, self.shared.clone(), stopping.clone());
                        tracker.spawn(connection);
                    }
                    // Out of descriptors, most likely: others will be given back.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                },
            }
        }
        stopping.cancel();
        tracker.close();
        let _ = tokio::time::timeout(STOP_DEADLINE, tracker.wait()).await;
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, stopping: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| pass::through(request, shared.clone()));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    tokio::select! {
        _ = &mut served => return,
        () = stopping.cancelled() => served.as_mut().graceful_shutdown(),
    }
    let _ = served.await;
}

impl Shared {
    fn tell(&self, event: ProxyEvent) {
        let _ = self.events.try_send(event);
    }
}
