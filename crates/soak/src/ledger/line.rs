//! The lines of both ledgers, as text: a letter, then words.
//!
//! ```text
//! S 1795477900000000 17 2048 9f86d0…          about to be sent: id, bytes, SHA-256
//! E 1795477900004210 17 queued 202 0193d1…    its end: who answered, status, delivery or cause
//! W 1795477900000000 1795477900600000         between these two no client could be reached
//! A 1795477900003900 17 17 0193d1… 1 2048 9f86d0…   at the app: id by header, by path, delivery,
//!                                                    attempt, bytes, SHA-256
//! ```

use std::fmt;

use uuid::Uuid;

use super::{MessageId, Sha};

/// What the senders' side puts down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SenderLine {
    /// A message is about to be sent.
    Sent(Sent),
    /// Its sender knows what came of it.
    Ended(Ended),
    /// Between these moments no client could be reached by the relay.
    Apart {
        /// From then on.
        from_us: u64,
        /// Until then.
        to_us: u64,
    },
}

/// A message about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// When.
    pub(crate) at_us: u64,
    /// Which.
    pub(crate) id: MessageId,
    /// How large its body is.
    pub(crate) bytes: u64,
    /// What its body is.
    pub(crate) sha: Sha,
}

/// What came of a message, as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// When.
    pub(crate) at_us: u64,
    /// Which.
    pub(crate) id: MessageId,
    /// Whose answer it is.
    pub(crate) by: By,
    /// The status; 0 where there is no answer.
    pub(crate) status: u16,
    /// The delivery's id if the relay kept it, else what there is to say; no blanks.
    pub(crate) note: String,
}

impl Ended {
    /// Whether the sender may take it that the message is safe.
    pub(crate) fn is_acknowledged(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Whose answer a sender has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum By {
    /// The app's, to this message.
    App,
    /// The app's, to another message.
    Other,
    /// The relay's: it waits for a client.
    Queued,
    /// The relay's: the app is at work on it.
    Pending,
    /// The relay's: an error.
    Relay,
    /// There is none: no connection, or one that broke.
    Nobody,
    /// There was none for so long that the sender left.
    Silence,
}

impl By {
    const NAMES: [(Self, &str); 7] = [
        (Self::App, "app"),
        (Self::Other, "other"),
        (Self::Queued, "queued"),
        (Self::Pending, "pending"),
        (Self::Relay, "relay"),
        (Self::Nobody, "nobody"),
        (Self::Silence, "silence"),
    ];

    /// How it is written.
    pub(crate) fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(by, _)| *by == self);
        found.map_or("?", |(_, name)| name)
    }

    fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(by, _)| *by)
    }
}

impl SenderLine {
    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let parsed = match words.next()? {
            "S" => Self::Sent(Sent {
                at_us: words.next()?.parse().ok()?,
                id: words.next()?.parse().ok()?,
                bytes: words.next()?.parse().ok()?,
                sha: unhex(words.next()?)?,
            }),
            "E" => Self::Ended(Ended {
                at_us: words.next()?.parse().ok()?,
                id: words.next()?.parse().ok()?,
                by: By::parse(words.next()?)?,
                status: words.next()?.parse().ok()?,
                note: words.next()?.to_owned(),
            }),
            "W" => Self::Apart {
                from_us: words.next()?.parse().ok()?,
                to_us: words.next()?.parse().ok()?,
            },
            _ => return None,
        };
        words.next().is_none().then_some(parsed)
    }
}

impl fmt::Display for SenderLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(sent) => {
                let Sent {
                    at_us,
                    id,
                    bytes,
                    sha,
                } = sent;
                write!(f, "S {at_us} {id} {bytes} {}", hex(sha))
            }
            Self::Ended(ended) => {
                let Ended {
                    at_us,
                    id,
                    by,
                    status,
                    note,
                } = ended;
                write!(f, "E {at_us} {id} {} {status} {note}", by.name())
            }
            Self::Apart { from_us, to_us } => write!(f, "W {from_us} {to_us}"),
        }
    }
}

/// A whole message at the app, put down before the app answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When.
    pub(crate) at_us: u64,
    /// Which, by its header.
    pub(crate) id: MessageId,
    /// Which, by its path.
    pub(crate) path_id: MessageId,
    /// `Kreel-Delivery-Id`.
    pub(crate) delivery: Uuid,
    /// `Kreel-Attempt`.
    pub(crate) attempt: u32,
    /// How large its body was.
    pub(crate) bytes: u64,
    /// What its body was.
    pub(crate) sha: Sha,
}

impl Arrival {
    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("A ")?.split(' ');
        let parsed = Self {
            at_us: words.next()?.parse().ok()?,
            id: words.next()?.parse().ok()?,
            path_id: words.next()?.parse().ok()?,
            delivery: words.next()?.parse().ok()?,
            attempt: words.next()?.parse().ok()?,
            bytes: words.next()?.parse().ok()?,
            sha: unhex(words.next()?)?,
        };
        words.next().is_none().then_some(parsed)
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at_us,
            id,
            path_id,
            delivery,
            attempt,
            bytes,
            sha,
        } = self;
        write!(
            f,
            "A {at_us} {id} {path_id} {delivery} {attempt} {bytes} {}",
            hex(sha)
        )
    }
}

fn hex(sha: &Sha) -> String {
    sha.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Sha> {
    let mut sha = Sha::default();
    if text.len() != 2 * sha.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in sha.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(sha)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_and_what_was_cut_off_is_nothing() {
        let sent = SenderLine::Sent(Sent {
            at_us: 1,
            id: 2,
            bytes: 3,
            sha: [0xa5; 32],
        });
        let ended = SenderLine::Ended(Ended {
            at_us: 4,
            id: 2,
            by: By::Queued,
            status: 202,
            note: "x".to_owned(),
        });
        let apart = SenderLine::Apart {
            from_us: 5,
            to_us: 6,
        };
        for line in [&sent, &ended, &apart] {
            assert_eq!(SenderLine::parse(&line.to_string()).as_ref(), Some(line));
        }
        let arrival = Arrival {
            at_us: 7,
            id: 2,
            path_id: 2,
            delivery: Uuid::from_u128(9),
            attempt: 1,
            bytes: 3,
            sha: [0xa5; 32],
        };
        let text = arrival.to_string();
        assert_eq!(Arrival::parse(&text), Some(arrival));
        for cut in 0..text.len() {
            assert_eq!(Arrival::parse(&text[..cut]), None, "cut at {cut}");
        }
        assert_eq!(SenderLine::parse(&sent.to_string()[..40]), None);
    }
}
