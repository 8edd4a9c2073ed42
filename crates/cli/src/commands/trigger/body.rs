//! Changes to a body before it is sent.

use bytes::Bytes;
use serde_json::Value;

use super::edit;
use super::path::{Path, PathError};
use crate::args::TriggerArgs;
use crate::problem::{Code, Problem, Result};

/// What is to be changed, in the order it is done.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    steps: Vec<Change>,
    edit: bool,
}

#[derive(Debug, Clone)]
enum Change {
    Override(Path, Value),
    Add(Path, Value),
    Remove(Path),
}

impl Changes {
    /// What was typed.
    pub(super) fn parse(args: &TriggerArgs) -> Result<Self> {
        let mut steps = Vec::new();
        for text in &args.overrides {
            let (path, value) = assignment(text)?;
            steps.push(Change::Override(path, value));
        }
        for text in &args.add {
            let (path, value) = assignment(text)?;
            steps.push(Change::Add(path, value));
        }
        for text in &args.remove {
            steps.push(Change::Remove(
                text.parse().map_err(|error| unusable(&error))?,
            ));
        }
        Ok(Self {
            steps,
            edit: args.edit,
        })
    }

    /// The body with all of them; byte for byte the same if there are none.
    pub(super) fn apply(&self, body: Bytes) -> Result<Bytes> {
        let mut body = body;
        if !self.steps.is_empty() {
            let mut value: Value = serde_json::from_slice(&body).map_err(|error| {
                Problem::new(
                    Code::BodyUnusable,
                    "the body of this webhook has no fields to change",
                    error,
                    "leave out --override, --add and --remove, or use --edit",
                )
            })?;
            for step in &self.steps {
                step.apply(&mut value).map_err(|error| unusable(&error))?;
            }
            body = value.to_string().into();
        }
        match self.edit {
            true => edit::in_editor(&body).map(Bytes::from),
            false => Ok(body),
        }
    }
}

impl Change {
    fn apply(&self, body: &mut Value) -> std::result::Result<(), PathError> {
        match self {
            Self::Override(path, value) => path.replace(body, value.clone()),
            Self::Add(path, value) => path.add(body, value.clone()),
            Self::Remove(path) => path.remove(body),
        }
    }
}

/// `path=value`; the value is JSON if it can be, and a text otherwise.
fn assignment(text: &str) -> Result<(Path, Value)> {
    let (path, value) = text.split_once('=').ok_or_else(|| {
        Problem::new(
            Code::BodyUnusable,
            format!("{text:?} has no ="),
            "a change is written as PATH=VALUE",
            "write it like status=failed or 'result.urls[0]=https://…'",
        )
    })?;
    let path = path.trim().parse().map_err(|error| unusable(&error))?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((path, value))
}

fn unusable(error: &PathError) -> Problem {
    let next = match error {
        PathError::Absent(_) => "check the path with --dry-run; --add makes what is not there",
        PathError::Present(_) => "use --override to change what is there",
        _ => "check the path; `kreel trigger EVENT --dry-run` prints the body",
    };
    Problem::new(
        Code::BodyUnusable,
        "the body can't be changed like this",
        error,
        next,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_or_text() {
        let value = |text: &str| assignment(text).unwrap().1;
        assert_eq!(value("a=5"), 5);
        assert_eq!(value("a=\"5\""), "5");
        assert_eq!(value("a=failed"), "failed");
        assert_eq!(value("a="), "");
        assert_eq!(value("a={\"b\":[]}")["b"], serde_json::json!([]));
        assert_eq!(value("a=https://x/?y=z"), "https://x/?y=z");
        assert!(assignment("a").is_err());
    }

    #[test]
    fn without_changes_every_byte_stays() {
        let odd = Bytes::from_static(b"{ \"a\" : 1.0e2 }\xff");
        assert_eq!(Changes::default().apply(odd.clone()).unwrap(), odd);
    }
}
