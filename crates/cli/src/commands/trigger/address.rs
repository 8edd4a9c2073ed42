//! Where webhooks go: the address that was typed, or that of this project's tunnel.

use clap::ArgMatches;
use clap::parser::ValueSource;
use http::Uri;
use kreel_client::CertificateDer;

use crate::args::TriggerArgs;
use crate::options::certificates;
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;
use crate::settings::{Layers, Settings};
use crate::tunnels::address;

/// An address, and whom to trust about it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// The whole URL.
    pub(super) url: Uri,
    /// Certificates to trust besides the system's.
    pub(super) trusted: Vec<CertificateDer<'static>>,
    /// What to do if nobody is there.
    pub(super) advice: &'static str,
}

impl Address {
    /// This one.
    pub(super) fn of(url: &str, trusted: Vec<CertificateDer<'static>>) -> Result<Self> {
        Ok(Self {
            url: join(url, "")?,
            trusted,
            advice: "check the link to the relay",
        })
    }

    /// Finds out where to.
    pub(super) fn resolve(args: &TriggerArgs, matches: &ArgMatches) -> Result<Self> {
        let (base, trusted, advice) = match &args.to {
            Some(target) => {
                let ca = args.relay_ca.as_deref().map(certificates).transpose()?;
                let advice = "check that the app runs, and that this is its address";
                (target.to_string(), ca.unwrap_or_default(), advice)
            }
            None => {
                let (url, trusted) = tunnel(args, matches)?;
                let advice =
                    "check that `kreel listen` runs in this project, and the relay's address";
                (url, trusted, advice)
            }
        };
        Ok(Self {
            url: join(&base, args.path.as_deref().unwrap_or_default())?,
            trusted,
            advice,
        })
    }
}

/// The address of the tunnel `listen` opens here.
fn tunnel(
    args: &TriggerArgs,
    matches: &ArgMatches,
) -> Result<(String, Vec<CertificateDer<'static>>)> {
    let (project, paths) = (Project::find()?, Paths::find()?);
    let typed = |from: ValueSource| Settings::of_trigger(args, matches, from);
    let layers = Layers::gather(typed, &project, &paths)?;
    let public = address::public(&layers, &project, &paths)?.ok_or_else(nowhere)?;
    Ok((public.url, public.trusted))
}

fn nowhere() -> Problem {
    Problem::new(
        Code::NoTunnelYet,
        "this project has no tunnel yet",
        "`kreel listen` has not run here, or not with this relay",
        "start `kreel listen` first, or send straight to the app with --to 3000",
    )
}

/// A path behind an address, whose own query stays at the end.
fn join(base: &str, path: &str) -> Result<Uri> {
    let (front, query) = base
        .split_once('?')
        .map_or((base, None), |(front, query)| (front, Some(query)));
    let mut url = front.trim_end_matches('/').to_owned();
    if !path.is_empty() && !path.starts_with(['/', '?']) {
        url.push('/');
    }
    url.push_str(path);
    if let Some(query) = query {
        url.push(if path.contains('?') { '&' } else { '?' });
        url.push_str(query);
    }
    url.parse().map_err(|error| {
        Problem::new(
            Code::OptionUnusable,
            format!("{url:?} is not an address"),
            error,
            "check the path: spaces and the like are written as %20",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_between_address_and_query() {
        let joined = |base, path| join(base, path).unwrap().to_string();
        assert_eq!(joined("http://a:1/t", ""), "http://a:1/t");
        assert_eq!(joined("http://a:1/t/", "hook"), "http://a:1/t/hook");
        assert_eq!(joined("http://a:1", "/hook?x=1"), "http://a:1/hook?x=1");
        assert_eq!(joined("http://a:1/t?k=1", "/hook"), "http://a:1/t/hook?k=1");
        assert_eq!(
            joined("http://a:1/t?k=1", "/hook?x=2"),
            "http://a:1/t/hook?x=2&k=1"
        );
        assert!(join("http://a:1", "/a b").is_err());
    }
}
