//! The proxy in front of the API with a radar behind it: what `kreel proxy krea` and
//! `kreel listen --krea-proxy` run.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use kreel_client::{CertificateDer, History, ReplayConfig};
use kreel_krea::{Asker, InvalidProxy, Keys, Proxy, ProxyConfig, ProxyEvent, Reach};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::told::{self, Names};
use super::watch::{Found, Radar, Watch, Which};
use super::{Gather, ledger};
use crate::commands::mock::bind;
use crate::limits::FRONT_STOP;
use crate::paths::Paths;
use crate::problem::{Problem, Result};
use crate::tunnels::Tunnels;

/// How many happenings may wait to be told; with more, some are left out.
const EVENTS: usize = 1024;

/// What to run.
#[derive(Debug)]
pub(crate) struct FrontOptions {
    /// The port on this machine.
    pub(crate) port: u16,
    /// The API.
    pub(crate) upstream: Uri,
    /// Certificates to trust for it.
    pub(crate) trusted: Vec<CertificateDer<'static>>,
    /// What the options are called.
    pub(crate) names: Names,
    /// The tunnel's address, once it is known.
    pub(crate) tunnel: watch::Receiver<Option<Uri>>,
    /// The same, if it is of a tunnel this process has open.
    pub(crate) own: Option<watch::Receiver<Option<Uri>>>,
    /// Whether it also takes the place of the caller's own.
    pub(crate) replaces_own: bool,
    /// The file of jobs, if not the usual one.
    pub(crate) jobs: Option<PathBuf>,
    /// The history webhooks come into.
    pub(crate) history: PathBuf,
    /// How long after a job's end its webhook is missed.
    pub(crate) missed_after: Duration,
    /// The keys that are known; those callers send are added.
    pub(crate) keys: Keys,
    /// What is made up for, and where it goes.
    pub(crate) deliver: Option<(Which, ReplayConfig)>,
}

/// A proxy and a radar that run.
#[derive(Debug)]
pub(crate) struct Front {
    /// The proxy's address.
    pub(crate) url: String,
    /// The API behind it.
    pub(crate) upstream: String,
    /// What happens.
    pub(crate) events: mpsc::Receiver<FrontEvent>,
    reach: ProxyConfig,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    watch: Watch,
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum FrontEvent {
    /// A call went through.
    Proxy(ProxyEvent),
    /// The radar has found something.
    Radar(Found),
    /// Something is in the way of deciding which webhooks are let in.
    Door(Problem),
}

impl Front {
    /// Opens the port, and serves it from now on.
    pub(crate) async fn open(options: FrontOptions) -> Result<Self> {
        let names = options.names;
        let config = ProxyConfig {
            upstream: options.upstream,
            webhook_url: options.tunnel,
            reach: Reach::default(),
            replaces_own: options.replaces_own,
            trusted: options.trusted,
            keys: options.keys,
        };
        let looked_up = config.look_up().await;
        looked_up.map_err(|error| told::unusable(&error.into(), names))?;
        let ledger = ledger(options.jobs.as_deref())?;
        let asker = Asker::new(config.upstream.clone(), config.trusted.clone());
        let asker = asker.map_err(|error| told::unusable(&error.into(), names))?;
        let deliver = match options.deliver {
            Some((which, config)) => {
                let opened = History::open(&options.history);
                let opened = opened.map_err(|error| crate::problem::of_history(&error))?;
                Some((which, config, opened.history))
            }
            None => None,
        };
        let tunnels = Tunnels::of(&Paths::find()?);
        let radar = Radar {
            gather: Gather::new(ledger.clone(), &options.history, Some(tunnels))
                .beside(options.own),
            asker,
            keys: config.keys.clone(),
            after: options.missed_after,
            deliver,
        };
        let (upstream, reach) = (config.upstream.to_string(), config.clone());
        let (calls, mut called) = mpsc::channel(EVENTS);
        let proxy =
            Proxy::new(config, ledger, calls).map_err(|error| told::unusable(&error, names))?;
        let listener: TcpListener = bind(options.port, "the proxy").await?;
        let address = listener
            .local_addr()
            .map_err(|error| told::unusable_port(&error))?;
        let (finds, mut found) = mpsc::channel(EVENTS);
        let watch = Watch::start(radar, finds)?;
        let (tell, events) = mpsc::channel(EVENTS);
        let (stop, stopped) = oneshot::channel::<()>();
        let looking = reach.clone();
        let serving = tokio::spawn(async move {
            let serving = proxy.serve(listener, async {
                let _ = stopped.await;
            });
            let telling = async {
                loop {
                    let event = tokio::select! {
                        Some(event) = called.recv() => FrontEvent::Proxy(event),
                        Some(found) = found.recv() => FrontEvent::Radar(found),
                        else => break,
                    };
                    if tell.send(event).await.is_err() {
                        break;
                    }
                }
            };
            let telling = async {
                tokio::select! {
                    () = telling => {}
                    never = watch_reach(looking, &tell) => match never {},
                }
            };
            // The last calls are told after the proxy has ended, since its end is their channel's.
            tokio::join!(serving, telling);
        });
        Ok(Self {
            url: format!("http://{address}"),
            upstream,
            reach,
            events,
            stop,
            serving,
            watch,
        })
    }

    /// Why the API could not reach the tunnel's address as it is now, if it could not.
    pub(crate) async fn out_of_reach(&self) -> Option<Problem> {
        let looked_up = self.reach.look_up().await;
        looked_up.err().map(|error| told::out_of_reach(&error))
    }

    /// Lets what is under way end; calls have two seconds. What happened last can still be read.
    pub(crate) async fn close(self) -> mpsc::Receiver<FrontEvent> {
        let _ = self.stop.send(());
        self.watch.stop().await;
        // A reader that is stuck must not hold up the end.
        let _ = timeout(FRONT_STOP, self.serving).await;
        self.events
    }
}

/// Looks each address of the tunnel up that becomes known, and says so if its name leads into a private
/// network. Of those that look private whoever has opened the tunnel speaks.
async fn watch_reach(mut config: ProxyConfig, tell: &mpsc::Sender<FrontEvent>) -> Infallible {
    while config.webhook_url.changed().await.is_ok() {
        if let Err(error @ InvalidProxy::PrivateWebhook { .. }) = config.look_up().await
            && !config.is_private_by_name()
        {
            let trouble = Found::Trouble(told::out_of_reach(&error));
            // A reader that is stuck hears it of each call.
            let _ = tell.try_send(FrontEvent::Radar(trouble));
        }
    }
    std::future::pending().await
}
