//! The store's one thread: takes jobs in order, many to a transaction, and tells those who wait
//! once the transaction is on disk.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use kreel_wire::{AnswerMode, Policy, Seq, TunnelName};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::record::{COLUMNS, Record, from_row, write_headers};
use super::{Claim, Shelf, TunnelRow};
use crate::error::StoreError;

/// How many jobs share one transaction at the most; what waits longer than one fsync joins the
/// next anyway.
const GROUP: usize = 512;

/// Where the result of a job goes, once it is on disk.
type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread can be asked.
pub(super) enum Job {
    Keep {
        shelf: Arc<Shelf>,
        record: Box<Record>,
        reply: Reply<()>,
    },
    Piece {
        tunnel: i64,
        seq: Seq,
        number: u32,
        bytes: Vec<Bytes>,
        reply: Reply<()>,
    },
    Discard {
        tunnel: i64,
        seq: Seq,
    },
    Settle {
        shelf: Arc<Shelf>,
        seqs: Vec<Seq>,
        reply: Reply<()>,
    },
    Reserve {
        tunnel: i64,
        up_to: Seq,
        reply: Reply<()>,
    },
    Waiting {
        tunnel: i64,
        limit: usize,
        reply: Reply<Vec<Seq>>,
    },
    Load {
        tunnel: i64,
        seq: Seq,
        reply: Reply<Option<Record>>,
    },
    LoadPiece {
        tunnel: i64,
        seq: Seq,
        number: u32,
        reply: Reply<Option<Bytes>>,
    },
    Token {
        hash: [u8; 32],
        reply: Reply<Option<(i64, String)>>,
    },
    Claim {
        name: TunnelName,
        token: i64,
        policy: Policy,
        reply: Reply<Claim>,
    },
    ValidTokens {
        version: i64,
        reply: Reply<Option<(i64, HashSet<i64>)>>,
    },
    Stop,
}

/// A finished job whose reply waits for the commit.
type Finished = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Runs until told to stop or nobody is left to ask.
pub(super) fn run(
    mut connection: Connection,
    mut jobs: mpsc::Receiver<Job>,
    kept: &Arc<AtomicU64>,
) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let Some(first) = jobs.blocking_recv() else {
            break;
        };
        group.push(first);
        while group.len() < GROUP
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        let stop = group.iter().any(|job| matches!(job, Job::Stop));
        commit_group(&mut connection, group.drain(..), kept);
        if stop {
            break;
        }
    }
    // Folds the log into the file; without it the next start does the same.
    let _ = connection.pragma_update(None, "wal_checkpoint", "truncate");
}

fn commit_group(
    connection: &mut Connection,
    group: impl Iterator<Item = Job>,
    kept: &Arc<AtomicU64>,
) {
    let mut finished: Vec<Finished> = Vec::new();
    let result = (|| {
        // At once for writing: another process may write between a group's first read and first
        // write, and the group would fail.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in group {
            finished.push(perform(&transaction, job, kept));
        }
        transaction.commit()
    })();
    if let Err(error) = &result {
        error!(%error, "the store could not commit");
    }
    // The error has one owner; each further waiter learns that nothing was kept.
    let mut failure = result.err();
    let failed = failure.is_some();
    for reply in finished {
        match failure.take() {
            Some(error) => reply(Err(error.into())),
            None if failed => reply(Err(StoreError::Closed)),
            None => reply(Ok(())),
        }
    }
}

/// Does one job inside the transaction. Its own failure is its own; the commit's is everybody's.
fn perform(db: &Connection, job: Job, kept: &Arc<AtomicU64>) -> Finished {
    match job {
        Job::Keep {
            shelf,
            record,
            reply,
        } => {
            let (result, kept) = (keep(db, shelf.tunnel, &record), kept.clone());
            counted(reply, result, move |()| {
                shelf.waiting.fetch_add(1, Ordering::Relaxed);
                kept.fetch_add(record.body_bytes, Ordering::Relaxed);
            })
        }
        Job::Piece {
            tunnel,
            seq,
            number,
            bytes,
            reply,
        } => later(reply, piece(db, tunnel, seq, number, &bytes)),
        Job::Discard { tunnel, seq } => quietly(discard(db, tunnel, seq)),
        Job::Settle { shelf, seqs, reply } => {
            let (result, kept) = (settle(db, shelf.tunnel, &seqs), kept.clone());
            counted(reply, result, move |gone| {
                shelf.waiting.fetch_sub(gone.rows, Ordering::Relaxed);
                kept.fetch_sub(gone.bytes, Ordering::Relaxed);
            })
        }
        Job::Reserve {
            tunnel,
            up_to,
            reply,
        } => later(reply, reserve(db, tunnel, up_to)),
        Job::Waiting {
            tunnel,
            limit,
            reply,
        } => later(reply, waiting(db, tunnel, limit)),
        Job::Load { tunnel, seq, reply } => later(reply, load(db, tunnel, seq)),
        Job::LoadPiece {
            tunnel,
            seq,
            number,
            reply,
        } => later(reply, load_piece(db, tunnel, seq, number)),
        Job::Token { hash, reply } => later(reply, token(db, hash)),
        Job::Claim {
            name,
            token,
            policy,
            reply,
        } => later(reply, claim(db, &name, token, policy)),
        Job::ValidTokens { version, reply } => later(reply, valid_tokens(db, version)),
        Job::Stop => Box::new(|_| ()),
    }
}

