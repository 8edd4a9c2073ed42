//! Where kreel keeps what outlives a run, by the XDG rules: settings in `~/.config/kreel`, data
//! in `~/.local/share/kreel`, unless `XDG_CONFIG_HOME` or `XDG_DATA_HOME` say otherwise.

use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

use crate::problem::{Code, Problem, Result};

/// The folders of this user.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    config: PathBuf,
    data: PathBuf,
}

impl Paths {
    /// The folders the environment names. They need not exist.
    pub(crate) fn find() -> Result<Self> {
        let base = choose_base_strategy().map_err(|error| {
            Problem::new(
                Code::NoHome,
                "kreel does not know where to keep its files",
                error,
                "set HOME, or XDG_CONFIG_HOME and XDG_DATA_HOME",
            )
        })?;
        Ok(Self {
            config: base.config_dir().join("kreel"),
            data: base.data_dir().join("kreel"),
        })
    }

    /// Folders below this one, for tests.
    #[cfg(test)]
    pub(crate) fn below(folder: &std::path::Path) -> Self {
        Self {
            config: folder.join("config/kreel"),
            data: folder.join("data"),
        }
    }

    /// The user's settings.
    pub(crate) fn user_settings(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The tunnels of each project.
    pub(crate) fn tunnels(&self) -> PathBuf {
        self.data.join("tunnels.json")
    }

    /// What came to this machine, unless `--history` says otherwise.
    pub(crate) fn history(&self) -> PathBuf {
        self.data.join("history.db")
    }

    /// The relay's data, unless `--data` says otherwise.
    pub(crate) fn relay(&self) -> PathBuf {
        self.data.join("relay")
    }

    /// The jobs that were started through the proxy to Krea.
    pub(crate) fn krea_jobs(&self) -> PathBuf {
        self.data.join("krea-jobs.db")
    }

    /// The webhooks that were saved to be triggered.
    pub(crate) fn fixtures(&self) -> PathBuf {
        self.data.join("fixtures")
    }

    /// The data of the relays inside `kreel listen`.
    pub(crate) fn embedded(&self) -> PathBuf {
        self.data.join("embedded")
    }
}
