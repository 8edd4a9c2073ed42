//! Other targets than the app, for replays: those used last keep their connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::app::App;
use crate::limits::OTHER_TARGETS;
use crate::{ConfigError, Target};

/// Other targets, the one used last at the end.
#[derive(Debug)]
pub(super) struct Elsewhere {
    insecure: bool,
    apps: Mutex<Vec<Arc<App>>>,
}

impl Elsewhere {
    /// None yet. `insecure`: their certificates are not looked at.
    pub(super) fn new(insecure: bool) -> Self {
        Self {
            insecure,
            apps: Mutex::default(),
        }
    }

    /// The app at this target.
    pub(super) fn app(&self, target: &Target) -> Result<Arc<App>, ConfigError> {
        let mut apps = self.apps();
        let known = apps.iter().position(|app| app.target() == target);
        let app = match known {
            Some(place) => apps.remove(place),
            None => Arc::new(App::new(target.clone(), self.insecure)?),
        };
        if apps.len() >= OTHER_TARGETS {
            apps.remove(0);
        }
        apps.push(app.clone());
        Ok(app)
    }

    /// Closes connections that have been idle for too long by `now`.
    pub(super) fn sweep(&self, now: Instant) {
        for app in self.apps().iter() {
            app.pool().sweep(now);
        }
    }

    fn apps(&self) -> MutexGuard<'_, Vec<Arc<App>>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_used_last_are_kept() {
        let elsewhere = Elsewhere::new(false);
        let target = |port: usize| -> Target { format!("{}", 3000 + port).parse().unwrap() };
        let first = elsewhere.app(&target(0)).unwrap();
        for port in 1..OTHER_TARGETS {
            elsewhere.app(&target(port)).unwrap();
        }
        assert!(Arc::ptr_eq(&first, &elsewhere.app(&target(0)).unwrap()));
        elsewhere.app(&target(OTHER_TARGETS)).unwrap();
        assert_eq!(elsewhere.apps().len(), OTHER_TARGETS);
        assert!(Arc::ptr_eq(&first, &elsewhere.app(&target(0)).unwrap()));
    }
}
