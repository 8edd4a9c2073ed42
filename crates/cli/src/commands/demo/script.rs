//! The six webhooks of the demo, each with what there is to see.

use kreel_krea::Fixture;

/// A webhook, and what to say before it is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scene {
    /// What happens, in one line.
    pub(super) story: &'static str,
    /// The path behind the tunnel's address.
    pub(super) path: &'static str,
    /// What is posted.
    pub(super) body: String,
}

/// The webhooks in order.
pub(super) fn scenes() -> [Scene; 6] {
    let krea = |story, fixture: Fixture| Scene {
        story,
        path: "/webhooks/krea",
        body: fixture.body(),
    };
    [
        krea(
            "Krea has made an image and posts the finished job; the app saves the file.",
            Fixture::Image,
        ),
        krea(
            "A video took its time. No polling: the webhook came when it was done.",
            Fixture::Video,
        ),
        krea(
            "A style was trained. The app answers 201, and Krea gets just that.",
            Fixture::Training,
        ),
        krea(
            "A job failed. The webhook says so, and the app makes a note.",
            Fixture::Failed,
        ),
        Scene {
            story: "Any webhook works: here a shop's order, to another path.",
            path: "/webhooks/shop",
            body: r#"{"event":"order.paid","id":"ord_1042","total":"49.90"}"#.to_owned(),
        },
        krea(
            "A job was cancelled, which the app forgot can happen: its 500 goes back as it is.",
            Fixture::Cancelled,
        ),
    ]
}
