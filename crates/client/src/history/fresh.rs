//! A delivery that came in the group at hand: written at its end, as it stands then.

use bytes::Bytes;
use kreel_wire::{Delivery, Kind, Seq};
use rusqlite::{CachedStatement, Connection, params};

use super::record::signed;
use super::{Standing, StoredAttempt, attempts};

/// A delivery that came in the group at hand.
pub(super) struct Fresh {
    pub(super) number: i64,
    pub(super) delivery: Box<Delivery>,
    /// The whole body, unless it comes in pieces.
    pub(super) body: Bytes,
    pub(super) size_bytes: u64,
    pub(super) is_complete: bool,
    pub(super) standing: Standing,
    pub(super) is_promised: bool,
    pub(super) attempts: u32,
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
        super::record::write_headers(&delivery.headers, scratch);
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
            delivery.scheme == kreel_wire::Scheme::Https,
            &*delivery.forwarded_for,
            self.is_promised,
            delivery.signature.map(kreel_wire::Verdict::number),
        ])?;
        Ok(inserted > 0)
    }
}
