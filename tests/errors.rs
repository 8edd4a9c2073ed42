//! Faults as their users meet them: what is wrong, why, and what to do next, within seconds.
//! The codes are those of `docs/errors.md`.

mod addresses;
mod proxies;
mod trust;
mod words;

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Certificate, Finished, Listen, LocalApp};

/// The longest that anyone should wait to hear of a fault: what the slowest of them needs, a
/// server that keeps silent, and some time for a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// `kreel listen` that must fail, shown as to people.
async fn fails(listen: Listen) -> Finished {
    let mut client = listen.plain().spawn();
    let finished = Finished::of(&mut client.process, PATIENCE).await;
    assert_eq!(
        finished.stdout, "",
        "there is nothing to tell on standard output: {finished}"
    );
    finished
}

/// A file that trusts somebody, but nobody of this story: where the system has its authorities.
fn nobody_to_trust() -> Certificate {
    Certificate::of(&["nobody.example"])
}

/// The relay's address is this, and nobody listens there.
async fn deserted() -> SocketAddr {
    LocalApp::absent().await.address()
}
