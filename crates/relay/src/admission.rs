//! Who is let in, and how often: connections, handshakes, links and requests by address, requests by
//! tunnel.
//!
//! An address is that of the sender, whatever proxies stand in between; under IPv6 its network,
//! which is what one customer gets. This machine is not counted: its proxies and its owner are.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::limits::{ADDRESSES, Limits};

/// Counts and decides.
#[derive(Debug)]
pub(crate) struct Admission {
    held: RwLock<Arc<Held>>,
    counted: Mutex<HashMap<Counted, usize>>,
    handshakes: AtomicUsize,
}

/// What an address has a limited number of at any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Connection(IpAddr),
    Handshake(IpAddr),
    /// To the tunnel with this number: what one has takes nothing from others.
    Request(IpAddr, i64),
}

/// The limits in force, and who has used them up.
#[derive(Debug)]
pub(crate) struct Held {
    /// The limits.
    pub(crate) limits: Limits,
    connections: Option<Rate<IpAddr>>,
    requests: Option<Rate<IpAddr>>,
    links: Option<Rate<IpAddr>>,
    tunnels: Option<Rate<i64>>,
}

type Rate<K> = DefaultKeyedRateLimiter<K>;

/// An address's place for a connection, a handshake or a request; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    of: Counted,
}

/// A TLS handshake's place among all; free again when dropped.
#[derive(Debug)]
pub(crate) struct Handshake {
    admission: Arc<Admission>,
    _place: Option<Place>,
}

/// It comes too often; when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOften(pub(crate) Duration);

