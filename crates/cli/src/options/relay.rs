//! What `kreel relay` needs.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{self, Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use kreel_relay::{
    Access, Acme, Config, FirstToken, ForwardedHeader, LETS_ENCRYPT, Limits, Proxies, Tls,
};

use super::{conflict, is_typed, relay_file};
use crate::args::{HeaderChoice, LimitValue, LogFormat, Network, RelayArgs, Size, TlsChoice};
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result};
use crate::runtime;

/// A relay and how it is run.
#[derive(Debug)]
pub(crate) struct RelayOptions {
    /// The relay itself.
    pub(crate) config: Config,
    /// How many threads serve connections.
    pub(crate) threads: usize,
    /// How the log is written.
    pub(crate) log_format: LogFormat,
    /// Whether scripts read the output.
    pub(crate) json: bool,
}

/// How long a stopping relay waits for requests under way: 8 s. Docker kills after 10, and links
/// and store need what is left.
pub(crate) const GRACE: Duration = Duration::from_secs(8);

impl RelayOptions {
    /// Settles what was typed.
    pub(crate) fn resolve(args: RelayArgs, matches: &ArgMatches) -> Result<Self> {
        let (args, matches) = relay_file::with_file(args, matches)?;
        let matches = &matches;
        let tls = tls(&args, matches)?;
        let listen = address(&args.listen, "--listen")?;
        let limits = limits(&args)?;
        let proxies = proxies(&args);
        let metrics = args.metrics.as_deref();
        let metrics = metrics.map(|text| address(text, "--metrics")).transpose()?;
        let data = match args.data {
            Some(data) => absolute(&data),
            None => Paths::find()?.relay(),
        };
        let config = Config {
            listen,
            data,
            domain: args.domain.map(|domain| domain.0),
            public_url: args.public_url.map(|url| url.to_string()),
            tls,
            proxies,
            access: match (args.open, args.reserved_only) {
                (true, _) => Access::Open,
                (false, true) => Access::Reserved,
                (false, false) => Access::Tokens,
            },
            metrics,
            first_token: args.token_file.map_or(FirstToken::Print, FirstToken::File),
            grace: limits.stop_grace,
            limits,
        };
        Ok(Self {
            config,
            threads: args
                .threads
                .map_or_else(runtime::usual_threads, usize::from),
            log_format: args.log_format,
            json: args.json,
        })
    }
}

/// How connections are secured. What was typed counts more than what is in the environment.
fn tls(args: &RelayArgs, matches: &ArgMatches) -> Result<Tls> {
    let choice = match args.tls {
        Some(TlsChoice::Off) => Tls::Off,
        Some(TlsChoice::Acme) => Tls::Acme(acme(args)?),
        Some(TlsChoice::SelfSigned) | None => Tls::SelfSigned,
    };
    let (Some(cert), Some(key)) = (args.tls_cert.clone(), args.tls_key.clone()) else {
        return Ok(choice);
    };
    let tls_typed = is_typed(matches, "tls");
    let files_typed = is_typed(matches, "tls_cert") || is_typed(matches, "tls_key");
    if args.tls.is_none() || (files_typed && !tls_typed) {
        Ok(Tls::Files { cert, key })
    } else if tls_typed && !files_typed {
        Ok(choice)
    } else {
        let why = "one makes a certificate or needs none, the other gives it";
        Err(conflict("--tls", "--tls-cert", why))
    }
}

/// How a certificate is got by ACME.
fn acme(args: &RelayArgs) -> Result<Acme> {
    let Some(domain) = &args.domain else {
        return Err(Problem::new(
            Code::OptionsConflict,
            "--tls acme needs --domain",
            "a certificate is for a name, which an authority looks up",
            "name the relay's domain: --domain relay.example",
        ));
    };
    let http = args.acme_http.as_deref();
    Ok(Acme {
        domain: domain.0.clone(),
        contact: args.contact.iter().map(|mail| mail.0.clone()).collect(),
        directory: match &args.acme_directory {
            Some(directory) => directory.0.clone(),
            None => LETS_ENCRYPT.to_owned(),
        },
        ca: args.acme_ca.clone(),
        http: http.map(|text| address(text, "--acme-http")).transpose()?,
    })
}

/// The path as it is from every folder: others are told it.
fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Whom to believe about who is behind them. A proxy on this machine needs no list.
fn proxies(args: &RelayArgs) -> Proxies {
    let mut networks: Vec<_> = args.trusted_proxy.iter().map(|network| network.0).collect();
    if args.behind_proxy || (args.proxy_protocol && networks.is_empty()) {
        networks.extend(Network::this_machine());
    }
    Proxies {
        networks,
        protocol: args.proxy_protocol,
        header: match args.forwarded_header {
            Some(HeaderChoice::Forwarded) => ForwardedHeader::Forwarded,
            Some(HeaderChoice::XForwardedFor) | None => ForwardedHeader::XForwardedFor,
        },
    }
}

fn limits(args: &RelayArgs) -> Result<Limits> {
    let usual = Limits::default();
    let count = |count| usize::try_from(count).unwrap_or(usize::MAX);
    let size = |size: Option<Size>, usual| size.map_or(usual, |size| size.0);
    let mut limits = Limits {
        max_body_bytes: args.max_body.map_or(usual.max_body_bytes, |size| size.0),
        max_links: args.max_links.map_or(usual.max_links, count),
        max_waiting: args.max_waiting.unwrap_or(usual.max_waiting),
        max_waiting_bytes_of_one: size(args.max_queue, usual.max_waiting_bytes_of_one),
        max_waiting_bytes: size(args.max_disk, usual.max_waiting_bytes),
        retain_count: args.retain_count.unwrap_or(usual.retain_count),
        retain_age: args.retain_age.map_or(usual.retain_age, |span| span.0),
        retain_bytes: size(args.retain_size, usual.retain_bytes),
        ..usual
    };
    for LimitValue { name, number } in &args.limit {
        limits.set(name, *number).map_err(|refused| {
            Problem::new(
                Code::OptionUnusable,
                format!("the limit {name} can't be that"),
                refused,
                "docs/operating.md lists the limits with their defaults",
            )
        })?;
    }
    Ok(limits)
}

/// An address to listen on; a name stands for the first address it has.
fn address(text: &str, option: &str) -> Result<SocketAddr> {
    let unusable = |why: String| {
        Problem::new(
            Code::OptionUnusable,
            format!("can't listen on {text:?}"),
            why,
            format!("give {option} an address and a port, like 127.0.0.1:4433 or 0.0.0.0:443"),
        )
    };
    match text.to_socket_addrs() {
        Ok(mut found) => found
            .next()
            .ok_or_else(|| unusable("the name has no address".to_owned())),
        Err(error) => Err(unusable(error.to_string())),
    }
}
