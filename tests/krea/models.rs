//! Every model that is known, what their calls may carry, and Krea's own document as the law.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::stand_in::{FLUX, StandIn};
use crate::support::programs;

/// Every model path of the facts, by kind.
const MODELS: [(&str, &str); 4] = [
    (
        "image",
        "bfl/flux-1-dev bfl/flux-1-kontext-dev bfl/flux-1.1-pro bfl/flux-1.1-pro-ultra \
         google/nano-banana google/nano-banana-2 google/nano-banana-pro google/imagen-3 \
         google/imagen-4 google/imagen-4-fast google/imagen-4-ultra ideogram/ideogram-2-turbo \
         ideogram/ideogram-3 runway/gen-4-image openai/gpt-image openai/gpt-image-2 luma/uni-1 \
         bytedance/seedream-4 bytedance/seedream-5-lite bytedance/seededit qwen/2512 \
         z-image/z-image krea/krea-2/medium krea/krea-2/large krea/krea-2/medium-turbo \
         ideogram/ideogram-4.5",
    ),
    (
        "video",
        "kling/kling-1 kling/kling-1.5 kling/kling-1.6 kling/kling-2 kling/kling-2.1 \
         kling/kling-2.5 kling/kling-2.6 kling/kling-3.0 kling/kling-o1 minimax/hailuo \
         minimax/hailuo-02 minimax/hailuo-2.3 minimax/hailuo-2.3-fast alibaba/wan-2.1 \
         alibaba/wan-2.2 alibaba/wan-2.5 google/veo-2 google/veo-3 google/veo-3-fast \
         google/veo-3.1 google/veo-3.1-fast google/veo-3.1-lite bytedance/seedance-1.0-pro \
         bytedance/seedance-1.0-pro-fast lightricks/ltx-video-2.3-22b luma/ray-2 runway/gen-3 \
         runway/gen-4-video runway/gen-4.5 runway/aleph xai/grok-video bytedance/seedance-2 \
         bytedance/seedance-2-5 minimax/h3-max",
    ),
    (
        "enhance",
        "topaz/standard-enhance topaz/generative-enhance topaz/bloom-enhance",
    ),
    ("audio", "elevenlabs/music-v2.5"),
];

fn paths() -> BTreeSet<String> {
    let all = MODELS.iter().flat_map(|(kind, models)| {
        let models = models.split_whitespace();
        models.map(move |model| format!("/generate/{kind}/{model}"))
    });
    all.collect()
}

/// A body any model takes.
fn body(path: &str) -> Value {
    if path.contains("/krea-2/") {
        return json!({"prompt": "a fox", "aspect_ratio": "1:1", "resolution": "1K"});
    }
    match path.contains("/enhance/") {
        true => json!({"image_url": "https://a.b/c.png", "width": 1, "height": 1, "model": "x"}),
        false => json!({"prompt": "a fox"}),
    }
}

