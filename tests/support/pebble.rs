//! Pebble, a certificate authority for tests: it proves names by asking the relay, and gives
//! certificates that are over soon.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use super::curl::Curl;
use super::ports::free_port;
use super::process::Process;
use super::wait::DEADLINE;
use super::{Certificate, programs};

/// Where an authority will be, and what it takes to run it.
#[derive(Debug)]
pub(crate) struct Pebble {
    programs: [PathBuf; 2],
    folder: TempDir,
    certificate: Certificate,
    ports: [u16; 3],
    processes: Vec<Process>,
}

impl Pebble {
    /// One that does not run yet; nothing if Pebble is missing, which has been said then.
    pub(crate) fn find() -> Option<Self> {
        Some(Self {
            programs: [
                programs::find("pebble")?,
                programs::find("pebble-challtestsrv")?,
            ],
            folder: tempfile::tempdir().unwrap(),
            certificate: Certificate::of_loopback(),
            ports: [(); 3].map(|()| free_port()),
            processes: Vec::new(),
        })
    }

    /// The address of its directory.
    pub(crate) fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.ports[0])
    }

    /// What to trust its own connections by.
    pub(crate) fn ca(&self) -> PathBuf {
        self.certificate.cert()
    }

    /// Runs it: names are proved on these ports, every name is on loopback, certificates are good
    /// for this long, and one name is refused.
    pub(crate) async fn start(&mut self, tls: u16, http: u16, validity: Duration, refused: &str) {
        let [acme, management, dns] = self.ports;
        let config = self.folder.path().join("pebble.json");
        let text = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{acme}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": self.certificate.cert(),
            "privateKey": self.certificate.key(),
            "httpPort": http,
            "tlsPort": tls,
            "domainBlocklist": [refused],
            "certificateValidityPeriod": validity.as_secs(),
        }});
        std::fs::write(&config, text.to_string()).unwrap();
        let mut names = Command::new(&self.programs[1]);
        for (option, value) in [
            ("-dns01", format!("127.0.0.1:{dns}")),
            ("-management", format!("127.0.0.1:{}", free_port())),
            ("-defaultIPv6", String::new()),
            ("-http01", String::new()),
            ("-https01", String::new()),
            ("-tlsalpn01", String::new()),
        ] {
            names.arg(option).arg(value);
        }
        let mut pebble = Command::new(&self.programs[0]);
        pebble
            .arg("-config")
            .arg(&config)
            .args(["-dnsserver", &format!("127.0.0.1:{dns}")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0");
        self.processes = vec![
            Process::start("pebble-challtestsrv", &mut names),
            Process::start("pebble", &mut pebble),
        ];
    }

    /// Ends it, without warning.
    pub(crate) async fn kill(&mut self) {
        for mut process in self.processes.drain(..) {
            process.kill().await;
        }
    }

    /// Writes what its certificates are to be trusted by to this file.
    pub(crate) async fn root(&self, file: &Path) {
        let url = format!("https://127.0.0.1:{}", self.ports[1]);
        let curl = Curl::to(&url, Some(&self.ca())).expect("curl is installed");
        let retry = ["--retry-connrefused", "--retry", "20", "--retry-max-time"];
        let deadline = DEADLINE.as_secs().to_string();
        let root = curl
            .run("/roots/0", &[&retry[..], &[&deadline]].concat())
            .await;
        std::fs::write(file, root.body).unwrap();
    }
}
