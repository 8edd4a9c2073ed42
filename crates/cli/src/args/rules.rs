//! Who may post to a tunnel: the same options for `kreel listen` and `kreel tunnels rules`.

use std::path::PathBuf;

use clap::Args;
use kreel_wire::rules::{Network, Scheme};

use super::values::{Posts, scheme};
use super::{Secret, Size};

/// Rules for a tunnel's senders. What is not given stays as it is.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who may post")]
pub(crate) struct RuleArgs {
    /// Methods the relay takes, like POST or POST,PUT; others get 405
    #[arg(
        long,
        value_name = "METHOD",
        env = "KREEL_ALLOW_METHOD",
        hide_env = true,
        value_delimiter = ','
    )]
    pub(crate) allow_method: Option<Vec<String>>,

    /// Networks senders may be in, like 192.0.2.0/24,2001:db8::1; others get 403
    #[arg(
        long,
        value_name = "NETWORK",
        env = "KREEL_ALLOW_IP",
        hide_env = true,
        value_delimiter = ','
    )]
    pub(crate) allow_ip: Option<Vec<Network>>,

    /// User and password that senders must show, or get 401. Others on this machine see it in the
    /// list of processes: prefer the file or the environment
    #[arg(
        long,
        value_name = "USER:PASSWORD",
        env = "KREEL_BASIC_AUTH",
        hide_env = true,
        hide_env_values = true
    )]
    pub(crate) basic_auth: Option<Secret>,

    /// File that holds USER:PASSWORD; - is standard input
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_BASIC_AUTH_FILE",
        hide_env = true,
        conflicts_with = "basic_auth"
    )]
    pub(crate) basic_auth_file: Option<PathBuf>,

    /// Path segment senders must know, behind the tunnel's address; others get 404. Prefer the
    /// file or the environment
    #[arg(
        long,
        value_name = "SEGMENT",
        env = "KREEL_SECRET_PATH",
        hide_env = true,
        hide_env_values = true
    )]
    pub(crate) secret_path: Option<Secret>,

    /// File that holds the segment; - is standard input
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_SECRET_PATH_FILE",
        hide_env = true,
        conflicts_with = "secret_path"
    )]
    pub(crate) secret_path_file: Option<PathBuf>,

    /// Refuse what is not signed as github, stripe, standard-webhooks, slack or shopify do: 403
    #[arg(
        long,
        value_name = "SCHEME",
        env = "KREEL_VERIFY",
        hide_env = true,
        value_parser = scheme
    )]
    pub(crate) verify: Option<Scheme>,

    /// Take it all the same, and mark whether it is
    #[arg(
        long,
        value_name = "SCHEME",
        env = "KREEL_MARK",
        hide_env = true,
        value_parser = scheme,
        conflicts_with = "verify"
    )]
    pub(crate) mark: Option<Scheme>,

    /// The secret senders sign with. Prefer the file or the environment
    #[arg(
        long,
        value_name = "SECRET",
        env = "KREEL_VERIFY_SECRET",
        hide_env = true,
        hide_env_values = true
    )]
    pub(crate) verify_secret: Option<Secret>,

    /// File that holds the secret; - is standard input
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_VERIFY_SECRET_FILE",
        hide_env = true,
        conflicts_with = "verify_secret"
    )]
    pub(crate) verify_secret_file: Option<PathBuf>,

    /// Largest body, like 64KiB; larger ones get 413
    #[arg(long, value_name = "SIZE", env = "KREEL_BODY_LIMIT", hide_env = true)]
    pub(crate) body_limit: Option<Size>,

    /// How many requests in a time, like 10/s, 30/m or 500/h; more get 429
    #[arg(long, value_name = "RATE", env = "KREEL_RATE_LIMIT", hide_env = true)]
    pub(crate) rate_limit: Option<Posts>,
}
