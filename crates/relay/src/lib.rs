//! The public end of kreel: takes webhooks from senders and hands them to their tunnel's link.
//!
//! [`Relay::new`] opens the data folder and does nothing on the network, [`Relay::bind`] takes
//! the address, [`Bound::serve`] serves it until told to stop.

mod config;
mod connection;
mod error;
mod framing;
mod ingress;
mod limits;
mod link;
mod replies;
mod shared;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod tunnels;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

pub use crate::config::{
    Acme, Config, FirstToken, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Limits, Tls,
};
pub use crate::error::{RelayError, StoreError};
pub use crate::store::{Damage, Salvaged, TokenRow, Tokens};

use crate::limits::{ACCEPT_PAUSE, GOODBYE, TOKENS_CHECK};
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
    certificate: Option<Identity>,
    challenges: Option<Challenges>,
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
        let failed = |source| RelayError::Listen {
            address: self.config.listen,
            source,
        };
        let listener = TcpListener::bind(self.config.listen)
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let challenges = match &self.certificate {
            Some(Identity::Acme(acme)) => Challenges::bind(acme).await?,
            _ => None,
        };
        let shared = Shared {
            store: Arc::new(self.store),
            tunnels: Tunnels::new(self.rows),
            limits: self.config.limits.clone(),
            address: public_address(&self.config, address),
            behind_proxy: self.config.behind_proxy,
            retained_bytes: Arc::default(),
            links: TaskTracker::new(),
            stopping: CancellationToken::new(),
        };
        Ok(Bound {
            listener,
            address,
            shared: Arc::new(shared),
            certificate: self.certificate,
            challenges,
            max_connections: self.config.limits.max_connections,
            grace: self.config.grace,
        })
    }
}

impl Bound {
    /// The address taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address senders use, without a slash at its end: `https://relay.example`.
    pub fn url(&self) -> &str {
        &self.shared.address.base
    }

    /// The file of the relay's certificate, unless TLS is off.
    pub fn certificate(&self) -> Option<&Path> {
        self.certificate.as_ref().and_then(Identity::path)
    }

    /// Resolves once senders can be served: at once, unless the certificate is yet to come, for
    /// which [`serve`](Self::serve) must run.
    pub fn ready(&self) -> impl Future<Output = ()> + Send + use<> {
        let certificate = self.certificate.clone();
        async move {
            if let Some(certificate) = certificate {
                certificate.ready().await;
            }
        }
    }

    /// Serves until `stop` resolves; then takes no more, lets what is under way finish within
    /// the grace, says goodbye to the clients and closes the store.
    pub async fn serve(mut self, stop: impl Future<Output = ()>) -> Result<(), RelayError> {
        let acceptor = self
            .certificate
            .as_ref()
            .map(Identity::acceptor)
            .transpose()?;
        let challenges = self.challenges.take();
        let base = self.shared.address.base.clone();
        let connections = TaskTracker::new();
        let beside = [
            self.certificate
                .clone()
                .map(|certificate| tokio::spawn(certificate.keep_fresh())),
            challenges.map(|challenges| tokio::spawn(challenges.serve(base))),
            Some(tokio::spawn(watch_tokens(self.shared.clone()))),
        ];
        let accept = self.accept(&connections, acceptor);
        tokio::select! {
            () = accept => {}
            () = stop => {}
        }
        for task in beside.into_iter().flatten() {
            task.abort();
        }
        self.drain(&connections).await;
        Ok(())
    }

    async fn accept(&self, connections: &TaskTracker, tls: Option<TlsAcceptor>) {
        let places = Arc::new(Semaphore::new(self.max_connections));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let Some((tcp, peer)) = self.next_connection().await else {
                continue;
            };
            let serve = connection::serve(self.shared.clone(), tcp, peer, tls.clone());
            connections.spawn(async move {
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

    async fn drain(self, connections: &TaskTracker) {
        drop(self.listener);
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
    }
}

/// Ends the links of tokens that another process has revoked.
async fn watch_tokens(shared: Arc<Shared>) {
    let (mut version, mut look) = (-1, tokio::time::interval(TOKENS_CHECK));
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        match shared.store.valid_tokens(version).await {
            Ok(Some((now, valid))) => {
                version = now;
                shared.tunnels.end_links_unless(&valid);
            }
            Ok(None) => {}
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
        (None, None) => format!("{scheme}://{address}"),
    };
    PublicAddress {
        base,
        domain,
        // A certificate by these challenges is for one name alone.
        by_subdomain: !matches!(config.tls, Tls::Acme(_)),
    }
}
