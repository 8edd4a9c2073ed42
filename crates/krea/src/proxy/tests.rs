//! What of a call is changed, and what a proxy will not do.

use std::net::IpAddr;
use std::sync::Mutex;

use http::{Request, Uri};

use super::call::Call;
use super::*;
use crate::fetch::{Later, Resolver};

fn config(webhook: Option<&str>) -> ProxyConfig {
    ProxyConfig {
        webhook_url: ProxyConfig::fixed(webhook.map(|url| url.parse().unwrap())),
        ..ProxyConfig::default()
    }
}

fn ready(config: &ProxyConfig, request: http::request::Builder) -> Call {
    let (head, ()) = request.body(()).unwrap().into_parts();
    Call::ready(config, head).unwrap()
}

fn codes(call: &Call) -> Vec<&'static str> {
    call.notices.iter().map(Notice::code).collect()
}

const FLUX: &str = "/generate/image/bfl/flux-1-dev";
const TUNNEL: &str = "https://relay.example.com/abc";

#[test]
fn only_calls_that_start_jobs_are_given_an_address() {
    let config = config(Some(TUNNEL));
    let call = ready(&config, Request::post(FLUX));
    assert_eq!(call.head.headers["x-webhook-url"], TUNNEL);
    assert_eq!(
        call.head.uri,
        "https://api.krea.ai/generate/image/bfl/flux-1-dev"
    );
    assert_eq!(codes(&call), ["webhook-added"]);
    for (method, path) in [
        ("GET", "/jobs?limit=1"),
        ("POST", "/assets"),
        ("POST", "/export/3d"),
        ("GET", FLUX),
    ] {
        let call = ready(&config, Request::builder().method(method).uri(path));
        assert_eq!(call.head.headers.get("x-webhook-url"), None, "{path}");
        assert_eq!(call.head.uri.path_and_query().unwrap(), path);
        assert_eq!(codes(&call), [""; 0]);
    }
    let call = ready(&config, Request::post("/node-apps/1/execute"));
    assert_eq!(codes(&call), ["webhook-undocumented", "webhook-added"]);
}

#[test]
fn the_caller_s_own_address_counts_unless_told_otherwise() {
    let own = || Request::post(FLUX).header("X-Webhook-URL", "https://mine.example.com/hook");
    let mut config = config(Some(TUNNEL));
    let call = ready(&config, own());
    assert_eq!(
        call.head.headers["x-webhook-url"],
        "https://mine.example.com/hook"
    );
    assert!(call.is_own_webhook);
    assert_eq!(codes(&call), ["webhook-kept"]);
    config.replaces_own = true;
    let call = ready(&config, own());
    assert_eq!(call.head.headers["x-webhook-url"], TUNNEL);
    assert!(!call.is_own_webhook);
    assert_eq!(codes(&call), ["webhook-replaced"]);
    let none = ready(&self::config(None), Request::post(FLUX));
    assert_eq!(codes(&none), ["no-tunnel"]);
    assert_eq!(none.webhook, None);
}

#[test]
fn a_wrong_prefix_is_taken_out_and_said() {
    let call = ready(
        &config(Some(TUNNEL)),
        Request::post("/v1/generate/image/bfl/flux-1-dev?a=%2F"),
    );
    assert_eq!(
        call.head.uri.path_and_query().unwrap(),
        "/generate/image/bfl/flux-1-dev?a=%2F"
    );
    assert_eq!(codes(&call), ["version-stripped", "webhook-added"]);
    let other = ready(&config(None), Request::get("/v10/jobs"));
    assert_eq!(other.head.uri.path(), "/v10/jobs");
}

#[test]
fn headers_stay_but_for_those_of_the_connection() {
    let request = Request::get("/jobs")
        .header("Authorization", "Key abc")
        .header("X-Custom", "1")
        .header("X-Custom", "2")
        .header("Connection", "keep-alive, X-Hop")
        .header("X-Hop", "1")
        .header("TE", "trailers")
        .header("Accept-Encoding", "br")
        .header("Host", "127.0.0.1:4041");
    let call = ready(&config(None), request);
    let headers = &call.head.headers;
    assert_eq!(headers["authorization"], "Key abc");
    assert_eq!(headers.get_all("x-custom").iter().count(), 2);
    assert_eq!(headers["accept-encoding"], "br");
    assert!(
        headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("kreel/")
    );
    assert_eq!(headers["host"], "api.krea.ai");
    for gone in ["connection", "x-hop", "te"] {
        assert_eq!(headers.get(gone), None, "{gone}");
    }
    assert_eq!(codes(&call), ["key-scheme"]);
}

