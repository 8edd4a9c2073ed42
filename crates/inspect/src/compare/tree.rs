//! Two JSON documents, compared by structure: objects by key, arrays by content.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::Change;
use super::elements::{Pair, pairs};
use super::json::{Member, Node, Value};
use super::preview::{shown, shown_pair};

/// From how many bytes on a value that is gone here and new there is taken for the same one:
/// a short one may be a coincidence.
const TELLING_BYTES: usize = 8;

/// How much of either end of a long path is shown. Each finding has its path, so that without
/// a bound deep documents with long keys would take gigabytes.
const PATH_BYTES: usize = 256;

/// What a walk through two documents has found.
pub(super) struct Walk<'a> {
    left: &'a str,
    right: &'a str,
    deadline: Instant,
    path: String,
    found: Vec<Found<'a>>,
    /// A key that occurs more than once in one object, inert.
    pub(super) duplicate: Option<String>,
}

enum Found<'a> {
    Same(String, &'a Value<'a>),
    Added(String, &'a Value<'a>),
    Removed(String, &'a Value<'a>),
    Changed(String, &'a Value<'a>, &'a Value<'a>),
    Moved(String, String, &'a Value<'a>),
}

impl<'a> Walk<'a> {
    pub(super) fn new(left: &'a str, right: &'a str, deadline: Instant) -> Self {
        Self {
            left,
            right,
            deadline,
            path: "$".to_owned(),
            found: Vec::new(),
            duplicate: None,
        }
    }

    /// Compares two values at the same place.
    pub(super) fn compare(&mut self, left: &'a Value<'a>, right: &'a Value<'a>) {
        if left.is_ignored || right.is_ignored {
            return;
        }
        if left.hash == right.hash {
            self.found.push(Found::Same(self.here(), right));
            return;
        }
        match (&left.node, &right.node) {
            (Node::Object(left), Node::Object(right)) => self.objects(left, right),
            (Node::Array(left), Node::Array(right)) => self.arrays(left, right),
            _ => self.found.push(Found::Changed(self.here(), left, right)),
        }
    }

    fn objects(&mut self, left: &'a [Member<'a>], right: &'a [Member<'a>]) {
        let mut waiting: HashMap<(&[u8], usize), &'a Member<'a>> = HashMap::new();
        let right = numbered(right);
        for (member, nth) in &right {
            waiting.insert((&member.key, *nth), member);
        }
        for (member, nth) in numbered(left) {
            let like = waiting.remove(&(&*member.key, nth));
            self.at_key(self.left, member, nth, |walk, path| match like {
                Some(like) => walk.compare(&member.value, &like.value),
                None => walk.push(Found::Removed(path, &member.value)),
            });
        }
        for (member, nth) in right {
            if waiting.contains_key(&(&*member.key, nth)) {
                self.at_key(self.right, member, nth, |walk, path| {
                    walk.push(Found::Added(path, &member.value));
                });
            }
        }
    }

    fn arrays(&mut self, left: &'a [Value<'a>], right: &'a [Value<'a>]) {
        for pair in pairs(left, right, self.deadline) {
            match pair {
                Pair::Both {
                    l,
                    r,
                    is_move: true,
                } => {
                    let (from, to) = (self.at_index(l), self.at_index(r));
                    self.push(Found::Moved(from, to, &right[r]));
                }
                Pair::Both { l, r, .. } => {
                    let end = self.path.len();
                    if l == r || left[l].hash == right[r].hash {
                        self.path.push_str(&format!("[{r}]"));
                    } else {
                        self.path.push_str(&format!("[{l}→{r}]"));
                    }
                    self.compare(&left[l], &right[r]);
                    self.path.truncate(end);
                }
                Pair::Left(l) => {
                    let path = self.at_index(l);
                    self.push(Found::Removed(path, &left[l]));
                }
                Pair::Right(r) => {
                    let path = self.at_index(r);
                    self.push(Found::Added(path, &right[r]));
                }
            }
        }
    }

    fn push(&mut self, found: Found<'a>) {
        let (Found::Added(_, value) | Found::Removed(_, value) | Found::Moved(_, _, value)) =
            &found
        else {
            self.found.push(found);
            return;
        };
        if !value.is_ignored {
            self.found.push(found);
        }
    }

    /// The path, without its middle if it is long.
    fn here(&self) -> String {
        let path = &self.path;
        if path.len() <= 2 * PATH_BYTES {
            return path.clone();
        }
        let head = &path[..path.floor_char_boundary(PATH_BYTES)];
        let tail = &path[path.ceil_char_boundary(path.len() - PATH_BYTES)..];
        format!("{head}…{tail}")
    }

    fn at_index(&mut self, index: usize) -> String {
        let end = self.path.len();
        self.path.push_str(&format!("[{index}]"));
        let path = self.here();
        self.path.truncate(end);
        path
    }

    fn at_key(
        &mut self,
        source: &str,
        member: &Member<'_>,
        nth: usize,
        act: impl FnOnce(&mut Self, String),
    ) {
        let end = self.path.len();
        let raw = &source[member.key_span.clone()];
        if is_bare(&member.key) {
            self.path.push('.');
            self.path.push_str(raw.trim_matches('"'));
        } else {
            self.path.push_str(&format!("[{}]", shown(raw)));
        }
        if nth > 1 {
            self.path.push_str(&format!("#{nth}"));
            self.duplicate.get_or_insert_with(|| shown(raw));
        }
        let path = self.here();
        act(self, path);
        self.path.truncate(end);
    }

    /// What was found, with what is gone in one place and new in another put together.
    pub(super) fn changes(self) -> Vec<Change> {
        let mut gone: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, found) in self.found.iter().enumerate().rev() {
            if let Found::Removed(_, value) = found
                && value.is_telling()
            {
                gone.entry(value.hash).or_default().push(at);
            }
        }
        // Where what came at an index has gone from, and which of those are told of by that.
        let mut origins: HashMap<usize, usize> = HashMap::new();
        for (at, found) in self.found.iter().enumerate() {
            if let Found::Added(_, value) = found
                && let Some(origin) = gone.get_mut(&value.hash).and_then(Vec::pop)
            {
                origins.insert(at, origin);
            }
        }
        let told: HashSet<usize> = origins.values().copied().collect();
        let found = self.found.iter().enumerate();
        found
            .filter(|(at, _)| !told.contains(at))
            .map(|(at, found)| self.change(found, origins.get(&at).copied()))
            .collect()
    }

    fn change(&self, found: &Found<'_>, origin: Option<usize>) -> Change {
        match found {
            Found::Same(path, value) => Change::Same {
                path: path.clone(),
                value: value.shown(self.right),
            },
            Found::Added(path, value) => match origin.and_then(|at| self.found.get(at)) {
                Some(Found::Removed(from, _)) => Change::Moved {
                    from_path: from.clone(),
                    to_path: path.clone(),
                    value: value.shown(self.right),
                },
                _ => Change::Added {
                    path: path.clone(),
                    value: value.shown(self.right),
                },
            },
            Found::Removed(path, value) => Change::Removed {
                path: path.clone(),
                value: value.shown(self.left),
            },
            Found::Changed(path, left, right) => {
                let (from, to) = (left.written(self.left), right.written(self.right));
                let aside = aside((left, &from), (right, &to));
                let (from, to) = shown_pair(&from, &to);
                Change::Changed {
                    path: path.clone(),
                    from,
                    to,
                    aside,
                }
            }
            Found::Moved(from, to, value) => Change::Moved {
                from_path: from.clone(),
                to_path: to.clone(),
                value: value.shown(self.right),
            },
        }
    }
}

