//! The public end of kreel: takes webhooks from senders and hands them to their tunnel's link.
//!
//! [`Relay::new`] opens the data folder and does nothing on the network, [`Relay::bind`] takes
//! the address, [`Bound::serve`] serves it until told to stop.

mod admission;
mod answers;
mod config;
mod connection;
mod error;
mod framing;
#[cfg(fuzzing)]
pub mod fuzz;
mod ingress;
mod limits;
mod link;
mod metrics;
mod own_address;
mod proxies;
mod refusals;
mod replies;
mod rules;
mod shared;
mod side;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod tunnels;

use std::net::{self, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

pub use crate::config::{
    Access, Acme, Config, FirstToken, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Limits, Tls,
};
pub use crate::error::{RelayError, StoreError};
pub use crate::limits::{Limit, LimitKind, LimitRefused};
pub use crate::proxies::{ForwardedHeader, Proxies};
pub use crate::store::{Damage, NameRow, Salvaged, Scope, TokenRow, Tokens, backup};

use crate::admission::Admission;
use crate::answers::AnswerRoom;
use crate::limits::{ACCEPT_PAUSE, FORGET_ADDRESSES, GOODBYE, LAST_LET_IN, TOKENS_CHECK};
use crate::metrics::{Metrics, MetricsPort};
use crate::refusals::Refusals;
use crate::shared::{PublicAddress, Shared};
use crate::store::{Folder, Store, TunnelRow};
use crate::tls::{Challenges, Identity};
use crate::tunnels::Tunnels;

/// A relay that has its files but no address yet.
#[derive(Debug)]
pub struct Relay {
    config: Config,
    store: Store,
    rows: Vec<TunnelRow>,
    certificate: Option<Identity>,
    first_token: Option<String>,
    damage: Option<Damage>,
}

/// A relay that has its address: connections are accepted by the system already, and served
/// from [`Bound::serve`] on.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    challenges: Option<Challenges>,
    metrics: Option<MetricsPort>,
    max_connections: usize,
    grace: Duration,
}

impl Relay {
    /// Opens the data folder, making it if it is absent: the store, the first token, the
    /// certificate.
    pub fn new(config: Config) -> Result<Self, RelayError> {
        let folder = Folder::take(&config.data)?;
        let damage = store::look_for_damage(&folder)?;
        let tokens = Tokens::open(&config.data)?;
        let first_token = first_token(&tokens, &config.first_token)?;
        let certificate = Identity::load(&config)?;
        let (store, rows) = Store::open(folder, &config.limits)?;
        Ok(Self {
            config,
            store,
            rows,
            certificate,
            first_token,
            damage,
        })
    }

    /// What happened to the relay's file, if it was found damaged.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// The first token, if it was made just now and no file keeps it: this is the only time it
    /// can be told.
    pub fn first_token(&self) -> Option<&str> {
        self.first_token.as_deref()
    }

    /// Takes the address.
    pub async fn bind(self) -> Result<Bound, RelayError> {
        let listen = self.config.listen;
        let failed = |source| RelayError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        self.bind_beside(listener).await
    }

    /// Takes over an address somebody else has listened at, with whoever waits there.
    pub async fn take_over(self, listener: net::TcpListener) -> Result<Bound, RelayError> {
        let listen = self.config.listen;
        let failed = |source| RelayError::Listen {
            address: listen,
            source,
        };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        self.bind_beside(listener).await
    }

    /// Takes the addresses beside the main one.
    async fn bind_beside(self, listener: TcpListener) -> Result<Bound, RelayError> {
        let failed = |source| RelayError::Listen {
            address: self.config.listen,
            source,
        };
        let address = listener.local_addr().map_err(failed)?;
        let challenges = match &self.certificate {
            Some(Identity::Acme(acme)) => Challenges::bind(acme, &self.config.limits).await?,
            _ => None,
        };
        let metrics = match self.config.metrics {
            Some(address) => Some(MetricsPort::bind(address, &self.config.limits).await?),
            None => None,
        };
        let shared = Shared {
            store: Arc::new(self.store),
            tunnels: Tunnels::new(self.rows),
            admission: Admission::new(self.config.limits.clone()),
            address: public_address(&self.config, address),
            proxies: self.config.proxies,
            access: self.config.access,
            metrics: metrics.is_some().then(Metrics::new),
            answers: AnswerRoom::new(self.config.limits.answer_memory_bytes),
            refusals: Refusals::default(),
            connections: TaskTracker::new(),
            certificate: self.certificate,
            retained_bytes: Arc::default(),
            links: TaskTracker::new(),
            stopping: CancellationToken::new(),
        };
        Ok(Bound {
            listener,
            address,
            shared: Arc::new(shared),
            challenges,
            metrics,
            max_connections: self.config.limits.max_connections,
            grace: self.config.grace,
        })
    }
}

