//! The desk that opens deliveries: heads, bodies, comparisons, exports.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use kreel_client::{From, HistoryError, Reader, Scope, Whole, with_causes};
use kreel_inspect::compare::{self, Ignore};
use kreel_inspect::document::{Cancel, Cursor, Document, Kind};
use kreel_inspect::edit;
use kreel_inspect::export::Masking;
use kreel_inspect::filter::Filter;
use tokio::sync::mpsc;

use super::chore::{ExportFormat, Side};
use super::exporting::{Taken, curl, headers_text, public_url, write_export};
use super::room::Room;
use super::slot::Work;
use super::{Chore, Comparing, Copied, Detail, Found, Picture, Slot, ToEdit, ports};
use crate::app::differences::Laid;
use crate::app::pane::{Body, Extent};
use crate::clipboard;
use crate::limits::{AT_ONCE_BYTES, CLIPBOARD_BYTES, LOOK, SHOWN_BYTES};
use crate::setup::Facts;

/// The desk that opens deliveries.
#[derive(Debug)]
pub(super) struct Desk {
    path: PathBuf,
    facts: Facts,
    slot: Arc<Slot<Detail>>,
    reader: Option<Reader>,
}

/// Why a desk stops in the middle of something.
enum Fault {
    /// It can't be done: a sentence.
    Says(String),
    /// Nobody wants it any more.
    Stale,
}

impl std::convert::From<HistoryError> for Fault {
    fn from(error: HistoryError) -> Self {
        Self::Says(format!(
            "the history can't be read: {}",
            with_causes(&error)
        ))
    }
}

type Result<T> = std::result::Result<T, Fault>;

impl Desk {
    pub(super) fn new(path: PathBuf, facts: Facts, slot: Arc<Slot<Detail>>) -> Self {
        Self {
            path,
            facts,
            slot,
            reader: None,
        }
    }

    pub(super) fn run(mut self, slot: &Slot<Detail>, found: &mpsc::Sender<Found>) {
        loop {
            let done = match slot.next(std::time::Duration::from_secs(3600)) {
                Work::Close => return,
                Work::Idle => continue,
                Work::Chore(chore) => self.chore(chore).map(Some),
                Work::Look(detail, cancel) => match self.open(detail, &cancel, found) {
                    Err(Fault::Says(why)) => {
                        self.reader = None;
                        let number = detail.number;
                        Ok(Some(Found::Unread { number, why }))
                    }
                    opened => opened.map(|()| None),
                },
            };
            let said = match done {
                Ok(said) => said,
                Err(Fault::Stale) => None,
                Err(Fault::Says(text)) => {
                    self.reader = None;
                    Some(Found::Failed(text))
                }
            };
            if said.is_some_and(|said| found.blocking_send(said).is_err()) {
                return;
            }
        }
    }

    /// Opens a delivery: its head first, its body as soon as something of it is there.
    fn open(&mut self, detail: Detail, cancel: &Cancel, found: &mpsc::Sender<Found>) -> Result<()> {
        let number = detail.number;
        let whole = self.whole(number, detail.attempt)?.map(Arc::new);
        let target = self.facts.target.as_deref();
        let listening = whole
            .as_deref()
            .map_or_else(Vec::new, |whole| ports::listening(whole, target));
        tell(
            found,
            Found::Whole {
                number,
                whole: whole.clone(),
                listening,
            },
        )?;
        let Some(whole) = whole.filter(|_| !detail.has_body) else {
            return Ok(());
        };
        let total_bytes = whole.row.summary.size_bytes.unwrap_or(0);
        let headers = &whole.delivery.headers;
        let show = |extent, document, bytes: &Bytes, sha256, picture| {
            let body = Box::new(Body {
                document,
                cursor: Cursor::default(),
                raw: Document::raw(bytes.clone()),
                raw_cursor: Cursor::default(),
                sha256,
                extent,
                was_arriving: !whole.row.is_complete,
                picture,
            });
            tell(found, Found::Body { number, body })
        };
        if total_bytes > AT_ONCE_BYTES {
            let reader = self.reader()?;
            let first = reader.piece(number, 0)?.unwrap_or_default();
            let read_bytes = first.len() as u64;
            let kind = Kind::of(headers, &first);
            let document = Document::beginning(kind, headers, first.clone());
            show(
                Extent::Reading {
                    read_bytes,
                    total_bytes,
                },
                document,
                &first,
                None,
                None,
            )?;
        }
        let body = self.body(number, total_bytes, cancel)?;
        let read_bytes = body.len() as u64;
        let kind = Kind::of(headers, &body);
        let is_whole = read_bytes == total_bytes && whole.row.is_complete;
        let document = Document::open(kind, headers, body.clone(), cancel);
        let is_image = matches!(kind, Kind::Image(_)) && read_bytes == total_bytes;
        let picture = is_image.then(|| Picture::new(body.clone()));
        if cancel.is_cancelled() {
            return Err(Fault::Stale);
        }
        let sha256 = is_whole.then(|| sha256(&body));
        let extent = match is_whole {
            true => Extent::Whole,
            false => Extent::Beginning {
                read_bytes,
                total_bytes: total_bytes.max(read_bytes),
            },
        };
        show(extent, document, &body, sha256, picture)
    }

