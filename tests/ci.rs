//! The examples of `docs/ci.md`, run as they stand there, with no terminal.

mod actions;
mod shell;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use crate::support::{Home, machine, within};

/// The page.
const PAGE: &str = include_str!("../docs/ci.md");

/// How long an example may take: a minute, on a machine that compiles beside it.
const LONG: std::time::Duration = std::time::Duration::from_secs(60);

/// The one block of the page with this info string.
fn block(info: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n```{info}\n")).unwrap();
    let (block, rest) = rest.split_once("\n```\n").unwrap();
    assert!(
        !rest.contains(&format!("\n```{info}\n")),
        "another block of {info}"
    );
    block
}

/// A project in which scripts find kreel on their way.
struct Project {
    home: Home,
    variables: Vec<(String, String)>,
}

/// What a script left.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The processes of a script that has not ended. Killed on drop.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Project {
    fn new() -> Self {
        let home = Home::new();
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kreel"), bin.join("kreel")).unwrap();
        Self {
            home,
            variables: Vec::new(),
        }
    }

    /// With this variable for all scripts.
    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// With a program of this name that is this script.
    fn program(&self, name: &str, script: &str) {
        let path = self.home.path().join("bin").join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Where its scripts make files for a while.
    fn scratch(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.project().join(name)
    }

    fn read(&self, name: &str) -> String {
        let path = self.file(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs a script in the project's folder; what it prints goes into files, as in CI, so that
    /// what it leaves running holds nothing up.
    async fn run(&self, shell: &Path, options: &[&str], script: &str) -> Ran {
        machine::share();
        let at = |name: &str| self.home.path().join(name);
        std::fs::write(at("script"), script).unwrap();
        let out = |name: &str| Stdio::from(std::fs::File::create(at(name)).unwrap());
        let found = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(at("bin")).chain(std::env::split_paths(&found));
        let mut command = Command::new(shell);
        command
            .args(options)
            .arg(at("script"))
            .current_dir(self.home.project())
            .env_clear()
            .env("PATH", std::env::join_paths(paths).unwrap())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.scratch())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(out("stdout"))
            .stderr(out("stderr"))
            .kill_on_drop(true);
        command.process_group(0);
        let mut child = command.spawn().unwrap();
        // Should it not end, nothing that it started outlives the story.
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
        let ended = within("the end of an example", LONG, child.wait()).await;
        group.0 = None;
        let read = |name: &str| std::fs::read_to_string(at(name)).unwrap();
        Ran {
            code: ended.unwrap().code(),
            stdout: read("stdout"),
            stderr: read("stderr"),
        }
    }
}
