//! Krea's OpenAPI document, as the user gives it: the bodies of calls are checked against it.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use jsonschema::Validator;
use serde_json::{Value, json};
use thiserror::Error;

/// A document, ready to check bodies.
#[derive(Debug, Clone)]
pub struct OpenApi {
    validators: Arc<HashMap<String, Validator>>,
    templates: Arc<[String]>,
    text: Bytes,
}

/// Why a document can't be used.
#[derive(Debug, Error)]
pub enum InvalidOpenApi {
    /// It is not JSON.
    #[error("it is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// It has no calls with a JSON body.
    #[error("it describes no call with a JSON body")]
    Empty,
    /// The schema of a call is none.
    #[error("the schema of {path} can't be used: {why}")]
    Schema {
        /// The call's path.
        path: String,
        /// The words of the library.
        why: String,
    },
}

impl OpenApi {
    /// Reads a document (OpenAPI 3.1, as JSON).
    pub fn parse(text: Bytes) -> Result<Self, InvalidOpenApi> {
        let document: Value = serde_json::from_slice(&text)?;
        let none = Value::Null;
        let components = document.get("components").unwrap_or(&none);
        let mut validators = HashMap::new();
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            let schema = item.pointer("/post/requestBody/content/application~1json/schema");
            let Some(schema) = schema else {
                continue;
            };
            // References begin at the document's root, so the components come along.
            let whole = json!({"components": components, "allOf": [schema]});
            let validator = jsonschema::draft202012::new(&whole);
            let validator = validator.map_err(|error| InvalidOpenApi::Schema {
                path: path.clone(),
                why: error.to_string(),
            })?;
            validators.insert(path.clone(), validator);
        }
        match validators.is_empty() {
            true => Err(InvalidOpenApi::Empty),
            false => Ok(Self {
                templates: templates(&validators),
                validators: Arc::new(validators),
                text,
            }),
        }
    }

    /// The document as it was given.
    pub(super) fn text(&self) -> Bytes {
        self.text.clone()
    }

    /// The schema of a path: of its own words before one with a placeholder.
    fn validator(&self, path: &str) -> Option<&Validator> {
        self.validators.get(path).or_else(|| {
            let template = self
                .templates
                .iter()
                .find(|template| fits(template, path))?;
            self.validators.get(template)
        })
    }

    /// What is wrong with the body of a call to this path, and where; nothing if it is fine, or
    /// nothing for an outsider to say.
    pub(super) fn fault(&self, path: &str, body: &Value) -> Option<Option<(String, String)>> {
        let validator = self.validator(path)?;
        let first = validator.iter_errors(body).next();
        Some(first.map(|error| {
            let place = error.instance_path().to_string();
            let place = match place.trim_start_matches('/') {
                "" => "body",
                place => place,
            };
            (place.to_owned(), error.to_string())
        }))
    }
}

/// The paths with placeholders, in an order that does not change.
fn templates(validators: &HashMap<String, Validator>) -> Arc<[String]> {
    let paths = validators.keys().filter(|path| path.contains('{'));
    let mut templates: Vec<String> = paths.cloned().collect();
    templates.sort_unstable();
    templates.into()
}

/// Whether a path is what a template like `/node-apps/{id}/execute` means.
fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut parts) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), parts.next()) {
            (None, None) => return true,
            (Some(wanted), Some(part)) if wanted == part => {}
            (Some(wanted), Some(part)) => {
                let is_any = wanted.starts_with('{') && wanted.ends_with('}');
                if !is_any || part.is_empty() {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_one_part_of_a_path() {
        let template = "/node-apps/{id}/execute";
        assert!(fits(template, "/node-apps/4d0e5f97/execute"));
        for other in [
            "/node-apps//execute",
            "/node-apps/a/b/execute",
            "/node-apps/a",
            "/node-apps/a/execute/now",
            "/apps/a/execute",
        ] {
            assert!(!fits(template, other), "{other}");
        }
    }

    #[test]
    fn words_of_its_own_come_before_placeholders() {
        let call = |kind: &str| json!({"post": {"requestBody": {"content": {"application/json": {"schema": {"type": kind}}}}}});
        let paths = json!({"/a/{id}": call("array"), "/a/b": call("object")});
        let document = json!({ "paths": paths }).to_string();
        let document = OpenApi::parse(document.into()).unwrap();
        let fault = |path: &str| {
            document
                .fault(path, &json!({}))
                .map(|found| found.is_some())
        };
        assert_eq!(fault("/a/b"), Some(false));
        assert_eq!(fault("/a/c"), Some(true));
        assert_eq!(fault("/a/c/d"), None);
    }
}
