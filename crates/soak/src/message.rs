//! What is sent: bodies and the way they travel, all of it from the seed and the message's number.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use sha2::{Digest, Sha256};

use crate::ledger::{MessageId, Sha};

/// The largest body: 2 MiB, twice what the relay holds in memory of one.
pub(crate) const MOST_BYTES: usize = 2 * 1024 * 1024;

/// A message, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Its number.
    pub(crate) id: MessageId,
    /// Its body.
    pub(crate) body: Bytes,
    /// The SHA-256 of its body.
    pub(crate) sha: Sha,
    /// How the body travels.
    pub(crate) pieces: Pieces,
    /// Whether it has a connection of its own.
    pub(crate) fresh: bool,
}

/// How a body travels to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pieces {
    /// Its length is told, and it is sent as fast as it is taken.
    Whole,
    /// Its length is not told; there is a pause between the pieces.
    Chunked {
        /// How large each piece is.
        bytes: usize,
        /// How long the pauses are.
        pause: Duration,
    },
}

impl Message {
    /// The message with this number.
    pub(crate) fn new(seed: u64, id: MessageId) -> Self {
        let mut rng = Rng::with_seed(seed ^ id.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut body = vec![0; size(&mut rng)];
        rng.fill(&mut body);
        let pieces = match rng.u8(..) {
            0..200 => Pieces::Whole,
            _ => Pieces::Chunked {
                bytes: (body.len() / rng.usize(1..=6)).max(1),
                pause: Duration::from_millis(rng.u64(0..30)),
            },
        };
        Self {
            id,
            sha: sha(&body),
            body: body.into(),
            pieces,
            fresh: rng.u8(..) < 32,
        }
    }
}

/// The SHA-256 of a body.
pub(crate) fn sha(body: &[u8]) -> Sha {
    Sha256::digest(body).into()
}

/// Mostly small, as webhooks are; some beyond one message of the wire (64 KiB), a few beyond what
/// the relay holds in memory (1 MiB). 14 KiB on average.
fn size(rng: &mut Rng) -> usize {
    match rng.u32(..1000) {
        0..50 => 0,
        50..650 => rng.usize(1..=1024),
        650..950 => rng.usize(1..=16 * 1024),
        950..995 => rng.usize(16 * 1024..=256 * 1024),
        995..999 => rng.usize(256 * 1024..=MOST_BYTES),
        // Around the edges of a message, where lengths are easily off by one.
        _ => 64 * 1024 - 2 + rng.usize(0..5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_messages_again() {
        let (one, again) = (Message::new(7, 1), Message::new(7, 1));
        assert_eq!(
            (&one.body, one.sha, &one.pieces),
            (&again.body, again.sha, &again.pieces)
        );
        assert_ne!(one.sha, Message::new(8, 1).sha);
        assert_ne!(one.sha, Message::new(7, 2).sha);
    }

    #[test]
    fn sizes_are_skewed_to_small_and_reach_the_end() {
        let mut rng = Rng::with_seed(1);
        let mut sizes: Vec<usize> = (0..20_000).map(|_| size(&mut rng)).collect();
        sizes.sort_unstable();
        assert_eq!(sizes[0], 0);
        assert!(sizes[10_000] <= 1024, "{}", sizes[10_000]);
        assert!((1024 * 1024..=MOST_BYTES).contains(sizes.last().unwrap()));
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((8 * 1024..20 * 1024).contains(&mean), "{mean}");
    }
}
