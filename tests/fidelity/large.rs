//! 50 MB each way, by the real curl and with real apps.

use std::net::SocketAddr;

use crate::support::{AppAddress, Curl, Digest, Listen, NodeApp, PythonApp, TestRelay};

#[tokio::test]
async fn fifty_megabytes_arrive_whole_both_ways_with_node() {
    if let Some(app) = NodeApp::start().await {
        fifty_megabytes(&app, app.address()).await;
    }
}

#[tokio::test]
async fn fifty_megabytes_arrive_whole_both_ways_with_python() {
    if let Some(app) = PythonApp::start().await {
        fifty_megabytes(&app, app.address()).await;
    }
}

/// 50 MB of known length, and as many in chunks, each way.
async fn fifty_megabytes(app: &impl AppAddress, address: SocketAddr) {
    let relay = TestRelay::secure().await;
    let client = Listen::on(&relay).to(app).start().await;
    let Some(curl) = Curl::to(client.url(), relay.ca().as_deref()) else {
        return;
    };
    let large = large_file(&curl);
    let (length, chunked) = ("X-Framing: length", "Transfer-Encoding: chunked");
    for (version, framing) in [
        ("--http1.1", length),
        ("--http1.1", chunked),
        ("--http2", length),
    ] {
        let args = [version, "-X", "POST", "-T", &large.path, "-H", framing];
        let answer = curl.run("/up", &args).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let said = answer.json();
        assert_eq!(said["body_bytes"], large.digest.bytes);
        assert_eq!(said["body_sha256"], large.digest.sha256);
        // curl waits for it before a megabyte or more, on HTTP/1.1.
        let continued = answer.interim.iter().any(|head| head.status() == 100);
        assert_eq!(continued, version == "--http1.1", "{:?}", answer.interim);
    }
    let direct = Curl::to(&format!("http://{address}"), None).unwrap();
    for name in ["X-Answer: big", "X-Answer: big-chunked"] {
        let there = direct.run("/", &["-H", name]).await;
        for version in ["--http1.1", "--http2"] {
            let here = curl.run("/", &[version, "-H", name]).await;
            assert_eq!(here.digest.bytes, 50 * 1024 * 1024);
            assert_eq!(here.digest, there.digest, "{name} by {version}");
            let length = "content-length";
            assert_eq!(here.header(length), there.header(length));
        }
    }
}

struct Large {
    path: String,
    digest: Digest,
}

/// 50 MB of which no two blocks are the same.
fn large_file(curl: &Curl) -> Large {
    let mut bytes: Vec<u8> = (0..50_000_000_u32 / 64)
        .flat_map(|number| number.to_le_bytes().repeat(16))
        .collect();
    bytes.extend_from_slice(b"and an odd end");
    let path = curl.folder().join("large");
    std::fs::write(&path, &bytes).unwrap();
    Large {
        path: path.display().to_string(),
        digest: Digest::of(&bytes),
    }
}
