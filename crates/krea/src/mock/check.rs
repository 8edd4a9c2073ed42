//! What is wrong with the body of a call: by the user's OpenAPI document where it has the call,
//! else by the fields known of its kind. Krea refuses fields it does not know.

use serde_json::Value;

use super::config::MockConfig;
use super::world::BATCH_FIELDS;
use crate::job::Kind;
use crate::limits::MOCK_MAX_BATCH;
use crate::model::Start;

/// A fault: where, and what.
pub(super) type Fault = (String, String);

/// Fields of image calls in the document of May 2026, all models together.
const IMAGE: &[&str] = &[
    "aspect_ratio",
    "cfg_scale",
    "character_reference_images",
    "denoising_strength",
    "guidance_scale_flux",
    "height",
    "image_style_references",
    "image_url",
    "image_urls",
    "mode",
    "negative_prompt",
    "num_inference_steps",
    "output_format",
    "prompt",
    "quality",
    "raw",
    "reference_images",
    "resolution",
    "seed",
    "skip_prompt_expansion",
    "steps",
    "strength",
    "style",
    "style_images",
    "styles",
    "web_search",
    "width",
    "batch_size",
    "num_images",
];

/// Fields of video calls.
const VIDEO: &[&str] = &[
    "aspect_ratio",
    "audio_url",
    "camera_control",
    "duration",
    "edit_video",
    "element_references",
    "enable_prompt_expansion",
    "end_image",
    "end_video",
    "expand_prompt",
    "frame_num",
    "generate_audio",
    "guide_scale",
    "has_lora",
    "height",
    "init_image_url",
    "init_video",
    "loop",
    "mode",
    "model",
    "multi_prompt",
    "num_frames",
    "prompt",
    "ratio",
    "reference_images",
    "references",
    "resolution",
    "seed",
    "start_image",
    "start_video",
    "style_references",
    "styles",
    "subjects",
    "video_reference",
    "width",
];

/// Fields of calls that enhance.
const ENHANCE: &[&str] = &[
    "color_preservation",
    "creativity",
    "crop_to_fill",
    "denoise",
    "detail",
    "face_enhancement",
    "face_enhancement_creativity",
    "face_enhancement_strength",
    "face_preservation",
    "fix_compression",
    "height",
    "image_scaling_factor",
    "image_url",
    "model",
    "output_format",
    "prompt",
    "seed",
    "sharpen",
    "strength",
    "subject_detection",
    "texture",
    "upscaling_activated",
    "width",
];

/// Fields of calls that train.
const TRAIN: &[&str] = &[
    "model",
    "type",
    "name",
    "urls",
    "trigger_word",
    "learning_rate",
    "max_train_steps",
    "batch_size",
];

/// What real clients write where the header `X-Webhook-URL` is meant.
const WEBHOOK_FIELDS: [&str; 4] = ["webhook_url", "webhook", "webhookUrl", "callback_url"];

/// The first thing that is wrong, if anything is.
pub(super) fn fault(config: &MockConfig, path: &str, start: &Start, body: &Value) -> Option<Fault> {
    let fault = |place: &str, words: String| Some((place.to_owned(), words));
    let Some(object) = body.as_object() else {
        return fault("body", "Expected an object".to_owned());
    };
    if config.is_lenient {
        return None;
    }
    if let Some(found) = config
        .openapi
        .as_ref()
        .and_then(|api| api.fault(path, body))
    {
        return found;
    }
    if let Some(field) = WEBHOOK_FIELDS
        .iter()
        .find(|field| object.contains_key(**field))
    {
        let words = format!("Unrecognized key(s) in object: '{field}'");
        return fault(field, words);
    }
    let (known, required) = rules(start)?;
    if let Some(field) = required.iter().find(|field| !object.contains_key(**field)) {
        return fault(field, "Required".to_owned());
    }
    if object
        .get("prompt")
        .is_some_and(|prompt| !prompt.is_string())
    {
        return fault("prompt", "Expected string".to_owned());
    }
    if object.get("urls").is_some_and(|urls| !urls.is_array()) {
        return fault("urls", "Expected array".to_owned());
    }
    if let Some(fault) = too_long(start, object).or_else(|| no_batch(start, object)) {
        return Some(fault);
    }
    let strange = object.keys().find(|field| !known.contains(&field.as_str()));
    // A model nobody knows may have fields nobody knows.
    let strange = strange.filter(|_| start.is_known())?;
    fault(
        strange,
        format!("Unrecognized key(s) in object: '{strange}'"),
    )
}

