//! `kreel mock krea` and `kreel proxy krea`: what may be typed for those who stand in for Krea, or
//! in front of it.

// The comments on options are their help, where an address in angle brackets would look odd.
#![allow(rustdoc::bare_urls)]

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};
use http::Uri;
use kreel_client::Target;
use kreel_krea::{Chaos, ErrorKey, FaultForm, Outcomes};

use super::{ApiPlace, DeliverMissed, Secret, Span};

/// Stand in for someone else's API, offline
#[derive(Debug, Clone, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = ABOUT_MOCK
)]
pub(crate) struct MockArgs {
    /// Whose API.
    #[command(subcommand)]
    pub(crate) command: MockCommand,
}

/// Whose API.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum MockCommand {
    /// Krea's: jobs walk through their states, and webhooks are posted
    Krea(Box<MockKreaArgs>),
}

/// What the mock is run with.
#[derive(Debug, Clone, Args)]
#[command(after_help = MOCK_EXAMPLES)]
pub(crate) struct MockKreaArgs {
    /// Port on this machine; 0 takes any that is free
    #[arg(
        long,
        value_name = "PORT",
        env = "KREEL_MOCK_PORT",
        hide_env = true,
        default_value_t = 4042
    )]
    pub(crate) port: u16,

    /// The seed of all chance: the same calls give the same run
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// How much faster than life jobs are
    #[arg(long, value_name = "FACTOR", default_value_t = 10.0, value_parser = factor, help_heading = "Jobs")]
    pub(crate) speed: f64,

    /// How jobs end, in turn, like completed*19,failed; also failed-in-result, silent-failure,
    /// shadow-fail, cancelled, timeout, stuck, html, or a status: 400 401 402 403 404 410 422 429
    /// 500 502 503 504 520 522 524, or 422-issues for another form. A prompt with mock:failed in
    /// it ends so, and a call with the header X-Mock-Outcome: failed
    #[arg(
        long,
        value_name = "PLAN",
        default_value = "completed",
        hide_default_value = true,
        help_heading = "Jobs"
    )]
    pub(crate) outcome: Outcomes,

    /// How many run at once; others are backlogged
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = value_parser!(u32).range(1..=10_000), help_heading = "Jobs")]
    pub(crate) concurrency: u32,

    /// How many may be backlogged before the answer is 429
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(0..=10_000), help_heading = "Jobs")]
    pub(crate) backlog: u32,

    /// How many calls are paid for before the answer is 402 [default: all]
    #[arg(long, value_name = "N", help_heading = "Jobs")]
    pub(crate) balance: Option<u64>,

    /// Only queued and processing jobs can be cancelled, as Krea's guide has it
    #[arg(long, help_heading = "Jobs")]
    pub(crate) strict_cancel: bool,

    /// Deleted jobs are gone, and not cancelled
    #[arg(long, help_heading = "Jobs")]
    pub(crate) forget_deleted: bool,

    /// The only token that is taken [default: any]
    #[arg(
        long,
        value_name = "TOKEN",
        env = "KREEL_MOCK_TOKEN",
        hide_env = true,
        help_heading = "Calls"
    )]
    pub(crate) api_token: Option<Secret>,

    /// Take any body that is an object
    #[arg(long, help_heading = "Calls")]
    pub(crate) lenient: bool,

    /// Check bodies against this OpenAPI document, as from https://api.krea.ai/openapi.json
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "lenient",
        help_heading = "Calls"
    )]
    pub(crate) openapi: Option<PathBuf>,

    /// What bodies are refused with: 400 as in Krea's schema, or 422 as some saw it
    #[arg(long, value_name = "STATUS", default_value_t = 400, value_parser = status, help_heading = "Calls")]
    pub(crate) validation_status: u16,

    /// How refusals with 422 tell what is wrong: detail, detail-text, details, errors, issues or
    /// nested
    #[arg(
        long,
        value_name = "FORM",
        default_value = "detail",
        help_heading = "Calls"
    )]
    pub(crate) fault_form: FaultForm,

    /// The key of other errors: error as in Krea's schema, message, or mixed, which has message
    /// for 401 and 402 as others saw it
    #[arg(
        long,
        value_name = "KEY",
        default_value = "mixed",
        help_heading = "Calls"
    )]
    pub(crate) error_key: ErrorKey,

    /// Answer this model with the headers of one that will go, like image/bfl/flux-1-dev
    #[arg(long, value_name = "MODEL", help_heading = "Calls")]
    pub(crate) deprecated: Vec<String>,

    /// What goes wrong with webhooks, like lose=3/20,duplicate=10%,delay=1s..5s,retry=3; also
    /// reorder, truncate, garbage, slow, early, conflict
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "",
        hide_default_value = true,
        help_heading = "Webhooks"
    )]
    pub(crate) chaos: Chaos,

    /// Trust also the certificates in this PEM file, like those of your relay
    #[arg(long, value_name = "FILE", help_heading = "Webhooks")]
    pub(crate) webhook_ca: Option<PathBuf>,

    /// What addresses of results begin with [default: the mock's own address]
    #[arg(long, value_name = "URL", help_heading = "Webhooks")]
    pub(crate) media_url: Option<String>,

    /// One JSON object a line
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Stand in front of someone else's API, to know what is asked of it
#[derive(Debug, Clone, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = ABOUT_PROXY
)]
pub(crate) struct ProxyArgs {
    /// Whose API.
    #[command(subcommand)]
    pub(crate) command: ProxyCommand,
}

