//! Puts a document together from its sections, for every kind of body.

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::Headers;

use crate::limits::{BEGINNING_BYTES, DECODED_BYTES};

use super::about::{count, size};
use super::cancel::Cancel;
use super::coding::Coding;
use super::fault::Fault;
use super::image::ImageFacts;
use super::kind::{self, Kind};
use super::pen::Tone;
use super::rows::Rows;
use super::section::{Section, Shape};
use super::{Document, Inner, json, multipart, xml};

/// More parts than these start folded.
const PARTS_OPEN: usize = 20;

/// A document in the making.
pub(super) struct Assembly<'a> {
    cancel: &'a Cancel,
    is_beginning: bool,
    /// The most that is unpacked of a compressed body; what is more is not unpacked at all.
    unpacks_bytes: Option<u64>,
    sections: Vec<Section>,
    level: u16,
    under: Option<u32>,
    fault: Option<Fault>,
}

impl<'a> Assembly<'a> {
    /// Nothing yet. Of a beginning only some is taken, and that it ends early is no fault.
    pub(super) fn new(cancel: &'a Cancel, is_beginning: bool) -> Self {
        Self {
            cancel,
            is_beginning,
            unpacks_bytes: None,
            sections: Vec::new(),
            level: 0,
            under: None,
            fault: None,
        }
    }

    /// The same, unless a body unpacks to more than this: then its bytes are shown as they came.
    pub(super) fn unpacking(self, most_bytes: u64) -> Self {
        let unpacks_bytes = Some(most_bytes);
        Self {
            unpacks_bytes,
            ..self
        }
    }

    /// A body of this kind.
    pub(super) fn document(mut self, kind: Kind, headers: &Headers, body: Bytes) -> Document {
        let taken = match self.is_beginning {
            true => body.slice(..body.len().min(BEGINNING_BYTES)),
            false => body.clone(),
        };
        let coding = Coding::of(headers);
        let limit = match self.is_beginning {
            true => BEGINNING_BYTES as u64,
            false => self.unpacks_bytes.unwrap_or(DECODED_BYTES),
        };
        let decoded = coding.decode(&taken, limit);
        if let (Some(most), true) = (
            self.unpacks_bytes,
            decoded.as_ref().is_some_and(|it| it.is_cut),
        ) {
            let most = size(most as usize);
            let words = format!("it unpacks to more than {most}: these are its bytes as they came");
            self.notice(Tone::Dim, words);
            return self.dump(body);
        }
        let (source, notice) = match decoded {
            Some(it) => (it.body, it.fault),
            None => (taken, None),
        };
        let is_decoded = !matches!(coding, Coding::None | Coding::Unknown) && kind != Kind::Binary;
        let content_type = kind::content_type(headers);
        let about = self.fill(kind, content_type, source.clone());
        if let Some(notice) = notice.filter(|_| !self.is_beginning) {
            self.notice(Tone::Fault, format!("⚠ {notice}"));
        }
        if self.is_beginning {
            self.notice(Tone::Dim, "… the rest is being read".into());
        }
        let mut about = format!("{about}, {}", size(source.len()));
        match coding {
            Coding::None => {}
            Coding::Unknown => about.push_str(&format!(", {}", coding.name())),
            _ if is_decoded => {
                about.push_str(&format!(", {} as {}", size(body.len()), coding.name()));
            }
            _ => about.push_str(&format!(", said to be {}", coding.name())),
        }
        let image = match kind {
            Kind::Image(it) => Some(ImageFacts::of(it, &source)),
            _ => None,
        };
        let decoded_bytes = if source.as_ptr() == body.as_ptr() {
            0
        } else {
            source.len()
        };
        Document(Arc::new(Inner {
            kind,
            about,
            fault: self.fault,
            image,
            body,
            sections: self.sections,
            decoded_bytes,
        }))
    }

