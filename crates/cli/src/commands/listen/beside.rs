//! The proxy in front of Krea's API that runs beside a tunnel: it hears of the tunnel's address once
//! that is known, and its happenings are shown among the deliveries.

use http::Uri;
use kreel_client::inert::inert;
use kreel_client::{ReplayConfig, Target};
use kreel_krea::is_private;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::args::Output;
use crate::krea::front::{Front, FrontEvent, FrontOptions};
use crate::krea::told;
use crate::krea::watch::Which;
use crate::options::{GRACE, ListenOptions};
use crate::problem::{Code, Problem, Result};
use crate::rows::Rows;
use crate::terminal::object_line;

/// A proxy beside a tunnel, or none.
#[derive(Debug)]
pub(super) struct Beside {
    front: Option<Front>,
    tunnel: watch::Sender<Option<Uri>>,
    output: Output,
}

impl Beside {
    /// Opens it, if it is wanted.
    pub(super) async fn open(options: &ListenOptions) -> Result<Self> {
        let (tunnel, hears) = watch::channel(None);
        let front = match &options.krea {
            None => None,
            Some(krea) => {
                let deliver = match krea.deliver {
                    Some(which) => Some((Which::of(which), replays(options)?)),
                    None => None,
                };
                let front = Front::open(FrontOptions {
                    port: krea.port,
                    upstream: krea.upstream.clone(),
                    trusted: Vec::new(),
                    tunnel: hears,
                    replaces_own: false,
                    jobs: krea.jobs.clone(),
                    history: options.history.clone(),
                    missed_after: krea.missed_after,
                    deliver,
                });
                Some(front.await?)
            }
        };
        Ok(Self {
            front,
            tunnel,
            output: options.output,
        })
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
        let (Some(front), Ok(uri)) = (&self.front, url.parse::<Uri>()) else {
            return;
        };
        let host = |uri: &Uri| uri.host().is_some_and(is_private);
        let is_out_of_reach = host(&uri) && front.upstream.parse().is_ok_and(|api| !host(&api));
        if is_out_of_reach && matches!(self.output, Output::Compact | Output::Tui) {
            rows.say(
                "note: Krea can't reach this address, so the proxy asks for no webhooks; calls go \
                 through, and --deliver-missed hands over what the API says when a job has ended",
            );
        }
        let _ = self.tunnel.send(Some(uri));
    }

    /// What happens next; never without a proxy.
    pub(super) async fn next(&mut self) -> FrontEvent {
        let event = match &mut self.front {
            Some(front) => front.events.recv().await,
            None => None,
        };
        match event {
            Some(event) => event,
            None => std::future::pending().await,
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

/// How webhooks kreel makes itself are handed over: as all others are.
fn replays(options: &ListenOptions) -> Result<ReplayConfig> {
    let target: Target = options.target.clone().ok_or_else(|| {
        Problem::new(
            Code::TargetMissing,
            "there is no app to hand missed webhooks to",
            "--deliver-missed needs one, and only capturing was asked for",
            "name the app: kreel listen 3000 --krea-proxy --deliver-missed",
        )
    })?;
    Ok(ReplayConfig {
        target: Some(target),
        timeout: options.timeout,
        headers: options.headers.clone(),
        host_header: options.host_header.clone(),
        insecure: options.insecure,
        grace: GRACE,
        at_once: 1,
    })
}