impl Admission {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            held: RwLock::new(Arc::new(Held::new(limits))),
            counted: Mutex::default(),
            handshakes: AtomicUsize::new(0),
        })
    }

    /// The limits in force.
    pub(crate) fn held(&self) -> Arc<Held> {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts other limits in force. What has been used up so far is forgotten.
    pub(crate) fn replace(&self, limits: Limits) {
        let held = Arc::new(Held::new(limits));
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// A place for a connection of this address, unless it has as many as it may, or begins too
    /// many.
    pub(crate) fn connection(
        self: &Arc<Self>,
        address: IpAddr,
    ) -> Result<Option<Place>, &'static str> {
        let Some(network) = network(address) else {
            return Ok(None);
        };
        let held = self.held();
        if let Some(rate) = &held.connections
            && ask(rate, &network).is_err()
        {
            return Err("connection_rate");
        }
        let most = held.limits.max_connections_per_address;
        let place = self.place(Counted::Connection(network), most);
        place.map(Some).ok_or("connections_of_address")
    }

    /// A place for a TLS handshake, on a connection that has the place given, unless as many are
    /// under way as may be.
    pub(crate) fn handshake(
        self: &Arc<Self>,
        place: Option<&Place>,
    ) -> Result<Handshake, &'static str> {
        let held = self.held();
        let place = match place.map(|place| place.of) {
            Some(Counted::Connection(network)) => {
                let most = held.limits.max_handshakes_per_address;
                let place = self.place(Counted::Handshake(network), most);
                Some(place.ok_or("handshakes_of_address")?)
            }
            _ => None,
        };
        let handshake = Handshake {
            admission: self.clone(),
            _place: place,
        };
        let under_way = self.handshakes.fetch_add(1, Ordering::Relaxed);
        match under_way < held.limits.max_handshakes {
            true => Ok(handshake),
            false => Err("handshakes"),
        }
    }

    /// A place for a request of this address to this tunnel, unless as many of it wait for an answer
    /// as may: they share what a client can take at once with everybody else's.
    pub(crate) fn request(
        self: &Arc<Self>,
        address: IpAddr,
        tunnel: i64,
    ) -> Result<Option<Place>, TooOften> {
        let Some(network) = network(address) else {
            return Ok(None);
        };
        let most = self.held().limits.max_requests_per_address;
        let place = self.place(Counted::Request(network, tunnel), most);
        // Nobody knows when one of them ends.
        place.map(Some).ok_or(TooOften(Duration::from_secs(1)))
    }

    fn place(self: &Arc<Self>, of: Counted, most: usize) -> Option<Place> {
        let mut counted = self.lock();
        let count = counted.entry(of).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        let admission = self.clone();
        Some(Place { admission, of })
    }

    /// Forgets addresses that have been quiet, so that memory is for those that are not.
    pub(crate) fn forget_quiet(&self) {
        let held = self.held();
        let rates = [&held.connections, &held.requests, &held.links];
        for rate in rates.into_iter().flatten() {
            rate.retain_recent();
            rate.shrink_to_fit();
            if rate.len() > ADDRESSES {
                self.replace(held.limits.clone());
                return;
            }
        }
        if let Some(rate) = &held.tunnels {
            rate.retain_recent();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Counted, usize>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn new(limits: Limits) -> Self {
        Self {
            connections: rate(limits.connections_per_second_per_address, limits.burst),
            requests: rate(limits.requests_per_second_per_address, limits.burst),
            links: rate(limits.links_per_second_per_address, limits.burst),
            tunnels: rate(limits.requests_per_second_per_tunnel, limits.burst),
            limits,
        }
    }

    /// Whether this address may make another request now.
    pub(crate) fn request(&self, address: IpAddr) -> Result<(), TooOften> {
        match (&self.requests, network(address)) {
            (Some(rate), Some(network)) => ask(rate, &network),
            _ => Ok(()),
        }
    }

    /// Whether this address may ask for another link now.
    pub(crate) fn link(&self, address: IpAddr) -> Result<(), TooOften> {
        match (&self.links, network(address)) {
            (Some(rate), Some(network)) => ask(rate, &network),
            _ => Ok(()),
        }
    }

    /// Whether this tunnel takes another request now.
    pub(crate) fn tunnel(&self, tunnel: i64) -> Result<(), TooOften> {
        self.tunnels
            .as_ref()
            .map_or(Ok(()), |rate| ask(rate, &tunnel))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counted = self.admission.lock();
        if let Some(count) = counted.get_mut(&self.of) {
            *count -= 1;
            // Nothing is remembered of an address that has nothing left.
            if *count == 0 {
                counted.remove(&self.of);
            }
        }
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.admission.handshakes.fetch_sub(1, Ordering::Relaxed);
    }
}

fn rate<K: std::hash::Hash + Eq + Clone>(per_second: u32, burst: u32) -> Option<Rate<K>> {
    let per_second = NonZeroU32::new(per_second)?;
    let burst = per_second.saturating_mul(NonZeroU32::new(burst)?);
    Some(RateLimiter::dashmap(
        Quota::per_second(per_second).allow_burst(burst),
    ))
}

fn ask<K: std::hash::Hash + Eq + Clone>(rate: &Rate<K>, key: &K) -> Result<(), TooOften> {
    rate.check_key(key)
        .map(|_| ())
        .map_err(|until| TooOften(until.wait_time_from(DefaultClock::default().now())))
}

/// What counts as one address; nothing for this machine itself.
fn network(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            Some(Ipv6Addr::from(network).into())
        }
        address => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: u32 = 5;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn connections_of_one_address_are_counted_and_given_back() {
        let admission = Admission::new(Limits {
            max_connections_per_address: 2,
            connections_per_second_per_address: 0,
            ..Limits::default()
        });
        let (one, other) = (address("2001:db8::1"), address("2001:db8:0:1::1"));
        let held = [
            admission.connection(one).unwrap(),
            admission.connection(address("2001:db8::2")).unwrap(),
        ];
        assert_eq!(
            admission.connection(one).unwrap_err(),
            "connections_of_address"
        );
        assert!(admission.connection(other).is_ok(), "another network");
        drop(held);
        assert!(admission.connection(one).is_ok());
        assert!(
            admission.lock().is_empty(),
            "nothing is remembered of those that left"
        );
        for _ in 0..10 {
            assert!(
                admission
                    .connection(address("::ffff:127.0.0.1"))
                    .unwrap()
                    .is_none()
            );
        }
    }

    #[test]
    fn handshakes_under_way_are_counted_and_given_back() {
        let admission = Admission::new(Limits {
            max_handshakes_per_address: 2,
            max_handshakes: 3,
            ..Limits::default()
        });
        let place = |text| admission.connection(address(text)).unwrap();
        let (one, other) = (place("192.0.2.1"), place("192.0.2.2"));
        let begin = |place: &Option<Place>| admission.handshake(place.as_ref());
        let held = [begin(&one).unwrap(), begin(&one).unwrap()];
        assert_eq!(begin(&one).unwrap_err(), "handshakes_of_address");
        let third = begin(&other).unwrap();
        assert_eq!(begin(&None).unwrap_err(), "handshakes");
        drop(third);
        assert!(begin(&None).is_ok());
        drop(held);
        assert!(begin(&one).is_ok());
        drop((one, other));
        assert!(admission.lock().is_empty());
        assert_eq!(admission.handshakes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn requests_under_way_are_counted_and_given_back() {
        let admission = Admission::new(Limits {
            max_requests_per_address: 2,
            ..Limits::default()
        });
        let one = address("192.0.2.1");
        let held = [one, one].map(|one| admission.request(one, 7).unwrap());
        assert_eq!(
            admission.request(one, 7).unwrap_err(),
            TooOften(Duration::from_secs(1))
        );
        assert!(admission.request(one, 8).is_ok(), "another tunnel");
        assert!(admission.request(address("192.0.2.2"), 7).is_ok());
        let own = admission.request(address("127.0.0.1"), 7);
        assert!(own.unwrap().is_none());
        drop(held);
        assert!(admission.request(one, 7).is_ok());
        assert!(admission.lock().is_empty());
    }

    #[test]
    fn rates_let_a_burst_through_and_say_when_to_come_again() {
        let admission = Admission::new(Limits {
            requests_per_second_per_address: 2,
            requests_per_second_per_tunnel: 1,
            ..Limits::default()
        });
        let held = admission.held();
        let one = address("192.0.2.1");
        for _ in 0..2 * BURST {
            held.request(one).unwrap();
        }
        let TooOften(wait) = held.request(one).unwrap_err();
        assert!(
            wait > Duration::ZERO && wait <= Duration::from_millis(500),
            "{wait:?}"
        );
        held.request(address("192.0.2.2")).unwrap();
        for _ in 0..BURST {
            held.tunnel(7).unwrap();
        }
        assert!(held.tunnel(7).is_err() && held.tunnel(8).is_ok());
        admission.replace(Limits {
            requests_per_second_per_address: 0,
            ..Limits::default()
        });
        admission.held().request(one).unwrap();
        admission.forget_quiet();
    }

    #[test]
    fn a_flood_from_everywhere_is_not_remembered_for_ever() {
        let admission = Admission::new(Limits::default());
        let held = admission.held();
        for number in 0..=ADDRESSES {
            let number =
                u32::try_from(number).unwrap() + u32::from(std::net::Ipv4Addr::new(11, 0, 0, 0));
            let _ = held.request(IpAddr::V4(number.into()));
        }
        drop(held);
        admission.forget_quiet();
        assert!(admission.held().requests.as_ref().unwrap().len() <= ADDRESSES);
    }
}
