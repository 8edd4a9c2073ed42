//! Filter → what the file can be asked: the index of words, narrow indexes, conditions on columns.
//!
//! What is asked is never narrower than the filter, which is checked on each row found.

use kreel_inspect::filter::{Comparison, Filter, Flag, Status, Term};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::scope::Scope;
use crate::history::words;

/// How a scope is looked for.
pub(super) struct Plan {
    /// What to ask the index of words, if words are required.
    pub(super) words: Option<String>,
    /// Which narrow index holds all that may match.
    pub(super) index: Option<Index>,
    /// Conditions on columns of `delivery`, each with AND before it.
    pub(super) conditions: String,
    /// Their values, from `?3` on.
    pub(super) values: Vec<Value>,
    /// The filter, and the same where the words were looked up.
    pub(super) filter: Option<Filter>,
    pub(super) filter_but_words: Option<Filter>,
    /// Whether rows need their replays to be judged.
    pub(super) needs_replays: bool,
    /// Of which tunnel rows must be.
    pub(super) tunnel: Option<String>,
    /// No row can match.
    pub(super) is_void: bool,
}

/// An index that holds only what is rare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    Unusual,
    Marked,
}

impl Index {
    /// Where rows are selected from, and what must be said for the index to be used.
    pub(super) fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::Unusual => (
                "delivery INDEXED BY delivery_unusual",
                "AND (last_status >= 300 OR last_failure IS NOT NULL OR standing BETWEEN 3 AND 5)",
            ),
            Self::Marked => ("delivery INDEXED BY delivery_marked", "AND is_marked = 1"),
        }
    }
}

impl Plan {
    pub(super) fn new(db: &Connection, scope: &Scope, now_us: u64) -> rusqlite::Result<Self> {
        let filter = scope.filter.clone().filter(|filter| !filter.is_empty());
        let mut plan = Self {
            words: None,
            index: None,
            conditions: String::new(),
            values: Vec::new(),
            filter_but_words: None,
            needs_replays: false,
            tunnel: scope.tunnel.as_ref().map(ToString::to_string),
            is_void: false,
            filter: None,
        };
        let names = names(db)?;
        if let Some(tunnel) = &scope.tunnel {
            plan.one_of_tunnels(&names, |name| name == tunnel.as_str());
        }
        let Some(filter) = filter else {
            return Ok(plan);
        };
        let mut words = Vec::new();
        for term in filter.required() {
            match term {
                Term::Words(term) => {
                    words.extend(words::phrase(term.text(), term.is_beginning()));
                }
                Term::Tunnel(patterns) => plan.one_of_tunnels(&names, |name| {
                    patterns.iter().any(|pattern| pattern.is_found_in(name))
                }),
                term => plan.require(term, now_us),
            }
        }
        if !words.is_empty() {
            plan.words = Some(words.join(" "));
            plan.filter_but_words = Some(filter.without_required_words());
        }
        plan.needs_replays = filter.has(|term| {
            let told = [Flag::Replay, Flag::Edited];
            matches!(term, Term::Is(flags) if flags.iter().any(|flag| told.contains(flag)))
        });
        plan.filter = Some(filter);
        Ok(plan)
    }

    fn one_of_tunnels(&mut self, names: &[(i64, String)], is_meant: impl Fn(&str) -> bool) {
        let meant = names.iter().filter(|(_, name)| is_meant(name));
        let ids: Vec<String> = meant.map(|(id, _)| id.to_string()).collect();
        match ids.len() {
            0 => self.is_void = true,
            // A condition that all fulfil only costs time.
            count if count == names.len() => {}
            _ => self.add(&format!("tunnel_id IN ({})", ids.join(", "))),
        }
    }

