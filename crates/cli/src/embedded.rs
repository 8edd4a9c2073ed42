//! A relay inside this process, for those who have none: on loopback, with a certificate of its
//! own, and of use to this machine only.

mod slot;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use kreel_client::RelayUrl;
use kreel_client::inert::inert;
use kreel_relay::{Bound, Config, FirstToken, Limits, Relay, RelayError, Tls};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::options::{GRACE, Remote, certificates, read_token};
use crate::problem::{Code, Problem, Result, of_relay};
use crate::project::Project;
use crate::terminal::say;

pub(crate) use slot::{Slot, certificates_of};

/// What a project's embedded relay is called where tunnels are remembered.
pub(crate) const NAME: &str = "embedded";

/// What the history calls it: each project has one of its own.
pub(crate) fn history_name(project: &Project) -> String {
    format!("{NAME} {}", project.key())
}

/// A relay that serves.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// How a client of this process gets in.
    pub(crate) remote: Remote,
    /// The file of the relay's certificate.
    pub(crate) certificate: PathBuf,
    /// The port it has.
    pub(crate) port: u16,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::result::Result<(), RelayError>>,
}

impl Embedded {
    /// Starts a relay with its files in this folder and this port, or any if that is taken. It
    /// serves beside whatever else this runtime does.
    pub(crate) async fn start(folder: &Path, port: u16) -> Result<Self> {
        let bound = match bind(folder, port).await {
            Err(RelayError::Listen { .. }) if port != 0 => bind(folder, 0).await,
            bound => bound,
        };
        let bound = bound.map_err(|error| of_relay(&error))?;
        let certificate = bound
            .certificate()
            .expect("a relay with TLS has a certificate")
            .to_owned();
        let url: RelayUrl = bound
            .url()
            .parse()
            .expect("a relay's own address is an address");
        let remote = Remote {
            url,
            token: read_token(&token(folder))?,
            ca: Some(certificates(&certificate)?),
        };
        let port = bound.address().port();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(bound.serve(async {
            let _ = stopped.await;
        }));
        Ok(Self {
            remote,
            certificate,
            port,
            stop,
            task,
        })
    }

    /// Resolves if the relay ends before it is told to.
    pub(crate) async fn failed(&mut self) -> Problem {
        let why = match (&mut self.task).await {
            Ok(Err(error)) => return of_relay(&error),
            Ok(Ok(())) => "it was not told to".to_owned(),
            Err(error) => error.to_string(),
        };
        Problem::new(
            Code::EmbeddedStopped,
            "the relay inside kreel has stopped",
            why,
            "start kreel again; if it stays, report it with the output of KREEL_LOG=debug",
        )
    }

    /// Lets the relay finish what is under way.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn bind(folder: &Path, port: u16) -> std::result::Result<Bound, RelayError> {
    let config = Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        data: folder.to_owned(),
        domain: None,
        public_url: None,
        tls: Tls::SelfSigned,
        proxies: kreel_relay::Proxies::default(),
        metrics: None,
        access: kreel_relay::Access::default(),
        first_token: FirstToken::File(token(folder)),
        limits: Limits::default(),
        grace: GRACE,
    };
    let relay = Relay::new(config)?;
    if let Some(damage) = relay.damage() {
        say(&format!("warning: {}", inert(&damage.to_string())));
    }
    relay.bind().await
}

fn token(folder: &Path) -> PathBuf {
    folder.join("token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_way_in_stays_while_the_port_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let first = Embedded::start(folder.path(), 0).await.unwrap();
        let (port, remote) = (first.port, first.remote.clone());
        first.stop().await;
        let again = Embedded::start(folder.path(), port).await.unwrap();
        assert_eq!(again.remote.url, remote.url);
        assert_eq!(again.remote.token, remote.token);
        again.stop().await;
    }

    #[tokio::test]
    async fn a_port_in_use_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let blocker = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = blocker.local_addr().unwrap().port();
        let relay = Embedded::start(folder.path(), port).await.unwrap();
        assert_ne!(relay.port, port);
        relay.stop().await;
    }
}