impl Value<'_> {
    /// Whether finding it twice is hardly a coincidence.
    fn is_telling(&self) -> bool {
        self.span.len() >= TELLING_BYTES
    }

    /// As it is written, without the white space between its parts; the beginning of long
    /// arrays and objects.
    fn written(&self, source: &str) -> String {
        let text = &source[self.span.clone()];
        if !matches!(self.node, Node::Array(_) | Node::Object(_)) {
            return text.to_owned();
        }
        let (mut compact, mut is_text, mut is_escaped) = (String::new(), false, false);
        for c in text.chars() {
            if is_text || !c.is_ascii_whitespace() {
                compact.push(c);
            }
            if c == '"' && !is_escaped {
                is_text = !is_text;
            }
            is_escaped = is_text && c == '\\' && !is_escaped;
            if compact.len() > crate::limits::SHOWN_BYTES {
                compact.push_str(&format!("… ({} bytes)", text.len()));
                break;
            }
        }
        compact
    }

    fn shown(&self, source: &str) -> String {
        shown(&self.written(source))
    }
}

/// What the difference of two values amounts to, where the eye may miss it.
fn aside(left: (&Value<'_>, &str), right: (&Value<'_>, &str)) -> Option<&'static str> {
    match (&left.0.node, &right.0.node) {
        (Node::Number, Node::Number) => super::number::is_same(left.1, right.1)
            .then_some("the same number, written differently"),
        (left, right) if std::mem::discriminant(left) != std::mem::discriminant(right) => {
            Some("of another type")
        }
        _ => None,
    }
}

/// Members with which time their key occurs, from 1.
fn numbered<'a>(members: &'a [Member<'a>]) -> Vec<(&'a Member<'a>, usize)> {
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    let number = |member: &'a Member<'a>| {
        let nth = seen.entry(&member.key).or_default();
        *nth += 1;
        (member, *nth)
    };
    members.iter().map(number).collect()
}

/// Whether a key can stand in a path without quotes.
fn is_bare(key: &[u8]) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    key.first().is_some_and(is_first)
        && key.len() <= 64
        && key
            .iter()
            .all(|byte| is_first(byte) || byte.is_ascii_digit())
}