fn later<T: Send + 'static>(reply: Reply<T>, result: rusqlite::Result<T>) -> Finished {
    Box::new(move |commit| {
        // Whoever asked may have left meanwhile.
        let _ = reply.send(commit.and(result.map_err(StoreError::from)));
    })
}

/// Counts what has changed once it is on disk, and only then.
fn counted<T: Send + 'static>(
    reply: Reply<()>,
    result: rusqlite::Result<T>,
    count: impl FnOnce(T) + Send + 'static,
) -> Finished {
    Box::new(move |commit| {
        let _ = reply.send(commit.and(result.map_err(StoreError::from)).map(count));
    })
}

fn quietly(result: rusqlite::Result<()>) -> Finished {
    if let Err(error) = result {
        error!(%error, "the store could not forget a body that was not kept");
    }
    Box::new(|_| ())
}

fn keep(db: &Connection, tunnel: i64, record: &Record) -> rusqlite::Result<()> {
    let delivery = &record.delivery;
    let body;
    let body = match &record.body[..] {
        [] => &[][..],
        [one] => one,
        several => {
            body = several.concat();
            &body
        }
    };
    db.prepare_cached(
        "INSERT INTO delivery (tunnel_id, seq, id, received_at_us, method, target, headers, https,
            forwarded_for, body_bytes, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        tunnel,
        delivery.seq.0,
        delivery.id.as_bytes(),
        delivery.received_at_us,
        &*delivery.method,
        &*delivery.target,
        write_headers(&delivery.headers),
        delivery.scheme == kreel_wire::Scheme::Https,
        &*delivery.forwarded_for,
        record.body_bytes,
        body,
    ])?;
    Ok(())
}

fn piece(
    db: &Connection,
    tunnel: i64,
    seq: Seq,
    number: u32,
    bytes: &[Bytes],
) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO piece (tunnel_id, seq, number, bytes) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![tunnel, seq.0, number, bytes.concat()])?;
    Ok(())
}

/// What was forgotten.
#[derive(Default)]
struct Gone {
    rows: u64,
    bytes: u64,
}

fn settle(db: &Connection, tunnel: i64, seqs: &[Seq]) -> rusqlite::Result<Gone> {
    let mut gone = Gone::default();
    for seq in seqs {
        let bytes = db
            .prepare_cached(
                "DELETE FROM delivery WHERE tunnel_id = ?1 AND seq = ?2 RETURNING body_bytes",
            )?
            .query_row(params![tunnel, seq.0], |row| row.get::<_, u64>(0))
            .optional()?;
        if let Some(bytes) = bytes {
            gone.rows += 1;
            gone.bytes += bytes;
            discard(db, tunnel, *seq)?;
        }
    }
    Ok(gone)
}

/// Forgets pieces, unless their delivery was kept after all.
fn discard(db: &Connection, tunnel: i64, seq: Seq) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM piece WHERE tunnel_id = ?1 AND seq = ?2 AND NOT EXISTS
            (SELECT 1 FROM delivery WHERE tunnel_id = ?1 AND seq = ?2)",
    )?
    .execute(params![tunnel, seq.0])?;
    Ok(())
}

fn reserve(db: &Connection, tunnel: i64, up_to: Seq) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE tunnel SET reserved_seq = max(reserved_seq, ?2) WHERE id = ?1")?
        .execute(params![tunnel, up_to.0])?;
    Ok(())
}

fn waiting(db: &Connection, tunnel: i64, limit: usize) -> rusqlite::Result<Vec<Seq>> {
    db.prepare_cached("SELECT seq FROM delivery WHERE tunnel_id = ?1 ORDER BY seq LIMIT ?2")?
        .query_map(params![tunnel, limit], |row| row.get(0).map(Seq))?
        .collect()
}

