//! What is measured, as Prometheus reads it. Nothing is counted unless somebody may look, and no
//! name of a tunnel or token is ever part of it: addresses are secrets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder as _, Unit,
};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::config::Limits;
use crate::error::RelayError;
use crate::limits::METRICS_UPKEEP;
use crate::shared::Shared;
use crate::side::{Said, SidePort};
use crate::tls::Identity;

/// Counters and their kin.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    requests: [Counter; 5],
    seconds: Histogram,
    gauges: Gauges,
}

/// What is looked at only when somebody asks.
struct Gauges {
    connections: Gauge,
    links: Gauge,
    tunnels: Gauge,
    waiting: Gauge,
    waiting_bytes: Gauge,
    disk_free_bytes: Gauge,
    certificate_ends: Gauge,
}

/// Where a request's time falls: from a fast app's answer to the longest `--wait` one would set.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0,
];

const META: Metadata<'static> = Metadata::new("kreel", Level::INFO, None);

/// What each name means, in the order of a page.
const TOLD: [(&str, &str); 10] = [
    (REQUESTS, "Requests answered, by the class of their status"),
    (
        SECONDS_NAME,
        "Time from a request's head to its answer's head",
    ),
    (REFUSED, "Requests and connections refused, by reason"),
    ("kreel_connections", "Connections open"),
    ("kreel_links", "Clients connected"),
    ("kreel_tunnels", "Tunnels that have an owner"),
    (
        "kreel_waiting_deliveries",
        "Deliveries that wait for their clients",
    ),
    ("kreel_waiting_bytes", "Bytes of waiting deliveries"),
    (
        "kreel_disk_free_bytes",
        "Bytes free on the disk of the data folder",
    ),
    (
        "kreel_certificate_ends_seconds",
        "When the certificate ends, in seconds since 1970",
    ),
];

const REQUESTS: &str = "kreel_requests_total";
const SECONDS_NAME: &str = "kreel_request_seconds";
const REFUSED: &str = "kreel_refused_total";

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        let seconds = Matcher::Full(SECONDS_NAME.to_owned());
        let recorder = builder
            .set_buckets_for_metric(seconds, &SECONDS)
            .unwrap_or_default()
            .build_recorder();
        for (name, told) in TOLD {
            let name = KeyName::from_const_str(name);
            match name.as_str() {
                REQUESTS | REFUSED => recorder.describe_counter(name, None, told.into()),
                SECONDS_NAME => recorder.describe_histogram(name, Some(Unit::Seconds), told.into()),
                _ => recorder.describe_gauge(name, None, told.into()),
            }
        }
        let class = |class: &'static str| {
            let label = Label::from_static_parts("status", class);
            recorder.register_counter(&Key::from_parts(REQUESTS, vec![label]), &META)
        };
        let gauge =
            |name: &'static str| recorder.register_gauge(&Key::from_static_name(name), &META);
        Self {
            requests: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(class),
            seconds: recorder.register_histogram(&Key::from_static_name(SECONDS_NAME), &META),
            gauges: Gauges {
                connections: gauge("kreel_connections"),
                links: gauge("kreel_links"),
                tunnels: gauge("kreel_tunnels"),
                waiting: gauge("kreel_waiting_deliveries"),
                waiting_bytes: gauge("kreel_waiting_bytes"),
                disk_free_bytes: gauge("kreel_disk_free_bytes"),
                certificate_ends: gauge("kreel_certificate_ends_seconds"),
            },
            recorder,
        }
    }

    /// A request has its answer's head.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.requests[class].increment(1);
        self.seconds.record(took);
    }

    /// A request or a connection was refused. Reasons are words of ours, few and known.
    pub(crate) fn refused(&self, reason: &'static str) {
        let label = Label::from_static_parts("reason", reason);
        let key = Key::from_parts(REFUSED, vec![label]);
        self.recorder.register_counter(&key, &META).increment(1);
    }

    fn handle(&self) -> PrometheusHandle {
        self.recorder.handle()
    }
}

/// A count as Prometheus has it; exact up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "no count of ours comes near 2^53"
)]
fn float(count: u64) -> f64 {
    count as f64
}

