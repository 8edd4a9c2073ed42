//! Deliveries that come from elsewhere than a relay, such as a file: put into the history as they
//! are, so that they can be looked at and replayed like any other.

use bytes::Bytes;
use kreel_wire::{Delivery, TunnelName};

use super::bodies::Bodies;
use super::file::OpenFile;
use super::group::Group;
use super::register::register;
use super::{History, HistoryError, Job, Row, Standing};
use crate::limits::TAKEN_IN_PIECE_BYTES;

/// What the history has as the relay of deliveries that kreel made itself, and that nobody sent. The
/// name of a relay is an address, so that no sender's deliveries can have it.
pub const MADE_HERE: &str = "kreel";

impl Row {
    /// Whether kreel made it itself, and nobody sent it.
    pub fn is_synthesised(&self) -> bool {
        self.relay == MADE_HERE
    }
}

impl History {
    /// Puts these in, with their bodies, as taken without an app; those whose id is known already
    /// are left as they are. How many are new.
    pub fn take_in(
        &self,
        relay: &str,
        tunnel: &TunnelName,
        deliveries: impl IntoIterator<Item = (Delivery, Bytes)>,
    ) -> Result<u64, HistoryError> {
        let mut file = self.connection()?;
        let name = (relay.to_owned(), tunnel.clone());
        let written = write(&mut file, &name, deliveries);
        written.map_err(|error| HistoryError::of(&self.0.path, error))
    }
}

fn write(
    file: &mut OpenFile,
    name: &(String, TunnelName),
    deliveries: impl IntoIterator<Item = (Delivery, Bytes)>,
) -> rusqlite::Result<u64> {
    let number = register(&mut file.db, name, false)?;
    let mut bodies = Bodies::default();
    let mut count = 0;
    for (delivery, body) in deliveries {
        // One by one, so that whoever records meanwhile has to wait for one alone.
        let transaction = file
            .db
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut group = Group::begin(&transaction, number, &mut bodies)?;
        if group.known(delivery.id)?.is_none() {
            for job in jobs(delivery, body) {
                group.perform(job)?;
            }
            count += 1;
        }
        group.finish(false)?;
        transaction.commit()?;
    }
    Ok(count)
}

fn jobs(delivery: Delivery, mut body: Bytes) -> Vec<Job> {
    let id = delivery.id;
    let first = body.split_to(body.len().min(TAKEN_IN_PIECE_BYTES));
    let mut jobs = vec![Job::Begin {
        delivery: Box::new(delivery),
        first,
        is_complete: body.is_empty(),
    }];
    while !body.is_empty() {
        let data = body.split_to(body.len().min(TAKEN_IN_PIECE_BYTES));
        let end = body.is_empty();
        jobs.push(Job::Piece { id, data, end });
    }
    let standing = Standing::Captured;
    jobs.push(Job::Stand { id, standing });
    jobs
}

#[cfg(test)]
mod tests {
    use kreel_wire::Kind;

    use super::*;
    use crate::testing::{delivery, id};
    use crate::{Match, Reader};

    #[test]
    fn what_is_taken_in_is_there_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let history = History::open(&path).unwrap().history;
        let tunnel = "cassette".parse().unwrap();
        let body = Bytes::from("0123456789".repeat(TAKEN_IN_PIECE_BYTES / 4));
        let bodies = [Bytes::from_static(b"{}"), body, Bytes::new()];
        let all = || {
            let numbered = (1..).zip(bodies.clone());
            numbered.map(|(number, body)| (delivery(number, Kind::Live), body))
        };
        assert_eq!(history.take_in("cassette", &tunnel, all()).unwrap(), 3);
        assert_eq!(history.take_in("cassette", &tunnel, all()).unwrap(), 0);
        let reader = Reader::open(&path).unwrap().unwrap();
        for (number, body) in (1..).zip(&bodies) {
            let Match::One(row) = reader.find(&id(number).to_string()).unwrap() else {
                panic!("it is there");
            };
            let kept = reader.row(row).unwrap().unwrap();
            assert_eq!(kept.standing, Standing::Captured);
            assert!(kept.is_complete);
            assert_eq!(kept.summary.size_bytes, Some(body.len() as u64));
            let pieces = (0..).map_while(|piece| reader.piece(row, piece).unwrap());
            assert_eq!(pieces.collect::<Vec<_>>().concat(), *body);
        }
        let totals = reader.counters("cassette", &tunnel).unwrap().unwrap();
        assert_eq!((totals.received, totals.captured), (3, 3));
    }
}
