//! The lines of `--json`: this file is their schema, `docs/json.md` describes it in words.
//!
//! Objects and fields are only ever added. A field that is not known is `null`, not left out.

mod escape;
mod lines;

use serde::Serialize;

pub use lines::{inert_line, milliseconds, rfc3339};

/// Every `type` a line can have.
pub const SCHEMA_TYPES: [&str; 21] = [
    "connecting",
    "ready",
    "reconnecting",
    "delivery",
    "attempt",
    "answered",
    "captured",
    "withheld",
    "app_down",
    "app_up",
    "draining",
    "drained",
    "replaying",
    "not_replayed",
    "held",
    "history_failing",
    "history_mended",
    "counters",
    "skipped",
    "error",
    "stopped",
];

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line<'a> {
    /// A connection to the relay is being made.
    Connecting {
        /// Which try this is since the last link, from 1.
        attempt: u32,
    },
    /// The tunnel is open: a delivery can arrive.
    Ready {
        /// The public address.
        url: &'a str,
        /// The same tunnel by subdomain.
        subdomain_url: Option<&'a str>,
        /// Where deliveries are handed to; null if they are only captured.
        forward_to: Option<&'a str>,
        /// The tunnel's name.
        tunnel: &'a str,
        /// The relay's address.
        relay: &'a str,
        /// The relay's program and version.
        relay_version: &'a str,
        /// How many deliveries were kept for this client.
        waiting: u64,
    },
    /// There is no link; it is tried again.
    Reconnecting {
        /// What happened, as a stable word.
        code: &'a str,
        /// What happened, for people.
        cause: &'a str,
        /// How long the pause is.
        in_ms: u64,
        /// Which try comes after it.
        attempt: u32,
    },
    /// A delivery has arrived.
    Delivery {
        /// Its id.
        id: String,
        /// Its position in the tunnel.
        seq: u64,
        /// The tunnel's name.
        tunnel: Option<&'a str>,
        /// Its method.
        method: &'a str,
        /// Path and query as sent, behind the tunnel's part; bytes that are not UTF-8 replaced.
        path: String,
        /// The size of its body, if it is known yet.
        size_bytes: Option<u64>,
        /// When the relay had its head (RFC 3339, UTC).
        received_at: String,
        /// Whether it was kept while nobody listened.
        queued: bool,
    },
    /// An attempt has ended.
    Attempt {
        /// Of which delivery.
        delivery_id: String,
        /// Which one, from 1.
        attempt: u32,
        /// The status of the app's answer; null if there was none.
        status: Option<u16>,
        /// Why there was none, as a stable word.
        failure: Option<&'a str>,
        /// Why there was none, for people.
        message: Option<String>,
        /// How long it took.
        duration_ms: f64,
        /// How long until there was a connection; null if one was at hand.
        connect_ms: Option<f64>,
        /// How long until the head of the answer.
        first_byte_ms: Option<f64>,
        /// The size of the answer's body.
        answer_bytes: Option<u64>,
        /// Whether the user asked for it.
        replay: bool,
        /// Whether the user had changed the request.
        edited: bool,
    },
    /// A sender has its answer.
    Answered {
        /// To which delivery.
        delivery_id: String,
        /// The status it got; null if it had left.
        status: Option<u16>,
        /// Whose answer: `app`, `relay` or `client`.
        by: &'a str,
    },
    /// A delivery was taken without an app.
    Captured {
        /// Which one.
        delivery_id: String,
    },
    /// A delivery was taken without the app, which was not to have it.
    Withheld {
        /// Which one.
        delivery_id: String,
        /// Why, for people.
        message: &'a str,
    },
    /// The app can't be reached; deliveries wait for it.
    AppDown {
        /// Where it was looked for.
        address: &'a str,
        /// Why, as a stable word.
        failure: &'a str,
        /// Why, for people.
        message: String,
    },
    /// The app can be reached again.
    AppUp {
        /// How many deliveries have waited for it.
        waiting: u64,
    },
    /// What had waited is being handed over, oldest first; told each second.
    Draining {
        /// How many are done.
        done: u64,
        /// Of how many.
        total: u64,
    },
    /// All that had waited is handed over.
    Drained {
        /// How many it was.
        total: u64,
    },
    /// How far replays of a delivery are.
    Replaying {
        /// Of which delivery.
        delivery_id: String,
        /// How many attempts are over.
        done: u32,
        /// How many of these were not answered.
        failed: u32,
        /// Of how many.
        total: u32,
    },
    /// A delivery is not replayed, or not any further.
    NotReplayed {
        /// Which one.
        delivery_id: String,
        /// Why, for people.
        message: &'a str,
    },
    /// Deliveries are held or not any more, or other ones are.
    Held {
        /// Whether they are held.
        on: bool,
        /// How many wait for their turn.
        waiting: u64,
    },
    /// The history can't be written; nothing is acknowledged meanwhile.
    HistoryFailing {
        /// What the system said.
        cause: &'a str,
    },
    /// The history can be written again.
    HistoryMended,
    /// What became of all deliveries so far.
    Counters(CountersLine),
    /// Lines were left out, since their reader was too slow.
    Skipped {
        /// How many.
        count: u64,
    },
    /// Something has gone wrong for good.
    Error(ErrorLine<'a>),
    /// The program ends.
    Stopped {
        /// How many running attempts were given up.
        given_up: u64,
    },
}

/// The fields of a `counters` line.
#[derive(Debug, Serialize)]
pub struct CountersLine {
    /// Deliveries that came, each counted once.
    pub received: u64,
    /// Those the app answered.
    pub delivered: u64,
    /// Those it did not answer completely.
    pub failed: u64,
    /// Those that broke off before the request was complete.
    pub broken_off: u64,
    /// Those not finished.
    pub waiting: u64,
    /// Those that came again.
    pub duplicates: u64,
    /// Those that can't be handed over any more.
    pub lost: u64,
}

/// The fields of an `error` line.
#[derive(Debug, Serialize)]
pub struct ErrorLine<'a> {
    /// A stable code, explained in `docs/errors.md`.
    pub code: &'a str,
    /// What happened, and why.
    pub message: &'a str,
    /// What to do next.
    pub advice: &'a str,
}
