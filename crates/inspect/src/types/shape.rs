//! What values were seen in one place.

use serde_json::{Number, Value};

use crate::limits::TYPE_FIELDS;

/// All that was seen in one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shape {
    /// How many values.
    pub(super) count: u64,
    /// Whether one was null.
    pub(super) null: bool,
    /// Whether one was true or false.
    pub(super) bool: bool,
    /// What numbers there were.
    number: Option<Numbers>,
    /// Whether one of them was a negative integer.
    has_negative: bool,
    /// Whether one was a string.
    pub(super) text: bool,
    /// The elements of all arrays, if there were any arrays.
    pub(super) array: Option<Box<Shape>>,
    /// All objects, if there were any.
    pub(super) object: Option<Objects>,
}

/// What numbers there were, from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Numbers {
    /// Integers of 64 bits with a sign.
    Signed,
    /// Integers, one of them too large for that.
    Unsigned,
    /// Others.
    Float,
}

/// The objects of one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Objects {
    /// Fields in the order in which they were first seen; and how many objects there were.
    Fields(u64, Vec<(String, Shape)>),
    /// So many different keys that they are data.
    Map(Box<Shape>),
}

impl Shape {
    /// Takes in a value. How deep that goes is what the JSON parser has let through.
    pub(super) fn add(&mut self, value: &Value) {
        self.count += 1;
        match value {
            Value::Null => self.null = true,
            Value::Bool(_) => self.bool = true,
            Value::Number(number) => {
                self.number = self.number.max(Some(Numbers::of(number)));
                self.has_negative |= number.as_i64().is_some_and(|it| it < 0);
            }
            Value::String(_) => self.text = true,
            Value::Array(elements) => {
                let element = self.array.get_or_insert_default();
                elements.iter().for_each(|it| element.add(it));
            }
            Value::Object(members) => {
                let objects = self
                    .object
                    .get_or_insert_with(|| Objects::Fields(0, Vec::new()));
                objects.add(members);
            }
        }
    }

    /// Takes in what was seen in another place.
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.null |= other.null;
        self.bool |= other.bool;
        self.text |= other.text;
        self.number = self.number.max(other.number);
        self.has_negative |= other.has_negative;
        if let Some(element) = other.array {
            self.array.get_or_insert_default().merge(*element);
        }
        self.object = match (self.object.take(), other.object) {
            (Some(mine), Some(others)) => Some(mine.merged(others)),
            (mine, others) => mine.or(others),
        };
    }

    /// What numbers there were. Negative ones beside one that needs all 64 bits fit no integer.
    pub(super) fn numbers(&self) -> Option<Numbers> {
        match self.number {
            Some(Numbers::Unsigned) if self.has_negative => Some(Numbers::Float),
            number => number,
        }
    }

    /// How many kinds of value there were, null aside.
    pub(super) fn kinds(&self) -> usize {
        usize::from(self.bool)
            + usize::from(self.number.is_some())
            + usize::from(self.text)
            + usize::from(self.array.is_some())
            + usize::from(self.object.is_some())
    }
}

impl Numbers {
    fn of(number: &Number) -> Self {
        match (number.as_i64(), number.as_u64()) {
            (Some(_), _) => Self::Signed,
            (None, Some(_)) => Self::Unsigned,
            (None, None) => Self::Float,
        }
    }
}

impl Objects {
    fn add(&mut self, members: &serde_json::Map<String, Value>) {
        match self {
            Self::Map(value) => members.values().for_each(|it| value.add(it)),
            Self::Fields(count, fields) => {
                *count += 1;
                for (key, value) in members {
                    match fields.iter_mut().find(|(known, _)| known == key) {
                        Some((_, shape)) => shape.add(value),
                        None => {
                            let mut shape = Shape::default();
                            shape.add(value);
                            fields.push((key.clone(), shape));
                        }
                    }
                    if fields.len() > TYPE_FIELDS {
                        break;
                    }
                }
                if fields.len() > TYPE_FIELDS {
                    let mut all = Shape::default();
                    fields.drain(..).for_each(|(_, shape)| all.merge(shape));
                    // Those that were counted as fields are counted again, which only adds up.
                    members.values().for_each(|it| all.add(it));
                    *self = Self::Map(Box::new(all));
                }
            }
        }
    }

    fn merged(self, other: Self) -> Self {
        let (mut all, rest) = match (self, other) {
            (Self::Fields(mine, mut fields), Self::Fields(others, more)) => {
                for (key, shape) in more {
                    match fields.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, known)) => known.merge(shape),
                        None => fields.push((key, shape)),
                    }
                }
                return Self::Fields(mine + others, fields);
            }
            (Self::Map(all), rest) | (rest, Self::Map(all)) => (all, rest),
        };
        match rest {
            Self::Map(shape) => all.merge(*shape),
            Self::Fields(_, fields) => fields.into_iter().for_each(|(_, shape)| all.merge(shape)),
        }
        Self::Map(all)
    }
}
