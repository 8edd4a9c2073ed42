//! Tunnel name → its owner, its policy, and the one link that is live. All in memory: looking
//! a name up is one read of a map.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kreel_wire::{GoodbyeReason, Policy, Seq, TunnelName};

use crate::error::StoreError;
use crate::limits::SEQ_BLOCK;
use crate::link::Link;
use crate::store::{Shelf, Standing, Store, TunnelRow};

/// Every tunnel this relay has, whether a client is there or not.
#[derive(Debug, Default)]
pub(crate) struct Tunnels {
    by_name: RwLock<HashMap<TunnelName, Arc<Tunnel>>>,
    /// How it stood when it was last looked at, and the highest tunnel there was by then.
    standing: RwLock<Option<(Standing, i64)>>,
}

/// One tunnel.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// Its place in the store.
    pub(crate) shelf: Arc<Shelf>,
    next_seq: AtomicU64,
    reserved_seq: AtomicU64,
    reserving: AtomicBool,
    live: Mutex<Live>,
}

#[derive(Debug)]
struct Live {
    policy: Policy,
    link: Option<Arc<Link>>,
}

/// A link's place in its tunnel; leaving it is dropping this.
#[derive(Debug)]
pub(crate) struct Registration {
    tunnel: Arc<Tunnel>,
    link: Arc<Link>,
}

impl Tunnels {
    /// The tunnels a store had when it was opened.
    pub(crate) fn new(rows: Vec<TunnelRow>) -> Self {
        let by_name = rows
            .into_iter()
            .map(|row| (row.name.clone(), Arc::new(Tunnel::new(&row))));
        Self {
            by_name: RwLock::new(by_name.collect()),
            standing: RwLock::default(),
        }
    }

    /// The tunnel of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Tunnel>> {
        self.by_name
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// The tunnel of a row that has just been claimed, new or known.
    pub(crate) fn claimed(&self, row: &TunnelRow) -> Arc<Tunnel> {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let tunnel = by_name
            .entry(row.name.clone())
            .or_insert_with(|| Arc::new(Tunnel::new(row)));
        if !Arc::ptr_eq(&tunnel.shelf, &row.shelf) {
            // The file was damaged and did not know it any more: it has been claimed anew.
            *tunnel = Arc::new(Tunnel::new(row));
        }
        tunnel.clone()
    }

    /// Goes by how it stands now: drops tunnels that were given up, which are returned, and ends
    /// links. Tunnels that are newer than what is said, above `known`, are left alone.
    pub(crate) fn keep_to(&self, standing: Standing, known: i64) -> Vec<Arc<Tunnel>> {
        let mut given_up = Vec::new();
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.retain(|_, tunnel| {
            let number = tunnel.shelf.tunnel;
            let stays = number > known || standing.owners.contains_key(&number);
            if !stays {
                given_up.push(tunnel.clone());
            }
            stays
        });
        drop(by_name);
        for link in given_up.iter().filter_map(|tunnel| tunnel.link()) {
            link.close(GoodbyeReason::Revoked, "the tunnel has been given up");
        }
        // Before the links are looked at: one that is registered meanwhile looks here itself.
        *self
            .standing
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some((standing, known));
        self.end_links();
        given_up
    }

    /// Ends links whose token is not valid any more or whose tunnel is another's.
    pub(crate) fn end_links(&self) {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((standing, known)) = &*standing {
            for (number, link) in self.numbered_links() {
                judge(standing, *known, number, &link);
            }
        }
    }

    /// Makes this a tunnel's link; its end follows at once if it must not be one by now.
    pub(crate) fn register(
        &self,
        tunnel: &Arc<Tunnel>,
        policy: Policy,
        link: Arc<Link>,
    ) -> Registration {
        let registration = tunnel.register(policy, link);
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((standing, known)) = &*standing {
            judge(standing, *known, tunnel.shelf.tunnel, &registration.link);
        }
        registration
    }

    /// The highest number there is.
    pub(crate) fn highest(&self) -> i64 {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name
            .values()
            .map(|tunnel| tunnel.shelf.tunnel)
            .max()
            .unwrap_or_default()
    }

