//! The real curl, with nothing of our environment.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use super::http::{Answer, Digest, Head};
use super::wait::DEADLINE;
use super::{machine, programs};

/// Runs curl against one address.
#[derive(Debug)]
pub(crate) struct Curl {
    program: std::path::PathBuf,
    url: String,
    ca: Option<std::path::PathBuf>,
    folder: TempDir,
}

impl Curl {
    /// For URLs that start like this; nothing if curl is missing, which has been said then.
    pub(crate) fn to(url: &str, ca: Option<&Path>) -> Option<Self> {
        Some(Self {
            program: programs::find("curl")?,
            url: url.to_owned(),
            ca: ca.map(Path::to_owned),
            folder: tempfile::tempdir().unwrap(),
        })
    }

    /// A folder for files to send.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs curl on a path with these arguments; the answer as curl saw it.
    pub(crate) async fn run(&self, path: &str, args: &[&str]) -> Answer {
        machine::share();
        let file = |name: &str| self.folder.path().join(name);
        let (heads, body) = (file("heads"), file("body"));
        for old in [&heads, &body] {
            let _ = std::fs::remove_file(old);
        }
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .args([
                "-q",
                "--silent",
                "--show-error",
                "--path-as-is",
                "--globoff",
                "--noproxy",
                "*",
            ])
            .args(["--max-time", &DEADLINE.as_secs().to_string()])
            .arg("--dump-header")
            .arg(&heads)
            .arg("--output")
            .arg(&body)
            .kill_on_drop(true);
        if let Some(ca) = &self.ca {
            command.arg("--cacert").arg(ca);
        }
        command.args(args).arg(format!("{}{path}", self.url));
        let done = command.output().await.unwrap();
        let complaint = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "curl {args:?} {path}: {complaint}");
        // Asked for a head alone, curl writes it to both files.
        let body = match args.contains(&"--head") {
            true => Vec::new(),
            false => std::fs::read(body).unwrap_or_default(),
        };
        let mut heads = split(&std::fs::read(heads).unwrap());
        Answer {
            head: heads.pop().expect("a head"),
            interim: heads,
            digest: Digest::of(&body),
            body,
            complete: true,
        }
    }
}

fn split(heads: &[u8]) -> Vec<Head> {
    let mut rest = heads;
    let mut all = Vec::new();
    while let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
        all.push(Head::new(&rest[..end + 4]));
        rest = &rest[end + 4..];
    }
    all
}
