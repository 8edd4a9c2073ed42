//! Rows of deliveries that are not in the file yet: each is written at the end of the group it came
//! in, as it stands then.

use bytes::Bytes;
use kreel_wire::{Delivery, Kind, Scheme, Seq, Verdict};
use rusqlite::{CachedStatement, Connection, params};

use super::record::{signed, write_headers};
use super::{Standing, StoredAttempt, attempts};

/// A delivery that came in the group at hand.
pub(super) struct Fresh {
    /// The number it gets.
    pub(super) number: i64,
    /// All but its body.
    pub(super) delivery: Box<Delivery>,
    /// The whole body, unless it comes in pieces.
    pub(super) body: Bytes,
    /// What came of the body so far.
    pub(super) size_bytes: u64,
    /// Whether that is all.
    pub(super) is_complete: bool,
    /// What has become of it.
    pub(super) standing: Standing,
    /// Its sender was told that it is in safety.
    pub(super) is_promised: bool,
    /// How many attempts have begun.
    pub(super) attempts: u32,
    /// Those that are over.
    pub(super) ended: Vec<StoredAttempt>,
}

impl Fresh {
    /// What writes rows: looked up once for many.
    pub(super) fn inserting(db: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
        db.prepare_cached(
            "INSERT INTO delivery (number, id, tunnel_id, seq, received_at_us, standing,
                attempts, is_complete, is_queued, size_bytes, last_status, last_failure,
                last_us, method, target, headers, https, forwarded_for, is_promised, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                ?17, ?18, ?19, ?20) ON CONFLICT DO NOTHING",
        )
    }

    /// Writes its row. False if its id is there already.
    pub(super) fn insert(
        &self,
        inserting: &mut CachedStatement<'_>,
        tunnel: i64,
        scratch: &mut Vec<u8>,
    ) -> rusqlite::Result<bool> {
        let delivery = &self.delivery;
        let last = self.ended.last();
        let (status, failure) = last.map_or((None, None), attempts::outcome);
        scratch.clear();
        write_headers(&delivery.headers, scratch);
        let Seq(seq) = delivery.seq;
        let inserted = inserting.execute(params![
            self.number,
            delivery.id.as_bytes(),
            tunnel,
            signed(seq),
            signed(delivery.received_at_us),
            self.standing.number(),
            self.attempts,
            self.is_complete,
            delivery.kind == Kind::Queued,
            self.size_bytes,
            status,
            failure,
            last.map(|last| attempts::micros(last.timings.total)),
            &*delivery.method,
            &*delivery.target,
            scratch.as_slice(),
            delivery.scheme == Scheme::Https,
            &*delivery.forwarded_for,
            self.is_promised,
            delivery.signature.map(Verdict::number),
        ])?;
        Ok(inserted > 0)
    }
}
