//! Holds the ledgers against each other: what was acknowledged, and what the app has.
//!
//! Pure: lines in, offences out. A message is sent once, so whatever the app has twice is kreel's
//! doing, and must be recognisable.

mod order;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::Result;
use uuid::Uuid;

use crate::ledger::{APP, Arrival, By, Ended, MessageId, SENDERS, SenderLine, Sha, each_line};

/// What must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// Acknowledged, and the app never had it.
    Missing,
    /// The app had other bytes than were sent, or another path.
    Corrupted,
    /// Kept while no client was there, and overtaken by one kept later.
    OutOfOrder,
    /// The app had it under two delivery ids, or under another than its sender was told.
    TwoIds,
    /// Two messages under one delivery id.
    SharedId,
    /// A sender got the answer to another message.
    WrongAnswer,
    /// A sender got no answer at all and left.
    Unanswered,
    /// The app had what nobody sent.
    Unknown,
}

impl Rule {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 8] = [
        Self::Missing,
        Self::Corrupted,
        Self::OutOfOrder,
        Self::TwoIds,
        Self::SharedId,
        Self::WrongAnswer,
        Self::Unanswered,
        Self::Unknown,
    ];

    /// How it is printed.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Missing => "acknowledged and missing at the app",
            Self::Corrupted => "corrupted",
            Self::OutOfOrder => "out of order within the drained backlog",
            Self::TwoIds => "under two delivery ids",
            Self::SharedId => "two messages under one delivery id",
            Self::WrongAnswer => "answered with another message's answer",
            Self::Unanswered => "left without an answer",
            Self::Unknown => "at the app, but sent by nobody",
        }
    }
}

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offence {
    /// Of which.
    pub(crate) rule: Rule,
    /// The messages it is about, the one wronged first.
    pub(crate) ids: Vec<MessageId>,
    /// What happened.
    pub(crate) what: String,
}

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// All breaches.
    pub(crate) offences: Vec<Offence>,
    /// How many messages were sent.
    pub(crate) sent: u64,
    /// How they ended, for their senders.
    pub(crate) ends: BTreeMap<(By, u16), u64>,
    /// How many of them were acknowledged.
    pub(crate) acknowledged: u64,
    /// How many different ones the app had.
    pub(crate) arrived: u64,
    /// How often the app had one again, under the same id and with the same bytes.
    pub(crate) duplicates: u64,
    /// How many of these said `Kreel-Attempt: 2` or more.
    pub(crate) duplicates_numbered: u64,
    /// How many were held against the order: kept while no client was there.
    pub(crate) ordered: u64,
    /// How many bytes the bodies had in all.
    pub(crate) bytes: u64,
    /// How many lines were cut off by a kill of their writer.
    pub(crate) torn: u64,
}

/// A message as the ledgers tell it.
#[derive(Debug)]
struct Record {
    sent_us: u64,
    bytes: u64,
    sha: Sha,
    end: Option<Ended>,
    /// Its first arrival: the line's number, and the delivery's id.
    first: Option<(u64, Uuid)>,
}

/// The ledgers so far.
#[derive(Debug, Default)]
pub(crate) struct Check {
    records: HashMap<MessageId, Record>,
    deliveries: HashMap<Uuid, MessageId>,
    apart: Vec<(u64, u64)>,
    verdict: Verdict,
}

impl Check {
    /// Holds the ledgers in this folder against each other.
    pub(crate) fn folder(dir: &Path) -> Result<Verdict> {
        let mut check = Self::default();
        let torn = each_line(&dir.join(SENDERS), SenderLine::parse, |_, line| {
            check.sender(line);
        })?;
        check.verdict.torn += torn;
        let torn = each_line(&dir.join(APP), Arrival::parse, |number, line| {
            check.arrival(number, &line);
        })?;
        check.verdict.torn += torn;
        Ok(check.verdict())
    }

