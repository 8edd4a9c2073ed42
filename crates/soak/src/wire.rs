//! The network between client and relay: a TCP proxy that can be cut, stalled, or made to swallow.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// They arrive.
    Open,
    /// They wait.
    Stalled,
    /// They vanish.
    Swallowing,
    /// There is no connection.
    Cut,
}

/// A running proxy. Gone on drop, with its connections.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    state: watch::Sender<State>,
    open: watch::Receiver<usize>,
    server: AbortHandle,
}

/// One connection counts as long as this lives.
struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    fn new(open: &Arc<watch::Sender<usize>>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl Wire {
    /// Opens one at this address that leads to that one.
    pub(crate) async fn open(at: SocketAddr, to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(at)
            .await
            .with_context(|| format!("no port on {at}"))?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State::Open);
        let count = Arc::new(watch::Sender::new(0));
        let open = count.subscribe();
        let server = tokio::spawn(serve(listener, to, state.clone(), count)).abort_handle();
        Ok(Self {
            address,
            state,
            open,
            server,
        })
    }

    /// Where the client connects to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has bytes treated like this from now on.
    pub(crate) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Cuts every connection; none is left and none can be made when this returns.
    pub(crate) async fn cut(&self) {
        self.set(State::Cut);
        // Fails only if the server has gone, and the connections with it.
        let _ = self.open.clone().wait_for(|open| *open == 0).await;
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
    open: Arc<watch::Sender<usize>>,
) {
    // Aborted together with this task, since it owns them.
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else {
            return;
        };
        // A connection that comes while the wire is cut is closed by being dropped.
        if *state.borrow() != State::Cut {
            let counted = Counted::new(&open);
            connections.spawn(carry(near, to, state.subscribe(), counted));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(near: TcpStream, to: SocketAddr, mut state: watch::Receiver<State>, _c: Counted) {
    let cut = async |state: &mut watch::Receiver<State>| {
        let _ = state.wait_for(|state| *state == State::Cut).await;
    };
    let both = async |mut states: (watch::Receiver<State>, watch::Receiver<State>)| {
        let Ok(far) = TcpStream::connect(to).await else {
            return;
        };
        if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
            return;
        }
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        // Whichever ends first ends the other: a link does not live on half.
        tokio::select! {
            () = copy(near_in, far_out, &mut states.0) => {}
            () = copy(far_in, near_out, &mut states.1) => {}
        }
    };
    let states = (state.clone(), state.clone());
    tokio::select! {
        () = cut(&mut state) => {}
        () = both(states) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &mut watch::Receiver<State>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let Ok(now) = state
            .wait_for(|state| *state != State::Stalled)
            .await
            .map(|now| *now)
        else {
            return;
        };
        if now != State::Swallowing && to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn pair() -> (Wire, TcpStream, TcpStream) {
        let far = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let wire = Wire::open(any, far.local_addr().unwrap()).await.unwrap();
        let near = TcpStream::connect(wire.address()).await.unwrap();
        let (far, _) = far.accept().await.unwrap();
        (wire, near, far)
    }

    async fn arrives(stream: &mut TcpStream) -> Option<u8> {
        timeout(Duration::from_millis(100), stream.read_u8())
            .await
            .ok()
            .map(Result::unwrap)
    }

    #[tokio::test]
    async fn bytes_arrive_wait_and_vanish_as_they_are_told() {
        let (wire, mut near, mut far) = pair().await;
        near.write_u8(1).await.unwrap();
        assert_eq!(arrives(&mut far).await, Some(1));
        wire.set(State::Stalled);
        near.write_u8(2).await.unwrap();
        assert_eq!(arrives(&mut far).await, None);
        wire.set(State::Open);
        assert_eq!(arrives(&mut far).await, Some(2));
        wire.set(State::Swallowing);
        far.write_u8(3).await.unwrap();
        assert_eq!(arrives(&mut near).await, None);
        wire.set(State::Open);
        far.write_u8(4).await.unwrap();
        assert_eq!(arrives(&mut near).await, Some(4));
    }

    #[tokio::test]
    async fn after_a_cut_nothing_is_left() {
        let (wire, mut near, mut far) = pair().await;
        wire.cut().await;
        assert!(near.read_u8().await.is_err() && far.read_u8().await.is_err());
        let mut refused = TcpStream::connect(wire.address()).await.unwrap();
        assert!(refused.read_u8().await.is_err());
    }
}
