//! What waits in the history: those whose turn comes next are known here, the others stay there.
//!
//! A backlog may be larger than memory, so this is a window over it, from the oldest on. What is
//! stored meanwhile comes into the window if it belongs there, and else is found later.

use foldhash::HashMap;
use kreel_wire::{DeliveryId, ExchangeId, Seq};

use super::entry::Entry;
use super::gate::Gate;
use super::{Effect, Engine};
use crate::Update;
use crate::history::{Known, Waiting};
use crate::limits::{BACKLOG_LOW, BACKLOG_PAGE};

/// The part of the history's backlog that is not known here.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    state: State,
    /// All that wait up to this position are known; beyond it some may wait.
    known_to: Option<Seq>,
    /// How many wait beyond.
    beyond: u64,
    /// Those that ended while the history was asked: its answer may still name them. With each
    /// whether the history answered for it.
    ended: HashMap<DeliveryId, bool>,
    /// The history was asked at least once.
    is_counted: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Another process hands over what waits.
    #[default]
    NotOurs,
    /// Some wait beyond those known.
    More,
    /// The history was asked for them.
    Asked,
    /// The history could not say; it is asked again when something else comes.
    Unreadable,
    /// All are known.
    All,
}

/// What the history was asked about a delivery.
#[derive(Debug)]
pub(super) struct Asked {
    /// Where it comes in, if it does.
    pub(super) exchange: Option<ExchangeId>,
    /// Its position, if it has not been here before: those behind it wait until it is.
    pub(super) arriving: Option<Seq>,
    /// Its last byte is on the way to the history.
    pub(super) is_complete: bool,
    /// It was finished meanwhile.
    pub(super) has_ended: bool,
}

impl Backlog {
    pub(super) fn beyond(&self) -> u64 {
        self.beyond
    }

    /// A delivery has ended: an answer of the history's that is on its way may still name it.
    pub(super) fn ended(&mut self, id: DeliveryId, was_ours: bool) {
        if self.state == State::Asked {
            self.ended.insert(id, was_ours);
        }
    }

    /// Whether one at this position belongs among those known now.
    fn covers(&self, seq: Seq) -> bool {
        match self.state {
            State::NotOurs => false,
            State::All => true,
            State::More | State::Asked | State::Unreadable => {
                self.known_to.is_some_and(|to| seq <= to)
            }
        }
    }
}

impl Engine {
    /// The history is asked about a delivery.
    pub(super) fn ask(
        &mut self,
        id: DeliveryId,
        exchange: Option<ExchangeId>,
        arriving: Option<Seq>,
        is_complete: bool,
        effects: &mut Vec<Effect>,
    ) {
        let before = self.asked.remove(&id);
        let has_ended = before.as_ref().is_some_and(|asked| asked.has_ended);
        let asked = Asked {
            exchange,
            arriving,
            is_complete,
            has_ended,
        };
        self.asked.insert(id, asked);
        let before = before.and_then(|asked| asked.exchange);
        effects.extend(before.map(|exchange| Effect::Close { exchange }));
    }

    pub(super) fn backlog_is_ours(&mut self, effects: &mut Vec<Effect>) {
        if self.backlog.state == State::NotOurs {
            self.backlog.state = State::More;
            self.ask_for_more(effects);
        }
    }

    /// What could not be read may be readable now.
    pub(super) fn history_mended(&mut self, effects: &mut Vec<Effect>) {
        if self.backlog.state == State::Unreadable {
            self.backlog.state = State::More;
        }
        self.start_those_whose_turn_it_is(effects);
    }

    /// Asks the history for more if few are left.
    pub(super) fn ask_for_more(&mut self, effects: &mut Vec<Effect>) {
        if self.backlog.state == State::More && self.kept.len() < BACKLOG_LOW {
            self.backlog.state = State::Asked;
            effects.push(Effect::Backlog {
                after: self.backlog.known_to,
                limit: BACKLOG_PAGE,
            });
        }
    }

