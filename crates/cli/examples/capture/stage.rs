//! The processes: a relay, and a client in a pseudo-terminal.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::TcpStream;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

use super::app::App;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

const TUNNEL: &str = "my-app";

/// A relay on a port of its own. Killed on drop.
#[derive(Debug)]
pub(crate) struct Relay {
    child: Child,
    address: String,
    token: PathBuf,
}

/// A client in a pseudo-terminal. Killed on drop.
pub(crate) struct Screen {
    // Closing it would close the terminal.
    _master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    seen: Arc<(Mutex<Parser>, Condvar)>,
}

impl Relay {
    pub(crate) fn start(home: &Path) -> Result<Self> {
        let token = home.join("token");
        let mut child = Command::new(kreel()?)
            .args(["relay", "--listen", "127.0.0.1:0", "--tls", "off", "--json"])
            .args(["--behind-proxy", "--public-url", "https://relay.example"])
            .arg("--data")
            .arg(home.join("relay"))
            .arg("--token-file")
            .arg(&token)
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().context("it has a standard output")?;
        let mut first = String::new();
        BufReader::new(output).read_line(&mut first)?;
        let ready: serde_json::Value = serde_json::from_str(&first)?;
        let address = ready["listen"]
            .as_str()
            .context("it tells where it listens")?;
        Ok(Self {
            child,
            address: address.to_owned(),
            token,
        })
    }

    /// Posts a webhook, and waits for the answer.
    pub(crate) fn post(&self, path: &str, body: &str) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        write!(
            stream,
            "POST /{TUNNEL}{path} HTTP/1.1\r\nhost: relay.example\r\nx-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\nuser-agent: Krea-Webhooks/1.0\r\nauthorization: Bearer sk_live_4eC39HqLyjWDarjtT1zdp7dc\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(())
    }
}

impl Screen {
    /// `kreel listen` on so many columns and rows.
    pub(crate) fn listen(
        home: &Path,
        relay: &Relay,
        app: &App,
        (columns, rows): (NonZeroU16, NonZeroU16),
    ) -> Result<Self> {
        let size = PtySize {
            rows: rows.get(),
            cols: columns.get(),
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(kreel()?);
        command.args(["listen", &format!("{}/", app.port()), "--tunnel", TUNNEL]);
        command.args(["--relay", &format!("http://{}", relay.address)]);
        command.arg("--token-file");
        command.arg(&relay.token);
        command.cwd(home);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        let mut output = pair.master.try_clone_reader()?;
        let keyboard = pair.master.take_writer()?;
        let child = pair.slave.spawn_command(command)?;
        let seen = Arc::new((Mutex::new(Parser::new(rows, columns, 0)), Condvar::new()));
        let emulator = seen.clone();
        thread::spawn(move || {
            let mut piece = [0; 64 * 1024];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                let (seen, bell) = &*emulator;
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.process(&piece[..count]);
                bell.notify_all();
            }
        });
        Ok(Self {
            _master: pair.master,
            keyboard,
            child,
            seen,
        })
    }

    pub(crate) fn press(&mut self, keys: &str) -> Result<()> {
        self.keyboard.write_all(keys.as_bytes())?;
        Ok(self.keyboard.flush()?)
    }

    /// Waits until this is on the screen.
    pub(crate) fn wait_for(&self, text: &str) -> Result<()> {
        let (seen, bell) = &*self.seen;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missing = |seen: &mut Parser| !seen.screen().contents().contains(text);
        let (seen, waited) = bell
            .wait_timeout_while(seen, DEADLINE, is_missing)
            .unwrap_or_else(PoisonError::into_inner);
        match waited.timed_out() {
            true => bail!(
                "{text:?} is not on the screen:\n{}",
                seen.screen().contents()
            ),
            false => Ok(()),
        }
    }

    /// The screen as it is.
    pub(crate) fn seen(&self) -> vt100::Screen {
        let (seen, _) = &*self.seen;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.screen().clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, which is built into the folder above this one's.
fn kreel() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent);
    let kreel = folder.context("examples have a folder")?.join("kreel");
    match kreel.exists() {
        true => Ok(kreel),
        false => bail!("{} is not built: cargo build", kreel.display()),
    }
}
