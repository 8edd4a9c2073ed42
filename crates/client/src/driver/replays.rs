//! Replays that run, each with what ends it early.

use std::collections::HashMap;

use tokio::sync::oneshot;

use crate::engine::Run;

/// Those that run.
#[derive(Debug, Default)]
pub(crate) struct Replays(HashMap<Run, oneshot::Sender<()>>);

impl Replays {
    /// One begins; what comes back says that it shall end.
    pub(crate) fn begins(&mut self, run: Run) -> oneshot::Receiver<()> {
        let (stop, stopped) = oneshot::channel();
        self.0.insert(run, stop);
        stopped
    }

    /// One shall end at once, and say so.
    pub(crate) fn give_up(&mut self, run: Run) {
        // Its end may be on the way already.
        if let Some(stop) = self.0.remove(&run) {
            let _ = stop.send(());
        }
    }

    /// One has ended.
    pub(crate) fn ended(&mut self, run: Run) {
        self.0.remove(&run);
    }
}
