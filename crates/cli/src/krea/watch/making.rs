//! Makes up for webhooks that never came, one after another, beside all else the radar does.

use kreel_krea::{Evidence, JobId, Kind};
use tokio::time::Instant;

use super::{Found, Running, Which};
use crate::krea::deliver::{Handed, deliver};
use crate::limits::RADAR_AGAIN;
use crate::problem::Result;

impl Running {
    /// Hands its webhook over, if that is wanted, beside all else.
    pub(super) fn make_up_for(&mut self, id: &JobId, evidence: Evidence) {
        let wanted = self
            .radar
            .deliver
            .as_ref()
            .filter(|(which, ..)| fits(*which, &evidence));
        let Some((_, config, history)) = wanted else {
            // It is told, and that is all.
            self.over.remove(id);
            return;
        };
        let again_at = self.over.get(id).and_then(|over| over.again_at);
        if !self.handing.is_empty() || again_at.is_some_and(|at| at > Instant::now()) {
            return;
        }
        let (config, history, id) = (config.clone(), history.clone(), id.clone());
        let mut gather = self.radar.gather.beside_it();
        self.handing.spawn(async move {
            let handed = deliver(&mut gather, &history, config, &evidence, false).await;
            (id, handed)
        });
    }

    /// What came of it.
    pub(super) fn handed(&mut self, id: &JobId, handed: Result<Handed>) {
        let is_again = match &handed {
            Ok(Handed::Failed { .. } | Handed::Taken) | Err(_) => true,
            Ok(_) => false,
        };
        match self.over.get_mut(id).filter(|_| is_again) {
            Some(over) => over.again_at = Some(Instant::now() + RADAR_AGAIN),
            None => drop(self.over.remove(id)),
        }
        match handed {
            Ok(Handed::Taken | Handed::Before(_)) => {}
            Ok(handed) => self.tell(Found::Delivered(id.clone(), handed)),
            Err(problem) => self.trouble(problem),
        }
    }
}

/// Whether this job's webhook is to be made up for: only one that was started through the proxy.
fn fits(which: Which, evidence: &Evidence) -> bool {
    evidence.known.as_ref().is_some_and(|known| match which {
        Which::All => true,
        Which::NodeApps => known.kind == Some(Kind::NodeApp),
    })
}
