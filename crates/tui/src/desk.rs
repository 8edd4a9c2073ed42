//! What takes time happens here, off the thread that draws: looking into the history, reading
//! bodies, comparing, exporting, decoding images. One desk for rows, one for what is inside a
//! delivery, one for images.
//!
//! Of looks only the last that was asked for counts; chores are all done, in order.

mod bodies;
mod chore;
mod exporting;
mod lens;
mod picture;
mod pictures;
mod ports;
mod room;
mod rows;
mod slot;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kreel_client::{DeliveryId, Marker, Row, Totals, Whole};
use kreel_inspect::compare::Comparison;
use kreel_inspect::edit::Request;
use tokio::sync::mpsc;

pub(crate) use chore::{Chore, Copied, ExportFormat, Side};
pub(crate) use lens::InSight;
pub(crate) use picture::{Made, Picture, Which};
pub(crate) use pictures::ToEncode;
#[cfg(test)]
pub(crate) use pictures::at_once;
pub(crate) use rows::Look;
pub(crate) use slot::{Slot, Wanted};

use crate::app::Progress;
use crate::app::differences::Laid;
use crate::app::pane::Body;
use crate::images::Way;
use crate::lens::{Acted, Lens, Of, Page, Sheet};
use crate::setup::{Setup, Trigger};

/// What was found, or done.
#[derive(Debug)]
pub(crate) enum Found {
    /// Rows, as they are in the history now.
    Rows(Box<Rows>),
    /// All of a delivery; none if it is gone.
    Whole {
        number: i64,
        whole: Option<Arc<Whole>>,
        listening: Vec<u16>,
    },
    /// It can't be read: why.
    Unread { number: i64, why: String },
    /// Its body, or as much of it as is here by now.
    Body { number: i64, body: Box<Body> },
    /// An image is ready to be drawn, or never will be.
    Picture {
        number: i64,
        which: Which,
        made: Box<Made>,
    },
    /// What was asked to be copied.
    Copy { text: String, says: String },
    /// Two sides, compared.
    Compared(Arc<Comparing>),
    /// Their differences in lines.
    LaidOut {
        comparing: Arc<Comparing>,
        laid: Laid,
    },
    /// A file to edit.
    ToEdit(Box<ToEdit>),
    /// What a lens makes of something.
    Sheet {
        of: Of,
        read: Box<Result<Option<Sheet>, String>>,
    },
    /// What deliveries are about, as the lens tells.
    Subjects(Box<Result<Page, String>>),
    /// What came of something the lens was to do.
    Acted { of: Of, acted: Box<Acted> },
    /// Something was done: a sentence.
    Done(String),
    /// Something could not be done: a sentence.
    Failed(String),
    /// The delivery that was meant.
    Goto(i64),
    /// The newest there is: only those after it are to be shown.
    Newest(i64),
    /// Rows may look different now.
    Changed,
    /// A desk has panicked, and finds nothing any more.
    Broken,
}

/// Rows, as they are in the history now.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Which look this answers.
    pub(crate) look: u64,
    /// The newest first.
    pub(crate) rows: Vec<Row>,
    pub(crate) has_newer: bool,
    pub(crate) has_older: bool,
    /// How far a search has got, while it goes on.
    pub(crate) progress: Option<Progress>,
    pub(crate) totals: Option<Totals>,
    pub(crate) markers: Vec<Marker>,
    /// How long it took to look them up.
    pub(crate) took: Duration,
}

/// A request to be edited.
#[derive(Debug)]
pub(crate) struct ToEdit {
    pub(crate) number: i64,
    pub(crate) id: DeliveryId,
    /// As it is given to the editor.
    pub(crate) file: Vec<u8>,
    /// As it came.
    pub(crate) original: Request,
}

/// Two sides and how they differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comparing {
    pub(crate) left: String,
    pub(crate) right: String,
    pub(crate) comparison: Comparison,
}

/// The desks at work. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Desk {
    rows: Arc<Slot<Look>>,
    bodies: Arc<Slot<Detail>>,
    pictures: Arc<Slot<ToEncode>>,
    lens: Arc<Slot<InSight>>,
    acts: Arc<Slot<InSight>>,
    looked_through: Option<Arc<dyn Lens>>,
    found: mpsc::Sender<Found>,
    /// Whether a webhook is being posted. Its answer may take a minute, which nobody else waits.
    is_posting: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// A delivery whose inside is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) number: i64,
    /// Its body is there already, or on its way.
    pub(crate) has_body: bool,
    /// Of which attempt the answer is shown; that of the last one if none.
    pub(crate) attempt: Option<u32>,
}

impl Wanted for Detail {
    fn outdates(&self, other: &Self) -> bool {
        self.number != other.number || !self.has_body
    }

    fn after(self, earlier: &Self) -> Self {
        let has_body = self.has_body && (self.number != earlier.number || earlier.has_body);
        Self { has_body, ..self }
    }
}

