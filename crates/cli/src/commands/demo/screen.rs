//! The demo in the inspector: rows come while one looks around.

use std::sync::Arc;
use std::time::Duration;

use kreel_client::{Command, HostHeader, Policy, ReplayConfig};
use kreel_inspect::mask::Masking;
use kreel_krea::ProxyConfig;
use kreel_tui::lens::News;
use kreel_tui::{End, Facts, Images, Inspector, KeyMap, Setup, Theme};
use tokio::sync::mpsc;

use super::caller;
use super::cast::Cast;
use crate::commands::listen::editor;
use crate::commands::trigger::Ready;
use crate::embedded;
use crate::exit::Exit;
use crate::krea::front::FrontEvent;
use crate::krea::lens::{JobLens, LensOptions};
use crate::krea::told;
use crate::limits::RADAR_USUAL;
use crate::log;
use crate::options::{GRACE, certificates};
use crate::problem::{Code, Problem, Result, chain, of_link};
use crate::signals::{Received, Signals};
use crate::terminal::{self, say};

/// How long after one call the next is made: 1.2 s, so that there is always something to come.
const PACE: Duration = Duration::from_millis(1200);

/// Plays it until the inspector is left.
pub(super) async fn play(cast: &mut Cast, signals: &mut Signals) -> Result<Exit> {
    let mut running = cast.listen()?;
    log::hold();
    let (_, none) = mpsc::channel(1);
    let updates = std::mem::replace(&mut running.updates, none);
    let (tell, news) = mpsc::channel(16);
    let opened = Inspector::open(setup(cast, news)?, running.commands.clone(), updates);
    let mut inspector = opened.map_err(|error| unusable(&error))?;
    let (asking, mut asked) = mpsc::channel(16);
    let caller = tokio::spawn(caller::ask(cast.api.clone(), PACE, asking));
    let mut is_shown = true;
    let result = loop {
        tokio::select! {
            end = inspector.ended() => {
                is_shown = false;
                break match end {
                    Ok(End::Quit) => Ok(Exit::Success),
                    Ok(End::Interrupted) => Ok(Received::Interrupt.exit()),
                    Ok(End::Failed) => Err(failed("it has failed")),
                    Err(error) => Err(unusable(&error)),
                };
            }
            ended = &mut running.ended => break match ended {
                Ok(Err(error)) => Err(of_link(&error, &cast.relay.remote.url)),
                Ok(Ok(_)) | Err(_) => Ok(Exit::Success),
            },
            signal = signals.next() => {
                // Ctrl-C while an editor has the terminal is the editor's.
                if signal != Received::Interrupt || !inspector.has_lent_terminal() {
                    break Ok(signal.exit());
                }
            }
            // The rows show what came of it.
            Some(_) = asked.recv() => {}
            Some(_) = cast.told.recv() => {}
            Some(call) = cast.calls.recv() => {
                if let Some(news) = told::news(&FrontEvent::Proxy(call)) {
                    let _ = tell.try_send(news);
                }
            }
        }
    };
    caller.abort();
    let _ = running.commands.send(Command::Stop).await;
    if !running.ended.is_finished() {
        let _ = (&mut running.ended).await;
    }
    if is_shown {
        // Its updates have ended, and so it does.
        let _ = inspector.ended().await;
    }
    log::release();
    say(
        "That was kreel's demo; nothing of it is left. `kreel listen PORT` does the same for an app of yours.",
    );
    result
}

fn setup(cast: &Cast, news: mpsc::Receiver<News>) -> Result<Setup> {
    let theme = match terminal::forbids_colour() {
        true => Theme::None,
        false => Theme::default(),
    };
    let keys = KeyMap::with(&std::collections::BTreeMap::new());
    Ok(Setup {
        history: cast.history.clone(),
        facts: Facts {
            tunnel: cast.tunnel.clone(),
            relay_name: embedded::NAME.to_owned(),
            target: Some(cast.app.to_string()),
            saved_filters: std::collections::BTreeMap::new(),
            masking: Masking::standard(),
            wait: Some(Policy::default().wait),
            certificate: Some(cast.relay.certificate.clone()),
            editor: editor(),
            zone: jiff::tz::TimeZone::system(),
            trigger: Some(Arc::new(Ready {
                trusted: certificates(&cast.relay.certificate)?,
            })),
            lens: Some(lens(cast)),
            beside: Some(format!("Krea's API at {}", cast.api)),
        },
        keys: keys.map_err(|error| failed(&chain(&error)))?,
        theme,
        filter: None,
        images: Images::default(),
        news: Some(news),
    })
}

/// Who knows what the webhooks are about.
fn lens(cast: &Cast) -> Arc<JobLens> {
    JobLens::new(LensOptions {
        jobs: Some(cast.jobs.clone()),
        history: cast.history.clone(),
        tunnels: None,
        own: ProxyConfig::fixed(cast.tunnel_url().parse().ok()),
        trusted: Vec::new(),
        upstream: cast.upstream.clone(),
        keys: Ok(cast.keys.clone()),
        missed_after: RADAR_USUAL,
        app: Some(ReplayConfig {
            target: cast.app.to_string().parse().ok(),
            timeout: None,
            headers: Vec::new(),
            host_header: HostHeader::Rewrite,
            insecure: false,
            grace: GRACE,
            at_once: 1,
        }),
    })
}

fn unusable(error: &std::io::Error) -> Problem {
    failed(&error.to_string())
}

fn failed(why: &str) -> Problem {
    log::release();
    Problem::new(
        Code::SystemRefused,
        "the inspector can't be shown",
        why,
        "use kreel demo --no-tui",
    )
}