/// Changes a relay that runs.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl Control {
    /// Puts other limits in force for connections and requests to come. Those of the store, and
    /// how many connections there may be in all, count from the next start on.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.answers.set_most(limits.answer_memory_bytes);
        self.shared.admission.replace(limits);
        info!("the limits were read again");
    }
}

impl Bound {
    /// The address taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are read, if anywhere.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(MetricsPort::address)
    }

    /// A handle to change what can be changed while it runs.
    pub fn control(&self) -> Control {
        Control {
            shared: self.shared.clone(),
        }
    }

    /// The base address senders use, without a slash at its end: `https://relay.example`.
    pub fn url(&self) -> &str {
        &self.shared.address.base
    }

    /// Whether that is only what this machine takes itself to be, since it listens on all its
    /// addresses and was not told by which others call it.
    pub fn is_guessed(&self) -> bool {
        self.shared.address.is_guessed
    }

    /// The file of the relay's certificate, unless TLS is off.
    pub fn certificate(&self) -> Option<&Path> {
        self.shared.certificate.as_ref().and_then(Identity::path)
    }

    /// Resolves once senders can be served: at once, unless the certificate is yet to come, for
    /// which [`serve`](Self::serve) must run.
    pub fn ready(&self) -> impl Future<Output = ()> + Send + use<> {
        let certificate = self.shared.certificate.clone();
        async move {
            if let Some(certificate) = certificate {
                certificate.ready().await;
            }
        }
    }

    /// Serves until `stop` resolves; then takes no more, lets what is under way finish within
    /// the grace, says goodbye to the clients and closes the store.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), RelayError> {
        let stop = async {
            stop.await;
            Ending::Closed
        };
        self.serve_until(stop).await.map(|_| ())
    }

    /// The same, for one that may hand its address over to a successor: then whoever connects
    /// from the end on waits, unserved, for as long as the socket that comes back is kept.
    pub async fn serve_until(
        mut self,
        stop: impl Future<Output = Ending>,
    ) -> Result<Option<net::TcpListener>, RelayError> {
        let certificate = self.shared.certificate.clone();
        let acceptor = certificate.as_ref().map(Identity::acceptor).transpose()?;
        let challenges = self.challenges.take();
        let base = self.shared.address.base.clone();
        let metrics = self.metrics.take();
        let beside = [
            certificate.map(|certificate| tokio::spawn(certificate.keep_fresh())),
            metrics.map(|port| tokio::spawn(port.serve(self.shared.clone()))),
            Some(tokio::spawn(forget_quiet(self.shared.clone()))),
            challenges.map(|challenges| tokio::spawn(challenges.serve(base))),
            Some(tokio::spawn(watch_tokens(self.shared.clone()))),
        ];
        let accept = self.accept(acceptor);
        let ending = tokio::select! {
            () = accept => Ending::Closed,
            ending = stop => ending,
        };
        for task in beside.into_iter().flatten() {
            task.abort();
        }
        self.drain(ending).await
    }

    async fn accept(&self, tls: Option<TlsAcceptor>) {
        let places = Arc::new(Semaphore::new(self.max_connections));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let Some((tcp, peer)) = self.next_connection().await else {
                continue;
            };
            let serve = connection::serve(self.shared.clone(), tcp, peer, tls.clone());
            self.shared.connections.spawn(async move {
                serve.await;
                drop(place);
            });
        }
    }

    /// A connection, unless taking one failed; then after a pause, since what fails is usually
    /// the limit of open files, which others must free.
    async fn next_connection(&self) -> Option<(TcpStream, SocketAddr)> {
        match self.listener.accept().await {
            Ok(connection) => Some(connection),
            Err(error) => {
                error!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    }

    async fn drain(self, ending: Ending) -> Result<Option<net::TcpListener>, RelayError> {
        let connections = &self.shared.connections;
        let listener = match ending {
            Ending::Closed => {
                drop(self.listener);
                None
            }
            Ending::HandedOver => {
                let address = self.address;
                let failed = |source| RelayError::Listen { address, source };
                let listener = self.listener.into_std().map_err(failed)?;
                // Whoever was let in just now has not said yet what it wants.
                sleep(LAST_LET_IN).await;
                Some(listener)
            }
        };
        info!("stopping: no new connections; what is under way may finish");
        self.shared.stopping.cancel();
        connections.close();
        if timeout(self.grace, connections.wait()).await.is_err() {
            warn!(
                left = connections.len(),
                "the grace is over; connections are cut off"
            );
        }
        self.shared.tunnels.drain_links();
        self.shared.links.close();
        // Each link gives its client a moment to hear the goodbye.
        let _ = timeout(
            GOODBYE + Duration::from_millis(500),
            self.shared.links.wait(),
        )
        .await;
        self.shared.store.close().await;
        Ok(listener)
    }
}

/// What becomes of the address when a relay stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is closed at once: who connects is refused.
    Closed,
    /// It stays open for a successor: who connects waits for it.
    HandedOver,
}

