//! What can be read of a damaged file, row by row, from both ends of each table.

use std::fmt;
use std::path::Path;

use kreel_wire::TunnelName;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tracing::debug;

use super::super::reader::open_to_read;
use super::super::schema;
use crate::error::StoreError;

/// How much was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Tokens, revoked ones too.
    pub tokens: u64,
    /// Tunnels.
    pub tunnels: u64,
    /// Deliveries, waiting and settled.
    pub deliveries: u64,
}

impl fmt::Display for Salvaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tokens,
            tunnels,
            deliveries,
        } = self;
        write!(
            f,
            "tokens {tokens}, tunnels {tunnels}, deliveries {deliveries}"
        )
    }
}

/// A table, in an order that satisfies references.
pub(super) struct Table {
    name: &'static str,
    columns: &'static str,
    /// The version of the file that brought it.
    pub(super) since: i64,
    /// Its key, by which it is read forwards and backwards.
    key: &'static str,
}

pub(super) const TABLES: [Table; 7] = [
    Table {
        name: "token",
        columns: "id, name, hash, created_at, last_used_at, revoked_at",
        since: 1,
        key: "id",
    },
    Table {
        name: "token_terms",
        columns: "token_id, scope, expires_at",
        since: 3,
        key: "token_id",
    },
    Table {
        name: "released_name",
        columns: "name, token_id, released_at",
        since: 3,
        key: "name",
    },
    Table {
        name: "tunnel",
        columns: "id, name, token_id, created_at, reserved_seq, answer_now, wait_ms, strict",
        since: 1,
        key: "id",
    },
    Table {
        name: "settled",
        columns: "tunnel_id, seq, settled_at, bytes",
        since: 2,
        key: "tunnel_id, seq",
    },
    Table {
        name: "delivery",
        columns: "tunnel_id, seq, id, received_at_us, method, target, headers, https, \
                  forwarded_for, body_bytes, body",
        since: 1,
        key: "rowid",
    },
    Table {
        name: "piece",
        columns: "tunnel_id, seq, number, bytes",
        since: 1,
        key: "rowid",
    },
];

/// How far positions are put forward, in case the newest could not be read: a million.
const SEQ_JUMP: u64 = 1 << 20;

impl Table {
    pub(super) fn select(&self, more: &str, order: &str) -> String {
        let Self { name, columns, .. } = self;
        format!("SELECT {columns}{more} FROM {name} {order}")
    }
}

/// Copies what can be read into a new file.
pub(super) fn salvage(damaged: &Path, fresh: &Path) -> Result<Salvaged, StoreError> {
    super::super::folder::private()
        .create(true)
        .append(true)
        .open(fresh)
        .map_err(|source| {
            StoreError::Sqlite(rusqlite::Error::ToSqlConversionFailure(source.into()))
        })?;
    let mut to = schema::open(fresh)?;
    let mut salvaged = Salvaged::default();
    if has_pages(damaged)
        && let Ok(from) = open_to_read(damaged)
    {
        let transaction = to.transaction()?;
        for table in &TABLES {
            let rows = copy(&from, &transaction, table)?;
            match table.name {
                "token" => salvaged.tokens = rows,
                "tunnel" => salvaged.tunnels = rows,
                "delivery" => salvaged.deliveries = rows,
                _ => {}
            }
        }
        make_sense(&transaction)?;
        transaction.commit()?;
    }
    // One file, whole, before it takes its place.
    to.query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(()))?;
    to.close().map_err(|(_, error)| error)?;
    Ok(salvaged)
}

/// Whether there is anything to read. Beside a file without, SQLite removes the log, even if it
/// may only read.
fn has_pages(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() >= 512)
}

