//! How the counters of tunnels change, gathered for a group and written with it.

use rusqlite::{Connection, params};

use super::Standing;

/// Changes of counters.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<Change>);

#[derive(Debug, Default)]
struct Change {
    tunnel: i64,
    received: i64,
    by_standing: [i64; 7],
    duplicates: i64,
}

impl Tally {
    /// A delivery came for the first time and stands there.
    pub(super) fn came(&mut self, tunnel: i64, standing: Standing) {
        let change = self.of(tunnel);
        change.received += 1;
        change.by_standing[usize::from(standing.number())] += 1;
    }

    /// A delivery left the tunnel, as if it had not come.
    pub(super) fn left(&mut self, tunnel: i64, standing: Standing) {
        let change = self.of(tunnel);
        change.received -= 1;
        change.by_standing[usize::from(standing.number())] -= 1;
    }

    /// A delivery stands elsewhere.
    pub(super) fn moved(&mut self, tunnel: i64, from: Standing, to: Standing) {
        let change = self.of(tunnel);
        change.by_standing[usize::from(from.number())] -= 1;
        change.by_standing[usize::from(to.number())] += 1;
    }

    /// A finished delivery came again.
    pub(super) fn duplicate(&mut self, tunnel: i64) {
        self.of(tunnel).duplicates += 1;
    }

    /// Writes the changes.
    pub(super) fn write(self, db: &Connection) -> rusqlite::Result<()> {
        for change in self.0 {
            let [live, waiting, answered, failed, lost, broken_off, captured] = change.by_standing;
            db.prepare_cached(
                "UPDATE tunnel SET received = received + ?2, live = live + ?3,
                    waiting = waiting + ?4, answered = answered + ?5, failed = failed + ?6,
                    lost = lost + ?7, broken_off = broken_off + ?8, captured = captured + ?9,
                    duplicates = duplicates + ?10 WHERE id = ?1",
            )?
            .execute(params![
                change.tunnel,
                change.received,
                live,
                waiting,
                answered,
                failed,
                lost,
                broken_off,
                captured,
                change.duplicates,
            ])?;
        }
        Ok(())
    }

    fn of(&mut self, tunnel: i64) -> &mut Change {
        // One tunnel, or the few of other relays whose deliveries come here now.
        let found = self.0.iter().position(|change| change.tunnel == tunnel);
        let index = found.unwrap_or_else(|| {
            self.0.push(Change {
                tunnel,
                ..Change::default()
            });
            self.0.len() - 1
        });
        &mut self.0[index]
    }
}
