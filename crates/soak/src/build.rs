//! Where kreel comes from.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::cast::Programs;

/// This program, and kreel as given or built in release.
pub(crate) async fn programs(given: Option<&Path>) -> Result<Programs> {
    let kreel = match given {
        Some(path) => path.to_owned(),
        None => build().await?,
    };
    if !kreel.exists() {
        bail!("no kreel at {}", kreel.display());
    }
    Ok(Programs {
        kreel: std::path::absolute(kreel)?,
        soak: env::current_exe()?,
    })
}

async fn build() -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", "kreel-cli"])
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .kill_on_drop(true)
        .status()
        .await
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("kreel can't be built ({status})");
    }
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(PathBuf::from(target).join("release").join("kreel"))
}
