//! `kreel relay`: the public end.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use kreel_client::RelayUrl;

use super::{
    AcmeDirectory, Domain, HeaderChoice, LimitValue, Mail, Network, Size, Span, TlsChoice,
};

/// Run the public end: give tunnels a public address
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RelayArgs {
    /// run, check (say whether the settings make sense, and end) or backup (copy the data of a
    /// relay that may be running into FILE, and end)
    #[arg(
        value_name = "ACTION",
        default_value = "run",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) action: RelayAction,

    /// Where a backup goes; it must not exist yet
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// File of settings, TOML: every option by its name, with _ for -, and a table `[limits]`.
    /// Read again on SIGHUP
    #[arg(long, value_name = "FILE", env = "KREEL_CONFIG", hide_env = true)]
    pub(crate) config: Option<PathBuf>,

    /// Address to listen on; port 0 takes a free one
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:4433",
        env = "KREEL_LISTEN",
        hide_env = true,
        help_heading = "Address"
    )]
    pub(crate) listen: String,

    /// Domain of the relay: tunnels are also at NAME.DOMAIN, given a wildcard name in the DNS
    #[arg(
        long,
        value_name = "DOMAIN",
        env = "KREEL_DOMAIN",
        hide_env = true,
        help_heading = "Address"
    )]
    pub(crate) domain: Option<Domain>,

    /// Public address to announce, where it differs from what the relay can know
    #[arg(
        long,
        value_name = "URL",
        env = "KREEL_PUBLIC_URL",
        hide_env = true,
        help_heading = "Address"
    )]
    pub(crate) public_url: Option<RelayUrl>,

    /// A proxy on this machine says who senders are (X-Forwarded-For): believe it
    #[arg(
        long,
        env = "KREEL_BEHIND_PROXY",
        hide_env = true,
        value_parser = BoolishValueParser::new(),
        help_heading = "Address"
    )]
    pub(crate) behind_proxy: bool,

    /// Believe proxies that connect from there, too: 172.17.0.0/16; may be given several times
    #[arg(
        long,
        value_name = "NETWORK",
        env = "KREEL_TRUSTED_PROXY",
        hide_env = true,
        value_delimiter = ',',
        help_heading = "Address"
    )]
    pub(crate) trusted_proxy: Vec<Network>,

    /// The header in which proxies say who senders are: x-forwarded-for or forwarded. The other is
    /// never looked at [default: x-forwarded-for]
    #[arg(
        long,
        value_name = "HEADER",
        env = "KREEL_FORWARDED_HEADER",
        hide_env = true,
        hide_possible_values = true,
        help_heading = "Address"
    )]
    pub(crate) forwarded_header: Option<HeaderChoice>,

    /// Those proxies begin each connection with the PROXY protocol, version 1 or 2
    #[arg(
        long,
        env = "KREEL_PROXY_PROTOCOL",
        hide_env = true,
        value_parser = BoolishValueParser::new(),
        help_heading = "Address"
    )]
    pub(crate) proxy_protocol: bool,

    /// Address where Prometheus reads metrics, at /metrics [default: nowhere]
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "KREEL_METRICS",
        hide_env = true,
        help_heading = "Address"
    )]
    pub(crate) metrics: Option<String>,

    /// self-signed (a certificate of its own, cert.pem in the data folder), acme (one from Let's
    /// Encrypt or another authority, for --domain) or off (plain HTTP, as behind a proxy)
    /// [default: self-signed]
    #[arg(
        long,
        value_name = "HOW",
        env = "KREEL_TLS",
        hide_env = true,
        hide_possible_values = true,
        help_heading = "TLS"
    )]
    pub(crate) tls: Option<TlsChoice>,

    /// Certificate chain, a PEM file; read again whenever it changes
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_TLS_CERT",
        hide_env = true,
        requires = "tls_key",
        help_heading = "TLS"
    )]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Private key of the certificate, a PEM file
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_TLS_KEY",
        hide_env = true,
        requires = "tls_cert",
        help_heading = "TLS"
    )]
    pub(crate) tls_key: Option<PathBuf>,

    /// Mail address the certificate authority may write to; may be given several times
    #[arg(
        long,
        value_name = "MAIL",
        env = "KREEL_CONTACT",
        hide_env = true,
        value_delimiter = ',',
        help_heading = "TLS"
    )]
    pub(crate) contact: Vec<Mail>,

    /// Directory of the certificate authority, or `staging` for Let's Encrypt's test system
    /// [default: Let's Encrypt]
    #[arg(
        long,
        value_name = "URL",
        env = "KREEL_ACME_DIRECTORY",
        hide_env = true,
        help_heading = "TLS"
    )]
    pub(crate) acme_directory: Option<AcmeDirectory>,

    /// Certificates to trust that directory by, a PEM file [default: those of the web]
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_ACME_CA",
        hide_env = true,
        help_heading = "TLS"
    )]
    pub(crate) acme_ca: Option<PathBuf>,

    /// Prove the domain by HTTP-01, answered here, instead of on the main port; the authority
    /// asks on port 80
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "KREEL_ACME_HTTP",
        hide_env = true,
        help_heading = "TLS"
    )]
    pub(crate) acme_http: Option<String>,

    /// Folder for the relay's files [default: ~/.local/share/kreel/relay]
    #[arg(
        long,
        value_name = "DIR",
        env = "KREEL_DATA",
        hide_env = true,
        help_heading = "Storage"
    )]
    pub(crate) data: Option<PathBuf>,

    /// File of the first token; made, readable only by you, if it is absent. Without this option
    /// the first token is printed once
    #[arg(
        long,
        value_name = "FILE",
        env = "KREEL_TOKEN_FILE",
        hide_env = true,
        help_heading = "Storage"
    )]
    pub(crate) token_file: Option<PathBuf>,

    /// Tokens open the tunnels that `kreel token reserve` gave them, and no others
    #[arg(
        long,
        env = "KREEL_RESERVED_ONLY",
        hide_env = true,
        value_parser = BoolishValueParser::new(),
        help_heading = "Storage"
    )]
    pub(crate) reserved_only: bool,

    /// Any token is good, and its holder's from when it is first seen: for trusted networks only
    #[arg(
        long,
        env = "KREEL_OPEN",
        hide_env = true,
        value_parser = BoolishValueParser::new(),
        conflicts_with = "reserved_only",
        help_heading = "Storage"
    )]
    pub(crate) open: bool,

    /// How many settled deliveries of a tunnel are remembered, for clients that ask for the past;
    /// 0 remembers none [default: 500]
    #[arg(
        long,
        value_name = "COUNT",
        env = "KREEL_RETAIN_COUNT",
        hide_env = true,
        value_parser = clap::value_parser!(u64).range(..1_000_000),
        help_heading = "Storage"
    )]
    pub(crate) retain_count: Option<u64>,

    /// How long they are remembered [default: 24h]
    #[arg(
        long,
        value_name = "TIME",
        env = "KREEL_RETAIN_AGE",
        hide_env = true,
        help_heading = "Storage"
    )]
    pub(crate) retain_age: Option<Span>,

    /// Most bytes of them in all, the oldest leaving first [default: 1GiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "KREEL_RETAIN_SIZE",
        hide_env = true,
        help_heading = "Storage"
    )]
    pub(crate) retain_size: Option<Size>,

    /// Largest body of a webhook [default: 100MiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "KREEL_MAX_BODY",
        hide_env = true,
        help_heading = "Limits"
    )]
    pub(crate) max_body: Option<Size>,

    /// Most clients connected at once [default: 10000]
    #[arg(
        long,
        value_name = "COUNT",
        env = "KREEL_MAX_LINKS",
        hide_env = true,
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Limits"
    )]
    pub(crate) max_links: Option<u64>,

    /// Most deliveries waiting for one client; senders get 429 beyond [default: 250000]
    #[arg(
        long,
        value_name = "COUNT",
        env = "KREEL_MAX_WAITING",
        hide_env = true,
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Limits"
    )]
    pub(crate) max_waiting: Option<u64>,

    /// Most bytes waiting for one client; senders get 429 beyond [default: 512MiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "KREEL_MAX_QUEUE",
        hide_env = true,
        help_heading = "Limits"
    )]
    pub(crate) max_queue: Option<Size>,

    /// Most bytes waiting in all; senders get 503 beyond [default: 1GiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "KREEL_MAX_DISK",
        hide_env = true,
        help_heading = "Limits"
    )]
    pub(crate) max_disk: Option<Size>,

    /// Any limit by its name, as docs/operating.md lists them: idle_time=30s; may be given several
    /// times
    #[arg(
        long,
        value_name = "NAME=VALUE",
        env = "KREEL_LIMIT",
        hide_env = true,
        value_delimiter = ',',
        help_heading = "Limits"
    )]
    pub(crate) limit: Vec<LimitValue>,

    /// Threads that serve connections [default: half the processors, at most 8]
    #[arg(
        long,
        value_name = "COUNT",
        env = "KREEL_THREADS",
        hide_env = true,
        value_parser = clap::value_parser!(u16).range(1..=256),
        help_heading = "Limits"
    )]
    pub(crate) threads: Option<u16>,

    /// How the log is written on standard error: text or json [default: text]
    #[arg(
        long,
        value_name = "FORMAT",
        env = "KREEL_LOG_FORMAT",
        hide_env = true,
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub(crate) log_format: LogFormat,

    /// One JSON object a line on standard output: ready, stopped, error
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// What `kreel relay` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RelayAction {
    /// Serve
    Run,
    /// Look whether the settings make sense
    Check,
    /// Copy the data
    Backup,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people
    Text,
    /// A JSON object a line
    Json,
}

const EXAMPLES: &str = "\
Examples:
  kreel relay                              Try it on this machine
  kreel relay --listen 0.0.0.0:443 --tls acme --domain relay.example \\
    --contact me@example.org               With a certificate from Let's Encrypt
  kreel relay --listen 0.0.0.0:443 --domain relay.example \\
    --tls-cert fullchain.pem --tls-key privkey.pem
  kreel relay --tls off --behind-proxy --public-url https://hooks.example
                                           Behind nginx or Caddy
  kreel relay check --config relay.toml    Look at these settings
  kreel relay --listen 127.0.0.1:0 --token-file token --json
                                           In a CI job

The first start makes a token. `kreel login` on a developer's machine wants it;
`kreel token create NAME` makes more. Every option may also stand in the
environment: KREEL_LISTEN=0.0.0.0:443.
";
