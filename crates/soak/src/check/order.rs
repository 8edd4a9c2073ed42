//! The order of what was kept while no client was there.
//!
//! Promised is the order of positions, and a position is taken between the sending of a message
//! and its acknowledgement. So of two messages one of which was acknowledged before the other was
//! sent, that one must be at the app first; of two that were sent side by side either may. What
//! was sent while a client might have been reached is left out: it may have gone to it live, and
//! live ones go beside those kept. A message's first arrival counts: a repeat is no disorder.

use crate::ledger::{By, MessageId};

use super::{Check, Rule};

/// A message that must keep its turn.
struct Kept {
    id: MessageId,
    sent_us: u64,
    ended_us: u64,
    /// The line of its first arrival.
    line: u64,
    /// During which absence of the client it was kept.
    spell: usize,
}

impl Check {
    /// Finds those that were overtaken.
    pub(super) fn judge_order(&mut self) {
        self.apart.sort_unstable();
        let mut kept: Vec<Kept> = self.kept_while_apart();
        kept.sort_unstable_by_key(|kept| kept.line);
        self.verdict.ordered = kept.len() as u64;
        // The one sent last among those that arrived so far, in all and of each absence.
        let mut last: Option<&Kept> = None;
        let mut last_of: Vec<Option<&Kept>> = vec![None; self.apart.len()];
        let mut offences = Vec::new();
        for one in &kept {
            let overtook = |other: &&&Kept| other.sent_us > one.ended_us;
            let within = last_of[one.spell].as_ref().filter(overtook);
            if let Some(other) = within.or(last.as_ref().filter(overtook)) {
                let drain = match within {
                    Some(_) => "kept in the same absence",
                    None => "kept in a later absence",
                };
                let what = format!(
                    "at the app on line {}, after {} on line {}, which was sent {} µs after this \
                     one was acknowledged ({drain})",
                    one.line,
                    other.id,
                    other.line,
                    other.sent_us - one.ended_us,
                );
                offences.push((vec![one.id, other.id], what));
            }
            for last in [&mut last, &mut last_of[one.spell]] {
                if last.is_none_or(|last| last.sent_us < one.sent_us) {
                    *last = Some(one);
                }
            }
        }
        for (ids, what) in offences {
            self.blame(Rule::OutOfOrder, &ids, what);
        }
    }

    fn kept_while_apart(&self) -> Vec<Kept> {
        let kept = self.records.iter().filter_map(|(id, record)| {
            let end = record.end.as_ref().filter(|end| end.by == By::Queued)?;
            let (line, _) = record.first?;
            let spell = self.spell(record.sent_us, end.at_us)?;
            let (id, sent_us, ended_us) = (*id, record.sent_us, end.at_us);
            Some(Kept {
                id,
                sent_us,
                ended_us,
                line,
                spell,
            })
        });
        kept.collect()
    }

    /// The absence that both moments lie in.
    fn spell(&self, from_us: u64, to_us: u64) -> Option<usize> {
        let after = self.apart.partition_point(|(start, _)| *start <= from_us);
        let spell = after.checked_sub(1)?;
        (to_us <= self.apart[spell].1).then_some(spell)
    }
}
