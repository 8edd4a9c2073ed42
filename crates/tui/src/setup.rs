//! What the inspector has to know before it starts.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use kreel_client::TunnelName;
use kreel_inspect::export::Masking;
use kreel_inspect::filter::Filter;
use tokio::sync::mpsc;

use crate::images::Images;
use crate::keys::KeyMap;
use crate::lens::{Lens, News};
use crate::theme::Theme;

/// What the inspector has to know before it starts.
#[derive(Debug)]
pub struct Setup {
    /// The history's file.
    pub history: PathBuf,
    /// What does not change while it runs.
    pub facts: Facts,
    /// The keys.
    pub keys: KeyMap,
    /// The colours.
    pub theme: Theme,
    /// Which deliveries are shown at first, if not all.
    pub filter: Option<Filter>,
    /// How images are shown.
    pub images: Images,
    /// What happens beside the deliveries, if anything can.
    pub news: Option<mpsc::Receiver<News>>,
}

/// What does not change while the inspector runs.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The tunnel whose deliveries are shown.
    pub tunnel: TunnelName,
    /// What the history calls its relay.
    pub relay_name: String,
    /// The app, as it was typed; none if deliveries are only captured.
    pub target: Option<String>,
    /// What stands for an expression after `@` in a filter.
    pub saved_filters: BTreeMap<String, String>,
    /// Which headers are masked on screen and in exports.
    pub masking: Masking,
    /// How long a sender waits for the app before it gets 202 from the relay; none if it never
    /// does.
    pub wait: Option<Duration>,
    /// The certificate to trust, where the relay is this process.
    pub certificate: Option<PathBuf>,
    /// The editor, as the user's shell would run it.
    pub editor: String,
    /// Where times of day are told.
    pub zone: TimeZone,
    /// Posts ready-made webhooks, if there is one.
    pub trigger: Option<Arc<dyn Trigger>>,
    /// Knows more of some deliveries, if there is one.
    pub lens: Option<Arc<dyn Lens>>,
    /// What else runs here, in some words at the top.
    pub beside: Option<String>,
}

/// Somebody who posts ready-made webhooks.
pub trait Trigger: Debug + Send + Sync {
    /// What there is, by name.
    fn events(&self) -> Vec<String>;

    /// Posts one to this address and waits for the answer, off the thread that draws. What came of
    /// it, or why nothing did, in a sentence.
    fn post(&self, event: &str, url: &str) -> Result<String, String>;
}
