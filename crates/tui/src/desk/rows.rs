//! The desk that looks up rows, and writes marks and notes.

mod hunt;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use kreel_client::{From, HistoryError, Match, Page, Pen, Reader, Scope};
use kreel_inspect::filter::Filter;
use tokio::sync::mpsc;

use self::hunt::Hunt;
use super::slot::Work;
use super::{Chore, Found, Rows, Slot, Wanted};
use crate::app::Progress;
use crate::app::list::Anchor;
use crate::limits::{LOOK, MARGIN, OTHERS};
use crate::setup::Facts;

/// Rows that are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// Tells answers to earlier questions apart.
    pub(crate) id: u64,
    pub(crate) anchor: Anchor,
    pub(crate) filter: Option<Filter>,
    pub(crate) since: Option<i64>,
}

impl Wanted for Look {
    fn outdates(&self, _: &Self) -> bool {
        true
    }

    fn after(self, _: &Self) -> Self {
        self
    }
}

/// The desk that looks up rows.
#[derive(Debug)]
pub(super) struct Desk {
    path: PathBuf,
    facts: Facts,
    reader: Option<Reader>,
    pen: Option<Pen>,
    version: Option<i64>,
    last: Option<Look>,
    hunt: Option<Hunt>,
    /// What went wrong the last time, so that it is told once.
    told: Option<String>,
}

impl Desk {
    pub(super) fn new(path: PathBuf, facts: Facts) -> Self {
        Self {
            path,
            facts,
            reader: None,
            pen: None,
            version: None,
            last: None,
            hunt: None,
            told: None,
        }
    }

    pub(super) fn run(mut self, slot: &Slot<Look>, found: &mpsc::Sender<Found>) {
        loop {
            let said = match slot.next(OTHERS) {
                Work::Close => return,
                Work::Chore(chore) => Some(self.chore(chore)),
                Work::Look(look, _) => {
                    self.last = Some(look);
                    None
                }
                Work::Idle if self.has_changed() => None,
                Work::Idle => continue,
            };
            if said.is_some_and(|said| found.blocking_send(said).is_err()) {
                return;
            }
            while let Some((rows, is_finished)) = self.look() {
                if found.blocking_send(rows).is_err() {
                    return;
                }
                if is_finished || slot.is_stale() {
                    break;
                }
            }
        }
    }

    /// Whether somebody else has written the history.
    fn has_changed(&mut self) -> bool {
        let version = self
            .reader()
            .ok()
            .flatten()
            .and_then(|reader| reader.version().ok());
        version.is_some() && version != self.version
    }

    /// Looks up what is wanted, or goes on with it; whether that is all.
    fn look(&mut self) -> Option<(Found, bool)> {
        let look = self.last.clone()?;
        match self.rows(&look) {
            Ok((rows, is_finished)) => {
                self.told = None;
                Some((Found::Rows(Box::new(rows)), is_finished))
            }
            Err(error) => {
                // Opened anew the next time: the file may have been set aside.
                self.reader = None;
                let text = kreel_client::with_causes(&error);
                let is_new = self.told.replace(text.clone()).as_ref() != Some(&text);
                is_new.then_some((
                    Found::Failed(format!("the history can't be read: {text}")),
                    true,
                ))
            }
        }
    }

    fn rows(&mut self, look: &Look) -> Result<(Rows, bool), HistoryError> {
        let began = Instant::now();
        let mut hunt = self.hunt.take();
        let (relay, tunnel) = (self.facts.relay_name.clone(), self.facts.tunnel.clone());
        let scope = Scope {
            tunnel: Some(tunnel.clone()),
            filter: look.filter.clone(),
            since_number: look.since,
        };
        let mut rows = Rows {
            look: look.id,
            rows: Vec::new(),
            has_newer: false,
            has_older: false,
            progress: None,
            totals: None,
            markers: Vec::new(),
            took: Duration::ZERO,
        };
        let Some(reader) = self.reader()? else {
            return Ok((rows, true));
        };
        let version = reader.version()?;
        rows.totals = reader.counters(&relay, &tunnel)?;
        let mut is_finished = true;
        if look.filter.is_some() {
            let mut on = match hunt.take() {
                Some(on) if on.is_for(look) && !on.is_old() => on,
                _ => Hunt::new(look, reader.newest()?),
            };
            is_finished = on.go_on(reader, &scope, look.anchor, LOOK)?;
            on.hand_out(look.anchor, &mut rows);
            keep_selected(reader, look, &mut rows)?;
            rows.progress = match is_finished {
                true => None,
                false => Some(on.progress(reader)?),
            };
            hunt = Some(on);
        } else {
            // Whoever comes back to a search wants it as it is then.
            hunt = None;
            around(reader, &scope, look.anchor, &mut rows)?;
        }
        let newest = rows.rows.first().filter(|_| rows.has_newer);
        let newest = newest.map_or(i64::MAX, |row| row.number + 1);
        // Where there are no older rows, lines that were drawn before the first one are the last.
        let oldest = rows.rows.last().filter(|_| rows.has_older);
        let oldest = oldest.map_or(look.since.unwrap_or(0), |row| row.number);
        rows.markers = reader.markers(Some(&tunnel), oldest, newest)?;
        self.version = Some(version);
        self.hunt = hunt;
        rows.took = began.elapsed();
        Ok((rows, is_finished))
    }

    fn reader(&mut self) -> Result<Option<&Reader>, HistoryError> {
        if self.reader.is_none() {
            self.reader = Reader::open(&self.path)?;
        }
        Ok(self.reader.as_ref())
    }

