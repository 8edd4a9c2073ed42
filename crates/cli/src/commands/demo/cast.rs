//! Everyone who takes part, each on a port of its own: relay, mock, proxy and the app's handler.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Uri;
use http::uri::InvalidUri;
use kreel_client::{
    Client, Command, Config, History, HostHeader, Policy, Since, TunnelName, Update,
};
use kreel_krea::{Example, Keys, Ledger, Mock, MockConfig, Proxy, ProxyConfig, ProxyEvent};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::app::{self, Told};
use super::{incomplete, refused};
use crate::embedded::{self, Embedded};
use crate::krea;
use crate::options::{GRACE, Remote};
use crate::problem::{Result, chain, of_client_config, of_history};
use crate::tunnels::random_name;

/// The path of the app's handler.
const HOOK: &str = "/webhooks/krea";

/// Everyone who takes part.
pub(super) struct Cast {
    /// The relay, which holds the public address.
    pub(super) relay: Embedded,
    /// The tunnel's name.
    pub(super) tunnel: TunnelName,
    /// The app's address.
    pub(super) app: SocketAddr,
    /// The proxy's address, where the app finds the API.
    pub(super) api: String,
    /// The file of the client's history.
    pub(super) history: PathBuf,
    /// What is known of jobs.
    ledger: Arc<Ledger>,
    /// The file of it.
    pub(super) jobs: PathBuf,
    /// The API behind the proxy.
    pub(super) upstream: Uri,
    /// The keys callers have sent.
    pub(super) keys: Keys,
    /// What happens at the proxy.
    pub(super) calls: mpsc::Receiver<ProxyEvent>,
    /// What the app says of each webhook.
    pub(super) told: mpsc::Receiver<Told>,
    client: Option<Client>,
    stops: Vec<oneshot::Sender<()>>,
    tasks: Vec<JoinHandle<()>>,
}

/// A client that runs.
pub(super) struct Running {
    /// What it reports.
    pub(super) updates: mpsc::Receiver<Update>,
    /// What it is told.
    pub(super) commands: mpsc::Sender<Command>,
    /// How it ended.
    pub(super) ended: JoinHandle<std::result::Result<kreel_client::Ended, kreel_client::LinkError>>,
}

/// How much may wait to be shown.
const WAITING: usize = 64;

impl Cast {
    /// Starts them all, with their files in this folder and jobs so much faster than life.
    pub(super) async fn gather(folder: &Path, speed: f64) -> Result<Self> {
        let relay = Embedded::start(folder, 0).await?;
        let (tunnel, history) = (random_name()?, folder.join("history.db"));
        let (telling, told) = mpsc::channel(WAITING);
        let jobs = folder.join("krea-jobs.db");
        let handler = listener().await?;
        let app = local(&handler)?;
        let client = client(&relay.remote, &tunnel, app, &history)?;
        let mut cast = Self {
            relay,
            tunnel,
            app,
            api: String::new(),
            history,
            ledger: krea::ledger(Some(&jobs))?,
            jobs,
            upstream: Uri::default(),
            keys: Keys::default(),
            calls: mpsc::channel(1).1,
            told,
            client: Some(client),
            stops: Vec::new(),
            tasks: vec![tokio::spawn(app::serve(handler, telling))],
        };
        let upstream = cast.start_mock(speed).await?;
        cast.start_proxy(&upstream).await?;
        Ok(cast)
    }

    /// Starts the client, once.
    pub(super) fn listen(&mut self) -> Result<Running> {
        let client = self.client.take();
        let client = client.ok_or_else(|| incomplete("the client runs already"))?;
        let (commands, commanded) = mpsc::channel(4);
        let (updating, updates) = mpsc::channel(1024);
        Ok(Running {
            updates,
            commands,
            ended: tokio::spawn(client.run(commanded, updating)),
        })
    }

    /// The tunnel's public address.
    pub(super) fn tunnel_url(&self) -> String {
        let relay = self.relay.remote.url.to_string();
        format!("{}/{}", relay.trim_end_matches('/'), self.tunnel)
    }

    /// The handler's.
    fn public(&self) -> String {
        format!("{}{HOOK}", self.tunnel_url())
    }

    async fn start_mock(&mut self, speed: f64) -> Result<String> {
        let listener = listener().await?;
        let url = Mock::url(local(&listener)?);
        let config = MockConfig {
            trusted: self.relay.remote.ca.clone().unwrap_or_default(),
            ..Example::mock(speed)
        };
        // Nobody reads what happens there: the inspector shows what comes of it.
        let (events, _) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        self.stops.push(stop);
        self.tasks.push(tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            let _ = Mock::new(config).serve(listener, events, stopped).await;
        }));
        Ok(url)
    }

    async fn start_proxy(&mut self, upstream: &str) -> Result<()> {
        let listener = listener().await?;
        self.api = Mock::url(local(&listener)?);
        let address = |text: &str| -> Result<Uri> {
            let parsed = text.parse();
            parsed.map_err(|error: InvalidUri| incomplete(&chain(&error)))
        };
        let config = ProxyConfig {
            upstream: address(upstream)?,
            keys: self.keys.clone(),
            webhook_url: ProxyConfig::fixed(Some(address(&self.public())?)),
            ..ProxyConfig::default()
        };
        self.upstream = config.upstream.clone();
        let (events, calls) = mpsc::channel(WAITING);
        self.calls = calls;
        let proxy = Proxy::new(config, self.ledger.clone(), events);
        let proxy = proxy.map_err(|error| incomplete(&chain(&error)))?;
        let (stop, stopped) = oneshot::channel();
        self.stops.push(stop);
        self.tasks.push(tokio::spawn(proxy.serve(listener, async {
            let _ = stopped.await;
        })));
        Ok(())
    }

    /// Sends everyone home; the client has left before.
    pub(super) async fn leave(mut self) {
        for stop in self.stops.drain(..) {
            let _ = stop.send(());
        }
        self.relay.stop().await;
        for task in self.tasks.drain(..) {
            task.abort();
            let _ = task.await;
        }
    }
}

async fn listener() -> Result<TcpListener> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    bound.map_err(|error| refused(&error))
}

fn local(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().map_err(|error| refused(&error))
}

fn client(remote: &Remote, tunnel: &TunnelName, app: SocketAddr, history: &Path) -> Result<Client> {
    let remote = remote.clone();
    let opened = History::open(history).map_err(|error| of_history(&error))?;
    let config = Config {
        relay: remote.url,
        token: remote.token,
        relay_ca: remote.ca,
        tunnel: tunnel.clone(),
        policy: Policy::default(),
        target: Some(
            app.to_string()
                .parse()
                .expect("a socket's address is a target"),
        ),
        timeout: None,
        headers: Vec::new(),
        host_header: HostHeader::Rewrite,
        insecure: false,
        grace: GRACE,
        relay_name: embedded::NAME.to_owned(),
        since: Since::Last,
        gate: None,
        retries: 0,
    };
    Client::new(config, opened.history).map_err(|error| of_client_config(&error))
}
