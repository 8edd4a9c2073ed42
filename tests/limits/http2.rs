//! HTTP/2: streams, resets, and frames that lead nowhere.

use super::Limited;
use crate::support::h2::{END_HEADERS, Http2, frame, head, kind};
use crate::support::{DEADLINE, within};

const TLS: &[&str] = &["--tls", "self-signed"];

fn post() -> Vec<u8> {
    head(&[
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":authority", b"a"),
        (b":path", b"/mine/x"),
    ])
}

/// Sends this as long as the connection lasts.
async fn until_it_ends(limited: &Limited, mut next: impl FnMut(u32) -> Vec<u8>) {
    let mut connection = Http2::to(&limited.relay).await;
    for round in 0..1000 {
        if connection.write(&next(round)).await.is_err() {
            break;
        }
    }
    connection.ends().await;
}

#[tokio::test]
async fn streams_are_announced() {
    let limited = Limited::by(&["http2_streams=3"], TLS).await;
    let mut connection = Http2::to(&limited.relay).await;
    let (kind, _, settings) = within("its settings", DEADLINE, connection.frame())
        .await
        .unwrap();
    assert_eq!(kind, kind::SETTINGS);
    // RFC 9113, section 6.5.2: SETTINGS_MAX_CONCURRENT_STREAMS.
    assert!(
        settings
            .chunks(6)
            .any(|setting| setting == [0, 3, 0, 0, 0, 3]),
        "{settings:?}"
    );
}

#[tokio::test]
async fn too_many_resets() {
    let limited = Limited::by(&["http2_resets=1"], TLS).await;
    until_it_ends(&limited, |round| {
        let many = (0..20).flat_map(|each| {
            let stream = 1 + 2 * (round * 20 + each);
            [
                frame(kind::HEADERS, END_HEADERS, stream, &post()),
                frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8]),
            ]
            .concat()
        });
        many.collect()
    })
    .await;
}

#[tokio::test]
async fn too_many_continuations() {
    let limited = Limited::by(&["http2_continuations=2"], TLS).await;
    until_it_ends(&limited, |round| match round {
        0 => frame(kind::HEADERS, 0, 1, &post()),
        _ => frame(kind::CONTINUATION, 0, 1, &head(&[(b"x", b"y")])),
    })
    .await;
    limited.refused("http2_continuations").await;
}

#[tokio::test]
async fn too_many_idle_frames() {
    let limited = Limited::by(&["http2_idle_frames_per_second=10"], TLS).await;
    until_it_ends(&limited, |_| frame(kind::PING, 0, 0, &[0; 8]).repeat(10)).await;
    limited.refused("http2_idle_frames").await;
}
