//! JSON read for comparing: where each value stands in the source, what it hashes to, and which
//! of its parts are ignored. Numbers stay as written, duplicate keys stay apart.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;

use super::escape::unescaped;
use super::ignore::{Ignore, Place, Trail};
use crate::limits;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Value<'a> {
    /// Where it stands in the source.
    pub(super) span: Range<usize>,
    /// Equal for equal values, and by a random key for others hardly ever.
    pub(super) hash: u64,
    /// A rule ignores it.
    pub(super) is_ignored: bool,
    /// What it is.
    pub(super) node: Node<'a>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Null,
    Bool,
    Number,
    Text,
    Array(Vec<Value<'a>>),
    Object(Vec<Member<'a>>),
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Member<'a> {
    /// The key with its escapes read.
    pub(super) key: Cow<'a, [u8]>,
    /// Where it stands in the source, quotes included.
    pub(super) key_span: Range<usize>,
    /// Its value.
    pub(super) value: Value<'a>,
}

/// Why a text is not compared as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It isn't JSON.
    NotJson,
    /// It is nested deeper than a limit.
    TooDeep,
    /// It has more values than a limit.
    TooMany,
}

/// Reads a document. Two are comparable if they were read with the same keys.
pub(super) fn read<'a>(
    source: &'a str,
    ignore: &Ignore,
    keys: &RandomState,
) -> Result<Value<'a>, Unread> {
    let mut reader = Reader {
        source,
        at: 0,
        values: 0,
        ignore,
        keys,
    };
    reader.skip_space();
    let value = reader.value(limits::STRUCTURE_DEPTH, Some(&ignore.root()))?;
    reader.skip_space();
    if reader.at < source.len() {
        return Err(Unread::NotJson);
    }
    Ok(value)
}

/// Where the values stand that rules lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IgnoredSpans {
    /// In their order, none inside another.
    Found(Vec<Range<usize>>),
    /// Nowhere: it isn't JSON.
    NotJson,
    /// It is JSON beyond the limits.
    TooMuch,
}

/// Finds the values that rules lead to.
pub(crate) fn ignored_spans(source: &str, ignore: &Ignore) -> IgnoredSpans {
    fn collect(value: &Value<'_>, spans: &mut Vec<Range<usize>>) {
        match &value.node {
            _ if value.is_ignored => spans.push(value.span.clone()),
            Node::Array(elements) => elements.iter().for_each(|it| collect(it, spans)),
            Node::Object(members) => members.iter().for_each(|it| collect(&it.value, spans)),
            Node::Null | Node::Bool | Node::Number | Node::Text => {}
        }
    }
    match read(source, ignore, &RandomState::new()) {
        Ok(value) => {
            let mut spans = Vec::new();
            collect(&value, &mut spans);
            IgnoredSpans::Found(spans)
        }
        Err(Unread::NotJson) => IgnoredSpans::NotJson,
        Err(Unread::TooDeep | Unread::TooMany) => IgnoredSpans::TooMuch,
    }
}

struct Reader<'a, 'k> {
    source: &'a str,
    at: usize,
    values: usize,
    ignore: &'k Ignore,
    keys: &'k RandomState,
}

