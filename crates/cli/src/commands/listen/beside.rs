//! What runs beside a tunnel for Krea's sake: the proxy in front of its API, which hears of the
//! tunnel's address once that is known, and the door that lets in only what the API confirms. Their
//! happenings are shown among the deliveries.

use http::Uri;
use kreel_client::inert::inert;
use kreel_client::{Command, DeliveryId, ReplayConfig, Target};
use kreel_krea::{Keys, is_private};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::args::Output;
use crate::krea;
use crate::krea::asking::key_missing;
use crate::krea::door::{Door, DoorOptions};
use crate::krea::front::{Front, FrontEvent, FrontOptions};
use crate::krea::told::{self, Names};
use crate::krea::watch::Which;
use crate::options::{GRACE, ListenOptions};
use crate::problem::{Code, Problem, Result};
use crate::rows::Rows;
use crate::terminal::object_line;

/// A proxy beside a tunnel and a door in it, or neither.
#[derive(Debug)]
pub(super) struct Beside {
    front: Option<Front>,
    /// What the door is made of, until there is a client to tell.
    planned: Option<DoorOptions>,
    door: Option<Door>,
    tunnel: watch::Sender<Option<Uri>>,
    output: Output,
}

impl Beside {
    /// Opens what is wanted. `keys` are those that are known; callers of the proxy add theirs.
    /// `gated` are those that wait at the gate, if they are to be decided about.
    pub(super) async fn open(
        options: &ListenOptions,
        keys: &Result<Keys>,
        gated: Option<mpsc::Receiver<DeliveryId>>,
    ) -> Result<Self> {
        let (tunnel, hears) = watch::channel(None);
        let krea = &options.krea;
        let planned = match gated {
            Some(gated) => Some(door(options, keys.clone()?, gated)?),
            None => None,
        };
        let front = match krea.proxy {
            None => None,
            Some(port) => {
                let deliver = match krea.deliver {
                    Some(which) => Some((Which::of(which), made_up(options)?)),
                    None => None,
                };
                let front = Front::open(FrontOptions {
                    port,
                    upstream: krea.upstream.clone(),
                    trusted: krea.trusted.clone(),
                    names: Names::LISTEN,
                    own: Some(hears.clone()),
                    tunnel: hears,
                    replaces_own: false,
                    jobs: krea.jobs.clone(),
                    history: options.history.clone(),
                    missed_after: krea.missed_after,
                    keys: keys.clone()?,
                    deliver,
                });
                Some(front.await?)
            }
        };
        Ok(Self {
            front,
            planned,
            door: None,
            tunnel,
            output: options.output,
        })
    }

    /// Where the proxy is, in a few words.
    pub(super) fn place(&self) -> Option<String> {
        let front = self.front.as_ref()?;
        Some(format!("Krea's API at {}", front.url))
    }

    /// The tunnel's address, once that is known.
    pub(super) fn tunnel(&self) -> watch::Receiver<Option<Uri>> {
        self.tunnel.subscribe()
    }

    /// Opens the door, now that there is a client.
    pub(super) fn open_door(&mut self, commands: &mpsc::Sender<Command>) -> Result<()> {
        if let Some(options) = self.planned.take() {
            self.door = Some(Door::watch(options, commands.clone())?);
        }
        Ok(())
    }

    /// Says that it is there.
    pub(super) fn announce(&self, rows: &mut Rows) {
        let Some(front) = &self.front else { return };
        let (url, upstream) = (&front.url, &front.upstream);
        match self.output {
            Output::Json => {
                let ready = json!({"type": "proxy_ready", "url": url, "upstream": upstream});
                rows.tell(object_line(&ready).trim_end());
            }
            Output::Quiet => {}
            Output::Tui | Output::Compact => rows.say(&format!(
                "Krea's API is at {url}, in front of {upstream}: KREA_API_BASE_URL={url}"
            )),
        }
    }