    fn chore(&mut self, chore: Chore) -> Result<Found> {
        match chore {
            Chore::Copy {
                number,
                what,
                shows_secrets,
            } => self.copy(number, what, shows_secrets),
            Chore::Export {
                number,
                format,
                to,
                shows_secrets,
            } => {
                let attempt = match format {
                    ExportFormat::Fixture => self.own_attempt(number)?,
                    _ => None,
                };
                let taken = self.take(number, attempt)?;
                let masking = self.masking(shows_secrets);
                write_export(&taken, format, &to, &masking)
                    .map(Found::Done)
                    .map_err(Fault::Says)
            }
            Chore::Compare {
                left,
                right,
                shows_secrets,
            } => self.compare(left, right, shows_secrets),
            Chore::CompareWithMarked {
                number,
                before,
                shows_secrets,
            } => {
                let Some(other) = self.marked_near(number)?.or(before) else {
                    let text = "nothing to compare with: mark another one";
                    return Ok(Found::Failed(text.to_owned()));
                };
                let side = |number| Side {
                    number,
                    attempt: None,
                };
                self.compare(side(other), side(number), shows_secrets)
            }
            Chore::LayOut { comparing, layout } => {
                let laid = Laid::out(&comparing, layout);
                Ok(Found::LaidOut { comparing, laid })
            }
            Chore::Edit { number } => {
                let taken = self.take(number, None)?;
                if !taken.is_whole() {
                    let text = "not edited: its body is not all here".to_owned();
                    return Err(Fault::Says(text));
                }
                let delivery = taken.whole.delivery;
                let id = delivery.id;
                let original = edit::Request {
                    method: delivery.method.into(),
                    target: delivery.target,
                    headers: delivery.headers,
                    body: taken.body,
                };
                let file = edit::write(&original)
                    .map_err(|error| Fault::Says(format!("not edited: {error}")))?;
                Ok(Found::ToEdit(Box::new(ToEdit {
                    number,
                    id,
                    file,
                    original,
                })))
            }
            other => Err(Fault::Says(format!("{other:?} is not this desk's"))),
        }
    }

    fn copy(&mut self, number: i64, what: Copied, shows_secrets: bool) -> Result<Found> {
        crate::panic::if_asked_to("desk");
        let taken = self.take(number, None)?;
        let masking = self.masking(shows_secrets);
        let (text, says) = match what {
            Copied::Curl => (
                curl(&taken, &masking),
                "copied as a curl command".to_owned(),
            ),
            Copied::Headers => (
                headers_text(&taken.whole.delivery.headers, &masking),
                "headers copied".to_owned(),
            ),
            Copied::Body => match std::str::from_utf8(&taken.body) {
                Ok(text) => {
                    let part = taken
                        .part()
                        .map(|part| format!("{part} of the body copied"));
                    let says = part.unwrap_or_else(|| "body copied".to_owned());
                    match clipboard::harmless(text) {
                        Cow::Borrowed(text) => (text.to_owned(), says),
                        Cow::Owned(text) => (text, format!("{says}, {SPELLED}")),
                    }
                }
                Err(_) => {
                    let text = "the body is no text: export it as raw bytes".to_owned();
                    return Err(Fault::Says(text));
                }
            },
        };
        if text.len() > CLIPBOARD_BYTES {
            let size = kreel_client::plain::size(Some(text.len() as u64));
            let text = format!("{size} is too much for a clipboard: export it to a file");
            return Err(Fault::Says(text));
        }
        Ok(Found::Copy { text, says })
    }

