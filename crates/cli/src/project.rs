//! The project one stands in: its folder is where `kreel.toml` is read, and what a tunnel is
//! remembered for.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::private_file;
use crate::problem::Result;

/// A project's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project {
    folder: PathBuf,
}

/// The name of a project's file of settings.
pub(crate) const SETTINGS: &str = "kreel.toml";

impl Project {
    /// The project around the working directory.
    pub(crate) fn find() -> Result<Self> {
        let here = env::current_dir()
            .and_then(fs::canonicalize)
            .map_err(|error| private_file::unusable("find", Path::new("."), &error))?;
        Ok(Self::around(&here))
    }

    /// The nearest folder from here upwards with a `kreel.toml` or a `.git`; else this one.
    fn around(here: &Path) -> Self {
        let marked = |folder: &&Path| {
            [SETTINGS, ".git"]
                .iter()
                .any(|mark| folder.join(mark).exists())
        };
        let folder = here.ancestors().find(marked).unwrap_or(here);
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The project in this very folder.
    pub(crate) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The folder, without symbolic links.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder as text, to keep things under.
    pub(crate) fn key(&self) -> String {
        self.folder.to_string_lossy().into_owned()
    }

    /// Where the project's settings are, if it has any.
    pub(crate) fn settings(&self) -> PathBuf {
        self.folder.join(SETTINGS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mark_names_the_project() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let app = root.join("repo/app");
        let deep = app.join("src/handlers");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir(root.join("repo/.git")).unwrap();
        assert_eq!(Project::around(&deep).folder(), root.join("repo"));
        fs::write(app.join(SETTINGS), "").unwrap();
        assert_eq!(Project::around(&deep).folder(), app);
        assert_eq!(Project::around(&app).folder(), app);
    }

    #[test]
    fn an_unmarked_folder_is_its_own_project() {
        let root = tempfile::tempdir().unwrap();
        let here = fs::canonicalize(root.path()).unwrap();
        assert_eq!(Project::around(&here).folder(), here);
    }
}
