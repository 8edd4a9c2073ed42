//! Types as TypeScript interfaces.

use super::declared::{Declared, Kind, Record, Type, declare};
use super::names::is_identifier;
use super::shape::Shape;

/// Names a type of ours must not have.
const RESERVED: [&str; 8] = [
    "Array", "Boolean", "Date", "Number", "Object", "Record", "String", "Symbol",
];

pub(super) fn write(shape: &Shape, name: &str) -> String {
    let Declared {
        records,
        root,
        alias,
    } = declare(shape, name, &RESERVED);
    let mut text = String::new();
    if let Some(alias) = &alias {
        text += &format!("export type {root} = {};\n\n", full(alias));
    }
    let records: Vec<String> = records.iter().rev().map(interface).collect();
    text += &records.join("\n");
    text.trim_end().to_owned() + "\n"
}

fn interface(record: &Record) -> String {
    let mut text = format!("export interface {} {{\n", record.name);
    for field in &record.fields {
        let key = match is_identifier(&field.key) {
            true => field.key.clone(),
            // JSON strings are TypeScript strings.
            false => serde_json::Value::from(field.key.as_str()).to_string(),
        };
        let mark = if field.is_optional { "?" } else { "" };
        text += &format!("  {key}{mark}: {};\n", full(&field.ty));
    }
    text + "}\n"
}

fn full(ty: &Type) -> String {
    let mut kinds: Vec<String> = ty.kinds.iter().map(kind).collect();
    if ty.is_nullable {
        kinds.push("null".to_owned());
    }
    match kinds.is_empty() {
        true => "unknown".to_owned(),
        false => kinds.join(" | "),
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "boolean".to_owned(),
        Kind::Number(_) => "number".to_owned(),
        Kind::Text => "string".to_owned(),
        Kind::List(element) => match full(element) {
            union if union.contains(" | ") => format!("({union})[]"),
            one => format!("{one}[]"),
        },
        Kind::Record(name) => name.clone(),
        Kind::Map(value) => format!("Record<string, {}>", full(value)),
    }
}
