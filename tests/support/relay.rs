//! `kreel relay` as a process, on a port of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::disk::SmallDisk;
use super::process::{KREEL, Process};
use super::schema;
use super::wait::{DEADLINE, eventually};

/// A running relay with a folder of its own. Killed on drop.
#[derive(Debug)]
pub(crate) struct TestRelay {
    /// The process, for signals and memory.
    pub(crate) process: Process,
    folder: TempDir,
    data: PathBuf,
    program: PathBuf,
    options: Vec<String>,
    env: Vec<(String, String)>,
    url: String,
    address: SocketAddr,
}

impl TestRelay {
    /// A relay without TLS.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A relay with a certificate of its own, which [`ca`](Self::ca) trusts.
    pub(crate) async fn secure() -> Self {
        Self::with(&["--tls", "self-signed"]).await
    }

    /// A relay with these options; without TLS unless they say otherwise.
    pub(crate) async fn with(options: &[&str]) -> Self {
        Self::with_env(options, &[]).await
    }

    /// A relay with these options and variables.
    pub(crate) async fn with_env(options: &[&str], env: &[(&str, &str)]) -> Self {
        Self::at("127.0.0.1:0", options, env).await
    }

    /// The same on another address than loopback's.
    pub(crate) async fn at(listen: &str, options: &[&str], env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::keeping(data, folder, listen, options, env).await
    }

    /// A relay that keeps its data on this disk.
    pub(crate) async fn on_disk(disk: &SmallDisk) -> Self {
        let (folder, data) = (tempfile::tempdir().unwrap(), disk.path().join("data"));
        Self::keeping(data, folder, "127.0.0.1:0", &[], &[]).await
    }

    /// A relay from a program of its own, which [`install`](Self::install) replaces.
    pub(crate) async fn installed(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, program) = (folder.path().join("data"), folder.path().join("kreel"));
        std::fs::copy(KREEL, &program).unwrap();
        Self::running(&program, data, folder, "127.0.0.1:0", options, &[]).await
    }

    /// Puts another file in the place of its program, as installers do.
    pub(crate) fn install(&self, program: &Path) {
        let new = self.program.with_extension("new");
        std::fs::copy(program, &new).unwrap();
        std::fs::rename(new, &self.program).unwrap();
    }

    async fn keeping(
        data: PathBuf,
        folder: TempDir,
        listen: &str,
        options: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        Self::running(Path::new(KREEL), data, folder, listen, options, env).await
    }

    async fn running(
        program: &Path,
        data: PathBuf,
        folder: TempDir,
        listen: &str,
        options: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let mut options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        if !options.iter().any(|option| option.starts_with("--tls")) {
            options.extend(["--tls".to_owned(), "off".to_owned()]);
        }
        let env: Vec<_> = env
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut process = spawn(program, folder.path(), &data, listen, &options, &env);
        let (url, address) = ready(&mut process).await.unwrap_or_else(|| {
            panic!("{}", process.trouble("ended before it was ready"));
        });
        Self {
            process,
            folder,
            data,
            program: program.to_owned(),
            options,
            env,
            url,
            address,
        }
    }

    /// The base address senders use, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its `--data` folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// The file of its first token.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// The certificate to trust it by, if it made one.
    pub(crate) fn ca(&self) -> Option<PathBuf> {
        Some(self.data().join("cert.pem"))
            .filter(|path| self.url.starts_with("https") && path.exists())
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// SIGTERM; its exit code.
    pub(crate) async fn terminate(&mut self) -> Option<i32> {
        self.process.terminate().await
    }

    /// Starts it again on the same port and data, after [`kill`](Self::kill) or
    /// [`terminate`](Self::terminate).
    pub(crate) async fn restart_same_port(&mut self) {
        assert!(!self.process.is_running(), "the relay still runs");
        let listen = self.address.to_string();
        // Somebody's outgoing connection may have the port for a moment: it is an ephemeral one.
        for _ in 0..50 {
            self.process = spawn(
                &self.program,
                self.folder.path(),
                &self.data,
                &listen,
                &self.options,
                &self.env,
            );
            if let Some((url, address)) = ready(&mut self.process).await {
                assert_eq!((&url, address), (&self.url, self.address));
                return;
            }
        }
        panic!("{}", self.process.trouble("does not start again"));
    }

    /// Another token for this relay, in a file.
    pub(crate) async fn another_token(&self, name: &str) -> PathBuf {
        let data = self.data().display().to_string();
        let args = ["token", "create", name, "--data", &data].map(str::to_owned);
        let mut command = Process::kreel(&args, self.folder.path(), self.folder.path(), &[]);
        let mut process = Process::start("kreel token create", &mut command);
        let token = process.line("a token", DEADLINE).await;
        assert!(
            process.ended(DEADLINE).await.success(),
            "{}",
            process.stderr()
        );
        let path = self.folder.path().join(format!("token-{name}"));
        std::fs::write(&path, token.expect("a token on standard output")).unwrap();
        path
    }

    /// Waits until a line of its standard error holds this text.
    pub(crate) async fn says(&self, text: &str) {
        eventually(&format!("the relay says {text:?}"), DEADLINE, || {
            self.process.stderr().contains(text)
        })
        .await;
    }
}

fn spawn(
    program: &Path,
    folder: &Path,
    data: &Path,
    listen: &str,
    options: &[String],
    env: &[(String, String)],
) -> Process {
    let path = |path: &Path| path.display().to_string();
    let mut args: Vec<String> = ["relay", "--listen", listen, "--json", "--data"]
        .map(str::to_owned)
        .into();
    args.extend([
        path(data),
        "--token-file".to_owned(),
        path(&folder.join("token")),
    ]);
    args.extend_from_slice(options);
    Process::start(
        "kreel relay",
        &mut Process::kreel_at(program, &args, folder, folder, env),
    )
}

/// What its first line says; nothing if it ends before that.
async fn ready(process: &mut Process) -> Option<(String, SocketAddr)> {
    loop {
        let line = process.line("its ready line", DEADLINE).await;
        let Some(line) = line else {
            process.ended(DEADLINE).await;
            return None;
        };
        let event: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        schema::check_relay(&event);
        if event["type"] == "ready" {
            let text = |name: &str| {
                event[name]
                    .as_str()
                    .unwrap_or_else(|| panic!("no {name} in {line}"))
                    .to_owned()
            };
            return Some((text("url"), text("listen").parse().unwrap()));
        }
    }
}