    fn compare(&mut self, left: Side, right: Side, shows_secrets: bool) -> Result<Found> {
        let masking = self.masking(shows_secrets);
        let (left, right) = (self.side(left)?, self.side(right)?);
        let comparison = compare::compare(&left.side(), &right.side(), &Ignore::default());
        let comparison = comparison.mask(&masking);
        Ok(Found::Compared(Arc::new(Comparing {
            left: left.label(),
            right: right.label(),
            comparison,
        })))
    }

    /// The marked delivery nearest to this one, before it if there is one.
    fn marked_near(&mut self, number: i64) -> Result<Option<i64>> {
        let scope = Scope {
            tunnel: Some(self.facts.tunnel.clone()),
            filter: Filter::parse("is:marked").ok(),
            since_number: None,
        };
        let reader = self.reader()?;
        for from in [From::Before(number), From::After(number)] {
            let page = reader.look(&scope, from, 1, LOOK)?;
            if let Some(row) = page.rows.first() {
                return Ok(Some(row.number));
            }
        }
        Ok(None)
    }

    fn side(&mut self, side: Side) -> Result<super::exporting::TakenSide> {
        let taken = self.take(side.number, side.attempt)?;
        taken
            .into_side(side.attempt, self.facts.zone.clone())
            .map_err(Fault::Says)
    }

    /// A delivery with all of its body, and the answer to this attempt, or to the last.
    fn take(&mut self, number: i64, attempt: Option<u32>) -> Result<Taken> {
        let Some(whole) = self.whole(number, attempt)? else {
            return Err(Fault::Says("it is not in the history any more".to_owned()));
        };
        let total = whole.row.summary.size_bytes.unwrap_or(0);
        let body = self.body(number, total, &Cancel::default())?;
        let url = public_url(&whole);
        Ok(Taken { whole, body, url })
    }

    fn masking(&self, shows_secrets: bool) -> Masking {
        match shows_secrets {
            true => Masking::off(),
            false => self.facts.masking.clone(),
        }
    }

    /// The attempt whose answer a fixture has.
    fn own_attempt(&mut self, number: i64) -> Result<Option<u32>> {
        let whole = self.whole(number, None)?;
        Ok(whole.and_then(|whole| Some(whole.own_attempt()?.number)))
    }

    fn whole(&mut self, number: i64, attempt: Option<u32>) -> Result<Option<Whole>> {
        Ok(self.reader()?.get_with_answer(number, attempt)?)
    }

    /// As much of a body as may be shown.
    fn body(&mut self, number: i64, total_bytes: u64, cancel: &Cancel) -> Result<Bytes> {
        let slot = self.slot.clone();
        let reader = self.reader()?;
        let mut body = match total_bytes {
            // Nobody knows yet how much there will be.
            0 => Room::growing(SHOWN_BYTES as usize),
            total => Room::new(total.min(SHOWN_BYTES) as usize),
        };
        let mut piece = 0;
        while let Some(bytes) = reader.piece(number, piece)? {
            if piece == 0 && bytes.len() as u64 == total_bytes {
                return Ok(bytes);
            }
            body.put(&bytes);
            if body.is_full() {
                break;
            }
            if cancel.is_cancelled() || slot.is_closed() {
                return Err(Fault::Stale);
            }
            piece += 1;
        }
        Ok(body.freeze())
    }

    fn reader(&mut self) -> Result<&Reader> {
        if self.reader.is_none() {
            self.reader = Reader::open(&self.path)?;
        }
        self.reader
            .as_ref()
            .ok_or_else(|| Fault::Says("there is no history yet".to_owned()))
    }
}

/// What is said of a body that has what terminals obey.
const SPELLED: &str = "its control characters spelled out: a raw export has it as it is";

fn tell(found: &mpsc::Sender<Found>, what: Found) -> Result<()> {
    found.blocking_send(what).map_err(|_| Fault::Stale)
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    use sha2::{Digest as _, Sha256};
    let mut shown = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string can't fail.
        let _ = write!(shown, "{byte:02x}");
    }
    shown
}
