//! Bodies that are still arriving: small chunks are joined before they are written.

use bytes::Bytes;
use foldhash::{HashMap, HashSet};
use kreel_wire::DeliveryId;
use rusqlite::{CachedStatement, Connection, params};

use super::Known;
use super::record::key;
use crate::limits::{HISTORY_PIECE_BYTES, HISTORY_TAILS_BYTES};

/// The bodies that are not complete.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    open: HashMap<DeliveryId, Body>,
    /// How much of them is not written yet.
    tails_bytes: usize,
    /// Those the present group has to do with: if it fails, they have a hole.
    touched: HashSet<DeliveryId>,
}

/// A body that is not complete.
#[derive(Debug)]
pub(super) struct Body {
    number: i64,
    next: u32,
    tail: Vec<u8>,
    /// What came of it so far.
    pub(super) size_bytes: u64,
    /// What is told once it is complete, if somebody waits for it.
    pub(super) wanted: Option<Known>,
}

impl Bodies {
    /// A body begins, in place of what was there of it.
    pub(super) fn begin(&mut self, id: DeliveryId, number: i64, wanted: Option<Known>) {
        self.forget(&id);
        self.touched.insert(id);
        let body = Body {
            number,
            next: 0,
            tail: Vec::new(),
            size_bytes: 0,
            wanted,
        };
        self.open.insert(id, body);
    }

    /// Adds to a body. Nothing happens if none is arriving.
    pub(super) fn push(
        &mut self,
        db: &Connection,
        id: DeliveryId,
        data: &Bytes,
    ) -> rusqlite::Result<()> {
        let Some(body) = self.open.get_mut(&id) else {
            return Ok(());
        };
        self.touched.insert(id);
        let before = body.tail.len();
        body.push(db, data)?;
        self.tails_bytes = self.tails_bytes + body.tail.len() - before;
        if self.tails_bytes > HISTORY_TAILS_BYTES {
            self.write_all(db)?;
        }
        Ok(())
    }

    /// A body is complete, or nothing comes of it any more: what came of it is written.
    pub(super) fn end(
        &mut self,
        db: &Connection,
        id: DeliveryId,
    ) -> rusqlite::Result<Option<Body>> {
        let Some(mut body) = self.open.remove(&id) else {
            return Ok(None);
        };
        self.tails_bytes -= body.tail.len();
        body.write(db)?;
        Ok(Some(body))
    }

    /// Whether somebody waits for it to be complete.
    pub(super) fn is_wanted(&self, id: &DeliveryId) -> bool {
        self.open.get(id).is_some_and(|body| body.wanted.is_some())
    }

    /// What was written in the present group is in the file.
    pub(super) fn committed(&mut self) {
        self.touched.clear();
    }

    /// What was written in the present group is not: those bodies have a hole and are given up.
    /// `pieces` are those that were to be added to. Says which of them somebody waits for.
    pub(super) fn rolled_back(&mut self, pieces: &[DeliveryId]) -> Vec<DeliveryId> {
        self.touched.extend(pieces);
        let touched: Vec<_> = self.touched.drain().collect();
        let wanted = touched.iter().filter(|id| self.is_wanted(id)).copied();
        let wanted = wanted.collect();
        touched.iter().for_each(|id| self.forget(id));
        wanted
    }

    /// The file is another: all are given up.
    pub(super) fn clear(&mut self) -> Vec<DeliveryId> {
        self.touched.extend(self.open.keys());
        self.rolled_back(&[])
    }

    fn forget(&mut self, id: &DeliveryId) {
        if let Some(body) = self.open.remove(id) {
            self.tails_bytes -= body.tail.len();
        }
    }

    fn write_all(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for (id, body) in &mut self.open {
            if !body.tail.is_empty() {
                self.touched.insert(*id);
                self.tails_bytes -= body.tail.len();
                body.write(db)?;
            }
        }
        Ok(())
    }
}

impl Body {
    /// The number of its delivery.
    pub(super) fn number(&self) -> i64 {
        self.number
    }

    fn push(&mut self, db: &Connection, mut data: &[u8]) -> rusqlite::Result<()> {
        self.size_bytes += data.len() as u64;
        while !data.is_empty() {
            if self.tail.is_empty() && data.len() >= HISTORY_PIECE_BYTES {
                let (piece, rest) = data.split_at(HISTORY_PIECE_BYTES);
                put_piece(db, self.number, self.next, piece)?;
                self.next += 1;
                data = rest;
                continue;
            }
            let room = HISTORY_PIECE_BYTES - self.tail.len();
            let (joined, rest) = data.split_at(room.min(data.len()));
            self.tail.extend_from_slice(joined);
            data = rest;
            if self.tail.len() == HISTORY_PIECE_BYTES {
                self.write(db)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if !self.tail.is_empty() {
            put_piece(db, self.number, self.next, &self.tail)?;
            self.next += 1;
            self.tail.clear();
        }
        Ok(())
    }
}

/// Writes a body that is whole.
pub(super) fn put_whole(
    inserting: &mut CachedStatement<'_>,
    number: i64,
    body: &[u8],
) -> rusqlite::Result<()> {
    for (piece, bytes) in (0..).zip(body.chunks(HISTORY_PIECE_BYTES)) {
        inserting.execute(params![key(number, piece), bytes])?;
    }
    Ok(())
}

/// What writes pieces: looked up once for many.
pub(super) fn inserting(db: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    db.prepare_cached("INSERT OR REPLACE INTO piece (key, bytes) VALUES (?1, ?2)")
}

fn put_piece(db: &Connection, number: i64, piece: u32, bytes: &[u8]) -> rusqlite::Result<()> {
    inserting(db)?.execute(params![key(number, piece), bytes])?;
    Ok(())
}