    /// Takes in a line of the senders'.
    pub(crate) fn sender(&mut self, line: SenderLine) {
        match line {
            SenderLine::Sent(sent) => {
                self.verdict.sent += 1;
                self.verdict.bytes += sent.bytes;
                let record = Record {
                    sent_us: sent.at_us,
                    bytes: sent.bytes,
                    sha: sent.sha,
                    end: None,
                    first: None,
                };
                self.records.insert(sent.id, record);
            }
            SenderLine::Ended(ended) => {
                *(self.verdict.ends.entry((ended.by, ended.status))).or_default() += 1;
                self.verdict.acknowledged += u64::from(ended.is_acknowledged());
                if let Some(record) = self.records.get_mut(&ended.id) {
                    record.end = Some(ended);
                }
            }
            SenderLine::Apart { from_us, to_us } => self.apart.push((from_us, to_us)),
        }
    }

    /// Takes in a line of the app's, after all of the senders'.
    pub(crate) fn arrival(&mut self, number: u64, arrival: &Arrival) {
        let id = arrival.id;
        let Some(record) = self.records.get_mut(&id) else {
            return self.blame(Rule::Unknown, &[id], format!("line {number} of the app"));
        };
        let intact = record.sha == arrival.sha && record.bytes == arrival.bytes;
        let first = *record.first.get_or_insert((number, arrival.delivery));
        if !intact || arrival.path_id != id {
            let what = format!(
                "line {number}: {} B, path of {}",
                arrival.bytes, arrival.path_id
            );
            self.blame(Rule::Corrupted, &[id], what);
        }
        if first.1 != arrival.delivery {
            let what = format!(
                "{} on line {}, {} on {number}",
                first.1, first.0, arrival.delivery
            );
            self.blame(Rule::TwoIds, &[id], what);
        } else if first.0 == number {
            self.verdict.arrived += 1;
        } else {
            self.verdict.duplicates += 1;
            self.verdict.duplicates_numbered += u64::from(arrival.attempt >= 2);
        }
        let owner = *self.deliveries.entry(arrival.delivery).or_insert(id);
        if owner != id {
            let what = format!("both are {}", arrival.delivery);
            self.blame(Rule::SharedId, &[id, owner], what);
        }
    }

    /// What came of it.
    pub(crate) fn verdict(mut self) -> Verdict {
        let mut ids: Vec<_> = self.records.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.judge(id);
        }
        self.judge_order();
        self.verdict
    }

    fn judge(&mut self, id: MessageId) {
        let Some((end, first)) =
            (self.records.get(&id)).and_then(|record| Some((record.end.clone()?, record.first)))
        else {
            return;
        };
        match (end.by, first) {
            (By::Other, _) => self.blame(Rule::WrongAnswer, &[id], format!("that of {}", end.note)),
            (By::Silence, _) => self.blame(Rule::Unanswered, &[id], end.note),
            (by, None) if end.is_acknowledged() => {
                let what = format!("{} by {}, {}", end.status, by.name(), end.note);
                self.blame(Rule::Missing, &[id], what);
            }
            (By::Queued | By::Pending, Some((number, delivery)))
                if end.note != delivery.to_string() =>
            {
                let what = format!("told {}, {delivery} on line {number}", end.note);
                self.blame(Rule::TwoIds, &[id], what);
            }
            _ => {}
        }
    }

    fn blame(&mut self, rule: Rule, ids: &[MessageId], what: String) {
        let ids = ids.to_vec();
        self.verdict.offences.push(Offence { rule, ids, what });
    }
}

impl Verdict {
    /// How often a rule was broken.
    pub(crate) fn count(&self, rule: Rule) -> usize {
        let broken = |offence: &&Offence| offence.rule == rule;
        self.offences.iter().filter(broken).count()
    }

    /// How many were acknowledged by one of these.
    pub(crate) fn acknowledged_by(&self, by: By) -> u64 {
        let ours =
            |&((found, status), _): &((By, u16), u64)| found == by && (200..300).contains(&status);
        let ends = self.ends.iter().map(|(key, count)| (*key, *count));
        ends.filter(ours).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests;
