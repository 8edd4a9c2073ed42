//! Lines the user draws between deliveries: "here I changed the handler".

use kreel_wire::TunnelName;
use rusqlite::{Connection, params};

/// A line between deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Which one: later ones have higher numbers.
    pub id: i64,
    /// The newest delivery of the history when it was drawn: the line stands above that.
    pub below: i64,
    /// The tunnel it is drawn in.
    pub tunnel: String,
    /// When it was drawn: microseconds since 1970.
    pub made_at_us: u64,
    /// What it says.
    pub text: String,
}

/// Those that stand above deliveries from `since` to before `before`, the newest first.
pub(super) fn between(
    db: &Connection,
    tunnel: Option<&TunnelName>,
    since: i64,
    before: i64,
) -> rusqlite::Result<Vec<Marker>> {
    db.prepare_cached(
        "SELECT marker.id, below, name, made_at_us, text
            FROM marker CROSS JOIN tunnel ON tunnel.id = tunnel_id
            WHERE below >= ?1 AND below < ?2 AND name = coalesce(?3, name)
            ORDER BY below DESC, marker.id DESC",
    )?
    .query_map(
        params![since, before, tunnel.map(TunnelName::as_str)],
        |row| {
            Ok(Marker {
                id: row.get(0)?,
                below: row.get(1)?,
                tunnel: row.get(2)?,
                made_at_us: row.get(3)?,
                text: row.get(4)?,
            })
        },
    )?
    .collect()
}
