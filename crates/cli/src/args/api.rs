//! Which API is meant, and where is noted what is known of its jobs: the same for each command that
//! needs to know.

// The comments on options are their help, where an address in angle brackets would look odd.
#![allow(rustdoc::bare_urls)]

use std::path::PathBuf;

use clap::Args;
use http::Uri;
use kreel_krea::ProxyConfig;

/// Which API, and the file of its jobs.
#[derive(Debug, Clone, Args)]
pub(crate) struct ApiPlace {
    /// The file of started jobs [default: ~/.local/share/kreel/krea-jobs.db]
    #[arg(long, value_name = "FILE", env = "KREEL_KREA_JOBS", hide_env = true)]
    pub(crate) jobs: Option<PathBuf>,

    /// The API, or a mock of it [default: https://api.krea.ai]
    #[arg(long, value_name = "URL", env = "KREEL_KREA_UPSTREAM", hide_env = true)]
    pub(crate) upstream: Option<Uri>,

    /// Trust also the certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) upstream_ca: Option<PathBuf>,
}

impl ApiPlace {
    /// The API's address.
    pub(crate) fn address(&self) -> Uri {
        let usual = || ProxyConfig::default().upstream;
        self.upstream.clone().unwrap_or_else(usual)
    }
}