/// How many characters the prompts of a model may have, by the document of May 2026.
const PROMPTS: [(&str, usize); 7] = [
    ("image/bfl/flux-1-dev", 1800),
    ("image/bfl/flux-1-kontext-dev", 1800),
    ("image/runway/gen-4-image", 1000),
    ("image/luma/uni-1", 6000),
    ("video/kling/kling-3.0", 2500),
    ("video/xai/grok-video", 4096),
    ("video/runway/aleph", 1000),
];

/// How many those of other models may have: the longest that was seen.
const PROMPT: usize = 10_000;

/// How many characters the address of an asset may have, as others saw it in the live document.
const ASSET_URL: usize = 1024;

/// Fields that are addresses of assets, or lists of them.
const ASSET_FIELDS: [&str; 14] = [
    "audio_url",
    "edit_video",
    "end_image",
    "end_video",
    "image_url",
    "image_urls",
    "init_image_url",
    "init_video",
    "reference_images",
    "start_image",
    "start_video",
    "style_images",
    "urls",
    "video_reference",
];

type Fields = serde_json::Map<String, Value>;

/// A prompt or an address that is longer than Krea takes.
fn too_long(start: &Start, object: &Fields) -> Option<Fault> {
    let fault = |place: &str, most: usize| {
        let words = format!("String must contain at most {most} character(s)");
        Some((place.to_owned(), words))
    };
    let route = start.route();
    let limit = PROMPTS.iter().find(|(known, _)| *known == route);
    let limit = limit.map_or(PROMPT, |(_, limit)| *limit);
    let prompt = object.get("prompt").and_then(Value::as_str);
    if prompt.is_some_and(|prompt| prompt.chars().count() > limit) {
        return fault("prompt", limit);
    }
    let is_long = |value: &Value| {
        let address = value.as_str().or_else(|| value.get("url")?.as_str());
        address.is_some_and(|address| address.chars().count() > ASSET_URL)
    };
    let long = ASSET_FIELDS.iter().find(|field| match object.get(**field) {
        Some(Value::Array(items)) => items.iter().any(is_long),
        Some(value) => is_long(value),
        None => false,
    });
    fault(long?, ASSET_URL)
}

/// A number of images that is none.
fn no_batch(start: &Start, object: &Fields) -> Option<Fault> {
    let most = match start.kind {
        // There it is how many images are learnt from at once, and has no end.
        Kind::Training => u64::MAX,
        _ => MOCK_MAX_BATCH,
    };
    let field = BATCH_FIELDS.iter().find(|field| {
        let number = object.get(**field).map(Value::as_u64);
        number.is_some_and(|number| !number.is_some_and(|n| (1..=most).contains(&n)))
    })?;
    let words = format!("Number must be between 1 and {most}");
    Some(((*field).to_owned(), words))
}

/// The fields of a kind, and those it can't do without; nothing where any object will do.
fn rules(start: &Start) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match start.kind {
        Kind::Image if start.route().starts_with("image/krea/") => {
            (IMAGE, &["prompt", "aspect_ratio", "resolution"])
        }
        Kind::Image => (IMAGE, &["prompt"]),
        Kind::Video => (VIDEO, &["prompt"]),
        Kind::Enhance => (ENHANCE, &["image_url", "width", "height"]),
        Kind::Training => (TRAIN, &["name", "urls"]),
        Kind::Audio | Kind::Model | Kind::NodeApp => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(path: &str, body: Value) -> Option<String> {
        let start = Start::of(path).unwrap();
        fault(&MockConfig::default(), path, &start, &body).map(|(place, _)| place)
    }

    #[test]
    fn what_krea_refuses_is_refused() {
        let flux = "/generate/image/bfl/flux-1-dev";
        let found = |body| place(flux, body);
        assert_eq!(found(json!({"prompt": "a fox", "width": 1024})), None);
        assert_eq!(found(json!({})), Some("prompt".to_owned()));
        assert_eq!(found(json!([])), Some("body".to_owned()));
        assert_eq!(found(json!({"prompt": 5})), Some("prompt".to_owned()));
        assert_eq!(
            found(json!({"prompt": "", "imageUrl": ""})),
            Some("imageUrl".to_owned())
        );
        assert_eq!(
            found(json!({"prompt": "", "webhook_url": ""})),
            Some("webhook_url".to_owned())
        );
        let unknown = "/generate/image/acme/new";
        assert_eq!(place(unknown, json!({"prompt": "", "magic": 1})), None);
        assert_eq!(
            place(unknown, json!({"prompt": "", "webhook": 1})),
            Some("webhook".to_owned())
        );
        assert_eq!(
            place("/styles/train", json!({"name": "x"})),
            Some("urls".to_owned())
        );
        assert_eq!(place("/node-apps/1/execute", json!({"anything": 1})), None);
        let two = "/generate/image/krea/krea-2/medium";
        assert_eq!(
            place(two, json!({"prompt": ""})),
            Some("aspect_ratio".to_owned())
        );
    }
}
