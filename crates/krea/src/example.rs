//! Ready-made calls: what an app asks Krea for, for demonstrations against the mock. Each starts
//! one job; together they have most kinds and ends there are.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Uri};
use serde_json::{Value, json};

use crate::mock::MockConfig;
use crate::outgoing::{Body, full};

/// A call that starts a job.
#[derive(Debug, Clone)]
pub struct Example {
    /// What is asked for, in one line.
    pub about: &'static str,
    path: &'static str,
    body: Value,
}

/// What the mock takes for a token: any.
const TOKEN: &str = "Bearer demo";

/// The seed with which the mock tells of the first video twice, and of no other job.
const SEED: u64 = 5;

impl Example {
    /// The calls, in the order they are worth making.
    pub fn all() -> Vec<Self> {
        let example = |about, path, body| Self { about, path, body };
        vec![
            example(
                "an image of a red fox",
                "/generate/image/bfl/flux-1-dev",
                json!({"prompt": "a red fox in the snow"}),
            ),
            example(
                "four images at once",
                "/generate/image/google/imagen-4",
                json!({"prompt": "a lighthouse, four ways", "num_images": 4}),
            ),
            example(
                "an image that will not be made: mock:failed stands in its prompt",
                "/generate/image/bfl/flux-1-dev",
                json!({"prompt": "something forbidden mock:failed"}),
            ),
            example(
                "a video",
                "/generate/video/kling/kling-2.5",
                json!({"prompt": "waves at night", "duration": 5}),
            ),
            example(
                "a video that is cancelled on the way",
                "/generate/video/google/veo-3.1-fast",
                json!({"prompt": "a storm mock:cancelled"}),
            ),
            example(
                "a model in three dimensions",
                "/generate/3d/acme/solid",
                json!({"prompt": "a teapot"}),
            ),
            example(
                "a node app, with two outputs",
                "/node-apps/demo-app/execute",
                json!({"prompt": "a poster"}),
            ),
            example(
                "a style, trained from three images",
                "/styles/train",
                json!({"name": "foxes", "urls": ["https://a.example/1.png", "https://a.example/2.png", "https://a.example/3.png"]}),
            ),
        ]
    }

    /// The call to whoever plays the API at this address.
    pub fn call(&self, api: &str) -> Option<Request<Body>> {
        let uri: Uri = format!("{api}{}", self.path).parse().ok()?;
        Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(AUTHORIZATION, TOKEN)
            .header(CONTENT_TYPE, "application/json")
            .body(full(self.body.to_string()))
            .ok()
    }

    /// How the mock is run for these calls: so much faster than life, with one of the webhooks
    /// posted twice.
    pub fn mock(speed: f64) -> MockConfig {
        MockConfig {
            seed: SEED,
            speed,
            chaos: "duplicate=1/8".parse().unwrap_or_default(),
            ..MockConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Start;

    #[test]
    fn one_job_and_no_other_is_told_of_twice() {
        let config = Example::mock(1.0);
        let twice = |n: &u64| config.chaos.fate(config.seed, *n).twice;
        let jobs = u64::try_from(Example::all().len()).unwrap();
        assert_eq!((0..jobs).filter(twice).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn each_call_starts_a_job() {
        let kinds: Vec<_> = Example::all()
            .iter()
            .map(|example| {
                let call = example.call("http://127.0.0.1:4041").unwrap();
                Start::of(call.uri().path()).unwrap().kind.as_str()
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "image", "image", "image", "video", "video", "3d", "node-app", "training"
            ]
        );
    }
}