    /// A hex dump of a body.
    pub(super) fn dump(mut self, body: Bytes) -> Document {
        let about = match body.len() {
            0 => "no body".into(),
            length => size(length),
        };
        self.push(body.clone(), Shape::Hex);
        Document(Arc::new(Inner {
            kind: if body.is_empty() {
                Kind::Empty
            } else {
                Kind::Binary
            },
            about,
            fault: None,
            image: None,
            body,
            sections: self.sections,
            decoded_bytes: 0,
        }))
    }

    /// Adds the sections that show these bytes; says what they are.
    fn fill(&mut self, kind: Kind, content_type: &[u8], source: Bytes) -> String {
        // Places are kept in 32 bits.
        if u32::try_from(source.len()).is_err() {
            self.push(source, Shape::Hex);
            return "very large".into();
        }
        match kind {
            Kind::Empty => {
                self.notice(Tone::Dim, "no body".into());
                "no body".into()
            }
            Kind::Json => self.json(kind::is_json_lines(content_type), source),
            Kind::Xml => self.xml(source),
            Kind::Form => {
                let rows = Rows::of_fields(&source, self.cancel);
                let fields = count(rows.count(), "field", "fields");
                self.push(source, Shape::Form(rows));
                format!("form, {fields}")
            }
            Kind::Multipart => self.multipart(content_type, source),
            Kind::Html => self.text("HTML", source),
            Kind::Text => self.text("text", source),
            Kind::Image(it) => {
                let words = ImageFacts::of(it, &source).words();
                self.notice(Tone::Heading, words.clone());
                self.push(source, Shape::Hex);
                words
            }
            Kind::Binary => {
                self.push(source, Shape::Hex);
                "binary".into()
            }
        }
    }

    fn json(&mut self, is_many: bool, source: Bytes) -> String {
        let mut parsed = json::parse(&source, is_many, self.cancel);
        let ends_early =
            matches!(parsed.stop, json::Stop::Fault { offset, .. } if offset == source.len());
        if self.is_beginning && ends_early {
            parsed.tree.cut();
        }
        let values = count(parsed.tree.len().into(), "value", "values");
        let noun = match parsed.tree.container(0) {
            _ if is_many => "JSON lines",
            Some(it) if it.is_object() => "JSON object",
            Some(_) => "JSON array",
            None => "JSON",
        };
        self.push(source.clone(), Shape::Json(parsed.tree));
        match parsed.stop {
            json::Stop::Whole => {}
            json::Stop::Fault { rest, .. } if self.is_beginning && ends_early => {
                self.text_from(&source, rest);
            }
            json::Stop::Fault {
                offset,
                expected,
                rest,
            } => self.broken(Fault::at(&source, offset, expected), &source, rest),
            json::Stop::Early { rest } => self.early(&source, rest),
        }
        format!("{noun}, {values}")
    }

    fn xml(&mut self, source: Bytes) -> String {
        let Some(text) = self.utf8(&source) else {
            self.notice(Tone::Fault, "⚠ not UTF-8, so shown as text".into());
            return self.text("XML", source);
        };
        let parsed = xml::parse(text, self.cancel);
        let nodes = count(parsed.tree.len().into(), "node", "nodes");
        self.push(source.clone(), Shape::Xml(parsed.tree));
        match (parsed.fault, parsed.rest) {
            (Some(_), rest) if self.is_beginning => {
                self.text_from(&source, rest.unwrap_or(source.len()));
            }
            (Some(fault), rest) => self.broken(fault, &source, rest.unwrap_or(source.len())),
            (None, Some(rest)) => self.early(&source, rest),
            (None, None) => {}
        }
        format!("XML, {nodes}")
    }

