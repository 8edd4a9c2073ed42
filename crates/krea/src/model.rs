//! Krea's model paths: what kind of job a path starts, and how long such jobs take.
//!
//! Paths and times are those of Krea's OpenAPI document of May 2026 and of later notes. The list
//! changes every month, so an unknown path of the right form is as good as a known one.

use std::time::Duration;

use crate::job::Kind;

/// What a job is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// What kind of job it starts.
    pub kind: Kind,
    /// The model, like `bfl/flux-1-dev`; for node apps the version, for training nothing.
    pub model: Option<String>,
}

/// The kinds that have models, by their word in the path.
const KINDS: [(&str, Kind); 5] = [
    ("image", Kind::Image),
    ("video", Kind::Video),
    ("enhance", Kind::Enhance),
    ("audio", Kind::Audio),
    ("3d", Kind::Model),
];

/// Known models with the average time their page gives, where it gives one, in seconds.
#[rustfmt::skip]
const MODELS: &[(&str, u64)] = &[
    ("image/bfl/flux-1-dev", 7), ("image/bfl/flux-1-kontext-dev", 23), ("image/bfl/flux-1.1-pro", 0),
    ("image/bfl/flux-1.1-pro-ultra", 0), ("image/google/nano-banana", 0), ("image/google/nano-banana-2", 0),
    ("image/google/nano-banana-pro", 0), ("image/google/imagen-3", 0), ("image/google/imagen-4", 0),
    ("image/google/imagen-4-fast", 0), ("image/google/imagen-4-ultra", 0), ("image/ideogram/ideogram-2-turbo", 0),
    ("image/ideogram/ideogram-3", 0), ("image/ideogram/ideogram-4.5", 0), ("image/runway/gen-4-image", 38),
    ("image/openai/gpt-image", 72), ("image/openai/gpt-image-2", 55), ("image/luma/uni-1", 0),
    ("image/bytedance/seedream-4", 0), ("image/bytedance/seedream-5-lite", 0), ("image/bytedance/seededit", 0),
    ("image/qwen/2512", 22), ("image/z-image/z-image", 5), ("image/krea/krea-2/medium", 0),
    ("image/krea/krea-2/large", 0), ("image/krea/krea-2/medium-turbo", 0),
    ("video/kling/kling-1", 0), ("video/kling/kling-1.5", 0), ("video/kling/kling-1.6", 0), ("video/kling/kling-2", 0),
    ("video/kling/kling-2.1", 0), ("video/kling/kling-2.5", 0), ("video/kling/kling-2.6", 0), ("video/kling/kling-3.0", 0),
    ("video/kling/kling-o1", 0), ("video/minimax/hailuo", 0), ("video/minimax/hailuo-02", 0), ("video/minimax/hailuo-2.3", 0),
    ("video/minimax/hailuo-2.3-fast", 0), ("video/minimax/h3-max", 0), ("video/alibaba/wan-2.1", 97),
    ("video/alibaba/wan-2.2", 113), ("video/alibaba/wan-2.5", 0), ("video/google/veo-2", 0), ("video/google/veo-3", 0),
    ("video/google/veo-3-fast", 0), ("video/google/veo-3.1", 0), ("video/google/veo-3.1-fast", 0),
    ("video/google/veo-3.1-lite", 0), ("video/bytedance/seedance-1.0-pro", 78), ("video/bytedance/seedance-1.0-pro-fast", 32),
    ("video/bytedance/seedance-2", 0), ("video/bytedance/seedance-2-5", 0), ("video/lightricks/ltx-video-2.3-22b", 0),
    ("video/luma/ray-2", 0), ("video/runway/gen-3", 0), ("video/runway/gen-4-video", 0), ("video/runway/gen-4.5", 0),
    ("video/runway/aleph", 0), ("video/xai/grok-video", 0),
    ("enhance/topaz/standard-enhance", 0), ("enhance/topaz/generative-enhance", 0), ("enhance/topaz/bloom-enhance", 0),
    ("audio/elevenlabs/music-v2.5", 0),
];

/// A model past its end.
#[derive(Debug)]
pub(crate) struct Sunset {
    /// Its route.
    pub(crate) route: &'static str,
    /// Its last day, as Krea told it.
    pub(crate) day: &'static str,
    /// What the mock names in its place: our choice, Krea's is not known.
    pub(crate) replacement: &'static str,
}

