//! Checks a webhook's signature while its body comes, so that nobody has to hold it for that.

use hmac::Mac as _;
use hmac::digest::CtOutput;
use http::HeaderMap;
use kreel_wire::Verdict;

use crate::TOLERANCE_SECONDS;
use crate::key::{Key, Sum};
use crate::read::read;

/// A signature that is being checked.
#[derive(Debug)]
pub struct Check {
    sum: Sum,
    sums: Vec<[u8; 32]>,
}

impl Key {
    /// Begins with the head, at this time (seconds since 1970). What can't be good any more is
    /// known before the body is.
    pub fn check(&self, headers: &HeaderMap, now: i64) -> Result<Check, Verdict> {
        let signed = read(self.scheme(), headers)?;
        let mut written: &[u8] = b"";
        if let Some((text, time)) = signed.time {
            if now.abs_diff(time) > TOLERANCE_SECONDS.unsigned_abs() {
                return Err(Verdict::Stale);
            }
            written = text;
        }
        Ok(Check {
            sum: self.begin(signed.id, written),
            sums: signed.sums,
        })
    }
}

impl Check {
    /// Goes on with a piece of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
    }

    /// What it comes to at the body's end. Takes the same time wherever a signature differs.
    pub fn finish(self) -> Verdict {
        let sum = self.sum.finalize();
        let matches = |given: &[u8; 32]| CtOutput::new((*given).into()) == sum;
        match self.sums.iter().any(matches) {
            true => Verdict::Good,
            false => Verdict::Wrong,
        }
    }
}
