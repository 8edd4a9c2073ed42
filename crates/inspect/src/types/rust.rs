//! Types as Rust structures for serde.

use super::declared::{Declared, Kind, Record, Type, declare};
use super::names::{Names, snake};
use super::shape::{Numbers, Shape};

/// Names a type of ours must not have.
const RESERVED: [&str; 12] = [
    "Box",
    "BTreeMap",
    "Deserialize",
    "Err",
    "None",
    "Ok",
    "Option",
    "Self",
    "Serialize",
    "Some",
    "String",
    "Vec",
];

/// Words no field may be called.
const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while",
];

pub(super) fn write(shape: &Shape, name: &str) -> String {
    let Declared {
        records,
        root,
        alias,
    } = declare(shape, name, &RESERVED);
    let mut text = String::new();
    if !records.is_empty() {
        text += "use serde::{Deserialize, Serialize};\n";
    }
    if let Some(alias) = &alias {
        text += &format!("\npub type {root} = {};\n", full(alias, false));
    }
    // The whole first, as one reads.
    for record in records.iter().rev() {
        text += &structure(record);
    }
    text.trim_start().to_owned()
}

fn structure(record: &Record) -> String {
    let mut text = format!(
        "\n#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\npub struct {} {{\n",
        record.name
    );
    let mut names = Names::reserved(&KEYWORDS);
    for field in &record.fields {
        let name = match snake(&field.key) {
            name if KEYWORDS.contains(&name.as_str()) => names.take(&format!("{name}_")),
            name => names.take(&name),
        };
        let mut attributes = Vec::new();
        if name != field.key {
            attributes.push(format!("rename = {:?}", field.key));
        }
        if field.is_optional {
            attributes.push("default".to_owned());
            attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        }
        if !attributes.is_empty() {
            text += &format!("    #[serde({})]\n", attributes.join(", "));
        }
        text += &format!("    pub {name}: {},\n", full(&field.ty, field.is_optional));
    }
    text + "}\n"
}

fn full(ty: &Type, is_optional: bool) -> String {
    let inner = match &ty.kinds[..] {
        [one] => kind(one),
        // Rust has no unions of such types, and null alone tells nothing.
        _ => "serde_json::Value".to_owned(),
    };
    match is_optional || (ty.is_nullable && ty.kinds.len() == 1) {
        true => format!("Option<{inner}>"),
        false => inner,
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Number(Numbers::Signed) => "i64".to_owned(),
        Kind::Number(Numbers::Unsigned) => "u64".to_owned(),
        Kind::Number(Numbers::Float) => "f64".to_owned(),
        Kind::Text => "String".to_owned(),
        Kind::List(element) => format!("Vec<{}>", full(element, false)),
        Kind::Record(name) => name.clone(),
        Kind::Map(value) => {
            format!("std::collections::BTreeMap<String, {}>", full(value, false))
        }
    }
}
