//! Types as Python's `TypedDict`s, for 3.11 and newer.

use super::declared::{Declared, Kind, Record, Type, declare};
use super::names::is_identifier;
use super::shape::{Numbers, Shape};

/// Names a type of ours must not have.
const RESERVED: [&str; 7] = [
    "Any",
    "False",
    "None",
    "NotRequired",
    "True",
    "TypeAlias",
    "TypedDict",
];

/// Words no field of a class may be called.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

pub(super) fn write(shape: &Shape, name: &str) -> String {
    let Declared {
        records,
        root,
        alias,
    } = declare(shape, name, &RESERVED);
    let mut text = "from typing import Any, NotRequired, TypeAlias, TypedDict\n".to_owned();
    // What is referred to has to stand first.
    for record in &records {
        text += &dictionary(record);
    }
    if let Some(alias) = &alias {
        text += &format!("\n\n{root}: TypeAlias = {}\n", full(alias));
    }
    text
}

fn dictionary(record: &Record) -> String {
    // A class would rename what begins with two underscores.
    let bears =
        |key: &str| is_identifier(key) && !KEYWORDS.contains(&key) && !key.starts_with("__");
    let is_class = record.fields.iter().all(|field| bears(&field.key));
    let name = &record.name;
    let mut text = match is_class {
        true => format!("\n\nclass {name}(TypedDict):\n"),
        false => format!("\n\n{name} = TypedDict(\n    \"{name}\",\n    {{\n"),
    };
    for field in &record.fields {
        let ty = match field.is_optional {
            true => format!("NotRequired[{}]", full(&field.ty)),
            false => full(&field.ty),
        };
        // What JSON writes in a string for ASCII means the same in Python.
        text += &match is_class {
            true => format!("    {}: {ty}\n", field.key),
            false => format!("        {}: {ty},\n", quoted(&field.key)),
        };
    }
    match (is_class, record.fields.is_empty()) {
        (true, true) => text + "    pass\n",
        (true, false) => text,
        (false, _) => text + "    },\n)\n",
    }
}

/// A string of ASCII alone.
fn quoted(key: &str) -> String {
    let mut text = String::from("\"");
    for c in key.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            c => text += &format!("\\U{:08x}", u32::from(c)),
        }
    }
    text + "\""
}

fn full(ty: &Type) -> String {
    let mut kinds: Vec<String> = ty.kinds.iter().map(kind).collect();
    if ty.is_nullable {
        kinds.push("None".to_owned());
    }
    match kinds.is_empty() {
        true => "Any".to_owned(),
        false => kinds.join(" | "),
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Number(Numbers::Float) => "float".to_owned(),
        Kind::Number(_) => "int".to_owned(),
        Kind::Text => "str".to_owned(),
        Kind::List(element) => format!("list[{}]", full(element)),
        Kind::Record(name) => name.clone(),
        Kind::Map(value) => format!("dict[str, {}]", full(value)),
    }
}
