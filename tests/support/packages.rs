//! Packages of npm and PyPI, installed for one story into a folder of its own.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use super::programs;
use super::wait::within;

/// How long an installation may take: 3 minutes, for a slow registry on a busy machine.
const INSTALLING: Duration = Duration::from_secs(180);

/// Installs these for node; false if the story must end, which has been said then.
pub(crate) async fn npm(folder: &Path, packages: &[&str]) -> bool {
    let Some(npm) = programs::find("npm") else {
        return false;
    };
    std::fs::write(folder.join("package.json"), "{\"private\":true}").unwrap();
    let options = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
    let output = run(&npm, &[&options, packages].concat(), folder).await;
    installed(&output, packages)
}

/// Installs these for python into `lib`; false if the story must end, which has been said then.
pub(crate) async fn pip(folder: &Path, packages: &[&str]) -> bool {
    let Some(python) = programs::find("python3") else {
        return false;
    };
    let options = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let args = [&options[..], &["--target", "lib"], packages].concat();
    installed(&run(&python, &args, folder).await, packages)
}

/// Runs a program in a folder to its end.
pub(crate) async fn run(program: &Path, args: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).kill_on_drop(true);
    within("the end of a script", INSTALLING, command.output())
        .await
        .unwrap()
}

/// Whether it went well; with `CI` set it must.
pub(crate) fn installed(output: &Output, packages: &[&str]) -> bool {
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let packages = packages.join(", ");
        assert!(std::env::var_os("CI").is_none(), "{packages}: {stderr}");
        let why = stderr.lines().last().unwrap_or_default();
        programs::skipped(&format!("{packages}, which can't be installed: {why}"));
    }
    output.status.success()
}