    pub(super) fn backlog_came(
        &mut self,
        rows: Vec<Waiting>,
        beyond: u64,
        effects: &mut Vec<Effect>,
    ) {
        let ended = std::mem::take(&mut self.backlog.ended);
        if rows.is_empty() && beyond > 0 {
            self.backlog.state = State::Unreadable;
            return;
        }
        if !std::mem::replace(&mut self.backlog.is_counted, true) {
            // Those of earlier runs: all that wait, without those that came in this one.
            let all = rows.len() as u64 + beyond;
            let ours = self.deliveries.values().filter(|entry| entry.is_ours);
            let counted = ours.count() + ended.values().filter(|was_ours| **was_ours).count();
            let earlier = all.saturating_sub(counted as u64 + self.backlog.beyond);
            self.counters.received += earlier;
            self.drain.add(earlier);
        }
        self.backlog.known_to = rows.last().map(Waiting::seq).or(self.backlog.known_to);
        let known_to = self.backlog.known_to;
        let is_beyond = |entry: &&Entry| entry.is_ours && Some(entry.seq()) > known_to;
        let known = self.deliveries.values().filter(is_beyond).count() as u64;
        self.backlog.beyond = beyond.saturating_sub(known);
        self.backlog.state = if beyond == 0 { State::All } else { State::More };
        for row in rows {
            if !self.deliveries.contains_key(&row.id()) && !ended.contains_key(&row.id()) {
                self.admit(&row, effects);
            }
        }
        self.start_those_whose_turn_it_is(effects);
    }

    /// A delivery the relay kept is in the history: the relay may forget it.
    pub(super) fn stored(&mut self, row: &Waiting, known: Known, effects: &mut Vec<Effect>) {
        let (id, seq) = (row.id(), row.seq());
        self.history_mended(effects);
        let asked = self.asked.remove(&id);
        effects.push(Effect::Ack(seq));
        if let Some(exchange) = asked.as_ref().and_then(|asked| asked.exchange) {
            effects.push(Effect::Close { exchange });
        }
        match known {
            Known::Finished => {
                self.drain.one_done();
                if !self.rules.asks_for_past {
                    self.counters.duplicates += 1;
                    effects.push(Effect::Duplicate { id });
                }
            }
            Known::Waiting { .. } => self.drain.one_known(),
            Known::New { .. } if asked.is_some_and(|asked| asked.has_ended) => {
                self.drain.one_done();
            }
            Known::New { .. } => {
                if self.deliveries.contains_key(&id) {
                    self.drain.one_known();
                }
                self.count_anew(&id);
                self.comes_to_wait(row, effects);
            }
        }
        // The last of them may have been known.
        self.drain.tell_end(effects);
        self.start_those_whose_turn_it_is(effects);
    }

    /// The history answers for a delivery whose sender was told so: the relay may forget it.
    pub(super) fn promised(
        &mut self,
        id: DeliveryId,
        seq: Seq,
        row: Option<Waiting>,
        effects: &mut Vec<Effect>,
    ) {
        let asked = self.asked.remove(&id);
        effects.push(Effect::Ack(seq));
        if let Some(exchange) = asked.as_ref().and_then(|asked| asked.exchange) {
            effects.push(Effect::Close { exchange });
        }
        if let Some(entry) = self.deliveries.get_mut(&id) {
            entry.is_ours = true;
            self.is_whole(&id, effects);
        } else if let Some(row) = row
            && !asked.is_some_and(|asked| asked.has_ended)
        {
            // It had failed just when its sender was told that it would not be lost.
            self.count_anew(&id);
            self.comes_to_wait(&row, effects);
        }
        self.start_those_whose_turn_it_is(effects);
    }

    /// One that was not waiting does now: known here, or beyond.
    fn comes_to_wait(&mut self, row: &Waiting, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.deliveries.get_mut(&row.id()) {
            entry.is_ours = true;
            entry.sender.is_promised();
            self.is_whole(&row.id(), effects);
            return;
        }
        if self.backlog.state == State::All && self.kept.len() >= BACKLOG_PAGE {
            self.backlog.state = State::More;
            self.backlog.known_to = self.kept.last().map(|(seq, _)| *seq);
        }
        if self.backlog.covers(row.seq()) {
            self.admit(row, effects);
        } else {
            self.backlog.beyond += 1;
        }
    }

    /// Takes one into the window.
    fn admit(&mut self, row: &Waiting, effects: &mut Vec<Effect>) {
        effects.push(Effect::Update(Update::Delivery(row.summary())));
        self.kept.insert((row.seq(), row.id()));
        let gate = Gate::of(self.rules.gated);
        self.deliveries.insert(row.id(), Entry::kept(row, gate));
        self.is_whole(&row.id(), effects);
    }

    /// Counts one that comes, unless it was counted as one that ended.
    fn count_anew(&mut self, id: &DeliveryId) {
        if self.deliveries.contains_key(id) {
        } else if self.broken_off.remove(id) {
            self.counters.broken_off -= 1;
        } else if self.failed.remove(id) {
            self.counters.failed -= 1;
        } else {
            self.counters.received += 1;
        }
    }
}
