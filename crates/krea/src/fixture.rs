//! Ready-made webhooks: what Krea would post for a job that has just ended, and what it or
//! others might post besides.
//!
//! Every body names a job of its own, with a v4 UUID as strict receivers want it and times that
//! end now. Shapes are those of Krea's published schema unless the fixture's line says otherwise.

use jiff::Timestamp;
use uuid::Uuid;

mod bodies;
#[cfg(test)]
mod tests;

use bodies::Making;

/// Declares the fixtures with their names and lines in one table.
macro_rules! fixtures {
    ($($name:ident = $text:literal $(| $alias:literal)*, $about:literal;)*) => {
        /// A kind of webhook there are ready-made bodies for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fixture {
            $(#[doc = $about] $name,)*
        }

        impl Fixture {
            /// Every fixture, the commonest first.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The webhook's name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What it is, in one line.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$name => $about,)*
                }
            }

            /// The fixture with this name, or with one of its other names.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($text $(| $alias)* => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

fixtures! {
    Image = "krea.completed" | "krea.image", "An image is done: result.urls has its address";
    Batch = "krea.batch", "Four images of one job are done";
    Video = "krea.video", "A video is done, after a while";
    Enhance = "krea.enhance", "An enlarged image is done";
    Audio = "krea.audio", "A sound is done (result assumed, its schema is not published)";
    Model = "krea.3d", "A 3D model is done: result.urls is a list of objects";
    Training = "krea.lora" | "krea.training", "A style is trained: result.style_id and no urls";
    NodeApp = "krea.node-app", "A node app is done: result.urls is an object";
    Failed = "krea.failed", "A job failed, with error{code,message} as in the schema";
    FailedInResult = "krea.failed-in-result", "A job failed, with result.error as in the guide";
    SilentFailure = "krea.silent-failure", "A job failed, and nothing says why";
    ShadowFail = "krea.shadow-fail", "A job is completed, and there is nothing";
    Cancelled = "krea.cancelled", "A job was cancelled";
    CancelledOpen = "krea.cancelled-open", "A job was cancelled, and completed_at is null";
    Intermediate = "krea.intermediate", "Not the end: something can be seen, more will come";
    Started = "krea.started", "Not the end: a backlogged job has started";
    Legacy = "krea.legacy", "An older shape: the video's address stands in result.video_url";
    LegacyUrls = "krea.legacy-urls", "An older shape: urls stand beside result";
    Duplicate = "krea.duplicate", "The same webhook twice";
    Conflict = "krea.conflict", "The same job completed, then failed";
    Reordered = "krea.reordered", "An end first, and then what came before it";
    Late = "krea.late", "A job that ended an hour ago";
    Misspelt = "krea.misspelt", "The status is spelt canceled";
    UnknownStatus = "krea.unknown-status", "A status nobody has heard of";
    ExtraFields = "krea.extra-fields", "Fields that are in no schema";
    OtherHost = "krea.other-host", "A result on a host that is not Krea's";
    Backwards = "krea.backwards", "It ended before it began";
    StrangeUrls = "krea.strange-urls", "result.urls is a number";
    BadTime = "krea.bad-time", "created_at is no time";
    NoStatus = "krea.no-status", "No status at all";
    NoJobId = "krea.no-job-id", "No job_id at all";
    OddJobId = "krea.odd-job-id", "A job_id that is no UUID";
    Foreign = "krea.foreign", "Another service's body";
    NotAnObject = "krea.not-an-object", "A list in place of an object";
    Truncated = "krea.truncated", "The body breaks off in the middle";
    NotJson = "krea.not-json", "A page of HTML";
    Empty = "krea.empty", "No body";
}

impl Fixture {
    /// The bodies of its webhooks in order, usually one, for a fresh job that ended this moment.
    pub fn bodies(self) -> Vec<String> {
        Making::new(Uuid::new_v4(), Uuid::new_v4(), Timestamp::now()).bodies(self)
    }

    /// The first of its bodies.
    pub fn body(self) -> String {
        self.bodies().swap_remove(0)
    }
}
