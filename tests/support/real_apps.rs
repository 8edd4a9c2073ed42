//! Apps as users write them: Node's `http` and Python's `http.server`, as processes.
//!
//! Their scripts are in `apps/`. Both serve the routes that the fidelity stories compare.

use std::net::SocketAddr;
use std::path::Path;

use tokio::process::Command;

use super::client::AppAddress;
use super::process::Process;
use super::programs;
use super::wait::DEADLINE;

/// `apps/server.js` under node.
#[derive(Debug)]
pub(crate) struct NodeApp(Script);

/// `apps/server.py` under python3.
#[derive(Debug)]
pub(crate) struct PythonApp(Script);

#[derive(Debug)]
struct Script {
    _process: Process,
    address: SocketAddr,
}

impl NodeApp {
    /// Starts it; nothing if node is missing, which has been said then.
    pub(crate) async fn start() -> Option<Self> {
        Some(Self(Script::start("node", "server.js").await?))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }
}

impl PythonApp {
    /// Starts it; nothing if python3 is missing, which has been said then.
    pub(crate) async fn start() -> Option<Self> {
        Some(Self(Script::start("python3", "server.py").await?))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }
}

impl Script {
    async fn start(program: &str, script: &str) -> Option<Self> {
        let program = programs::find(program)?;
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/support/apps")
            .join(script);
        let mut process = Process::start(script, Command::new(program).arg(path));
        let port = process.line("its port", DEADLINE).await;
        let Some(port) = port.and_then(|line| line.parse::<u16>().ok()) else {
            panic!("{}", process.trouble("printed no port"));
        };
        Some(Self {
            _process: process,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        })
    }
}

impl AppAddress for NodeApp {
    fn target(&self) -> String {
        self.0.address.port().to_string()
    }
}

impl AppAddress for PythonApp {
    fn target(&self) -> String {
        self.0.address.port().to_string()
    }
}
