//! Ready-made webhooks: what Krea would post for a job that has just ended.
//!
//! Every body names a job of its own, with a v4 UUID as strict receivers want it and times that
//! end now; the shapes are those of Krea's published schema.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// A kind of webhook there is a ready-made body for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fixture {
    /// An image was generated: `result.urls` has its address.
    Image,
    /// A video was generated, after a while: `result.urls` has its address.
    Video,
    /// A style was trained: `result.style_id` and no `urls`.
    Training,
    /// The job failed: `error` says why.
    Failed,
    /// The job was cancelled: no result at all.
    Cancelled,
}

impl Fixture {
    /// Every fixture, the commonest first.
    pub const ALL: [Self; 5] = [
        Self::Image,
        Self::Video,
        Self::Training,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The webhook's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "krea.image",
            Self::Video => "krea.video",
            Self::Training => "krea.training",
            Self::Failed => "krea.failed",
            Self::Cancelled => "krea.cancelled",
        }
    }

    /// The body of a webhook for a fresh job that ended this moment.
    pub fn body(self) -> String {
        self.job(Uuid::new_v4(), Uuid::new_v4(), Timestamp::now())
            .to_string()
    }

    /// The job with this id and, where it made a file, that file's id.
    fn job(self, job: Uuid, file: Uuid, ended: Timestamp) -> Value {
        let mut body = json!({
            "job_id": job.to_string(),
            "status": self.status(),
            "created_at": milliseconds(ended - self.took()),
            "completed_at": milliseconds(ended),
        });
        let (key, detail) = match self {
            Self::Image => ("result", json!({"urls": [url("images", file, "png")]})),
            Self::Video => ("result", json!({"urls": [url("videos", file, "mp4")]})),
            Self::Training => ("result", json!({"style_id": slug(file)})),
            Self::Failed => (
                "error",
                json!({"code": "nsfw", "message": "The request was flagged by content moderation."}),
            ),
            Self::Cancelled => return body,
        };
        body[key] = detail;
        body
    }

    fn status(self) -> &'static str {
        match self {
            Self::Image | Self::Video | Self::Training => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// How long such a job usually takes.
    fn took(self) -> SignedDuration {
        match self {
            Self::Image => SignedDuration::from_millis(7_784),
            Self::Video => SignedDuration::from_millis(105_310),
            Self::Training => SignedDuration::from_millis(1_632_008),
            Self::Failed => SignedDuration::from_millis(9_100),
            Self::Cancelled => SignedDuration::from_millis(4_250),
        }
    }
}

/// RFC 3339 in UTC with milliseconds, as Krea writes it.
fn milliseconds(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn url(kind: &str, file: Uuid, extension: &str) -> String {
    format!("https://gen.krea.ai/{kind}/{file}.{extension}")
}

/// A style's id: nine lower-case letters and digits.
fn slug(file: Uuid) -> String {
    file.simple().to_string()[..9].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(fixture: Fixture) -> Value {
        let ended = "2026-10-02T08:15:37.904Z".parse().unwrap();
        let file = Uuid::from_u128(0x6a1f_1c0e_2b7c_4a43_8f55_1d0f_0a9c_2e10);
        fixture.job(
            Uuid::from_u128(0x0f6f_4c1e_8a50_4f0e_9a0d_0c1f_3a5b_7d11),
            file,
            ended,
        )
    }

    #[test]
    fn bodies_have_the_shapes_of_the_schema() {
        let image = r#"{"job_id":"0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11","status":"completed","created_at":"2026-10-02T08:15:30.120Z","completed_at":"2026-10-02T08:15:37.904Z","result":{"urls":["https://gen.krea.ai/images/6a1f1c0e-2b7c-4a43-8f55-1d0f0a9c2e10.png"]}}"#;
        assert_eq!(fixed(Fixture::Image).to_string(), image);
        assert_eq!(
            fixed(Fixture::Training)["result"],
            json!({"style_id": "6a1f1c0e2"})
        );
        assert_eq!(fixed(Fixture::Failed)["error"]["code"], "nsfw");
        assert_eq!(fixed(Fixture::Failed).get("result"), None);
        assert_eq!(fixed(Fixture::Cancelled).get("result"), None);
    }

    #[test]
    fn each_body_is_a_new_job_that_ended_just_now() {
        for fixture in Fixture::ALL {
            let body: Value = serde_json::from_str(&fixture.body()).unwrap();
            let id: Uuid = body["job_id"].as_str().unwrap().parse().unwrap();
            assert_eq!(id.get_version_num(), 4, "{}", fixture.name());
            let again: Value = serde_json::from_str(&fixture.body()).unwrap();
            assert_ne!(body["job_id"], again["job_id"]);
            let time = |key: &str| -> Timestamp { body[key].as_str().unwrap().parse().unwrap() };
            assert!(time("created_at") < time("completed_at"));
            let age = Timestamp::now().duration_since(time("completed_at"));
            assert!(
                age < SignedDuration::from_secs(60),
                "{}: {age}",
                fixture.name()
            );
        }
    }

    #[test]
    fn names_are_all_different() {
        let names = Fixture::ALL.map(Fixture::name);
        let unique: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }
}
