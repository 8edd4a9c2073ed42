//! `kreel listen`: the developer's end.

// The comments on options are their help, where an address in angle brackets would look odd.
#![allow(rustdoc::bare_urls)]

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use http::Uri;
use kreel_client::Target;
use kreel_tui::Images;
use kreel_wire::TunnelName;

use super::{
    Answer, Connection, DeliverMissed, Header, Host, Output, RuleArgs, Span, ThemeName, When,
};

/// Open a tunnel from a public address to your app
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListenArgs {
    /// Your app: PORT, HOST:PORT/PATH or a URL. Without one, webhooks are only shown
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<Target>,

    /// Which relay.
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Name of the tunnel; without one, that of the last time in this project
    #[arg(
        long,
        value_name = "NAME",
        env = "KREEL_TUNNEL",
        hide_env = true,
        help_heading = "Tunnel"
    )]
    pub(crate) tunnel: Option<TunnelName>,

    /// Take a new random name, and keep it from now on
    #[arg(long, help_heading = "Tunnel")]
    pub(crate) new: bool,

    /// The same as TARGET
    #[arg(
        short,
        long,
        value_name = "TARGET",
        env = "KREEL_FORWARD_TO",
        hide_env = true,
        visible_alias = "target",
        visible_short_alias = 't',
        help_heading = "App"
    )]
    pub(crate) forward_to: Option<Target>,

    /// Give up on the app after this long, like 30s [default: never]
    #[arg(
        long,
        value_name = "DURATION",
        env = "KREEL_TIMEOUT",
        hide_env = true,
        help_heading = "App"
    )]
    pub(crate) timeout: Option<Span>,

    /// Set a header on each request to the app; may be given several times
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        env = "KREEL_HEADER",
        hide_env = true,
        value_delimiter = '\n',
        help_heading = "App"
    )]
    pub(crate) headers: Option<Vec<Header>>,

    /// What the app sees as Host: rewrite (its own name), preserve (the public name), or a value
    /// of yours [default: rewrite]
    #[arg(
        long,
        value_name = "HOST",
        env = "KREEL_HOST_HEADER",
        hide_env = true,
        help_heading = "App"
    )]
    pub(crate) host_header: Option<Host>,

    /// Take any certificate from an https app
    #[arg(
        long,
        env = "KREEL_INSECURE",
        hide_env = true,
        value_parser = BoolishValueParser::new(),
        visible_alias = "skip-verify",
        help_heading = "App"
    )]
    pub(crate) insecure: bool,

    /// What senders get: app (your app's answer), now (200 at once) or now=STATUS [default: app]
    #[arg(
        long,
        value_name = "HOW",
        env = "KREEL_ANSWER",
        hide_env = true,
        help_heading = "Answers to senders"
    )]
    pub(crate) answer: Option<Answer>,

    /// How long senders wait for the app before the relay says 202 [default: 10s]
    #[arg(
        long,
        value_name = "DURATION",
        env = "KREEL_WAIT",
        hide_env = true,
        help_heading = "Answers to senders"
    )]
    pub(crate) wait: Option<Span>,

    /// Never answer for the app: 502 if it can't be reached, 504 if it is late
    #[arg(
        long,
        env = "KREEL_STRICT",
        hide_env = true,
        value_parser = BoolishValueParser::new(),
        help_heading = "Answers to senders"
    )]
    pub(crate) strict: bool,

    /// Who may post.
    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    /// Which of the webhooks that waited to take: last (all of them), none, those of the last 42m,
    /// or from 2026-11-23T10:00 on; the others go on waiting [default: last]
    #[arg(
        long,
        value_name = "WHEN",
        env = "KREEL_SINCE",
        hide_env = true,
        help_heading = "What waited"
    )]
    pub(crate) since: Option<When>,

    /// Try webhooks whose sender has its answer already again, up to N times, while the app answers
    /// 5xx [default: 0]
    #[arg(
        long,
        value_name = "N",
        env = "KREEL_RETRY",
        hide_env = true,
        help_heading = "What waited"
    )]
    pub(crate) retry: Option<u32>,

    /// The history's file [default: ~/.local/share/kreel/history.db]
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_HISTORY",
        hide_env = true,
        help_heading = "What waited"
    )]
    pub(crate) history: Option<PathBuf>,

    /// How deliveries are shown: tui (the inspector, full screen), compact (a line each), json or
    /// quiet [default: tui on a terminal, else compact]
    #[arg(
        long,
        value_name = "FORMAT",
        env = "KREEL_OUTPUT",
        hide_env = true,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub(crate) output: Option<Output>,

    /// Show only the deliveries this picks, like 'status:5xx or is:failed'; all are handed over
    #[arg(
        long,
        value_name = "FILTER",
        allow_hyphen_values = true,
        env = "KREEL_FILTER",
        hide_env = true,
        help_heading = "Output"
    )]
    pub(crate) filter: Option<String>,

    /// The same as --output json
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    /// Print the public address, alone, on standard output, all else on standard error
    #[arg(long, help_heading = "Output")]
    pub(crate) print_url: bool,

    /// Run the proxy in front of Krea's API beside it, on this port [default: 4041]
    #[arg(
        long,
        value_name = "PORT",
        env = "KREEL_KREA_PROXY",
        hide_env = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "4041",
        help_heading = "Krea"
    )]
    pub(crate) krea_proxy: Option<u16>,

    /// The API, or a mock of it, behind the proxy and to be asked [default: https://api.krea.ai]
    #[arg(
        long,
        value_name = "URL",
        env = "KREEL_KREA_UPSTREAM",
        hide_env = true,
        help_heading = "Krea"
    )]
    pub(crate) krea_upstream: Option<Uri>,

    /// Trust also the certificates in this PEM file for the API
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_KREA_UPSTREAM_CA",
        hide_env = true,
        help_heading = "Krea"
    )]
    pub(crate) krea_upstream_ca: Option<PathBuf>,

    /// Where started jobs are noted [default: ~/.local/share/kreel/krea-jobs.db]
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_KREA_JOBS",
        hide_env = true,
        help_heading = "Krea"
    )]
    pub(crate) krea_jobs: Option<PathBuf>,

    /// How long after a job's end its webhook is missed [default: 30s]
    #[arg(
        long,
        value_name = "TIME",
        env = "KREEL_MISSED_AFTER",
        hide_env = true,
        help_heading = "Krea"
    )]
    pub(crate) missed_after: Option<Span>,

    /// Make up for those that never came, of jobs started through the proxy: all or node-apps
    #[arg(
        long,
        value_name = "WHICH",
        env = "KREEL_DELIVER_MISSED",
        hide_env = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        hide_possible_values = true,
        help_heading = "Krea"
    )]
    pub(crate) deliver_missed: Option<DeliverMissed>,

    /// Hand over only webhooks that the API confirms to the last field, and withhold all others; asks
    /// with KREA_API_KEY, or with the key of calls through the proxy
    #[arg(
        long,
        env = "KREEL_REQUIRE_VERIFIED",
        hide_env = true,
        value_parser = BoolishValueParser::new(),
        help_heading = "Krea"
    )]
    pub(crate) require_verified: bool,

    /// Its colours: dark, light, contrast or none [default: dark; none with NO_COLOR]
    #[arg(
        long,
        value_name = "THEME",
        env = "KREEL_THEME",
        hide_env = true,
        help_heading = "Inspector"
    )]
    pub(crate) theme: Option<ThemeName>,

    /// How it shows images: auto, kitty, iterm2, sixel, blocks (of characters) or off
    /// [default: auto, by what is known of the terminal]
    #[arg(
        long,
        value_name = "HOW",
        env = "KREEL_IMAGES",
        hide_env = true,
        help_heading = "Inspector"
    )]
    pub(crate) images: Option<Images>,

    /// Lines instead of the inspector: the same as --output compact
    #[arg(long, help_heading = "Inspector")]
    pub(crate) no_tui: bool,
}

impl ListenArgs {
    /// The output asked for here, by either of its names.
    pub(crate) fn output(&self) -> Option<Output> {
        match (self.json, self.output) {
            (true, _) => Some(Output::Json),
            (false, None | Some(Output::Tui)) if self.no_tui => Some(Output::Compact),
            (false, output) => output,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  kreel listen 3000                        To the app on port 3000
  kreel listen 3000/api/webhooks           To one path of it
  kreel listen https://app.test:8443/hook  To an app with TLS
  kreel listen                             To nobody: only look
  kreel listen 3000 --answer now=202       The sender never waits for the app
  kreel listen 3000 --json | jq .          One JSON object a line
  kreel listen 3000 --krea-proxy           With a proxy that asks Krea for webhooks

Every option may also stand in the environment (KREEL_FORWARD_TO=3000), in the
project's kreel.toml (forward_to = \"3000\") or in ~/.config/kreel/config.toml.
The command line counts most, then the others in this order.

In the inspector ? lists all keys; [keys] in those files changes them:
replay = [\"r\", \"f5\"].
";
