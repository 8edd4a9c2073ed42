//! Bodies by their hash, so that large ones need not be kept.

use sha2::{Digest as _, Sha256};

/// A body's length and SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    /// How many bytes.
    pub(crate) bytes: u64,
    /// Their hash, in hexadecimal.
    pub(crate) sha256: String,
}

impl Digest {
    /// Of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut digester = Digester::default();
        digester.add(bytes);
        digester.finish()
    }
}

/// Makes a digest piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Digester {
    bytes: u64,
    hash: Sha256,
}

impl Digester {
    /// Adds a piece.
    pub(crate) fn add(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.hash.update(piece);
    }

    /// The digest of all pieces.
    pub(crate) fn finish(self) -> Digest {
        let hash = self.hash.finalize();
        Digest {
            bytes: self.bytes,
            sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}
