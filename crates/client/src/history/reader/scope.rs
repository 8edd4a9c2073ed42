//! What is looked for in a history, from where, and what came of the look.

use kreel_inspect::filter::Filter;
use kreel_wire::TunnelName;

use super::rows::Row;

/// Which deliveries are looked for.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only those of this tunnel.
    pub tunnel: Option<TunnelName>,
    /// Only those it picks.
    pub filter: Option<Filter>,
    /// Only those with a higher number than this.
    pub since_number: Option<i64>,
}

/// Where a look begins, and in which direction it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The newest, and on to older ones.
    Newest,
    /// Those older than this number, the next first.
    Before(i64),
    /// Those newer than this number, the next first.
    After(i64),
    /// This number, if it is looked for, with as many newer as older ones.
    Around(i64),
}

/// What a look found.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The newest first, whatever the direction.
    pub rows: Vec<Row>,
    /// How far was looked: the look goes on with [`From::Before`] this number, and with
    /// [`From::After`] it if that was the direction.
    pub scanned_to: i64,
    /// Whether there is nothing further on in that direction.
    pub is_end: bool,
    /// How many deliveries further on were not looked at, at the most.
    pub unsearched: u64,
}
