//! A call on its way to the API: what of its head is changed, and why.

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri};

use super::config::ProxyConfig;
use super::notice::Notice;
use crate::job::Kind;
use crate::model::Start;

/// The header that asks for a webhook.
const WEBHOOK: HeaderName = HeaderName::from_static("x-webhook-url");

/// Headers that are about one connection only (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    // hyper itself answers it, and the API never sees it.
    "expect",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A call, ready to go.
#[derive(Debug)]
pub(super) struct Call {
    /// The head to send.
    pub(super) head: Parts,
    /// The path as the API knows it.
    pub(super) path: String,
    /// What it starts, if it starts a job.
    pub(super) start: Option<Start>,
    /// Where its webhook goes.
    pub(super) webhook: Option<String>,
    /// Whether that is the caller's own address.
    pub(super) is_own_webhook: bool,
    /// The caller's own address, if there was one.
    pub(super) own_webhook: Option<String>,
    /// What is worth saying.
    pub(super) notices: Vec<Notice>,
}

impl Call {
    /// Readies a call; nothing if its address can't be made, as for `CONNECT`.
    pub(super) fn ready(config: &ProxyConfig, mut head: Parts) -> Option<Self> {
        if head.method == Method::CONNECT {
            return None;
        }
        let mut notices = Vec::new();
        let asked = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let path = match asked.strip_prefix("/v1/") {
            Some(rest) => {
                notices.push(Notice::VersionStripped);
                format!("/{rest}")
            }
            None => asked.to_owned(),
        };
        head.uri = join(&config.upstream, &path)?;
        let path = path.split('?').next().unwrap_or_default().to_owned();
        let start = Some(&head.method)
            .filter(|method| **method == Method::POST)
            .and_then(|_| Start::of(&path));
        head.headers = passed_on(head.headers);
        if let Some(host) = host_of(&head.uri) {
            head.headers.insert(HOST, host);
        }
        // The edge in front of the API turns away those who do not say who they are.
        let agent = HeaderValue::from_static(concat!("kreel/", env!("CARGO_PKG_VERSION")));
        head.headers.entry(USER_AGENT).or_insert(agent);
        if is_key(&head.headers) {
            notices.push(Notice::KeyScheme);
        }
        let mut call = Self {
            head,
            path,
            start,
            webhook: None,
            is_own_webhook: false,
            own_webhook: None,
            notices,
        };
        call.ask_for_webhook(config);
        Some(call)
    }

    /// Puts the tunnel's address into a call that starts a job.
    fn ask_for_webhook(&mut self, config: &ProxyConfig) {
        let Some(start) = &self.start else {
            return;
        };
        // The answer is read for the job's id, which compression would hide.
        let plain = HeaderValue::from_static("identity");
        self.head.headers.insert(ACCEPT_ENCODING, plain);
        let own = self.head.headers.get(WEBHOOK);
        let own = own.map(|own| String::from_utf8_lossy(own.as_bytes()).into_owned());
        self.own_webhook.clone_from(&own);
        let (tunnel, missing) = match config.address() {
            Ok(Some(tunnel)) => (Some(tunnel.to_string()), Notice::NoTunnel),
            Ok(None) => (None, Notice::NoTunnel),
            Err(refused) => (None, Notice::PrivateTunnel(refused.to_string())),
        };
        let (webhook, notice) = match (own, tunnel) {
            (Some(own), Some(tunnel)) if config.replaces_own => {
                (Some(tunnel), Notice::WebhookReplaced(own))
            }
            (Some(own), _) => (Some(own.clone()), Notice::WebhookKept(own)),
            (None, Some(tunnel)) => (Some(tunnel), Notice::WebhookAdded),
            (None, None) => (None, missing),
        };
        self.is_own_webhook = matches!(notice, Notice::WebhookKept(_));
        if start.kind == Kind::NodeApp && webhook.is_some() {
            self.notices.push(Notice::Undocumented);
        }
        self.notices.push(notice);
        if self.is_own_webhook && config.is_out_of_reach(webhook.as_deref()) {
            self.notices.push(Notice::OwnOutOfReach);
        }
        if !self.is_own_webhook
            && let Some(Ok(value)) = webhook.as_deref().map(HeaderValue::from_str)
        {
            self.head.headers.insert(WEBHOOK, value);
        }
        self.webhook = webhook;
    }
}

/// The headers in their order, without those that concern one connection only, which `Connection`
/// may name. Nothing is taken out of the map that came: taking out moves what is behind.
pub(super) fn passed_on(headers: HeaderMap) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(http::header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let goes_on = |name: &HeaderName| !named.contains(name) && !HOP_BY_HOP.contains(&name.as_str());
    let mut kept = HeaderMap::with_capacity(headers.keys_len());
    // A name is told with the first of its values only.
    let mut last = None;
    for (name, mut value) in headers {
        last = name.or(last);
        // Whoever prints it does not print this.
        value.set_sensitive(last == Some(AUTHORIZATION));
        if let Some(name) = last.as_ref().filter(|name| goes_on(name)) {
            kept.append(name, value);
        }
    }
    kept
}

/// The upstream's name as its `Host` has it.
fn host_of(upstream: &Uri) -> Option<HeaderValue> {
    HeaderValue::from_str(upstream.authority()?.as_str()).ok()
}

/// A path behind the upstream's address, byte for byte.
fn join(upstream: &Uri, path: &str) -> Option<Uri> {
    let base = upstream.path().trim_end_matches('/');
    Uri::builder()
        .scheme(upstream.scheme()?.clone())
        .authority(upstream.authority()?.clone())
        .path_and_query(format!("{base}{path}"))
        .build()
        .ok()
}

fn is_key(headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION);
    value.is_some_and(|value| value.as_bytes().starts_with(b"Key "))
}