impl<'a> Reader<'a, '_> {
    /// The value that begins here; `trail` is none if it is ignored.
    fn value(&mut self, depth: usize, trail: Option<&Trail>) -> Result<Value<'a>, Unread> {
        self.values += 1;
        if self.values > limits::STRUCTURE_VALUES {
            return Err(Unread::TooMany);
        }
        let start = self.at;
        let mut hasher = self.keys.build_hasher();
        let node = match self.peek() {
            Some(b'{') => self.object(depth, trail, &mut hasher)?,
            Some(b'[') => self.array(depth, trail, &mut hasher)?,
            Some(b'"') => {
                hasher.write_u8(b'"');
                hasher.write(&self.text()?);
                Node::Text
            }
            Some(b'n') => self.word("null", Node::Null)?,
            Some(b't') => self.word("true", Node::Bool)?,
            Some(b'f') => self.word("false", Node::Bool)?,
            _ => self.number()?,
        };
        let span = start..self.at;
        if matches!(node, Node::Null | Node::Bool | Node::Number) {
            hasher.write_u8(b'w');
            hasher.write(&self.source.as_bytes()[span.clone()]);
        }
        let is_ignored = trail.is_none();
        Ok(Value {
            span,
            hash: if is_ignored { 0 } else { hasher.finish() },
            is_ignored,
            node,
        })
    }

    fn object(
        &mut self,
        depth: usize,
        trail: Option<&Trail>,
        hasher: &mut impl Hasher,
    ) -> Result<Node<'a>, Unread> {
        let depth = depth.checked_sub(1).ok_or(Unread::TooDeep)?;
        let mut members = Vec::new();
        self.at += 1;
        self.skip_space();
        while !self.eat(b'}') {
            if !members.is_empty() {
                self.expect(b',')?;
                self.skip_space();
            }
            let start = self.at;
            let key = self.text()?;
            let key_span = start..self.at;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            let trail = trail.and_then(|trail| self.ignore.step(trail, Place::Key(&key)));
            let value = self.value(depth, trail.as_ref())?;
            self.skip_space();
            members.push(Member {
                key,
                key_span,
                value,
            });
        }
        hasher.write_u8(b'{');
        hash_members(&members, hasher);
        Ok(Node::Object(members))
    }

    fn array(
        &mut self,
        depth: usize,
        trail: Option<&Trail>,
        hasher: &mut impl Hasher,
    ) -> Result<Node<'a>, Unread> {
        let depth = depth.checked_sub(1).ok_or(Unread::TooDeep)?;
        let mut elements = Vec::new();
        self.at += 1;
        self.skip_space();
        hasher.write_u8(b'[');
        while !self.eat(b']') {
            if !elements.is_empty() {
                self.expect(b',')?;
                self.skip_space();
            }
            let place = Place::Index(elements.len());
            let trail = trail.and_then(|trail| self.ignore.step(trail, place));
            let element = self.value(depth, trail.as_ref())?;
            self.skip_space();
            hasher.write_u64(element.hash);
            elements.push(element);
        }
        Ok(Node::Array(elements))
    }

    /// A string with its escapes read. A lone surrogate becomes the three bytes it would have.
    fn text(&mut self) -> Result<Cow<'a, [u8]>, Unread> {
        self.expect(b'"')?;
        let bytes = self.source.as_bytes();
        let start = self.at;
        loop {
            match self.peek().ok_or(Unread::NotJson)? {
                b'"' => break,
                b'\\' => self.at += 2,
                0..=0x1f => return Err(Unread::NotJson),
                _ => self.at += 1,
            }
        }
        let raw = &bytes[start..self.at];
        self.at += 1;
        if !raw.contains(&b'\\') {
            return Ok(Cow::Borrowed(raw));
        }
        unescaped(raw).map(Cow::Owned).ok_or(Unread::NotJson)
    }

    fn number(&mut self) -> Result<Node<'a>, Unread> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(Node::Number)
    }

    fn digits(&mut self) -> Result<(), Unread> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(Unread::NotJson)
        }
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, Unread> {
        let rest = self.source.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Unread::NotJson);
        }
        self.at += word.len();
        Ok(node)
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unread> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(Unread::NotJson)
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

/// The order of keys makes no difference, that of the values of one key does.
fn hash_members(members: &[Member<'_>], hasher: &mut impl Hasher) {
    let mut kept: Vec<&Member<'_>> = members.iter().filter(|one| !one.value.is_ignored).collect();
    kept.sort_by(|a, b| a.key.cmp(&b.key));
    for member in kept {
        hasher.write_usize(member.key.len());
        hasher.write(&member.key);
        hasher.write_u64(member.value.hash);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_same(left: &str, right: &str) -> bool {
        let keys = RandomState::new();
        let ignore = Ignore::default();
        let read = |text| read(text, &ignore, &keys).unwrap().hash;
        read(left) == read(right)
    }

    #[test]
    fn what_means_the_same_hashes_the_same() {
        for (left, right, same) in [
            (
                r#"{"a":1,"b":[true,null]}"#,
                "{ \"b\" : [ true , null ] , \"a\" : 1 }",
                true,
            ),
            (r#""\u0041\n\/""#, "\"A\\n/\"", true),
            (r#""\ud83e\udd80""#, "\"🦀\"", true),
            (r#""\ud83e""#, r#""\ud83f""#, false),
            ("1", "1.0", false),
            ("1", "\"1\"", false),
            ("[1,2]", "[2,1]", false),
            ("[[1],2]", "[[1,2]]", false),
            (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#, false),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, false),
            ("null", "\"null\"", false),
        ] {
            assert_eq!(is_same(left, right), same, "{left} {right}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let keys = RandomState::new();
        let read = |text: &str| {
            read(text, &Ignore::default(), &keys)
                .map(|_| ())
                .unwrap_err()
        };
        assert_eq!(read(&"[".repeat(100_000)), Unread::TooDeep);
        assert_eq!(
            read(&format!("[{}0]", "0,".repeat(300_000))),
            Unread::TooMany
        );
        assert_eq!(read("{"), Unread::NotJson);
    }

    proptest! {
        #[test]
        fn takes_what_serde_takes(text in r#"[\[\]{}:,"\\a0-9.eE+\-ntrulfs ud8]{0,24}"#) {
            let keys = RandomState::new();
            let is_read = read(&text, &Ignore::default(), &keys).is_ok();
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            // Lone surrogates are no text for serde, and bytes for us.
            prop_assert!(is_read == is_json || (is_read && text.contains("\\u")), "{}", text);
        }
    }
}
