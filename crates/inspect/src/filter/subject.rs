//! What a filter looks at.

use std::time::Duration;

use kreel_wire::{DeliveryId, Headers, Verdict};

/// A delivery and what became of it. What is not at hand is none; a filter that needs it can't
/// decide then.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its id.
    pub id: DeliveryId,
    /// Its position in the tunnel.
    pub seq: u64,
    /// The tunnel's name.
    pub tunnel: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Path and query as sent.
    pub target: &'a [u8],
    /// Its header lines.
    pub headers: Option<&'a Headers>,
    /// Its body.
    pub body: Option<&'a [u8]>,
    /// The size of its body, once it is known.
    pub size_bytes: Option<u64>,
    /// When the relay had its head: microseconds since 1970.
    pub received_at_us: u64,
    /// What time it is: microseconds since 1970.
    pub now_us: u64,
    /// The status of the app's last answer.
    pub status: Option<u16>,
    /// How long the last attempt took.
    pub took: Option<Duration>,
    /// The user's note on it.
    pub note: Option<&'a str>,
    /// What it is.
    pub flags: Flags,
}

/// One thing a delivery can be, as `is:` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Flag {
    /// Handed over again because the user asked for it.
    Replay = 1,
    /// Its last attempt ended without a complete answer.
    Failed = 1 << 1,
    /// Marked by the user.
    Marked = 1 << 2,
    /// Not finished: it waits for its turn or for the app.
    Waiting = 1 << 3,
    /// Handed over changed by the user.
    Edited = 1 << 4,
    /// It came again after it was finished.
    Duplicate = 1 << 5,
    /// With a note of the user's.
    Noted = 1 << 6,
    /// Kept by the relay while nobody listened.
    Queued = 1 << 7,
    /// Answered by the app.
    Answered = 1 << 8,
    /// Taken without an app to hand it to.
    Captured = 1 << 9,
    /// Promised, and gone for good.
    Lost = 1 << 10,
    /// Its request never became complete.
    Broken = 1 << 11,
    /// The relay looked at its signature, which is good.
    Verified = 1 << 12,
    /// The relay looked at its signature, which is not good.
    Unverified = 1 << 13,
}

/// All that a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u16);

impl Flags {
    /// The same and this, if it is so.
    #[must_use]
    pub fn with(self, flag: Flag, is_so: bool) -> Self {
        Self(self.0 | if is_so { flag as u16 } else { 0 })
    }

    /// The same and what was found of its signature.
    #[must_use]
    pub fn signed(self, signature: Option<Verdict>) -> Self {
        self.with(Flag::Verified, signature.is_some_and(Verdict::is_good))
            .with(Flag::Unverified, signature.is_some_and(|it| !it.is_good()))
    }

    /// Whether this is among them.
    pub fn has(self, flag: Flag) -> bool {
        self.0 & flag as u16 != 0
    }
}

impl Flag {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 14] = [
        ("replay", Self::Replay),
        ("failed", Self::Failed),
        ("marked", Self::Marked),
        ("waiting", Self::Waiting),
        ("edited", Self::Edited),
        ("duplicate", Self::Duplicate),
        ("noted", Self::Noted),
        ("queued", Self::Queued),
        ("answered", Self::Answered),
        ("captured", Self::Captured),
        ("lost", Self::Lost),
        ("broken", Self::Broken),
        ("verified", Self::Verified),
        ("unverified", Self::Unverified),
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, flag)| *flag == self);
        found.map_or("", |(word, _)| word)
    }
}
