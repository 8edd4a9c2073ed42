//! A stand-in for Krea's API: jobs that walk through their states, webhooks that are posted,
//! files that can be fetched, faults on demand. Offline, seeded, and everybody's who has a token.
//!
//! What Krea documents is done as documented; the rest is our choice, and `docs/krea.md` says
//! which is which.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::{HEAD_DEADLINE, STOP_DEADLINE};
use crate::outgoing::OutgoingError;

mod answer;
mod assets;
mod chance;
mod chaos;
mod check;
mod config;
mod create;
mod form;
mod jobs;
mod life;
mod media;
mod openapi;
mod others;
mod plan;
mod route;
mod shared;
mod styles;
mod walk;
mod webhook;
mod world;

pub use chaos::{Chaos, InvalidChaos};
pub use config::MockConfig;
pub use form::{ErrorKey, FaultForm, InvalidForm};
pub use openapi::{InvalidOpenApi, OpenApi};
pub use plan::{InvalidPlan, Outcomes};
pub use shared::MockEvent;

use shared::Shared;

/// A mock API that has not opened a port yet.
#[derive(Debug)]
pub struct Mock {
    config: MockConfig,
}

/// Why a mock can't run.
#[derive(Debug, Error)]
pub enum MockError {
    /// The client for its webhooks can't be made.
    #[error("the mock can't make connections")]
    Client(#[from] OutgoingError),
    /// Its port can't be used.
    #[error("the mock can't use its port")]
    Port(#[source] io::Error),
}

impl Mock {
    /// A mock with these options. Does no I/O.
    pub fn new(config: MockConfig) -> Self {
        Self { config }
    }

    /// Serves this listener until it is told to stop; what happens is told to `events`, as far
    /// as there is room.
    pub async fn serve(
        self,
        listener: TcpListener,
        events: mpsc::Sender<MockEvent>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), MockError> {
        let address = listener.local_addr().map_err(MockError::Port)?;
        let shared = Shared::new(self.config, address, events)?;
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let _ = stream.set_nodelay(true);
                        let serving = connection(stream, shared.clone());
                        let token = token.clone();
                        tracker.spawn(async move {
                            tokio::select! {
                                () = token.cancelled() => {}
                                () = serving => {}
                            }
                        });
                    }
                    // Out of descriptors, most likely: others will be given back.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                },
            }
        }
        token.cancel();
        shared.stop.cancel();
        tracker.close();
        shared.tasks.close();
        let ended = async {
            tracker.wait().await;
            shared.tasks.wait().await;
        };
        let _ = tokio::time::timeout(STOP_DEADLINE, ended).await;
        Ok(())
    }

    /// The address as a URL, for those who listen on it themselves.
    pub fn url(address: SocketAddr) -> String {
        format!("http://{address}")
    }
}

async fn connection(stream: tokio::net::TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| route::answer(request, &shared));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    // A client that leaves, or breaks HTTP, is its own affair.
    let _ = served.await;
}
