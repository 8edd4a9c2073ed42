//! Names for types and fields, made from keys: what a language bears, and none twice.

use std::collections::HashSet;

/// Names that are taken.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// Names that are taken from the beginning.
    pub(super) fn reserved(words: &[&str]) -> Self {
        Self(words.iter().map(|&word| word.to_owned()).collect())
    }

    /// The name itself, or with a number behind it if it is taken.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let numbered = |number: usize| match number {
            1 => wanted.to_owned(),
            number => format!("{wanted}{number}"),
        };
        let free = (1..).map(numbered).find(|name| !self.0.contains(name));
        let name = free.unwrap_or_else(|| wanted.to_owned());
        self.0.insert(name.clone());
        name
    }
}

/// A name of a type: `JobResult`. ASCII alone, which every language bears.
pub(super) fn pascal(text: &str) -> String {
    let mut name = String::new();
    for word in words(text) {
        let mut chars = word.chars();
        name.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    led_by_letter(name, "Type")
}

/// A name of a field: `job_result`.
pub(super) fn snake(text: &str) -> String {
    let words: Vec<String> = words(text)
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    led_by_letter(words.join("_"), "field_")
}

/// The singular of a list's name, as far as English is that simple: `urls`, `entries`.
pub(super) fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(stem) if stem.len() > 1 => format!("{stem}y"),
        _ => match name.strip_suffix('s') {
            Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
            _ => format!("{name}Item"),
        },
    }
}

/// Whether it can stand as a field's name without quotes.
pub(super) fn is_identifier(key: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !key.is_empty() && key.chars().all(fits) && !key.starts_with(|c: char| c.is_ascii_digit())
}

fn led_by_letter(name: String, otherwise: &str) -> String {
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name,
        _ => format!("{otherwise}{name}"),
    }
}

/// Runs of letters and digits; a capital after a small letter begins a new one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            let is_hump = c.is_ascii_uppercase() && before.is_ascii_lowercase();
            match words.last_mut() {
                Some(word) if before.is_ascii_alphanumeric() && !is_hump => word.push(c),
                _ => words.push(c.to_string()),
            }
        }
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_names() {
        for (key, type_name, field) in [
            ("job_id", "JobId", "job_id"),
            ("createdAt", "CreatedAt", "created_at"),
            ("X-Hub-Signature", "XHubSignature", "x_hub_signature"),
            ("2fa", "Type2fa", "field_2fa"),
            ("", "Type", "field_"),
            ("größe", "GrE", "gr_e"),
            ("URL", "URL", "url"),
        ] {
            assert_eq!(
                (pascal(key).as_str(), snake(key).as_str()),
                (type_name, field)
            );
        }
        for (many, one) in [
            ("urls", "url"),
            ("entries", "entry"),
            ("data", "dataItem"),
            ("status", "statusItem"),
        ] {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn no_name_is_taken_twice() {
        let mut names = Names::reserved(&["Option"]);
        let taken: Vec<_> = ["A", "A", "A2", "Option"].map(|it| names.take(it)).into();
        assert_eq!(taken, ["A", "A2", "A22", "Option2"]);
    }
}
