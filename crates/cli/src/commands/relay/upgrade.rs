//! The upgrade of a relay that runs, on SIGUSR2: the program that is installed now takes the place
//! of this one, under the same process id, with the socket this one listens at. Whoever connects
//! in between waits in the socket's queue; nobody is refused.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, stdin};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio, id};
use std::time::Duration;

use kreel_client::inert::inert;
use tokio::time::timeout;

use crate::problem::{Code, Problem, Result};

/// Holds the process id of a relay whose standard input is the socket to listen at.
const VARIABLE: &str = "KREEL_LISTENER";

/// How long the new program may think about the settings: 20 s, for a slow disk.
const CHECKED: Duration = Duration::from_secs(20);

/// The program that would take this one's place.
#[derive(Debug)]
pub(super) struct Successor {
    program: PathBuf,
    args: Vec<OsString>,
}

impl Successor {
    /// The program at the path this one was started from, with the same words. To be called at
    /// the start: once the file is replaced the system no longer tells the path.
    pub(super) fn find() -> Result<Self> {
        let program = env::current_exe().map_err(|error| {
            Problem::new(
                Code::SystemRefused,
                "kreel can't find out where its own program is",
                error,
                "make sure /proc is there",
            )
        })?;
        let args = env::args_os().skip(1).collect();
        Ok(Self { program, args })
    }

    /// Asks the program whether it is one, and takes the settings.
    pub(super) async fn check(&self) -> Result<()> {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(&self.args)
            .arg("check")
            .env_remove(VARIABLE)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let refused = |why: String| {
            Problem::new(
                Code::UpgradeRefused,
                "not upgraded: this relay goes on",
                why,
                format!(
                    "see what `{} relay check` says, then send SIGUSR2 again",
                    inert(&self.program.to_string_lossy())
                ),
            )
        };
        match timeout(CHECKED, command.output()).await {
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let said = said.lines().next().unwrap_or_default();
                let status = output.status;
                Err(refused(format!(
                    "the new program does not take the settings ({status}): {}",
                    inert(said)
                )))
            }
            Ok(Err(error)) => Err(refused(format!("the new program can't be run: {error}"))),
            Err(_) => Err(refused(format!(
                "the new program said nothing for {} s",
                CHECKED.as_secs()
            ))),
        }
    }

    /// Becomes that program. Returns only if that failed.
    pub(super) fn take_over(self, listener: TcpListener) -> Problem {
        let error = Command::new(&self.program)
            .args(&self.args)
            .env(VARIABLE, id().to_string())
            .stdin(OwnedFd::from(listener))
            .exec();
        Problem::new(
            Code::UpgradeRefused,
            "the new program could not be started, and the relay has ended",
            error,
            "start it again; nothing acknowledged is lost",
        )
    }
}

/// The socket a predecessor left, if there is one and it is where this relay is to listen.
pub(super) fn inherited(listen: SocketAddr) -> Result<Option<TcpListener>> {
    let is_ours = env::var(VARIABLE).is_ok_and(|holder| holder == id().to_string());
    if !is_ours {
        return Ok(None);
    }
    let taken = take().map_err(|error| {
        Problem::new(
            Code::SystemRefused,
            "kreel can't take over the socket of the relay before it",
            error,
            "start the relay again",
        )
    })?;
    let (listener, address) = taken;
    // Settings may have changed since.
    let is_there = address == listen || (listen.port() == 0 && address.ip() == listen.ip());
    Ok(is_there.then_some(listener))
}

/// Standard input as a socket; what was standard input is nothing from then on.
fn take() -> io::Result<(TcpListener, SocketAddr)> {
    let socket = stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((listener, address))
}