impl Desk {
    pub(crate) fn open(
        setup: &Setup,
        way: Option<Way>,
        found: &mpsc::Sender<Found>,
    ) -> io::Result<Self> {
        let (rows, bodies) = (Arc::<Slot<Look>>::default(), Arc::<Slot<Detail>>::default());
        let pictures = Arc::<Slot<ToEncode>>::default();
        let mut desk = Self {
            rows: rows.clone(),
            bodies: bodies.clone(),
            pictures: pictures.clone(),
            lens: Arc::default(),
            acts: Arc::default(),
            looked_through: setup.facts.lens.clone(),
            found: found.clone(),
            is_posting: Arc::default(),
            threads: Vec::new(),
        };
        let (path, facts) = (setup.history.clone(), setup.facts.clone());
        let (found_rows, found_bodies) = (found.clone(), found.clone());
        let name = || thread::Builder::new();
        let of_rows = rows::Desk::new(path.clone(), facts.clone());
        let thread = name().name("inspector-rows".into());
        let thread = thread.spawn(move || {
            let _bell = Bell(found_rows.clone());
            of_rows.run(&rows, &found_rows);
        })?;
        desk.threads.push(thread);
        let of_bodies = bodies::Desk::new(path, facts, bodies.clone());
        let thread = name().name("inspector-bodies".into());
        let thread = thread.spawn(move || {
            let _bell = Bell(found_bodies.clone());
            of_bodies.run(&bodies, &found_bodies);
        })?;
        desk.threads.push(thread);
        if let Some(lens) = setup.facts.lens.clone() {
            desk.open_lens(lens, found)?;
        }
        if let Some(way) = way {
            let found = found.clone();
            let thread = name().name("inspector-images".into());
            let thread = thread.spawn(move || {
                let _bell = Bell(found.clone());
                pictures::run(way, &pictures, &found);
            })?;
            desk.threads.push(thread);
        }
        Ok(desk)
    }

    fn open_lens(&mut self, lens: Arc<dyn Lens>, found: &mpsc::Sender<Found>) -> io::Result<()> {
        let reading = lens::Reading::new(lens.clone());
        let (slot, told) = (self.lens.clone(), found.clone());
        let thread = thread::Builder::new().name("inspector-lens".into());
        self.threads.push(thread.spawn(move || {
            let _bell = Bell(told.clone());
            reading.run(&slot, &told);
        })?);
        let (slot, told) = (self.acts.clone(), found.clone());
        let thread = thread::Builder::new().name("inspector-acts".into());
        self.threads.push(thread.spawn(move || {
            let _bell = Bell(told.clone());
            lens::act(&*lens, &slot, &told);
        })?);
        Ok(())
    }

    /// Has the lens read what is in sight, now and whenever it changes.
    pub(crate) fn look_through(&self, in_sight: InSight) {
        self.lens.want(in_sight);
    }

    /// Has rows looked up, in place of those asked for before.
    pub(crate) fn look(&self, look: Look) {
        self.rows.want(look);
    }

    /// Has a delivery opened, in place of the one asked for before.
    pub(crate) fn open_detail(&self, detail: Detail) {
        self.bodies.want(detail);
    }

    /// Has an image made ready, in place of the one asked for before.
    pub(crate) fn encode(&self, image: ToEncode) {
        self.pictures.want(image);
    }

    /// Has a webhook posted; false if another one is.
    pub(crate) fn post(&self, trigger: Arc<dyn Trigger>, event: String, url: String) -> bool {
        if self.is_posting.swap(true, Ordering::SeqCst) {
            return false;
        }
        let (found, is_posting) = (self.found.clone(), self.is_posting.clone());
        let post = move || {
            let said = match trigger.post(&event, &url) {
                Ok(said) => Found::Done(said),
                Err(fault) => Found::Failed(fault),
            };
            is_posting.store(false, Ordering::SeqCst);
            // The inspector may have ended meanwhile.
            let _ = found.blocking_send(said);
        };
        let thread = thread::Builder::new().name("inspector-trigger".into());
        thread.spawn(post).is_ok()
    }

    /// Has something done; false if too much is to be done already.
    pub(crate) fn chore(&self, chore: Chore) -> bool {
        match chore {
            Chore::Act { .. } => self.acts.add(chore),
            chore if chore.is_about_rows() => self.rows.add(chore),
            chore => self.bodies.add(chore),
        }
    }
}

/// Tells the screen if its thread panics: else it would wait for ever, on a terminal given back.
struct Bell(mpsc::Sender<Found>);

impl Drop for Bell {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.blocking_send(Found::Broken);
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.rows.close();
        self.bodies.close();
        self.pictures.close();
        self.lens.close();
        self.acts.close();
        if let Some(lens) = &self.looked_through {
            lens.close();
        }
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}
