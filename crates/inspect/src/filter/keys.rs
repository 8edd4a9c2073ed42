//! The language as data: for help, for completion, and for the parser.

/// A key of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// What stands before the colon.
    pub name: &'static str,
    /// A term with it that is right.
    pub example: &'static str,
    /// What terms with it find.
    pub meaning: &'static str,
}

/// Every key, in the order in which help shows them.
pub fn keys() -> &'static [Key] {
    &KEYS
}

const KEYS: [Key; 16] = [
    key(
        "status",
        "status:5xx,404",
        "the status of the app's answer: a class, a number, `>=400`, or `none`",
    ),
    key("method", "method:post,put", "the method"),
    key(
        "path",
        "path:/hook*done",
        "text in path and query, `*` is anything; `path=/hook` is the whole path",
    ),
    key(
        "header",
        "header:x-id=42",
        "a header with this text in its value; `header:x-id` only asks whether it is there",
    ),
    key(
        "body",
        "body:\"not found\"",
        "text anywhere in the body, in its first 8 MiB",
    ),
    key(
        "jq",
        "jq:'.status == \"failed\"'",
        "JSON bodies of up to 1 MiB for which the program's first output is neither false nor null",
    ),
    key("age", "age<10m", "how long ago it came: s, m, h, d"),
    key(
        "size",
        "size>10k",
        "the size of the body: k, M, G; ki, Mi, Gi",
    ),
    key(
        "took",
        "took>5s",
        "how long the last attempt took: ms, s, m",
    ),
    key(
        "is",
        "is:failed,lost",
        "replay, failed, marked, waiting, edited, duplicate, noted, queued, answered, captured, lost, broken, verified, unverified",
    ),
    key(
        "verified",
        "verified:no",
        "whether its signature is good, where the relay looked: yes or no",
    ),
    key(
        "tunnel",
        "tunnel:my-app",
        "the tunnel's name, `*` is anything",
    ),
    key("id", "id:019ab5f2", "the beginning of its id"),
    key("seq", "seq:12", "its number in the tunnel; `seq>=12` too"),
    key("note", "note:later", "text in your note on it"),
    key(
        "words",
        "words:\"krea completed\"",
        "the same as without a key: words in method, path, header values and body",
    ),
];

const fn key(name: &'static str, example: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        example,
        meaning,
    }
}

/// The key meant by a word that is none.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|name| (strsim::damerau_levenshtein(word, name), name));
    let near = scored.filter(|(distance, name)| *distance * 3 <= name.len().max(3));
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