    /// Which delivery of this tunnel is meant; with why it can't be shown, if there is one.
    fn goto(&mut self, which: &str, since: Option<i64>) -> Result<Found, HistoryError> {
        let tunnel = self.facts.tunnel.clone();
        let Some(reader) = self.reader()? else {
            return Ok(Found::Failed("there is no history yet".to_owned()));
        };
        Ok(match reader.find_in(&tunnel, which)? {
            Match::One(number) if since.is_some_and(|since| number <= since) => {
                let text = "it came before what is shown: show all again, then go there";
                Found::Failed(text.to_owned())
            }
            Match::One(number) => Found::Goto(number),
            Match::None => Found::Failed(match elsewhere(reader, which)? {
                Some(other) => format!(
                    "{which} came to the tunnel {other}, which is not shown here: kreel requests \
                        get {which}"
                ),
                None => format!("there is no delivery {which}"),
            }),
            Match::Several => Found::Failed(format!("several ids begin with {which}")),
            Match::Nonsense => Found::Failed(format!("{which} is no id, nor last or last~2")),
        })
    }

    /// The line of this tunnel that was drawn last.
    fn newest_line(&mut self) -> Result<Option<i64>, HistoryError> {
        let tunnel = self.facts.tunnel.clone();
        let Some(reader) = self.reader()? else {
            return Ok(None);
        };
        let lines = reader.markers(Some(&tunnel), 0, i64::MAX)?;
        Ok(lines.iter().map(|line| line.id).max())
    }

    fn chore(&mut self, chore: Chore) -> Found {
        let done = self.write(chore);
        done.unwrap_or_else(|error| {
            self.pen = None;
            Found::Failed(format!("not kept: {}", kreel_client::with_causes(&error)))
        })
    }

    fn write(&mut self, chore: Chore) -> Result<Found, HistoryError> {
        let tunnel = self.facts.tunnel.clone();
        let relay = self.facts.relay_name.clone();
        if self.pen.is_none() {
            self.pen = Pen::open(&self.path)?;
        }
        match chore {
            Chore::Goto { which, since } => return self.goto(&which, since),
            Chore::Clear => {
                let newest = self.reader()?.map_or(Ok(0), Reader::newest)?;
                return Ok(Found::Newest(newest));
            }
            _ => {}
        }
        let newest_line = match chore {
            Chore::EraseMarker => self.newest_line()?,
            _ => None,
        };
        let Some(pen) = self.pen.as_mut() else {
            return Ok(Found::Failed("there is no history yet".to_owned()));
        };
        let written = |is_done, fault: &str| match is_done {
            true => Found::Changed,
            false => Found::Failed(fault.to_owned()),
        };
        Ok(match chore {
            Chore::Mark { number, on } => {
                let fault = "not marked: it is not in the history any more";
                written(pen.mark(number, on)?, fault)
            }
            Chore::Note { number, text } => {
                let fault = "the note is not kept: its delivery is not in the history any more";
                written(pen.note(number, &text)?, fault)
            }
            Chore::Marker { text } => {
                let fault = "no line is drawn: the history does not know this tunnel yet";
                let is_drawn = pen.draw_line(&relay, &tunnel, &text, now_us())?;
                written(is_drawn, fault)
            }
            Chore::EraseMarker => {
                let is_erased = newest_line.map_or(Ok(false), |line| pen.erase_line(line))?;
                written(is_erased, "there is no line to take away")
            }
            other => Found::Failed(format!("{other:?} is not this desk's")),
        })
    }
}

/// To which other tunnel a delivery came that is meant by its id.
fn elsewhere(reader: &Reader, which: &str) -> Result<Option<String>, HistoryError> {
    Ok(match reader.find(which)? {
        Match::One(number) if !which.starts_with("last") => {
            reader.row(number)?.map(|row| row.tunnel)
        }
        _ => None,
    })
}

fn now_us() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

/// The selected row stays though it is not what is looked for any more: it was answered anew, or is
/// not marked any longer. It leaves once another is selected.
fn keep_selected(reader: &Reader, look: &Look, rows: &mut Rows) -> Result<(), HistoryError> {
    let Anchor::At(number) = look.anchor else {
        return Ok(());
    };
    let place = rows.rows.partition_point(|row| row.number > number);
    let is_there = rows.rows.get(place).is_some_and(|row| row.number == number);
    if !is_there && let Some(row) = reader.row(number)? {
        rows.rows.insert(place, row);
    }
    Ok(())
}

/// The rows around the one that is wanted.
fn around(
    reader: &Reader,
    scope: &Scope,
    anchor: Anchor,
    rows: &mut Rows,
) -> Result<(), HistoryError> {
    let look = |from, limit| reader.look(scope, from, limit, LOOK);
    let complete = |page: &Page| page.is_end;
    match anchor {
        Anchor::Newest => {
            let page = look(From::Newest, MARGIN)?;
            rows.has_older = !complete(&page);
            rows.rows = page.rows;
        }
        Anchor::Oldest => {
            let page = look(From::After(0), MARGIN)?;
            rows.has_newer = !complete(&page);
            rows.rows = page.rows;
        }
        Anchor::At(number) => {
            let newer = look(From::After(number), MARGIN)?;
            let older = look(From::Before(number.saturating_add(1)), MARGIN)?;
            rows.has_newer = !complete(&newer);
            rows.has_older = !complete(&older);
            rows.rows = newer.rows;
            rows.rows.extend(older.rows);
        }
    }
    Ok(())
}

impl Progress {
    pub(super) fn new(part: f64, unsearched: u64) -> Self {
        Self { part, unsearched }
    }
}

#[cfg(test)]
mod tests;