    fn require(&mut self, term: &Term, now_us: u64) {
        match term {
            Term::Status(kinds) => {
                if kinds.iter().all(|kind| is_unusual(*kind)) {
                    self.index = self.index.or(Some(Index::Unusual));
                }
                let any: Vec<String> = kinds.iter().map(|kind| of_status(*kind)).collect();
                self.add(&any.join(" OR "));
            }
            Term::Method(methods) => {
                let any: Vec<String> = methods
                    .iter()
                    .map(|method| format!("method = {} COLLATE NOCASE", self.value(method.clone())))
                    .collect();
                self.add(&any.join(" OR "));
            }
            Term::Age(how, age) => {
                let then = i64::try_from(now_us.saturating_sub(micros(*age))).unwrap_or(i64::MAX);
                let then = self.value(then);
                match how {
                    Comparison::Less | Comparison::AtMost => {
                        self.add(&format!("received_at_us >= {then}"));
                    }
                    Comparison::More | Comparison::AtLeast => {
                        self.add(&format!("received_at_us <= {then}"));
                    }
                    Comparison::Equal => {}
                }
            }
            Term::Size(how, bytes) => self.compare("size_bytes", *how, *bytes),
            Term::Seq(how, seq) => self.compare("seq", *how, *seq),
            Term::Took(how, took) => self.compare("last_us", *how, micros(*took)),
            Term::Is(flags) => {
                match flags[..] {
                    [Flag::Marked] => self.index = Some(Index::Marked),
                    _ if flags.iter().all(|flag| UNUSUAL.contains(flag)) => {
                        self.index = self.index.or(Some(Index::Unusual));
                    }
                    _ => {}
                }
                let any: Vec<&str> = flags.iter().map(|flag| of_flag(*flag)).collect();
                self.add(&any.join(" OR "));
            }
            Term::Id(digits) => {
                let pad = |with| {
                    let all: String = digits
                        .chars()
                        .chain(std::iter::repeat(with))
                        .take(32)
                        .collect();
                    let number = u128::from_str_radix(&all, 16).unwrap_or_default();
                    Value::Blob(number.to_be_bytes().to_vec())
                };
                let (least, most) = (self.value(pad('0')), self.value(pad('f')));
                self.add(&format!("delivery.id BETWEEN {least} AND {most}"));
            }
            Term::Note(_) => {
                self.add("note.text IS NOT NULL AND number IN (SELECT delivery FROM note)");
            }
            // The rest is seen on the row.
            _ => {}
        }
    }

    fn compare(&mut self, column: &str, how: Comparison, than: u64) {
        let than = self.value(i64::try_from(than).unwrap_or(i64::MAX));
        let sign = how.sign();
        self.add(&format!("{column} {sign} {than}"));
    }

    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len() + 2)
    }

    fn add(&mut self, condition: &str) {
        self.conditions += &format!(" AND ({condition})");
    }
}

/// The tunnels, of all relays.
fn names(db: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    db.prepare_cached("SELECT id, name FROM tunnel")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn of_status(kind: Status) -> String {
    match kind {
        Status::None => "last_status IS NULL".to_owned(),
        Status::Class(class) => {
            format!(
                "last_status BETWEEN {} AND {}",
                class * 100,
                class * 100 + 99
            )
        }
        Status::Compared(how, than) => format!("last_status {} {than}", how.sign()),
    }
}

fn is_unusual(kind: Status) -> bool {
    match kind {
        Status::None => false,
        Status::Class(class) => class >= 3,
        Status::Compared(Comparison::Equal | Comparison::AtLeast, than) => than >= 300,
        Status::Compared(Comparison::More, than) => than >= 299,
        Status::Compared(Comparison::Less | Comparison::AtMost, _) => false,
    }
}

const UNUSUAL: [Flag; 3] = [Flag::Failed, Flag::Lost, Flag::Broken];

/// The numbers of standings are those of the file.
fn of_flag(flag: Flag) -> &'static str {
    match flag {
        Flag::Replay => "number IN (SELECT key >> 20 FROM attempt WHERE is_replay = 1)",
        Flag::Edited => {
            "number IN (SELECT key >> 20 FROM attempt WHERE is_replay = 1 AND is_edited = 1)"
        }
        Flag::Noted => "number IN (SELECT delivery FROM note)",
        Flag::Marked => "is_marked = 1",
        Flag::Queued => "is_queued = 1",
        Flag::Waiting => "standing <= 1",
        Flag::Answered => "standing = 2",
        // Why one was withheld from the app stands there too.
        Flag::Failed => "standing = 3 OR (last_failure IS NOT NULL AND last_failure <> 'withheld')",
        Flag::Lost => "standing = 4",
        Flag::Broken => "standing = 5",
        Flag::Captured => "standing = 6",
        Flag::Duplicate => "came_again > 0",
        Flag::Verified => "signature = 1",
        Flag::Unverified => "signature > 1",
    }
}

fn micros(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
