//! What is wrong with the body of a call: by the user's OpenAPI document where it has the call,
//! else by the fields known of its kind. Krea refuses fields it does not know.

use serde_json::Value;

use super::config::MockConfig;
use crate::job::Kind;
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
    let strange = object.keys().find(|field| !known.contains(&field.as_str()));
    // A model nobody knows may have fields nobody knows.
    let strange = strange.filter(|_| start.is_known())?;
    fault(
        strange,
        format!("Unrecognized key(s) in object: '{strange}'"),
    )
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