/// Forgets who has been quiet, for ever.
async fn forget_quiet(shared: Arc<Shared>) {
    let mut every = tokio::time::interval(FORGET_ADDRESSES);
    loop {
        every.tick().await;
        shared.admission.forget_quiet();
    }
}

/// Looks whether a relay could be made of this, and changes nothing: certificate files are read,
/// the rest is what it is.
pub fn check(config: &Config) -> Result<(), RelayError> {
    match &config.tls {
        Tls::Off | Tls::SelfSigned => Ok(()),
        Tls::Files { .. } => Identity::load(config).map(|_| ()),
        Tls::Acme(acme) => tls::check_authority(acme),
    }
}

/// Ends the links of tokens that another process has revoked, or that expire, and drops tunnels
/// that it gave up.
async fn watch_tokens(shared: Arc<Shared>) {
    let (mut version, mut expires_at) = (-1, None);
    let mut look = tokio::time::interval(TOKENS_CHECK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        let expired = expires_at.is_some_and(|at| at <= Timestamp::now().as_millisecond());
        // Before it is asked: a tunnel that is claimed meanwhile is not in the answer.
        let known = shared.tunnels.highest();
        match shared
            .store
            .standing(if expired { -1 } else { version })
            .await
        {
            Ok(Some(standing)) => {
                (version, expires_at) = (standing.version, standing.expires_at);
                for tunnel in shared.tunnels.keep_to(standing, known) {
                    shared.store.forget(&tunnel.shelf);
                }
            }
            Ok(None) => shared.tunnels.end_links(),
            Err(error) => error!(%error, "the tokens could not be read"),
        }
    }
}

fn first_token(tokens: &Tokens, place: &FirstToken) -> Result<Option<String>, RelayError> {
    const NAME: &str = "first";
    match place {
        FirstToken::Print if tokens.is_empty()? => Ok(Some(tokens.create(NAME)?)),
        FirstToken::Print => Ok(None),
        FirstToken::File(path) => store::token_from_file(tokens, NAME, path).map(|()| None),
    }
}

fn public_address(config: &Config, address: SocketAddr) -> PublicAddress {
    let scheme = if config.tls == Tls::Off {
        "http"
    } else {
        "https"
    };
    let domain = config.domain.clone();
    let default_port = if config.tls == Tls::Off { 80 } else { 443 };
    let base = match (&config.public_url, &domain) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, Some(domain)) if address.port() == default_port => format!("{scheme}://{domain}"),
        (None, Some(domain)) => format!("{scheme}://{domain}:{}", address.port()),
        (None, None) => format!("{scheme}://{}", own_address::told(address)),
    };
    PublicAddress {
        base,
        is_guessed: config.public_url.is_none()
            && domain.is_none()
            && address.ip().is_unspecified(),
        domain,
        // A certificate by these challenges is for one name alone.
        by_subdomain: !matches!(config.tls, Tls::Acme(_)),
    }
}