    fn numbered_links(&self) -> Vec<(i64, Arc<Link>)> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let links = by_name
            .values()
            .filter_map(|tunnel| Some((tunnel.shelf.tunnel, tunnel.link()?)));
        links.collect()
    }

    /// Ends every link because the relay stops.
    pub(crate) fn drain_links(&self) {
        for link in self.links() {
            link.close(GoodbyeReason::Draining, "the relay is shutting down");
        }
    }

    /// How many there are, and how many deliveries wait for their clients.
    pub(crate) fn count(&self) -> (usize, u64) {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let waiting = by_name.values().map(|tunnel| tunnel.shelf.waiting());
        (by_name.len(), waiting.sum())
    }

    /// How many links a token has.
    pub(crate) fn links_of(&self, token: i64) -> usize {
        self.links()
            .iter()
            .filter(|link| link.token == token)
            .count()
    }

    fn links(&self) -> Vec<Arc<Link>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name
            .values()
            .filter_map(|tunnel| tunnel.link())
            .collect()
    }
}

/// Ends a link that must not be one any more.
fn judge(standing: &Standing, known: i64, number: i64, link: &Link) {
    let owner = standing.owners.get(&number);
    if owner.is_some_and(|owner| *owner != link.token && number <= known) {
        link.close(
            GoodbyeReason::Revoked,
            "the tunnel has been given to another token",
        );
    } else if standing.has_ended(link.token) {
        link.close(
            GoodbyeReason::Revoked,
            "the token has been revoked, or has expired",
        );
    }
}

impl Tunnel {
    fn new(row: &TunnelRow) -> Self {
        Self {
            shelf: row.shelf.clone(),
            next_seq: (row.reserved.0 + 1).into(),
            reserved_seq: row.reserved.0.into(),
            reserving: false.into(),
            live: Mutex::new(Live {
                policy: row.policy,
                link: None,
            }),
        }
    }

    /// How senders are answered, and the live link if there is one.
    pub(crate) fn live(&self) -> (Policy, Option<Arc<Link>>) {
        let live = self.lock();
        (live.policy, live.link.clone())
    }

    /// The live link if there is one.
    pub(crate) fn link(&self) -> Option<Arc<Link>> {
        self.lock().link.clone()
    }

    /// The highest position given out so far.
    pub(crate) fn last_seq(&self) -> Seq {
        Seq(self.next_seq.load(Ordering::Relaxed) - 1)
    }

    /// Makes this the tunnel's link. An earlier one is told that it has been replaced.
    fn register(self: &Arc<Self>, policy: Policy, link: Arc<Link>) -> Registration {
        let earlier = {
            let mut live = self.lock();
            live.policy = policy;
            live.link.replace(link.clone())
        };
        if let Some(earlier) = earlier {
            earlier.close(
                GoodbyeReason::Replaced,
                "another client has taken this tunnel",
            );
        }
        Registration {
            tunnel: self.clone(),
            link,
        }
    }

    /// The next position. Waits for the disk only when a block of them runs out faster than the
    /// next one is claimed.
    pub(crate) async fn next_seq(self: &Arc<Self>, store: &Arc<Store>) -> Result<Seq, StoreError> {
        let seq = self.next_seq.fetch_add(1, Ordering::Relaxed);
        let reserved = self.reserved_seq.load(Ordering::Acquire);
        if seq > reserved {
            self.reserve(store, seq).await?;
        } else if reserved - seq < SEQ_BLOCK / 2 && !self.reserving.swap(true, Ordering::AcqRel) {
            let (tunnel, store) = (self.clone(), store.clone());
            let owner = store.clone();
            owner.spawn(async move {
                // A failure comes up again, and is told, when the block has run out.
                let _ = tunnel.reserve(&store, seq).await;
                tunnel.reserving.store(false, Ordering::Release);
            });
        }
        Ok(Seq(seq))
    }

    async fn reserve(&self, store: &Store, seq: u64) -> Result<(), StoreError> {
        let up_to = seq + SEQ_BLOCK;
        store.reserve(self.shelf.tunnel, Seq(up_to)).await?;
        self.reserved_seq.fetch_max(up_to, Ordering::AcqRel);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration {
    /// The tunnel it is in.
    pub(crate) fn tunnel(&self) -> &Arc<Tunnel> {
        &self.tunnel
    }

    /// The link it is for.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut live = self.tunnel.lock();
        if live
            .link
            .as_ref()
            .is_some_and(|link| Arc::ptr_eq(link, &self.link))
        {
            live.link = None;
        }
    }
}
