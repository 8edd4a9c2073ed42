//! The schema of archives that others published, beside ours: for tests.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

macro_rules! files {
    ($($name:ident,)*) => {
        [$((
            stringify!($name),
            include_str!(concat!("published/", stringify!($name), ".json")),
        )),*]
    };
}

/// The files, by what they refer to each other with.
const FILES: [(&str, &str); 18] = files![
    afterRequest,
    beforeRequest,
    browser,
    cache,
    content,
    cookie,
    creator,
    entry,
    har,
    header,
    log,
    page,
    pageTimings,
    postData,
    query,
    request,
    response,
    timings,
];

/// Judges whole archives.
pub(crate) fn validator() -> Validator {
    let definitions: Map<String, Value> = FILES
        .iter()
        .map(|(name, text)| {
            let mut schema = serde_json::from_str(text).expect("it is JSON");
            within_one_file(&mut schema);
            ((*name).to_owned(), schema)
        })
        .collect();
    let whole = json!({"definitions": definitions, "allOf": [{"$ref": "#/definitions/har"}]});
    let options = jsonschema::draft6::options().should_validate_formats(true);
    options.build(&whole).expect("it is a schema")
}

/// What refers to a file refers to a definition then.
fn within_one_file(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("$id");
            fields.remove("$schema");
            if let Some(Value::String(to)) = fields.get_mut("$ref") {
                *to = format!("#/definitions/{}", to.trim_end_matches(".json#"));
            }
            fields.values_mut().for_each(within_one_file);
        }
        Value::Array(values) => values.iter_mut().for_each(within_one_file),
        _ => {}
    }
}