/// The port where metrics are read.
#[derive(Debug)]
pub(crate) struct MetricsPort(SidePort);

impl MetricsPort {
    /// Takes the address.
    pub(crate) async fn bind(address: SocketAddr, limits: &Limits) -> Result<Self, RelayError> {
        SidePort::bind(address, limits).await.map(Self)
    }

    /// The address taken.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.0.address()
    }

    /// Answers for ever.
    pub(crate) async fn serve(self, shared: Arc<Shared>) {
        let (looked, kept) = (shared.clone(), shared);
        let answer = move |request: http::Request<hyper::body::Incoming>| {
            let asks = matches!(*request.method(), Method::GET | Method::HEAD);
            let found = asks && request.uri().path() == "/metrics";
            let page = if found { page(&looked) } else { None };
            std::future::ready(page.map_or_else(nothing, said))
        };
        tokio::select! {
            () = self.0.serve(answer) => {}
            () = upkeep(&kept) => {}
        }
    }
}

/// The page that Prometheus reads, if anything is measured.
pub(crate) fn page(shared: &Shared) -> Option<String> {
    let metrics = shared.metrics.as_ref()?;
    let gauges = &metrics.gauges;
    let count = |count: usize| float(u64::try_from(count).unwrap_or(u64::MAX));
    gauges.connections.set(count(shared.connections.len()));
    gauges.links.set(count(shared.links.len()));
    let (tunnels, waiting) = shared.tunnels.count();
    gauges.tunnels.set(count(tunnels));
    gauges.waiting.set(float(waiting));
    gauges
        .waiting_bytes
        .set(float(shared.store.waiting_bytes()));
    if let Some(free) = shared.store.disk_free_bytes() {
        gauges.disk_free_bytes.set(float(free));
    }
    let ends = shared
        .certificate
        .as_ref()
        .and_then(Identity::expires_at)
        .and_then(|ends| u64::try_from(ends).ok());
    gauges.certificate_ends.set(ends.map_or(0.0, float));
    Some(metrics.handle().render())
}

/// What the page is.
pub(crate) const CONTENT: &str = "text/plain; version=0.0.4; charset=utf-8";

fn said(page: String) -> Said {
    let mut said = Response::new(Full::from(page));
    let type_ = HeaderValue::from_static(CONTENT);
    said.headers_mut().insert(CONTENT_TYPE, type_);
    said
}

fn nothing() -> Said {
    let mut said = Response::new(Full::default());
    *said.status_mut() = StatusCode::NOT_FOUND;
    said
}

async fn upkeep(shared: &Shared) {
    let mut every = tokio::time::interval(METRICS_UPKEEP);
    loop {
        every.tick().await;
        if let Some(metrics) = &shared.metrics {
            metrics.handle().run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_on_the_page() {
        let metrics = Metrics::new();
        metrics.answered(StatusCode::OK, Duration::from_millis(3));
        metrics.answered(StatusCode::OK, Duration::from_secs(3));
        metrics.answered(StatusCode::BAD_GATEWAY, Duration::from_micros(3));
        metrics.refused("no_tunnel");
        metrics.refused("no_tunnel");
        let page = metrics.handle().render();
        for line in [
            r#"kreel_requests_total{status="2xx"} 2"#,
            r#"kreel_requests_total{status="5xx"} 1"#,
            r#"kreel_refused_total{reason="no_tunnel"} 2"#,
            r#"kreel_request_seconds_bucket{le="0.005"} 2"#,
            "kreel_request_seconds_count 3",
            "# TYPE kreel_request_seconds histogram",
            "# HELP kreel_refused_total Requests and connections refused, by reason",
        ] {
            assert!(
                page.lines().any(|there| there == line),
                "{line} in:\n{page}"
            );
        }
    }

    #[test]
    fn the_manual_tells_of_each() {
        let manual = include_str!("../../../docs/operating.md");
        for (name, told) in TOLD {
            let line = format!("| `{name}` | {told} |");
            assert!(
                manual.lines().any(|there| there == line),
                "docs/operating.md lacks:\n{line}"
            );
        }
    }
}