/// Whose API.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ProxyCommand {
    /// Krea's: asks for webhooks to your tunnel, and remembers the jobs that are started
    Krea(Box<ProxyKreaArgs>),
}

/// What the proxy is run with.
#[derive(Debug, Clone, Args)]
#[command(after_help = PROXY_EXAMPLES)]
pub(crate) struct ProxyKreaArgs {
    /// Port on this machine; 0 takes any that is free
    #[arg(
        long,
        value_name = "PORT",
        env = "KREEL_PROXY_PORT",
        hide_env = true,
        default_value_t = 4041
    )]
    pub(crate) port: u16,

    /// Which API is behind it.
    #[command(flatten)]
    pub(crate) api: ApiPlace,

    /// The public address of your tunnel, with a path if your app wants one: what X-Webhook-URL
    /// is set to in calls that start a job and have none [default: that of this project's tunnel]
    #[arg(long, value_name = "URL", env = "KREEL_TUNNEL_URL", hide_env = true)]
    pub(crate) tunnel_url: Option<Uri>,

    /// Set it also where the caller has one of its own
    #[arg(long, requires = "tunnel_url")]
    pub(crate) replace: bool,

    /// How long after a job's end its webhook is missed
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        help_heading = "Missed webhooks"
    )]
    pub(crate) missed_after: Span,

    /// Make up for those that never came, of jobs started here: all or node-apps; what the API
    /// says goes to your app
    #[arg(
        long,
        value_name = "WHICH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        hide_possible_values = true,
        help_heading = "Missed webhooks"
    )]
    pub(crate) deliver_missed: Option<DeliverMissed>,

    /// Your app: 3000, host:3000/path or a URL [default: forward_to]
    #[arg(long, value_name = "TARGET", help_heading = "Missed webhooks")]
    pub(crate) to: Option<Target>,

    /// The history they are looked for in [default: ~/.local/share/kreel/history.db]
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_HISTORY",
        hide_env = true,
        help_heading = "Missed webhooks"
    )]
    pub(crate) history: Option<PathBuf>,

    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

fn factor(text: &str) -> Result<f64, String> {
    let factor: Option<f64> = text.parse().ok();
    let fits = |factor: &f64| (0.001..=1_000_000.0).contains(factor);
    factor
        .filter(fits)
        .ok_or_else(|| "a factor is a number from 0.001 to 1000000".to_owned())
}

fn status(text: &str) -> Result<u16, String> {
    match text {
        "400" => Ok(400),
        "422" => Ok(422),
        _ => Err("it is 400 or 422".to_owned()),
    }
}

const ABOUT_MOCK: &str = "\
Examples:
  kreel mock krea
  kreel mock krea --speed 100 --outcome 'completed*9,failed'
";

const ABOUT_PROXY: &str = "\
Examples:
  kreel proxy krea --tunnel-url https://relay.example/abc/webhooks/krea
  kreel proxy krea --upstream http://127.0.0.1:4042   In front of the mock
";

const MOCK_EXAMPLES: &str = "\
Examples:
  kreel mock krea
  KREA_API_BASE_URL=http://127.0.0.1:4042 node app.js
  kreel mock krea --speed 100 --outcome 'completed*9,failed'
  kreel mock krea --chaos lose=3/20,duplicate=10% --seed 7
  curl http://127.0.0.1:4042/generate/image/bfl/flux-1-dev \\
    -H 'Authorization: Bearer x' -H 'X-Webhook-URL: http://localhost:3000/' \\
    -d '{\"prompt\":\"a red fox\"}'

docs/krea.md says what of this is Krea's documented behaviour, and what is not.
";

const PROXY_EXAMPLES: &str = "\
Your token goes through to the API and is neither kept nor shown.

Examples:
  kreel proxy krea --tunnel-url https://relay.example/abc/webhooks/krea
  KREA_API_BASE_URL=http://127.0.0.1:4041 node app.js
  kreel proxy krea --upstream http://127.0.0.1:4042   In front of the mock
  kreel proxy krea --deliver-missed=node-apps --to 3000/webhooks/krea
";