#[test]
fn addresses_nobody_can_reach_are_refused_toward_the_real_api() {
    let check = |webhook: &str, upstream: &str| {
        let config = ProxyConfig {
            upstream: upstream.parse::<Uri>().unwrap(),
            ..config(Some(webhook))
        };
        config.check()
    };
    let krea = "https://api.krea.ai";
    assert_eq!(check(TUNNEL, krea), Ok(()));
    for private in [
        "http://localhost:3000",
        "https://127.0.0.1:4433/t",
        "https://10.0.0.1/t",
        "http://app/t",
    ] {
        let refused = check(private, krea);
        assert!(
            matches!(refused, Err(InvalidProxy::PrivateWebhook { .. })),
            "{private}"
        );
        assert_eq!(check(private, "http://127.0.0.1:4042"), Ok(()));
    }
    assert!(matches!(
        check("/path", krea),
        Err(InvalidProxy::Webhook { .. })
    ));
    assert!(matches!(
        check(TUNNEL, "/path"),
        Err(InvalidProxy::Upstream { .. })
    ));
}

#[test]
fn an_address_that_comes_later_is_used_unless_nobody_can_reach_it() {
    let (tunnel, webhook_url) = tokio::sync::watch::channel(None);
    let config = ProxyConfig {
        webhook_url,
        ..ProxyConfig::default()
    };
    let added = || ready(&config, Request::post(FLUX));
    assert_eq!(codes(&added()), ["no-tunnel"]);
    tunnel.send(Some(TUNNEL.parse().unwrap())).unwrap();
    assert_eq!(added().head.headers["x-webhook-url"], TUNNEL);
    tunnel
        .send(Some("https://127.0.0.1:4433/t".parse().unwrap()))
        .unwrap();
    let call = added();
    assert_eq!(codes(&call), ["private-tunnel"]);
    assert_eq!(call.head.headers.get("x-webhook-url"), None);
    assert!(
        call.notices[0]
            .to_string()
            .contains("can't be reached from outside")
    );
}

/// Every name that begins so leads into a private network.
#[derive(Debug)]
struct Names(Mutex<usize>);

impl Resolver for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Later<'a, Vec<IpAddr>> {
        *self.0.lock().unwrap() += 1;
        let found = match host.starts_with("office") {
            true => vec!["10.0.0.7".parse().unwrap(), "fd00::7".parse().unwrap()],
            false => vec![
                "10.0.0.7".parse().unwrap(),
                "93.184.215.14".parse().unwrap(),
            ],
        };
        Box::pin(async move { Ok(found) })
    }
}

#[tokio::test]
async fn an_address_that_comes_later_is_looked_up_and_what_was_found_holds() {
    let names = Arc::new(Names(Mutex::default()));
    let (tunnel, webhook_url) = tokio::sync::watch::channel(None);
    let config = ProxyConfig {
        webhook_url,
        reach: Reach::by(names.clone()),
        ..ProxyConfig::default()
    };
    assert_eq!(config.look_up().await, Ok(()));
    tunnel
        .send(Some("https://office.example.com/t".parse().unwrap()))
        .unwrap();
    for _ in 0..3 {
        let refused = config.clone().look_up().await;
        assert!(matches!(refused, Err(InvalidProxy::PrivateWebhook { .. })));
    }
    assert_eq!(*names.0.lock().unwrap(), 1, "once for each address");
    let call = ready(&config, Request::post(FLUX));
    assert_eq!(codes(&call), ["private-tunnel"]);
    assert_eq!(call.head.headers.get("x-webhook-url"), None);
    assert!(config.check().is_err());
    // Toward a mock on this machine any address will do.
    let mock = ProxyConfig {
        upstream: "http://127.0.0.1:4042".parse().unwrap(),
        ..config.clone()
    };
    assert_eq!(mock.look_up().await, Ok(()));
    tunnel.send(Some(TUNNEL.parse().unwrap())).unwrap();
    assert_eq!(config.look_up().await, Ok(()));
    let call = ready(&config, Request::post(FLUX));
    assert_eq!(call.head.headers["x-webhook-url"], TUNNEL);
}

#[test]
fn what_anyone_may_read_shows_nothing_of_a_key() {
    let status = |status| record::Status {
        status,
        coding: None,
    };
    assert!(status(200).is_taken("/jobs") && status(204).is_taken("/jobs/1"));
    assert!(!status(404).is_taken("/jobs/1") && !status(302).is_taken("/jobs"));
    assert!(!status(200).is_taken("/openapi.json"));
}
