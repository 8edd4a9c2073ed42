//! Where the tunnel's address leads: a name that looks public may stand for a private network.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Uri;

use crate::fetch::{Resolver, SystemResolver};
use crate::limits::LOOK_UP_DEADLINE;
use crate::local::is_private;

/// What was found when the address for webhooks was looked up last. Clones share it.
#[derive(Debug, Clone)]
pub struct Reach {
    resolver: Arc<dyn Resolver>,
    found: Arc<Mutex<Option<Found>>>,
}

#[derive(Debug)]
struct Found {
    address: Uri,
    is_private: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Self::by(Arc::new(SystemResolver))
    }
}

impl Reach {
    /// By this resolver.
    pub fn by(resolver: Arc<dyn Resolver>) -> Self {
        Self {
            resolver,
            found: Arc::default(),
        }
    }

    /// Looks this address up, whose host has this name, unless that was the last thing done. A name
    /// that leads nowhere from here may be known elsewhere.
    pub(super) async fn look_up(&self, address: &Uri, name: &str) {
        let is_known = self
            .found()
            .as_ref()
            .is_some_and(|found| found.address == *address);
        if is_known {
            return;
        }
        let name = name.trim_matches(['[', ']']);
        let looked_up = tokio::time::timeout(LOOK_UP_DEADLINE, self.resolver.resolve(name));
        let addresses = looked_up.await.ok().and_then(Result::ok);
        let is_inside = |address: &IpAddr| is_private(&address.to_string());
        let is_private = addresses.is_some_and(|all| !all.is_empty() && all.iter().all(is_inside));
        *self.found() = Some(Found {
            address: address.clone(),
            is_private,
        });
    }

    /// Whether this address was found to lead into a private network.
    pub(super) fn is_private(&self, address: &Uri) -> bool {
        self.found()
            .as_ref()
            .is_some_and(|found| found.is_private && found.address == *address)
    }

    fn found(&self) -> MutexGuard<'_, Option<Found>> {
        // It is whole after any panic: one value in place of another.
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
