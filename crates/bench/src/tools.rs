//! The programs that are measured: where they are, and how they get there.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::args::Args;
use crate::contender::Variant;
use crate::process::{finish, version};

/// Paths of the programs a run needs.
#[derive(Debug)]
pub(crate) struct Tools {
    /// This program, which is also the app.
    pub(crate) bench: PathBuf,
    /// Where peers are kept from run to run, and the scratch folders are made.
    pub(crate) cache: PathBuf,
    /// kreel, if it is measured.
    pub(crate) kreel: Option<PathBuf>,
    /// nginx, if there is one.
    pub(crate) nginx: Option<PathBuf>,
    /// What each says it is, for the head of the report.
    pub(crate) versions: Vec<String>,
}

impl Tools {
    /// Builds kreel and installs the peers, as far as they are wanted and not there yet.
    pub(crate) async fn prepare(args: &Args) -> Result<Self> {
        let mut tools = Self {
            bench: env::current_exe()?,
            cache: cache()?,
            kreel: None,
            nginx: None,
            versions: Vec::new(),
        };
        std::fs::create_dir_all(&tools.cache)
            .with_context(|| format!("cannot make {}", tools.cache.display()))?;
        for variant in &args.variants {
            match variant {
                Variant::Direct | Variant::Bare | Variant::BareRecord => {}
                Variant::Bore => tools.install("bore", BORE).await?,
                Variant::Rathole => tools.install("rathole", RATHOLE).await?,
                Variant::Nginx => tools.look_for_nginx().await?,
                Variant::Kreel => tools.kreel(args.kreel.as_deref()).await?,
            }
        }
        Ok(tools)
    }

    /// An installed peer.
    pub(crate) fn peer(&self, name: &str) -> PathBuf {
        self.cache.join("bin").join(name)
    }

    /// The variants that can run, each once, in the order of the report.
    pub(crate) fn variants(&self, wanted: &[Variant]) -> Vec<Variant> {
        let there = |variant: &Variant| *variant != Variant::Nginx || self.nginx.is_some();
        let all = Variant::ALL.into_iter();
        all.filter(|variant| wanted.contains(variant))
            .filter(there)
            .collect()
    }

    async fn install(&mut self, name: &str, how: &[&str]) -> Result<()> {
        if !self.peer(name).exists() {
            eprintln!("installing {name} into {}", self.cache.display());
            let mut cargo = Command::new("cargo");
            cargo.args(["install", "--root"]).arg(&self.cache).args(how);
            finish(&mut cargo).await?;
        }
        self.versions.push(self.installed(how[0]));
        Ok(())
    }

    /// A peer's crate and version, as cargo noted it beside the programs.
    fn installed(&self, name: &str) -> String {
        let noted = std::fs::read_to_string(self.cache.join(".crates.toml")).unwrap_or_default();
        let line = noted.lines().find_map(|line| {
            let line = line.trim_start_matches('"');
            line.starts_with(&format!("{name} ")).then_some(line)
        });
        let said = line.and_then(|line| line.split_once(" ("));
        said.map_or_else(|| format!("{name} ?"), |(said, _)| said.to_owned())
    }

    async fn look_for_nginx(&mut self) -> Result<()> {
        for path in ["nginx", "/usr/sbin/nginx"] {
            let said = version(path, "-v").await?;
            if !said.is_empty() {
                self.nginx = Some(path.into());
                self.versions
                    .push(said.trim_start_matches("nginx version: ").to_owned());
                return Ok(());
            }
        }
        eprintln!("\n*** nginx SKIPPED: neither on PATH nor at /usr/sbin/nginx ***");
        eprintln!("*** (Debian: apt-get install nginx-light)                  ***\n");
        Ok(())
    }

    async fn kreel(&mut self, given: Option<&Path>) -> Result<()> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => {
                let build = ["build", "--release", "--package", "kreel-cli"];
                finish(Command::new("cargo").args(build)).await?;
                let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
                PathBuf::from(target).join("release").join("kreel")
            }
        };
        if !path.exists() {
            bail!("no kreel at {}", path.display());
        }
        self.versions.push(version(&path, "--version").await?);
        self.kreel = Some(std::path::absolute(path)?);
        Ok(())
    }
}

/// `$KREEL_BENCH_CACHE`, else in the user's cache.
fn cache() -> Result<PathBuf> {
    if let Some(cache) = env::var_os("KREEL_BENCH_CACHE") {
        return Ok(std::path::absolute(cache)?);
    }
    let home = env::home_dir().context("no home folder; set KREEL_BENCH_CACHE")?;
    Ok(home.join(".cache").join("kreel-bench"))
}

const BORE: &[&str] = &["bore-cli", "--locked"];

/// The lock file of 0.5.0 holds a `time` that current compilers refuse, so not `--locked`.
const RATHOLE: &[&str] = &[
    "rathole",
    "--no-default-features",
    "--features",
    "server,client",
];
