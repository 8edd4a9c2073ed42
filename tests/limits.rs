//! Each limit, when it is hit: what the sender or client is told, when it may come again, and what
//! the operator reads of it.

mod connections;
mod http2;
mod links;
mod requests;

use std::net::SocketAddr;
use std::time::Duration;

use kreel_relay::Limits;

use crate::support::{Answer, DEADLINE, Sender, TestRelay, free_port, within};

/// Where each limit is hit: by a story in one of these files, or by a test of the relay's own.
const SHOWN: &[(&str, &str)] = &[
    ("max_body_bytes", "too_large_a_body"),
    ("max_links", "too_many_links"),
    ("max_links_per_token", "too_many_links_of_a_token"),
    ("max_tunnels_per_token", "too_many_tunnels_of_a_token"),
    ("quarantine", "a_name_is_free_after_its_quarantine"),
    ("max_exchanges_per_link", "too_many_exchanges_wait_on_disk"),
    ("max_waiting", "too_many_waiting"),
    ("max_waiting_bytes_of_one", "too_many_bytes_waiting_for_one"),
    ("max_waiting_bytes", "too_many_bytes_waiting"),
    (
        "retain_count",
        "the_last_settled_stay_and_what_waits_always_does",
    ),
    ("retain_age", "bytes_and_age_have_an_end_too"),
    ("retain_bytes", "bytes_and_age_have_an_end_too"),
    ("max_connections", "too_many_connections_wait"),
    (
        "max_connections_per_address",
        "too_many_connections_of_an_address",
    ),
    (
        "connections_per_second_per_address",
        "connections_too_often",
    ),
    (
        "max_handshakes_per_address",
        "too_many_handshakes_of_an_address",
    ),
    ("max_handshakes", "too_many_handshakes"),
    ("links_per_second_per_address", "links_too_often"),
    (
        "requests_per_second_per_address",
        "requests_too_often_from_an_address",
    ),
    (
        "max_requests_per_address",
        "too_many_requests_of_an_address_wait_on_disk",
    ),
    (
        "requests_per_second_per_tunnel",
        "requests_too_often_to_a_tunnel",
    ),
    ("burst", "a_burst_of_one"),
    ("max_head_bytes", "too_large_a_head"),
    ("max_header_lines", "too_many_lines"),
    ("head_time", "too_slow_a_head"),
    ("tls_handshake_time", "too_slow_a_handshake"),
    ("idle_time", "silence"),
    ("body_pause", "too_long_a_pause"),
    ("body_grace", "too_slow_a_body"),
    ("body_bytes_per_second", "too_slow_a_body"),
    ("body_time", "too_long_a_body"),
    ("write_pause", "too_slow_a_reader"),
    (
        "write_bytes_per_second",
        "who_reads_a_byte_now_and_then_is_not_waited_for_for_ever",
    ),
    (
        "body_memory_bytes_of_one",
        "bodies_beyond_memory_go_to_disk",
    ),
    ("body_memory_bytes", "bodies_beyond_memory_go_to_disk"),
    (
        "answer_memory_bytes",
        "without_room_nobody_is_waited_for_as_long",
    ),
    ("http2_streams", "streams_are_announced"),
    ("http2_resets", "too_many_resets"),
    ("http2_continuations", "too_many_continuations"),
    ("http2_idle_frames_per_second", "too_many_idle_frames"),
    ("side_connections", "a_port_beside_is_small"),
    ("side_time", "a_port_beside_is_small"),
    ("stop_grace", "a_stopping_relay_waits_so_long"),
];

/// What the stories and tests stand in.
const FILES: [&str; 6] = [
    include_str!("limits/connections.rs"),
    include_str!("limits/http2.rs"),
    include_str!("limits/links.rs"),
    include_str!("limits/requests.rs"),
    include_str!("../crates/relay/src/store/tests/ring.rs"),
    include_str!("../crates/relay/src/connection/deadlines.rs"),
];

#[test]
fn each_limit_is_hit_somewhere() {
    let limits: Vec<_> = Limits::default()
        .table()
        .into_iter()
        .map(|limit| limit.name)
        .collect();
    let shown: Vec<_> = SHOWN.iter().map(|(name, _)| *name).collect();
    assert_eq!(shown, limits);
    for (name, story) in SHOWN {
        let story = format!("fn {story}(");
        assert!(
            FILES.iter().any(|file| file.contains(&story)),
            "{name}: {story}"
        );
    }
}

/// A relay under limits, and what it counts.
struct Limited {
    relay: TestRelay,
    metrics: SocketAddr,
}

impl Limited {
    /// With these limits, and these options besides. Whoever connects from loopback is a proxy.
    async fn by(limits: &[&str], options: &[&str]) -> Self {
        let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let address = metrics.to_string();
        let mut all = vec!["--metrics", &address];
        all.extend(limits.iter().flat_map(|limit| ["--limit", limit]));
        all.extend(options);
        Self {
            relay: TestRelay::with(&all).await,
            metrics,
        }
    }

    fn sender(&self) -> Sender {
        Sender::to(self.relay.url(), self.relay.ca().as_deref())
    }

    /// Waits until somebody was refused for this reason, and the log tells of it.
    async fn refused(&self, reason: &str) {
        self.counted(reason).await;
        self.relay.says(reason).await;
    }

    /// Waits until somebody was refused for this reason.
    async fn counted(&self, reason: &str) {
        let line = format!("kreel_refused_total{{reason=\"{reason}\"}}");
        let metrics = Sender::direct(self.metrics);
        within(reason, DEADLINE, async {
            loop {
                let page = metrics.get("/metrics").await.text();
                if page.lines().any(|there| there.starts_with(&line)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}

/// The answer refuses, with this status, for this reason, and says when to come again if it should.
fn refuses(answer: &Answer, status: u16, code: &str, comes_again: bool) {
    assert_eq!(
        (answer.status(), &answer.json()["code"]),
        (status, &code.into())
    );
    let again = answer.header("retry-after");
    assert_eq!(again.is_some(), comes_again, "{again:?}");
    if let Some(again) = again {
        let seconds: u64 = again.parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
}
