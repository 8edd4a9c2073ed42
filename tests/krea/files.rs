//! What jobs have made can be fetched, at whatever address it is said to be.

use serde_json::json;

use super::stand_in::{FLUX, StandIn};
use crate::support::Post;

#[tokio::test]
async fn results_are_real_files() {
    let mock = StandIn::start(&["--speed", "100000"]).await;
    for (path, kind, magic) in [
        (FLUX, "image/png", &b"\x89PNG"[..]),
        ("/generate/video/kling/kling-2.5", "video/mp4", b"\0\0\0"),
        (
            "/generate/audio/elevenlabs/music-v2.5",
            "audio/wav",
            b"RIFF",
        ),
        ("/generate/3d/acme/solid", "model/gltf-binary", b"glTF"),
    ] {
        let job = mock.job(path, json!({"prompt": "x"})).await;
        let done = mock.reaches(&job, "completed").await;
        let first = &done["result"]["urls"][0];
        let url = first.as_str().or_else(|| first["url"].as_str()).unwrap();
        // No token is needed, as with Krea's.
        let file = mock
            .raw(Post::new("GET", url.strip_prefix(&mock.url).unwrap()))
            .await;
        assert_eq!(
            (file.status(), file.header("content-type").as_deref()),
            (200, Some(kind))
        );
        assert!(file.body.starts_with(magic), "{path}");
    }
}

#[tokio::test]
async fn addresses_begin_as_asked() {
    let mock = StandIn::start(&["--media-url", "https://gen.krea.ai/"]).await;
    let job = mock.job(FLUX, json!({"prompt": "x"})).await;
    let done = mock.reaches(&job, "completed").await;
    let url = done["result"]["urls"][0].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://gen.krea.ai/images/"), "{url}");
}
