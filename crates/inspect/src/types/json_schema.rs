//! A shape as JSON Schema 2020-12. More fields than were seen may come.

use serde_json::{Map, Value, json};

use super::shape::{Numbers, Objects, Shape};

pub(super) fn write(shape: &Shape, name: &str) -> String {
    let mut schema = Map::new();
    let draft = "https://json-schema.org/draft/2020-12/schema";
    schema.insert("$schema".to_owned(), draft.into());
    schema.insert("title".to_owned(), name.into());
    schema.extend(of(shape));
    // A value of strings, numbers and maps with strings for keys can't fail.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

fn of(shape: &Shape) -> Map<String, Value> {
    let number = shape.numbers().map(|number| match number {
        Numbers::Float => "number",
        Numbers::Signed | Numbers::Unsigned => "integer",
    });
    let kinds = [
        shape.object.as_ref().map(|_| "object"),
        shape.array.as_ref().map(|_| "array"),
        shape.text.then_some("string"),
        number,
        shape.bool.then_some("boolean"),
        shape.null.then_some("null"),
    ];
    let kinds: Vec<&str> = kinds.into_iter().flatten().collect();
    let mut schema = Map::new();
    match &kinds[..] {
        [] => {}
        [one] => drop(schema.insert("type".to_owned(), json!(one))),
        several => drop(schema.insert("type".to_owned(), json!(several))),
    }
    match &shape.object {
        None => {}
        Some(Objects::Map(value)) => {
            schema.insert("additionalProperties".to_owned(), of(value).into());
        }
        Some(Objects::Fields(count, fields)) => {
            let property = |(key, shape): &(String, Shape)| (key.clone(), of(shape).into());
            let properties: Map<String, Value> = fields.iter().map(property).collect();
            let is_required = |(_, shape): &&(String, Shape)| shape.count >= *count;
            let required: Vec<&str> = fields
                .iter()
                .filter(is_required)
                .map(|(key, _)| key.as_str())
                .collect();
            schema.insert("properties".to_owned(), properties.into());
            schema.insert("required".to_owned(), json!(required));
        }
    }
    if let Some(element) = &shape.array {
        schema.insert("items".to_owned(), of(element).into());
    }
    schema
}
