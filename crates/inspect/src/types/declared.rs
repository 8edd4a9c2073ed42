//! A shape as declarations: each object a type with a name, which others refer to. The same for
//! every language whose types have names.

use super::names::{Names, pascal, singular};
use super::shape::{Numbers, Objects, Shape};

/// All types that are needed; what a type refers to stands before it.
#[derive(Debug)]
pub(super) struct Declared {
    /// Objects with fields.
    pub(super) records: Vec<Record>,
    /// The name of the whole.
    pub(super) root: String,
    /// What the whole is, if it is no object with fields.
    pub(super) alias: Option<Type>,
}

/// An object with fields.
#[derive(Debug)]
pub(super) struct Record {
    /// The name of its type.
    pub(super) name: String,
    /// Its fields in order.
    pub(super) fields: Vec<Field>,
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    /// Its key in JSON.
    pub(super) key: String,
    /// What it holds.
    pub(super) ty: Type,
    /// Whether some objects do without it.
    pub(super) is_optional: bool,
}

/// What may stand in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Type {
    /// The kinds of value that were seen; none if nothing was seen but null.
    pub(super) kinds: Vec<Kind>,
    /// Whether null was seen.
    pub(super) is_nullable: bool,
}

/// A kind of value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// True or false.
    Bool,
    /// A number.
    Number(Numbers),
    /// A string.
    Text,
    /// An array of these.
    List(Box<Type>),
    /// An object with a type of its own.
    Record(String),
    /// An object whose keys are data.
    Map(Box<Type>),
}

/// Declares a shape under a name, with names beside those that a language has taken.
pub(super) fn declare(shape: &Shape, name: &str, reserved: &[&str]) -> Declared {
    let mut declarer = Declarer {
        names: Names::reserved(reserved),
        records: Vec::new(),
    };
    let root = declarer.names.take(&pascal(name));
    let is_record = matches!(shape.object, Some(Objects::Fields(..)));
    if is_record && shape.kinds() == 1 && !shape.null {
        declarer.record(shape, root.clone());
        return Declared {
            records: declarer.records,
            root,
            alias: None,
        };
    }
    let alias = declarer.ty(shape, &format!("{root}Value"));
    Declared {
        records: declarer.records,
        root,
        alias: Some(alias),
    }
}

struct Declarer {
    names: Names,
    records: Vec<Record>,
}

impl Declarer {
    /// The type of a place; `hint` is what a type of its own would be called.
    fn ty(&mut self, shape: &Shape, hint: &str) -> Type {
        let mut kinds = Vec::new();
        if shape.bool {
            kinds.push(Kind::Bool);
        }
        kinds.extend(shape.numbers().map(Kind::Number));
        if shape.text {
            kinds.push(Kind::Text);
        }
        if let Some(element) = &shape.array {
            let element = self.ty(element, &singular(hint));
            kinds.push(Kind::List(Box::new(element)));
        }
        match &shape.object {
            None => {}
            Some(Objects::Map(value)) => {
                let value = self.ty(value, &format!("{hint}Value"));
                kinds.push(Kind::Map(Box::new(value)));
            }
            Some(Objects::Fields(..)) => {
                let name = self.names.take(&pascal(hint));
                self.record(shape, name.clone());
                kinds.push(Kind::Record(name));
            }
        }
        Type {
            kinds,
            is_nullable: shape.null,
        }
    }

    fn record(&mut self, shape: &Shape, name: String) {
        let Some(Objects::Fields(count, fields)) = &shape.object else {
            return;
        };
        let fields = fields
            .iter()
            .map(|(key, shape)| Field {
                key: key.clone(),
                ty: self.ty(shape, &format!("{name}_{key}")),
                is_optional: shape.count < *count,
            })
            .collect();
        self.records.push(Record { name, fields });
    }
}