/// Copies a table from its beginning until it can't be read on, then from its end.
fn copy(from: &Connection, to: &Connection, table: &Table) -> Result<u64, StoreError> {
    // The newest columns, or those of an older file.
    let more: &[&str] = match table.name {
        "delivery" => &[", attempted, signature", ", attempted"],
        "tunnel" => &[", opened, rules", ", opened"],
        _ => &[],
    };
    let more = more.iter().copied().find(|more| {
        let select = table.select(more, "");
        from.prepare(&select).is_ok()
    });
    let more = more.unwrap_or_default();
    let columns = format!("{}{more}", table.columns);
    let places = vec!["?"; columns.split(',').count()].join(", ");
    let insert = format!(
        "INSERT OR IGNORE INTO {} ({columns}) VALUES ({places})",
        table.name
    );
    let mut copied = 0;
    for direction in ["ASC", "DESC"] {
        let order = format!(
            "ORDER BY {}",
            table.key.replace(',', &format!(" {direction},"))
        );
        let select = table.select(more, &format!("{order} {direction}"));
        let (rows, whole) = copy_rows(from, to, &select, &insert)?;
        copied += rows;
        if whole {
            break;
        }
    }
    Ok(copied)
}

/// How many rows were new, and whether the table could be read to its end.
fn copy_rows(
    from: &Connection,
    to: &Connection,
    select: &str,
    insert: &str,
) -> Result<(u64, bool), StoreError> {
    let mut copied = 0;
    let Ok(mut statement) = from.prepare(select) else {
        return Ok((0, false));
    };
    let columns = statement.column_count();
    let Ok(mut rows) = statement.query([]) else {
        return Ok((0, false));
    };
    let mut insert = to.prepare(insert)?;
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let values: rusqlite::Result<Vec<Value>> =
                    (0..columns).map(|column| row.get(column)).collect();
                let inserted = values.and_then(|values| insert.execute(params_from_iter(values)));
                match inserted {
                    Ok(rows) => copied += rows as u64,
                    Err(error) if is_fatal(&error) => return Err(error.into()),
                    Err(error) => debug!(%error, "a row of a damaged file was left out"),
                }
            }
            Ok(None) => return Ok((copied, true)),
            Err(_) => return Ok((copied, false)),
        }
    }
}

/// Whether the new file can't be written, rather than a row not be taken.
fn is_fatal(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, ReadOnly, SystemIoFailure};
    matches!(
        error.sqlite_error_code(),
        Some(CannotOpen | DiskFull | ReadOnly | SystemIoFailure)
    )
}

/// Leaves out what no relay would have written, and puts positions forward.
fn make_sense(to: &Connection) -> Result<(), StoreError> {
    let names: Vec<(i64, String)> = to
        .prepare("SELECT id, name FROM tunnel")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, name) in names {
        if name.parse::<TunnelName>().is_err() {
            to.execute("DELETE FROM settled WHERE tunnel_id = ?1", [id])?;
            to.execute("DELETE FROM delivery WHERE tunnel_id = ?1", [id])?;
            to.execute("DELETE FROM tunnel WHERE id = ?1", [id])?;
        }
    }
    to.execute(
        "DELETE FROM delivery WHERE seq NOT BETWEEN 1 AND 1 << 60
            OR received_at_us < 0 OR body_bytes < 0 OR length(id) <> 16",
        [],
    )?;
    to.execute(
        "DELETE FROM settled WHERE bytes < 0 OR NOT EXISTS (SELECT 1 FROM delivery
            WHERE delivery.tunnel_id = settled.tunnel_id AND delivery.seq = settled.seq)",
        [],
    )?;
    to.execute(
        "UPDATE tunnel SET reserved_seq = ?1 + max(
                CASE WHEN reserved_seq BETWEEN 0 AND 1 << 60 THEN reserved_seq ELSE 0 END,
                (SELECT coalesce(max(seq), 0) FROM delivery WHERE tunnel_id = tunnel.id)),
            answer_now = CASE WHEN answer_now BETWEEN 200 AND 999 THEN answer_now ELSE 0 END,
            wait_ms = CASE WHEN wait_ms BETWEEN 0 AND 86400000 THEN wait_ms ELSE 10000 END,
            strict = strict <> 0,
            opened = opened <> 0",
        [SEQ_JUMP],
    )?;
    Ok(())
}
