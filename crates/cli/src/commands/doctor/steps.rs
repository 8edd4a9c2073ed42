//! The steps up to a relay that knows the token.

use std::net::IpAddr;

use jiff::Timestamp;
use kreel_client::doctor::{self, Certified, Reached};
use kreel_client::{ProbeConfig, RelayUrl};

use super::report::{Report, spoken};
use crate::problem::of_link;

/// From how many days before its end a certificate is worth a word: 14; authorities renew at 30.
const SOON_DAYS: i64 = 14;

/// From how many seconds on two clocks differ: 5; the relay's is read to a second. Signed webhooks
/// are refused from 300 on.
const APART_S: i64 = 5;

/// The name; whether it is worth going on.
pub(super) async fn name(report: &mut Report, relay: &RelayUrl) -> bool {
    if let Some(proxy) = doctor::proxy(relay) {
        let said = format!("the proxy {proxy} is asked for {}", relay.authority());
        report.fine("name", &said, None);
        return true;
    }
    let began = tokio::time::Instant::now();
    match doctor::addresses(relay).await {
        Ok(found) => {
            let listed: Vec<String> = found.iter().map(IpAddr::to_string).collect();
            let said = format!("{} is {}", relay.host(), listed.join(", "));
            report.fine("name", &said, Some(began.elapsed()));
            true
        }
        Err(error) => {
            report.failed("name", of_link(&error, relay));
            false
        }
    }
}

/// The connection, the certificate, the versions, the clocks and the token; whether it is worth
/// going on.
pub(super) async fn relay(report: &mut Report, config: &ProbeConfig) -> bool {
    let reached = match doctor::reach(config).await {
        Ok(reached) => reached,
        Err(error) => {
            report.failed("connection", of_link(&error, &config.relay));
            return false;
        }
    };
    let said = format!("to {}", config.relay.authority());
    report.fine("connection", &said, Some(reached.connecting));
    certificate(report, config, reached.certified.as_ref());
    versions(report, &reached);
    clocks(report, &reached);
    token(report, config, reached)
}

fn certificate(report: &mut Report, config: &ProbeConfig, certified: Option<&Certified>) {
    let Some(certified) = certified else {
        let is_local = ["localhost", "127.0.0.1", "::1"].contains(&config.relay.host());
        match (config.relay.is_tls(), is_local) {
            (true, _) => report.warning(
                "certificate",
                "it is trusted, but it can't be read",
                "look at it with `openssl s_client`",
            ),
            (false, true) => {
                report.skipped("certificate", "the relay is on this machine, without TLS");
            }
            (false, false) => report.warning(
                "certificate",
                "there is none: tokens and webhooks travel in the clear",
                "give the relay a certificate (--tls acme), or put a proxy with one in front",
            ),
        }
        return;
    };
    let days = (certified.expires_at.as_second() - Timestamp::now().as_second()) / 86_400;
    let said = format!(
        "trusted, from {}, for {days} more days; {}, {}",
        certified.issuer, certified.version, certified.group
    );
    match days < SOON_DAYS {
        true => report.warning(
            "certificate",
            &said,
            "find out why the relay has not renewed it: its log says, and `kreel_certificate_ends_seconds` in its metrics",
        ),
        false => report.fine("certificate", &said, None),
    }
}

fn versions(report: &mut Report, reached: &Reached) {
    let ours = env!("CARGO_PKG_VERSION");
    match reached.version.as_deref() {
        Some(theirs) if theirs == ours => {
            report.fine(
                "versions",
                &format!("both are {ours}"),
                Some(reached.latency),
            );
        }
        Some(theirs) => report.warning(
            "versions",
            &format!("the relay is {theirs}, this is {ours}"),
            "they agree on what both can; put the newer one on both ends if something is missing",
        ),
        None => report.warning(
            "versions",
            "the relay does not say which it is",
            "check that it is kreel that answers at this address",
        ),
    }
}

fn clocks(report: &mut Report, reached: &Reached) {
    let Some(ahead) = reached.ahead_s else {
        return report.skipped("clocks", "the relay tells no time");
    };
    let (apart, way) = (ahead.abs(), if ahead > 0 { "ahead" } else { "behind" });
    match apart < APART_S {
        true => report.fine("clocks", "they agree to a few seconds", None),
        false => report.warning(
            "clocks",
            &format!("this machine's clock is {apart} s {way}"),
            "let it be set by the network (`timedatectl set-ntp true`): signed webhooks are refused when clocks differ by minutes",
        ),
    }
}

fn token(report: &mut Report, config: &ProbeConfig, reached: Reached) -> bool {
    match reached.token {
        Some(Ok(name)) => {
            let said = format!("the relay knows it as {name:?}");
            report.fine("token", &said, None);
            true
        }
        Some(Err(error)) => {
            report.failed("token", of_link(&error, &config.relay));
            false
        }
        None => {
            let latency = spoken(reached.latency);
            report.skipped(
                "token",
                &format!("none was shown; the relay answers in {latency}"),
            );
            true
        }
    }
}