    /// The bytes as UTF-8; of a beginning what is before a character that is cut.
    fn utf8<'s>(&self, source: &'s [u8]) -> Option<&'s str> {
        match std::str::from_utf8(source) {
            Ok(text) => Some(text),
            Err(error) if self.is_beginning && error.error_len().is_none() => {
                std::str::from_utf8(&source[..error.valid_up_to()]).ok()
            }
            Err(_) => None,
        }
    }

    fn text(&mut self, noun: &str, source: Bytes) -> String {
        let rows = Rows::of_lines(&source, self.cancel);
        let lines = memchr::memchr_iter(b'\n', &source).count() as u64;
        let lines = lines + u64::from(!source.ends_with(b"\n"));
        self.push(source, Shape::Text(rows));
        format!("{noun}, {}", count(lines, "line", "lines"))
    }

    fn multipart(&mut self, content_type: &[u8], source: Bytes) -> String {
        let boundary =
            multipart::boundary(content_type).or_else(|| multipart::sniffed_boundary(&source));
        let Some(boundary) = boundary else {
            self.notice(
                Tone::Fault,
                "⚠ no boundary is told, so shown as text".into(),
            );
            return self.text("multipart", source);
        };
        let found = multipart::parts(&source, &boundary);
        let parts = count(found.parts.len() as u64, "part", "parts");
        if found.parts.is_empty() && !found.is_whole {
            self.notice(
                Tone::Fault,
                "⚠ the boundary is nowhere, so shown as text".into(),
            );
            return self.text("multipart", source);
        }
        self.text_of(source.slice(found.preamble));
        let is_open = found.parts.len() <= PARTS_OPEN;
        for (at, part) in found.parts.into_iter().enumerate() {
            let (head, body) = (source.slice(part.head), source.slice(part.body));
            let words = multipart::heading(at + 1, &head, &body);
            let heading = self.sections.len() as u32;
            self.push(Bytes::new(), Shape::Heading { words, is_open });
            (self.level, self.under) = (1, Some(heading));
            self.part(head, body);
            (self.level, self.under) = (0, None);
        }
        if !found.is_whole && !self.is_beginning {
            self.notice(Tone::Fault, "⚠ ends without its last boundary".into());
        }
        self.text_of(source.slice(found.rest));
        format!("multipart, {parts}")
    }

    fn part(&mut self, head: Bytes, body: Bytes) {
        let content_type = multipart::header(&head, b"content-type").unwrap_or_default();
        let content_type = content_type.to_vec();
        let rows = Rows::of_lines(&head, self.cancel);
        self.push(head, Shape::Head(rows));
        // One level is enough: parts within parts are shown as the text they are.
        let kind = match Kind::of_plain(&content_type, &body) {
            Kind::Multipart => Kind::Text,
            kind => kind,
        };
        self.fill(kind, &content_type, body);
    }

    /// Shows a fault, and the rest as text.
    fn broken(&mut self, fault: Fault, source: &Bytes, rest: usize) {
        self.notice(Tone::Fault, format!("⚠ {fault}"));
        self.text_from(source, rest);
        // Of several parts the first fault is told.
        self.fault.get_or_insert(fault);
    }

    fn early(&mut self, source: &Bytes, rest: usize) {
        if !self.cancel.is_cancelled() {
            let words = "⚠ more values than are kept apart; the rest is shown as text";
            self.notice(Tone::Fault, words.into());
        }
        self.text_from(source, rest);
    }

    /// Shows as text what the tree before does not.
    fn text_from(&mut self, source: &Bytes, start: usize) {
        let start = start.min(source.len());
        let is_tree = |it: &&mut Section| it.tree().is_some();
        if let Some(tree) = self.sections.iter_mut().rfind(is_tree) {
            tree.end = tree.end.min(start);
        }
        self.text_of(source.slice(start..));
    }

    fn text_of(&mut self, source: Bytes) {
        if !source.trim_ascii().is_empty() {
            let rows = Rows::of_lines(&source, self.cancel);
            self.push(source, Shape::Text(rows));
        }
    }

    fn notice(&mut self, tone: Tone, words: String) {
        self.push(Bytes::new(), Shape::Notice(tone, words));
    }

    fn push(&mut self, source: Bytes, shape: Shape) {
        self.sections.push(Section {
            end: source.len(),
            source,
            level: self.level,
            under: self.under,
            shape,
        });
    }
}