    /// The tunnel has this address.
    pub(super) fn ready(&self, url: &str, rows: &mut Rows) {
        let Ok(uri) = url.parse::<Uri>() else {
            return;
        };
        self.tunnel.send_replace(Some(uri.clone()));
        let Some(front) = &self.front else { return };
        let host = |uri: &Uri| uri.host().is_some_and(is_private);
        let is_out_of_reach = host(&uri) && front.upstream.parse().is_ok_and(|api| !host(&api));
        if is_out_of_reach && matches!(self.output, Output::Compact | Output::Tui) {
            rows.say(
                "note: Krea can't reach this address, so the proxy asks for no webhooks; calls go \
                 through, and --deliver-missed hands over what the API says when a job has ended",
            );
        }
    }

    /// What happens next; never without either.
    pub(super) async fn next(&mut self) -> FrontEvent {
        let (front, door) = (&mut self.front, &mut self.door);
        let happens = async {
            let event = match front {
                Some(front) => front.events.recv().await,
                None => None,
            };
            match event {
                Some(event) => event,
                None => std::future::pending().await,
            }
        };
        let says = async {
            match door {
                Some(door) => door.says().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = happens => event,
            problem = says => FrontEvent::Door(problem),
        }
    }

    /// Shows it, unless the inspector has the terminal.
    pub(super) fn show(&self, event: &FrontEvent, rows: &mut Rows, has_screen: bool) {
        let is_call = matches!(event, FrontEvent::Proxy(_));
        match self.output {
            Output::Json => rows.tell(object_line(&renamed(event)).trim_end()),
            Output::Quiet if is_call => {}
            _ if has_screen => {}
            _ => rows.say(&inert(&told::line(event))),
        }
    }

    /// Ends it, and shows what happened last.
    pub(super) async fn close(mut self, rows: &mut Rows) {
        if let Some(door) = self.door.take() {
            door.close().await;
        }
        let Some(front) = self.front.take() else {
            return;
        };
        let mut rest = front.close().await;
        while let Ok(event) = rest.try_recv() {
            self.show(&event, rows, false);
        }
    }
}

/// An event as an object whose type no line of the tunnel's own has.
fn renamed(event: &FrontEvent) -> Value {
    let mut object = told::object(event);
    let own = match object["type"].as_str() {
        Some("answered") => "proxy_call",
        Some("refused") => "proxy_refused",
        Some("warning") => "proxy_warning",
        _ => return object,
    };
    object["type"] = own.into();
    object
}

/// What the door is made of; only where there is an app behind it, and something to ask with.
fn door(
    options: &ListenOptions,
    keys: Keys,
    told: mpsc::Receiver<DeliveryId>,
) -> Result<DoorOptions> {
    if options.target.is_none() {
        return Err(Problem::new(
            Code::TargetMissing,
            "there is no app to keep webhooks from",
            "--require-verified needs one, and only capturing was asked for",
            "name the app: kreel listen 3000 --require-verified",
        ));
    }
    if keys.any().is_none() && options.krea.proxy.is_none() {
        return Err(Problem {
            next: "set KREA_API_KEY to your key from Krea's settings; or add --krea-proxy, whose \
                   callers' keys are used"
                .to_owned(),
            ..key_missing()
        });
    }
    Ok(DoorOptions {
        history: options.history.clone(),
        ledger: krea::ledger(options.krea.jobs.as_deref())?,
        upstream: options.krea.upstream.clone(),
        trusted: options.krea.trusted.clone(),
        keys,
        told,
    })
}

/// How webhooks that never came are made up for.
fn made_up(options: &ListenOptions) -> Result<ReplayConfig> {
    replays(options).ok_or_else(|| {
        Problem::new(
            Code::TargetMissing,
            "there is no app to hand missed webhooks to",
            "--deliver-missed needs one, and only capturing was asked for",
            "name the app: kreel listen 3000 --krea-proxy --deliver-missed",
        )
    })
}

/// How webhooks kreel makes itself are handed over, if there is an app: as all others are.
pub(super) fn replays(options: &ListenOptions) -> Option<ReplayConfig> {
    let target: Target = options.target.clone()?;
    Some(ReplayConfig {
        target: Some(target),
        timeout: options.timeout,
        headers: options.headers.clone(),
        host_header: options.host_header.clone(),
        insecure: options.insecure,
        grace: GRACE,
        at_once: 1,
    })
}