#[tokio::test]
async fn every_model_makes_what_its_kind_makes() {
    let mock = StandIn::start(&["--speed", "1000000", "--concurrency", "100"]).await;
    let document = mock.json("/openapi.json").await;
    let listed = document["paths"].as_object().unwrap().keys().cloned();
    assert_eq!(listed.collect::<BTreeSet<_>>(), paths());
    for path in paths() {
        let job = mock.job(&path, body(&path)).await;
        let done = mock.reaches(&job, "completed").await;
        let url = done["result"]["urls"][0].as_str().unwrap_or_default();
        let ending = match path.split('/').nth(2) {
            Some("video") => ".mp4",
            Some("audio") => ".wav",
            _ => ".png",
        };
        assert!(url.ends_with(ending), "{path}: {done}");
        // A field of nobody's is refused, where the model is known and its fields are.
        let mut strange = body(&path);
        strange["no_such_field"] = json!(1);
        let answer = mock.call("POST", &path, &[], Some(&strange)).await;
        let expected = if path.contains("/audio/") { 200 } else { 400 };
        assert_eq!(answer.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn prompts_and_addresses_have_their_limits() {
    let mock = StandIn::start(&["--speed", "1000000"]).await;
    let image = |length: usize| format!("https://a.b/{}", "x".repeat(length - 12));
    let status = |path: &'static str, body: Value| {
        let mock = &mock;
        async move {
            let answer = mock.call("POST", path, &[], Some(&body)).await;
            if answer.status() != 200 {
                assert!(answer.text().contains("at most"), "{}", answer.text());
            }
            answer.status()
        }
    };
    for (path, most) in [
        (FLUX, 1800),
        ("/generate/image/bfl/flux-1-kontext-dev", 1800),
        ("/generate/image/runway/gen-4-image", 1000),
        ("/generate/image/luma/uni-1", 6000),
        ("/generate/video/kling/kling-3.0", 2500),
        ("/generate/video/xai/grok-video", 4096),
        ("/generate/video/runway/aleph", 1000),
        ("/generate/image/qwen/2512", 10_000),
        ("/generate/image/acme/unheard-of", 10_000),
    ] {
        // Characters count, not bytes.
        let prompt = |length: usize| json!({"prompt": "ü".repeat(length)});
        assert_eq!(status(path, prompt(most)).await, 200, "{path}");
        assert_eq!(status(path, prompt(most + 1)).await, 400, "{path}");
    }
    let enhance = "/generate/enhance/topaz/standard-enhance";
    for (length, expected) in [(1024, 200), (1025, 400)] {
        let address = image(length);
        let large = json!({"image_url": address, "width": 1, "height": 1, "model": "x"});
        assert_eq!(status(enhance, large).await, expected);
        let video = json!({"prompt": "x", "start_image": address});
        let path = "/generate/video/kling/kling-2.5";
        assert_eq!(status(path, video).await, expected);
        let several = json!({"prompt": "x", "reference_images": [{"url": address}]});
        assert_eq!(status(path, several).await, expected);
        let train = json!({"name": "x", "urls": ["https://a.b/c.png", address]});
        assert_eq!(status("/styles/train", train).await, expected);
    }
}

#[tokio::test]
async fn batches_have_as_many_results_as_were_asked_for() {
    let mock = StandIn::start(&["--speed", "1000000"]).await;
    for (field, images) in [("batch_size", 1), ("batch_size", 4), ("num_images", 100)] {
        let job = mock.job(FLUX, json!({"prompt": "x", field: images})).await;
        let done = mock.reaches(&job, "completed").await;
        let urls = done["result"]["urls"].as_array().unwrap();
        let different: BTreeSet<&str> = urls.iter().filter_map(Value::as_str).collect();
        assert_eq!((urls.len(), different.len()), (images, images), "{field}");
    }
    for bad in [json!(0), json!(101), json!("4"), json!(1.5), json!(null)] {
        let body = json!({"prompt": "x", "batch_size": bad});
        let answer = mock.call("POST", FLUX, &[], Some(&body)).await;
        assert_eq!(answer.status(), 400, "{body}");
    }
    // For a training it means something else, and has no end.
    let train = json!({"name": "x", "urls": [], "batch_size": 500});
    mock.job("/styles/train", train).await;
}

/// Krea's document of May 2026, which is not ours to hand on: it is read where it lies beside
/// the checkout.
#[tokio::test]
async fn krea_s_own_document_is_the_law() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let file = folder.join("krea-openapi.json");
    if !file.is_file() {
        return programs::skipped("../shared/krea-openapi.json beside the checkout");
    }
    let path = file.display().to_string();
    let mock = StandIn::start(&["--openapi", &path, "--speed", "1000000"]).await;
    let status = |path: String, body: Value| {
        let mock = &mock;
        async move { mock.call("POST", &path, &[], Some(&body)).await.status() }
    };
    let document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let at = "/post/requestBody/content/application~1json/schema";
        let Some(schema) = item.pointer(at) else {
            continue;
        };
        let path = path.replace("{id}", "4d0e5f97-9721-4422-b88c-73a9032d7de1");
        if !path.starts_with("/generate/") && !path.ends_with("/execute") && path != "/styles/train"
        {
            continue;
        }
        checked += 1;
        let refused = schema["additionalProperties"] == false;
        let strange = status(path.clone(), json!({"no_such_field": 1})).await;
        assert!(!refused || strange == 400, "{path}: {strange}");
        // A training's schema has several forms, each with fields it can't do without.
        let is_any = schema["required"].as_array().is_none_or(Vec::is_empty)
            && schema.get("oneOf").is_none();
        let empty = status(path.clone(), json!({})).await;
        assert_eq!(empty == 200, is_any, "{path}: {empty}");
        assert_eq!(status(path.clone(), json!([])).await, 400, "{path}");
    }
    assert_eq!(checked, 58, "the calls of the document that start jobs");
    let node_app = "/node-apps/4d0e5f97-9721-4422-b88c-73a9032d7de1/execute";
    let schema = &document["paths"]["/node-apps/{id}/execute"]["post"]["requestBody"];
    assert!(schema.is_object());
    assert_eq!(
        status(node_app.to_owned(), json!({"prompt": "x"})).await,
        200
    );
    assert_eq!(status(FLUX.to_owned(), json!({"prompt": "x"})).await, 200);
    let long = json!({"prompt": "x".repeat(1801)});
    assert_eq!(status(FLUX.to_owned(), long).await, 400);
}
