//! A history in memory that does what the real one promises, at once.

use std::collections::HashMap;

use kreel_wire::Delivery;

use super::*;
use crate::history::{Known, Standing, Waiting};

#[derive(Debug, Default, Clone)]
pub(super) struct Shelf {
    rows: HashMap<DeliveryId, Row>,
    /// What comes next, if the engine wants it.
    arriving: Option<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    summary: Arc<Summary>,
    standing: Standing,
    attempts: u32,
    is_promised: bool,
    is_complete: bool,
}

impl Row {
    fn waiting(&self) -> Waiting {
        Waiting {
            summary: self.summary.clone(),
            attempts: self.attempts,
            replays: 0,
        }
    }

    fn is_finished(&self) -> bool {
        match self.standing {
            Standing::Answered | Standing::Captured | Standing::Lost => true,
            Standing::Failed => self.is_promised,
            Standing::Live | Standing::Waiting | Standing::BrokenOff => false,
        }
    }
}

impl Shelf {
    /// A delivery is on its way to the engine.
    pub(super) fn arrives(&mut self, delivery: &Delivery, is_complete: bool) {
        self.arriving = Some(Row {
            summary: Arc::new(Summary::new(delivery, None)),
            standing: Standing::Live,
            attempts: u32::from(delivery.attempted),
            is_promised: false,
            is_complete,
        });
    }

    /// All of one whose sender waits is here.
    pub(super) fn is_all_here(&mut self, id: &DeliveryId) {
        self.rows.get_mut(id).expect("it is here").is_complete = true;
    }

    /// The rest of one that was stored in part has come.
    pub(super) fn completes(&mut self, id: &DeliveryId) -> Option<Event<'static>> {
        let row = self.rows.get_mut(id)?;
        row.is_complete = true;
        Some(Event::Stored {
            row: row.waiting(),
            known: Known::New {
                attempts: row.attempts,
            },
        })
    }

    /// Does what the engine wants done; what is answered, if anything is.
    pub(super) fn take(&mut self, effect: &Effect) -> Option<Event<'static>> {
        match effect {
            Effect::Take { id } => {
                let row = self.arriving.take().expect("nothing came");
                let before = self.rows.insert(*id, row);
                assert!(before.is_none(), "a live delivery came twice");
            }
            Effect::Store { id } => return self.store(*id),
            Effect::Promise { id, attempts } => {
                let Some(row) = self.rows.get_mut(id).filter(|row| row.is_complete) else {
                    return Some(Event::NotStored(*id));
                };
                if !row.is_finished() {
                    row.standing = Standing::Waiting;
                }
                row.is_promised = true;
                row.attempts = row.attempts.max(*attempts);
                return Some(Event::Promised {
                    id: *id,
                    seq: row.summary.seq,
                    row: (row.standing == Standing::Waiting).then(|| row.waiting()),
                });
            }
            Effect::Begin { id, attempt } => {
                self.rows.get_mut(id).expect("it is here").attempts = *attempt;
                return Some(Event::Began {
                    id: *id,
                    attempt: *attempt,
                    number: *attempt,
                });
            }
            Effect::Ended { id, standing } | Effect::Stand { id, standing } => {
                // One that never got here leaves nothing to change.
                if let Some(row) = self.rows.get_mut(id) {
                    row.standing = *standing;
                }
            }
            Effect::Whole { id } => {
                let is_whole = self.rows.get(id).is_some_and(|row| row.is_complete);
                return is_whole.then_some(Event::Whole(*id));
            }
            Effect::Backlog { after, limit } => return Some(self.backlog(*after, *limit)),
            _ => {}
        }
        None
    }

    fn store(&mut self, id: DeliveryId) -> Option<Event<'static>> {
        let came = self.arriving.take().expect("nothing came");
        let known = self.rows.get(&id);
        let (attempts, known) = match known {
            Some(row) if row.is_finished() => (row.attempts, Known::Finished),
            Some(row) if row.standing == Standing::Waiting && row.is_complete => {
                let attempts = row.attempts;
                (attempts, Known::Waiting { attempts })
            }
            before => {
                let attempts = before.map_or(0, |row| row.attempts).max(came.attempts);
                let row = Row {
                    standing: Standing::Waiting,
                    attempts,
                    is_promised: true,
                    ..came
                };
                let is_complete = row.is_complete;
                self.rows.insert(id, row);
                if !is_complete {
                    return None;
                }
                (attempts, Known::New { attempts })
            }
        };
        let row = Waiting {
            summary: self.rows[&id].summary.clone(),
            attempts,
            replays: 0,
        };
        Some(Event::Stored { row, known })
    }

    fn backlog(&self, after: Option<Seq>, limit: usize) -> Event<'static> {
        let mut rows: Vec<_> = (self.rows.values())
            .filter(|row| row.standing == Standing::Waiting && row.is_complete)
            .map(Row::waiting)
            .filter(|row| Some(row.seq()) > after)
            .collect();
        rows.sort_by_key(Waiting::seq);
        let beyond = rows.len().saturating_sub(limit) as u64;
        rows.truncate(limit);
        Event::Backlog { rows, beyond }
    }
}
