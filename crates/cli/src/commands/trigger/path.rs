//! Fields of a JSON value by their path: `result.urls[0]`, `a."dotted.key".b`.

use serde_json::{Map, Value};

/// A way down into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    steps: Vec<Step>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Which change can't be made, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathError {
    /// Not written as a path.
    #[error("{0:?} is not a path like result.urls[0]")]
    Malformed(String),
    /// There is nothing there.
    #[error("there is no {0} in the body")]
    Absent(String),
    /// There is something there.
    #[error("there is a {0} in the body already")]
    Present(String),
    /// Something on the way is neither an object nor a list.
    #[error("{0} can't have fields")]
    NoContainer(String),
    /// A list would have a gap.
    #[error("{0} would leave a gap in the list")]
    Gap(String),
}

impl std::str::FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let malformed = || PathError::Malformed(text.to_owned());
        let mut steps = Vec::new();
        let mut rest = text.strip_prefix('.').unwrap_or(text);
        while !rest.is_empty() {
            let (step, behind) = step(rest).ok_or_else(malformed)?;
            steps.push(step);
            rest = match behind.strip_prefix('.') {
                Some("") => return Err(malformed()),
                Some(next) if !next.starts_with('[') => next,
                None if behind.is_empty() || behind.starts_with('[') => behind,
                _ => return Err(malformed()),
            };
        }
        match steps.is_empty() {
            true => Err(malformed()),
            false => Ok(Self {
                steps,
                text: text.to_owned(),
            }),
        }
    }
}

/// The first step, and what is behind it.
fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (index, behind) = rest.split_once(']')?;
        return Some((Step::Index(index.parse().ok()?), behind));
    }
    if let Some(rest) = text.strip_prefix('"') {
        let (key, behind) = rest.split_once('"')?;
        return Some((Step::Key(key.to_owned()), behind));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, behind) = text.split_at(end);
    (!key.is_empty()).then(|| (Step::Key(key.to_owned()), behind))
}

impl Path {
    /// Changes a field that is there.
    pub(super) fn replace(&self, root: &mut Value, value: Value) -> Result<(), PathError> {
        let found = self.steps.iter().try_fold(root, |at, step| match step {
            Step::Key(key) => at.get_mut(key),
            Step::Index(index) => at.get_mut(index),
        });
        *found.ok_or_else(|| PathError::Absent(self.text.clone()))? = value;
        Ok(())
    }

    /// Adds a field that is not there, and makes what is around it.
    pub(super) fn add(&self, root: &mut Value, value: Value) -> Result<(), PathError> {
        let text = || self.text.clone();
        let mut at = root;
        for step in &self.steps {
            if at.is_null() {
                *at = match step {
                    Step::Key(_) => Value::Object(Map::new()),
                    Step::Index(_) => Value::Array(Vec::new()),
                };
            }
            at = match (step, at) {
                (Step::Key(key), Value::Object(object)) => {
                    object.entry(key.clone()).or_insert(Value::Null)
                }
                (Step::Index(index), Value::Array(items)) => {
                    match *index {
                        end if end == items.len() => items.push(Value::Null),
                        index if index > items.len() => return Err(PathError::Gap(text())),
                        _ => {}
                    }
                    &mut items[*index]
                }
                _ => return Err(PathError::NoContainer(text())),
            };
        }
        match at.is_null() {
            true => *at = value,
            false => return Err(PathError::Present(text())),
        }
        Ok(())
    }

    /// Takes a field out.
    pub(super) fn remove(&self, root: &mut Value) -> Result<(), PathError> {
        let absent = || PathError::Absent(self.text.clone());
        let (last, way) = self.steps.split_last().ok_or_else(absent)?;
        let around = way.iter().try_fold(root, |at, step| match step {
            Step::Key(key) => at.get_mut(key),
            Step::Index(index) => at.get_mut(index),
        });
        let removed = match (last, around.ok_or_else(absent)?) {
            // Not `remove`: the order of the other fields is the sender's.
            (Step::Key(key), Value::Object(object)) => object.shift_remove(key),
            (Step::Index(index), Value::Array(items)) if *index < items.len() => {
                Some(items.remove(*index))
            }
            _ => None,
        };
        removed.map(drop).ok_or_else(absent)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    fn job() -> Value {
        json!({"job_id": "1", "result": {"urls": ["a", "b"]}, "a.b": {"c": null}})
    }

    #[test]
    fn what_is_there_is_changed() {
        let mut value = job();
        path("result.urls[1]")
            .replace(&mut value, json!("x"))
            .unwrap();
        path("\"a.b\".c").replace(&mut value, json!(1)).unwrap();
        assert_eq!(
            value,
            json!({"job_id": "1", "result": {"urls": ["a", "x"]}, "a.b": {"c": 1}})
        );
        let missing = path("result.urls[2]").replace(&mut value, json!(1));
        assert_eq!(missing, Err(PathError::Absent("result.urls[2]".to_owned())));
        assert!(path("job_id.x").replace(&mut value, json!(1)).is_err());
    }

    #[test]
    fn what_is_not_there_is_added() {
        let mut value = job();
        path("error.code").add(&mut value, json!("nsfw")).unwrap();
        path("result.urls[2]").add(&mut value, json!("c")).unwrap();
        path("list[0].x").add(&mut value, json!(1)).unwrap();
        assert_eq!(value["error"], json!({"code": "nsfw"}));
        assert_eq!(value["result"]["urls"], json!(["a", "b", "c"]));
        assert_eq!(value["list"], json!([{"x": 1}]));
        let add = |text: &str| path(text).add(&mut job(), json!(1)).unwrap_err();
        assert!(matches!(add("job_id"), PathError::Present(_)));
        assert!(matches!(add("job_id.x"), PathError::NoContainer(_)));
        assert!(matches!(add("result.urls[9]"), PathError::Gap(_)));
    }

    #[test]
    fn what_is_removed_leaves_the_order() {
        let mut value = job();
        path("result.urls[0]").remove(&mut value).unwrap();
        path("job_id").remove(&mut value).unwrap();
        assert_eq!(
            value.to_string(),
            r#"{"result":{"urls":["b"]},"a.b":{"c":null}}"#
        );
        assert!(path("result.urls[5]").remove(&mut value).is_err());
        assert!(path("nothing").remove(&mut value).is_err());
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in [
            "", ".", "a..b", "a[", "a[x]", "a[-1]", "a]b[", "a.", "a.[0]", "\"a", "[0]b",
        ] {
            assert!(bad.parse::<Path>().is_err(), "{bad}");
        }
        assert_eq!(path("[0].a").steps.len(), 2);
        assert_eq!(path(".a.b").steps.len(), 2);
    }
}
