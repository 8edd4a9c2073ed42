//! A TCP proxy on loopback that misbehaves as networks do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::sleep;

/// How the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Passes bytes on, each piece after this pause.
    Passing(Duration),
    /// Reads nothing, writes nothing, closes nothing: as when packets are dropped.
    Frozen,
}

/// A wire between a client and a relay, or a sender and a relay.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    state: watch::Sender<State>,
    cut: watch::Sender<u64>,
    carried: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Wire {
    /// A wire to this address.
    pub(crate) async fn to(address: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let (state, cut) = (
            watch::Sender::new(State::Passing(Duration::ZERO)),
            watch::Sender::new(0),
        );
        let carried = Arc::new(AtomicUsize::new(0));
        let server = tokio::spawn(serve(
            listener,
            address,
            state.clone(),
            cut.clone(),
            carried.clone(),
        ));
        Self {
            address: own,
            state,
            cut,
            carried,
            server,
        }
    }

    /// A URL with this wire's address in place of its own.
    pub(crate) fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let path = rest.find('/').map_or("", |at| &rest[at..]);
        format!("{scheme}://{}{path}", self.address)
    }

    /// From now on nothing passes, and nobody is told: half-open connections.
    pub(crate) fn freeze(&self) {
        self.state.send_replace(State::Frozen);
    }

    /// Bytes pass again, those held up first.
    pub(crate) fn thaw(&self) {
        self.state.send_replace(State::Passing(Duration::ZERO));
    }

    /// From now on each piece takes this long.
    pub(crate) fn delay(&self, time: Duration) {
        self.state.send_replace(State::Passing(time));
    }

    /// Closes all connections. New ones are taken.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    /// How many connections it has carried in all.
    pub(crate) fn connections(&self) -> usize {
        self.carried.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    listener: TcpListener,
    to: SocketAddr,
    state: watch::Sender<State>,
    cut: watch::Sender<u64>,
    carried: Arc<AtomicUsize>,
) {
    // Aborted together with this task, since it owns them.
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else {
            return;
        };
        let (state, mut cut) = (state.subscribe(), cut.subscribe());
        carried.fetch_add(1, Ordering::Relaxed);
        connections.spawn(async move {
            // A frozen wire accepts, since the system does, and goes no further.
            let mut thawed = state.clone();
            let _ = thawed.wait_for(|state| *state != State::Frozen).await;
            let Ok(far) = TcpStream::connect(to).await else {
                return;
            };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            cut.mark_unchanged();
            let there = Pump(tokio::spawn(pump(near_in, far_out, state.clone())).abort_handle());
            let back = Pump(tokio::spawn(pump(far_in, near_out, state)).abort_handle());
            tokio::select! {
                _ = cut.changed() => {}
                () = both_ended(&there, &back) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// One direction, ended when dropped.
struct Pump(AbortHandle);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn both_ended(one: &Pump, other: &Pump) {
    while !(one.0.is_finished() && other.0.is_finished()) {
        sleep(Duration::from_millis(20)).await;
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let _ = state.wait_for(|state| *state != State::Frozen).await;
        let read = tokio::select! {
            biased;
            _ = state.changed() => continue,
            read = from.read(&mut piece) => read,
        };
        let Ok(bytes @ 1..) = read else { break };
        let Ok(state) = state
            .wait_for(|state| *state != State::Frozen)
            .await
            .map(|state| *state)
        else {
            break;
        };
        if let State::Passing(time) = state
            && !time.is_zero()
        {
            sleep(time).await;
        }
        if to.write_all(&piece[..bytes]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