/// Models past their end.
pub(crate) const SUNSET: [Sunset; 3] = [
    Sunset {
        route: "video/bytedance/seedance-1.0-lite",
        day: "2026-04-27",
        replacement: "video/bytedance/seedance-1.0-pro-fast",
    },
    Sunset {
        route: "video/openai/sora-2",
        day: "2026-04-27",
        replacement: "video/google/veo-3.1",
    },
    Sunset {
        route: "image/bytedance/seedream-3",
        day: "2026-05-13",
        replacement: "image/bytedance/seedream-4",
    },
];

impl Start {
    /// What a `POST` to this path starts; nothing if it starts no job.
    pub fn of(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        if path == "/styles/train" {
            let (kind, model) = (Kind::Training, None);
            return Some(Self { kind, model });
        }
        if let Some(rest) = path.strip_prefix("/node-apps/") {
            let version = rest.strip_suffix("/execute")?;
            let fits = !version.is_empty() && !version.contains('/');
            return fits.then(|| Self {
                kind: Kind::NodeApp,
                model: Some(version.to_owned()),
            });
        }
        let (word, model) = path.strip_prefix("/generate/")?.split_once('/')?;
        let (_, kind) = KINDS.iter().find(|(known, _)| *known == word)?;
        // A vendor and a model, and sometimes a size behind it.
        let parts = model.split('/').count();
        let fits = (2..=4).contains(&parts) && model.split('/').all(|part| !part.is_empty());
        fits.then(|| Self {
            kind: *kind,
            model: Some(model.to_owned()),
        })
    }

    /// Kind and model as the path has them, like `image/bfl/flux-1-dev`.
    pub fn route(&self) -> String {
        match &self.model {
            Some(model) => format!("{}/{model}", self.kind.as_str()),
            None => self.kind.as_str().to_owned(),
        }
    }

    /// Whether the model is in the lists known here.
    pub fn is_known(&self) -> bool {
        let route = self.route();
        let listed = MODELS.iter().any(|(known, _)| *known == route);
        listed || matches!(self.kind, Kind::Training | Kind::NodeApp)
    }

    /// How long such a job takes: the average of its page, or else one of its kind.
    pub fn usual_time(&self) -> Duration {
        let route = self.route();
        let own = MODELS.iter().find(|(known, _)| *known == route);
        let seconds = own
            .map(|(_, seconds)| *seconds)
            .filter(|seconds| *seconds > 0);
        Duration::from_secs(seconds.unwrap_or(match self.kind {
            Kind::Image => 10,
            Kind::Enhance => 20,
            Kind::Video => 90,
            Kind::Audio => 25,
            Kind::Model => 60,
            Kind::Training => 1500,
            Kind::NodeApp => 30,
        }))
    }
}

/// The routes of all known models, like `image/bfl/flux-1-dev`.
pub(crate) fn routes() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|(route, _)| *route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_kind_and_model() {
        let read =
            |path: &str| Start::of(path).map(|start| (start.kind, start.model.unwrap_or_default()));
        let text = |text: &str| text.to_owned();
        assert_eq!(
            read("/generate/image/bfl/flux-1-dev"),
            Some((Kind::Image, text("bfl/flux-1-dev")))
        );
        assert_eq!(
            read("/generate/image/krea/krea-2/medium"),
            Some((Kind::Image, text("krea/krea-2/medium")))
        );
        assert_eq!(
            read("/generate/video/kling/kling-2.5"),
            Some((Kind::Video, text("kling/kling-2.5")))
        );
        assert_eq!(
            read("/generate/3d/any/new-model"),
            Some((Kind::Model, text("any/new-model")))
        );
        assert_eq!(read("/styles/train"), Some((Kind::Training, text(""))));
        assert_eq!(
            read("/node-apps/v1/execute"),
            Some((Kind::NodeApp, text("v1")))
        );
        for none in [
            "/generate/image/bfl",
            "/generate/image//x",
            "/generate/text/a/b",
            "/jobs",
            "/node-apps//execute",
            "/node-apps/v1",
            "/v1/generate/image/a/b",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn every_known_route_is_a_path() {
        for route in routes() {
            let start = Start::of(&format!("/generate/{route}")).unwrap();
            assert_eq!(start.route(), route);
            assert!(start.is_known());
            assert!(start.usual_time() >= Duration::from_secs(5));
        }
        let unknown = Start::of("/generate/image/acme/new").unwrap();
        assert!(!unknown.is_known());
        assert_eq!(unknown.usual_time(), Duration::from_secs(10));
    }
}
