//! Reads XML into a tree of places in the source: elements, and what stands between them.
//!
//! Shown as it is written: namespaces, comments and CDATA stay, no entity is ever expanded.

use std::fmt::Write as _;

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};

use crate::inert::inert_bytes;
use crate::limits::{PATH_LEVELS, STEPS_PER_LOOK};

use super::cancel::Cancel;
use super::fault::Fault;
use super::tree::{Builder, Full, Tree};

mod view;

pub(super) use view::draw;

/// What was read.
#[derive(Debug)]
pub(super) struct Parsed {
    /// All up to where reading stopped.
    pub tree: Tree,
    /// What is wrong, if anything is.
    pub fault: Option<Fault>,
    /// Where that begins which is not in the tree, unless all is.
    pub rest: Option<usize>,
}

/// Reads a document, or the beginning of one.
pub(super) fn parse(source: &str, cancel: &Cancel) -> Parsed {
    let mut builder = Building::new(source);
    let mut reader = Reader::from_str(source);
    let mut steps = 0;
    let (fault, rest) = loop {
        let start = reader.buffer_position() as usize;
        steps += 1;
        if steps % STEPS_PER_LOOK == 0 && cancel.is_cancelled() {
            break (None, Some(start));
        }
        let event = match reader.read_event() {
            Ok(Event::Eof) => break builder.end(source),
            Ok(event) => event,
            Err(error) => {
                let offset = reader.error_position() as usize;
                break (Some(fault(source, offset, &error)), Some(start.min(offset)));
            }
        };
        if let Some(wrong) = wrong_attribute(&event) {
            let fault = Fault::at(source.as_bytes(), start, wrong);
            break (Some(fault), Some(start));
        }
        let end = reader.buffer_position() as usize;
        if builder.take(&event, start, end).is_err() {
            break (None, Some(start));
        }
    };
    Parsed {
        tree: builder.tree.finish(),
        fault,
        rest,
    }
}

struct Building {
    tree: Builder,
    /// Whether a text goes on, that is interrupted by references only.
    is_in_text: bool,
    /// Whether all that the open element holds is that text.
    is_text_only: bool,
}

impl Building {
    fn new(source: &str) -> Self {
        Self {
            tree: Builder::of(source.len()),
            is_in_text: false,
            is_text_only: false,
        }
    }

    fn take(&mut self, event: &Event<'_>, start: usize, end: usize) -> Result<(), Full> {
        match event {
            Event::Text(text) if !self.is_in_text && text.trim_ascii().is_empty() => {}
            Event::Text(_) | Event::GeneralRef(_) => {
                if !self.is_in_text {
                    self.is_text_only = self.tree.current().is_some_and(|it| it.count == 0);
                    self.is_in_text = true;
                    self.tree.leaf(start)?;
                }
            }
            Event::Start(_) => {
                self.is_in_text = false;
                self.is_text_only = false;
                self.tree.open(start, true)?;
            }
            Event::End(_) => {
                let is_empty = self.tree.current().is_some_and(|it| it.count == 0);
                if is_empty || (self.is_in_text && self.is_text_only) {
                    self.tree.close_as_leaf();
                } else {
                    self.tree.close(end);
                }
                self.is_in_text = false;
                self.is_text_only = false;
            }
            _ => {
                self.is_in_text = false;
                self.is_text_only = false;
                self.tree.leaf(start)?;
            }
        }
        Ok(())
    }

    /// At the end of the source nothing may be open.
    fn end(&self, source: &str) -> (Option<Fault>, Option<usize>) {
        let Some(open) = self.tree.current() else {
            return (None, None);
        };
        let name = self
            .tree
            .offset(open.node)
            .map_or(&[][..], |it| name(source.as_bytes(), it));
        let expected = format!("`</{}>`", inert_bytes(name));
        let fault = Fault::at(source.as_bytes(), source.len(), expected);
        (Some(fault), None)
    }
}

/// The name of what is selected, as a path of elements: `/order/item[2]`.
pub(super) fn path(tree: &Tree, source: &[u8], node: u32) -> Option<String> {
    if tree.depth(node) > PATH_LEVELS {
        return None;
    }
    let mut steps = Vec::new();
    let mut at = Some(node);
    while let Some(node) = at {
        let entry = tree.node(node)?;
        let name = name(source, entry.offset as usize);
        let mut step = String::from("/");
        // Writing to a string can't fail.
        let _ = match name {
            [] => write!(step, "node()[{}]", entry.ordinal + 1),
            _ => write!(step, "{}", inert_bytes(name)),
        };
        steps.push(step);
        at = tree.parent(node).map(|it| it.node);
    }
    Some(steps.into_iter().rev().collect())
}

/// What is selected, as it stands in the source.
pub(super) fn value(tree: &Tree, source: &Bytes, node: u32) -> Bytes {
    let start = tree
        .node(node)
        .map_or(source.len(), |it| it.offset as usize);
    let end = match tree.container(node) {
        Some(it) => it.close().map_or(source.len(), |it| it as usize),
        None => view::leaf_end(source, start),
    };
    source.slice(start..end.clamp(start, source.len()))
}

/// The name of the element that begins here; empty for all else.
fn name(source: &[u8], start: usize) -> &[u8] {
    let Some([b'<', rest @ ..]) = source.get(start..) else {
        return &[];
    };
    let is_name =
        |it: &&u8| !matches!(it, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>' | b'!' | b'?');
    &rest[..rest.iter().take_while(is_name).count()]
}

fn wrong_attribute(event: &Event<'_>) -> Option<String> {
    let (Event::Start(tag) | Event::Empty(tag)) = event else {
        return None;
    };
    let mut attributes = BytesStart::attributes(tag);
    let wrong = attributes.with_checks(false).find_map(Result::err)?;
    Some(format!("an attribute ({wrong})"))
}

fn fault(source: &str, offset: usize, error: &Error) -> Fault {
    let expected = match error {
        Error::Syntax(it) => syntax(it).into(),
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, .. }) => {
            format!("`</{}>`", inert_bytes(expected.as_bytes()))
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => "no end tag".into(),
        Error::IllFormed(IllFormedError::UnclosedReference) => "`;` after `&` and a name".into(),
        other => inert_bytes(other.to_string().as_bytes()).into_owned(),
    };
    Fault::at(source.as_bytes(), offset, expected)
}

fn syntax(error: &SyntaxError) -> &'static str {
    match error {
        SyntaxError::InvalidBangMarkup => "`<!--`, `<![CDATA[` or `<!DOCTYPE`",
        SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl => "markup that ends with `?>`",
        SyntaxError::UnclosedComment => "a comment that ends with `-->`",
        SyntaxError::UnclosedDoctype => "a declaration that ends with `>`",
        SyntaxError::UnclosedCData => "character data that ends with `]]>`",
        SyntaxError::UnclosedTag => "a tag that ends with `>`",
        SyntaxError::UnclosedSingleQuotedAttributeValue => "an attribute that ends with `'`",
        SyntaxError::UnclosedDoubleQuotedAttributeValue => "an attribute that ends with `\"`",
    }
}
