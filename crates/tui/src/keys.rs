//! Which key means what: one table, from which keys are understood, the help is written, and the
//! bar at the bottom is filled.

#[cfg(test)]
mod guide;
mod table;
mod typed;

use std::collections::{BTreeMap, HashMap};

use crossterm::event::KeyEvent;
use thiserror::Error;

use crate::action::Action;
pub(crate) use table::{BINDINGS, Binding, Place};
pub use typed::Key;

/// The keys as they are bound, by default or by the user.
#[derive(Debug, Clone)]
pub struct KeyMap {
    actions: HashMap<(Place, Key), Action>,
    keys: HashMap<Action, Vec<Key>>,
}

/// Why a binding can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidBinding {
    /// Nothing has this name.
    #[error("there is no action {name:?}{}", near(*nearest))]
    Action {
        /// The name.
        name: String,
        /// One that looks like it.
        nearest: Option<&'static str>,
    },
    /// It is not the name of a key.
    #[error(
        "{key:?} is not a key: write it like r, R, ctrl-r, f5, enter, esc, space, tab, up or pgdn"
    )]
    Key {
        /// The text.
        key: String,
    },
    /// Two actions want the same key.
    #[error("{key} is for {first} and for {second}")]
    Twice {
        /// The key.
        key: Key,
        /// One action.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

fn near(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean {name:?}?"))
}

impl Default for KeyMap {
    fn default() -> Self {
        Self::with(&BTreeMap::new()).expect("the table binds each key once, as a test shows")
    }
}

impl KeyMap {
    /// The usual keys, but for these actions, by name, those given here. An empty list leaves an
    /// action without a key.
    pub fn with(own: &BTreeMap<String, Vec<String>>) -> Result<Self, InvalidBinding> {
        for name in own.keys() {
            if !BINDINGS.iter().any(|binding| binding.name == name) {
                return Err(unknown(name));
            }
        }
        let mut map = Self {
            actions: HashMap::new(),
            keys: HashMap::new(),
        };
        // The user's first: a usual key that is wanted for something else is simply free for it.
        let (theirs, usual): (Vec<&Binding>, Vec<&Binding>) = BINDINGS
            .iter()
            .partition(|binding| own.contains_key(binding.name));
        for binding in theirs {
            for text in &own[binding.name] {
                map.bind(binding, parse(text)?)?;
            }
        }
        let taken: Vec<(Place, Key)> = map.actions.keys().copied().collect();
        for binding in usual {
            for text in binding.keys {
                let key = parse(text)?;
                let is_taken = taken
                    .iter()
                    .any(|(place, other)| *other == key && place.overlaps(binding.place));
                if !is_taken {
                    map.bind(binding, key)?;
                }
            }
        }
        Ok(map)
    }

    /// What a key means there.
    pub(crate) fn action(&self, place: Place, event: &KeyEvent) -> Option<Action> {
        let key = Key::of(event)?;
        let here = self.actions.get(&(place, key));
        here.or_else(|| self.actions.get(&(Place::Everywhere, key)))
            .copied()
    }

    /// The keys of an action, as they are written.
    pub(crate) fn keys_of(&self, action: Action) -> String {
        let keys = self.keys.get(&action).map_or(&[][..], Vec::as_slice);
        let shown: Vec<String> = keys.iter().map(ToString::to_string).collect();
        shown.join(" ")
    }

    /// How an action is asked for: by its first key, else by its name.
    pub(crate) fn spelled(&self, action: Action) -> String {
        match self.key_of(action) {
            Some(key) => key.to_string(),
            None => format!(":{}", name_of(action)),
        }
    }

    /// The first key of an action.
    pub(crate) fn key_of(&self, action: Action) -> Option<Key> {
        self.keys.get(&action)?.first().copied()
    }

    fn bind(&mut self, binding: &'static Binding, key: Key) -> Result<(), InvalidBinding> {
        for place in Place::ALL
            .into_iter()
            .filter(|place| place.overlaps(binding.place))
        {
            if let Some(action) = self.actions.get(&(place, key))
                && *action != binding.action
            {
                return Err(InvalidBinding::Twice {
                    key,
                    first: name_of(*action),
                    second: binding.name,
                });
            }
        }
        self.actions.insert((binding.place, key), binding.action);
        self.keys.entry(binding.action).or_default().push(key);
        Ok(())
    }
}

fn parse(text: &str) -> Result<Key, InvalidBinding> {
    text.parse().map_err(|()| InvalidBinding::Key {
        key: text.to_owned(),
    })
}

fn name_of(action: Action) -> &'static str {
    let found = BINDINGS.iter().find(|binding| binding.action == action);
    found.map_or("?", |binding| binding.name)
}

fn unknown(name: &str) -> InvalidBinding {
    let near = |known: &&Binding| strsim::damerau_levenshtein(known.name, name);
    let nearest = BINDINGS.iter().min_by_key(near);
    InvalidBinding::Action {
        name: name.to_owned(),
        nearest: nearest
            .filter(|known| near(known) <= 3)
            .map(|known| known.name),
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    fn own(name: &str, keys: &[&str]) -> BTreeMap<String, Vec<String>> {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        BTreeMap::from([(name.to_owned(), keys)])
    }

    fn pressed(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn every_usual_key_is_bound_once() {
        let map = KeyMap::default();
        for binding in BINDINGS {
            assert_eq!(
                map.keys[&binding.action].len(),
                binding.keys.len(),
                "{}",
                binding.name
            );
        }
    }

    #[test]
    fn what_is_told_of_a_key_is_true_of_the_users_own() {
        let mut own = own("replay", &["f5"]);
        own.insert("jobs".to_owned(), Vec::new());
        let map = KeyMap::with(&own).unwrap();
        assert_eq!(map.spelled(Action::Replay), "F5");
        assert_eq!(map.spelled(Action::Subjects), ":jobs");
        assert_eq!(KeyMap::default().spelled(Action::Replay), "r");
    }

    #[test]
    fn the_same_key_may_mean_two_things_in_two_places() {
        let map = KeyMap::default();
        let n = pressed(KeyCode::Char('n'));
        assert_eq!(map.action(Place::Rows, &n), Some(Action::Note));
        assert_eq!(map.action(Place::Detail, &n), Some(Action::FindNext));
        let j = pressed(KeyCode::Char('j'));
        assert_eq!(map.action(Place::Rows, &j), map.action(Place::Detail, &j));
    }

    #[test]
    fn a_key_of_the_users_is_taken_from_what_had_it() {
        let map = KeyMap::with(&own("replay", &["e", "f5"])).unwrap();
        let pressed = |code| map.action(Place::Rows, &pressed(code));
        assert_eq!(pressed(KeyCode::Char('e')), Some(Action::Replay));
        assert_eq!(pressed(KeyCode::F(5)), Some(Action::Replay));
        assert_eq!(pressed(KeyCode::Char('r')), None);
        assert_eq!(map.keys_of(Action::Edit), "");
    }

    #[test]
    fn what_cannot_be_bound_is_said() {
        let error = |own| KeyMap::with(&own).unwrap_err().to_string();
        assert_eq!(
            error(own("reply", &["r"])),
            "there is no action \"reply\", did you mean \"replay\"?"
        );
        assert!(error(own("replay", &["hyper-x"])).contains("is not a key"));
        let mut both = own("replay", &["y"]);
        both.extend(own("edit", &["y"]));
        assert_eq!(error(both), "y is for replay and for edit");
    }
}