fn load(db: &Connection, tunnel: i64, seq: Seq) -> rusqlite::Result<Option<Record>> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE tunnel_id = ?1 AND seq = ?2");
    db.prepare_cached(&sql)?
        .query_row(params![tunnel, seq.0], from_row)
        .optional()
}

fn load_piece(
    db: &Connection,
    tunnel: i64,
    seq: Seq,
    number: u32,
) -> rusqlite::Result<Option<Bytes>> {
    db.prepare_cached("SELECT bytes FROM piece WHERE tunnel_id = ?1 AND seq = ?2 AND number = ?3")?
        .query_row(params![tunnel, seq.0, number], |row| {
            row.get::<_, Vec<u8>>(0).map(Bytes::from)
        })
        .optional()
}

fn token(db: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<(i64, String)>> {
    db.prepare_cached(
        "UPDATE token SET last_used_at = ?2 WHERE hash = ?1 AND revoked_at IS NULL RETURNING id, name",
    )?
    .query_row(params![hash, Timestamp::now().as_millisecond()], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

fn claim(
    db: &Connection,
    name: &TunnelName,
    token: i64,
    policy: Policy,
) -> rusqlite::Result<Claim> {
    let now = Timestamp::now().as_millisecond();
    db.prepare_cached(
        "INSERT INTO tunnel (name, token_id, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![name.as_str(), token, now])?;
    db.prepare_cached(
        "UPDATE tunnel SET answer_now = ?3, wait_ms = ?4, strict = ?5 WHERE name = ?1 AND token_id = ?2",
    )?
    .execute(params![
        name.as_str(),
        token,
        answer_now(policy),
        u64::try_from(policy.wait.as_millis()).unwrap_or(u64::MAX >> 1),
        policy.strict,
    ])?;
    let sql = format!("SELECT {TUNNEL_COLUMNS} FROM tunnel WHERE name = ?1 AND token_id = ?2");
    let row = db
        .prepare_cached(&sql)?
        .query_row(params![name.as_str(), token], tunnel_row)
        .optional()?;
    Ok(row.map_or(Claim::Taken, |row| Claim::Owned(Box::new(row))))
}

const TUNNEL_COLUMNS: &str = "id, name, reserved_seq, answer_now, wait_ms, strict,
    (SELECT count(*) FROM delivery WHERE tunnel_id = tunnel.id)";

/// Every tunnel there is, for the start.
pub(super) fn tunnels(db: &Connection) -> rusqlite::Result<Vec<TunnelRow>> {
    db.prepare(&format!("SELECT {TUNNEL_COLUMNS} FROM tunnel"))?
        .query_map([], tunnel_row)?
        .collect()
}

/// Forgets the pieces of bodies whose deliveries were never kept, and counts the bytes that are.
pub(super) fn tidy(db: &Connection) -> rusqlite::Result<u64> {
    db.execute(
        "DELETE FROM piece WHERE NOT EXISTS (SELECT 1 FROM delivery
            WHERE delivery.tunnel_id = piece.tunnel_id AND delivery.seq = piece.seq)",
        [],
    )?;
    db.query_row(
        "SELECT coalesce(sum(body_bytes), 0) FROM delivery",
        [],
        |row| row.get(0),
    )
}

fn tunnel_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<TunnelRow> {
    let name: String = row.get(1)?;
    let invalid =
        |_| rusqlite::Error::InvalidColumnType(1, name.clone(), rusqlite::types::Type::Text);
    Ok(TunnelRow {
        id: row.get(0)?,
        name: name.parse().map_err(invalid)?,
        reserved: Seq(row.get(2)?),
        policy: Policy {
            answer: match row.get(3)? {
                0 => AnswerMode::App,
                status => AnswerMode::Now(status),
            },
            wait: Duration::from_millis(row.get(4)?),
            strict: row.get(5)?,
        },
        waiting: row.get(6)?,
    })
}

fn answer_now(policy: Policy) -> u16 {
    match policy.answer {
        AnswerMode::App => 0,
        AnswerMode::Now(status) => status,
    }
}

/// The valid tokens, if another connection has changed the file since `version`.
fn valid_tokens(db: &Connection, version: i64) -> rusqlite::Result<Option<(i64, HashSet<i64>)>> {
    let now: i64 = db.query_row("PRAGMA data_version", [], |row| row.get(0))?;
    if now == version {
        return Ok(None);
    }
    let valid = db
        .prepare_cached("SELECT id FROM token WHERE revoked_at IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some((now, valid)))
}
