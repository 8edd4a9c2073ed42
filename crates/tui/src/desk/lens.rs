//! The desks of the lens: one reads what it says, as often as that may have changed; one does what
//! the user wants done, which may take seconds and holds up no reading.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::slot::{Wanted, Work};
use super::{Chore, Found, Slot};
use crate::lens::{Lens, Of, Page, Sheet};
use crate::limits::{OTHERS, REFRESH_REST};

/// What is in sight of all a lens can tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct InSight {
    /// How many rows; none while they are not shown.
    pub(crate) rows: Option<usize>,
    /// Whose sheet.
    pub(crate) of: Option<Of>,
    /// Something else was in sight meanwhile: what was told before is not known any more.
    pub(crate) is_anew: bool,
}

impl Wanted for InSight {
    fn outdates(&self, _: &Self) -> bool {
        false
    }

    fn after(self, earlier: &Self) -> Self {
        let is_other = earlier.rows != self.rows || earlier.of != self.of;
        Self {
            is_anew: self.is_anew || earlier.is_anew || is_other,
            ..self
        }
    }
}

/// Reads until nothing is wanted any more.
pub(super) struct Reading {
    lens: Arc<dyn Lens>,
    in_sight: InSight,
    version: Option<u64>,
    /// What was told last, so that only news are told.
    rows: Option<Result<Page, String>>,
    sheet: Option<(Of, Result<Option<Sheet>, String>)>,
    /// Not before then, so that reading takes a fifth of a processor at the most.
    rest_until: Instant,
}

impl Reading {
    pub(super) fn new(lens: Arc<dyn Lens>) -> Self {
        Self {
            lens,
            in_sight: InSight::default(),
            version: None,
            rows: None,
            sheet: None,
            rest_until: Instant::now(),
        }
    }

    pub(super) fn run(mut self, slot: &Slot<InSight>, found: &mpsc::Sender<Found>) {
        loop {
            let is_asked = match slot.next(OTHERS) {
                Work::Close => return,
                Work::Chore(_) => continue,
                Work::Look(mut in_sight, _) => {
                    if std::mem::take(&mut in_sight.is_anew) {
                        self.in_sight = InSight::default();
                        (self.rows, self.sheet) = (None, None);
                    }
                    let is_new = self.in_sight != in_sight;
                    self.in_sight = in_sight;
                    is_new
                }
                Work::Idle => false,
            };
            if self.in_sight == InSight::default() {
                // What changes while nobody looks is no news to anybody.
                (self.version, self.rows, self.sheet) = (None, None, None);
                continue;
            }
            if !is_asked && Instant::now() < self.rest_until {
                continue;
            }
            // Asked for first: what changes while it is read is read the next time.
            let version = self.lens.version();
            if !is_asked && self.version == Some(version) {
                continue;
            }
            self.version = Some(version);
            let began = Instant::now();
            let is_heard = self.read(found);
            self.rest_until = Instant::now() + began.elapsed() * REFRESH_REST;
            if !is_heard {
                return;
            }
        }
    }

    /// Reads what is in sight, the sheet first, and tells news; whether anybody hears them.
    fn read(&mut self, found: &mpsc::Sender<Found>) -> bool {
        if let Some(of) = self.in_sight.of.clone() {
            let read = self.lens.read(&of);
            let now = Some((of.clone(), read.clone()));
            if self.sheet != now {
                self.sheet = now;
                let read = Box::new(read);
                if found.blocking_send(Found::Sheet { of, read }).is_err() {
                    return false;
                }
            }
        } else {
            self.sheet = None;
        }
        match self.in_sight.rows {
            Some(limit) => {
                let page = Some(self.lens.page(limit));
                if self.rows == page {
                    return true;
                }
                self.rows = page.clone();
                let told = page.map(|page| Found::Subjects(Box::new(page)));
                told.is_none_or(|told| found.blocking_send(told).is_ok())
            }
            None => {
                self.rows = None;
                true
            }
        }
    }
}

/// Does what the user wants done, in order.
pub(super) fn act(lens: &dyn Lens, slot: &Slot<InSight>, found: &mpsc::Sender<Found>) {
    loop {
        let (of, act) = match slot.next(Duration::from_secs(3600)) {
            Work::Close => return,
            Work::Chore(Chore::Act { of, act }) => (of, act),
            Work::Chore(_) | Work::Look(..) | Work::Idle => continue,
        };
        let acted = Box::new(lens.act(&of, &act));
        if found.blocking_send(Found::Acted { of, acted }).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;
    use crate::lens::{Act, Acted, Column, Mood, SheetLine};

    /// Says how often it was read.
    #[derive(Debug, Default)]
    struct Counting {
        version: AtomicU64,
        read: AtomicU64,
    }

    impl Lens for Counting {
        fn name(&self) -> &'static str {
            "Thing"
        }

        fn title(&self) -> &'static str {
            "things"
        }

        fn columns(&self) -> &'static [Column] {
            &[]
        }

        fn page(&self, _: usize) -> Result<Page, String> {
            Ok(Page::default())
        }

        fn read(&self, of: &Of) -> Result<Option<Sheet>, String> {
            let times = self.read.fetch_add(1, Ordering::SeqCst);
            let line = SheetLine::of("read", format!("{of:?} {times}"), Mood::Plain);
            Ok(Some(Sheet { lines: vec![line] }))
        }

        fn act(&self, _: &Of, act: &Act) -> Acted {
            Acted::Says(format!("{act:?}"))
        }

        fn version(&self) -> u64 {
            self.version.load(Ordering::SeqCst)
        }
    }

    fn said(found: &mut mpsc::Receiver<Found>) -> String {
        match found.blocking_recv() {
            Some(Found::Sheet { read, .. }) => read.unwrap().unwrap().lines[0].text.clone(),
            Some(Found::Acted { acted, .. }) => format!("{acted:?}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_sheet_is_read_again_when_something_has_changed_and_only_then() {
        let lens = Arc::new(Counting::default());
        let slot = Arc::<Slot<InSight>>::default();
        let (found, mut finding) = mpsc::channel(8);
        let reading = Reading::new(lens.clone());
        let wanted = slot.clone();
        let thread = thread::spawn(move || reading.run(&wanted, &found));
        let of = |number| InSight {
            rows: None,
            of: Some(Of::Delivery(number)),
            is_anew: false,
        };
        slot.want(of(1));
        assert_eq!(said(&mut finding), "Delivery(1) 0");
        slot.want(of(1));
        lens.version.store(1, Ordering::SeqCst);
        assert_eq!(said(&mut finding), "Delivery(1) 1");
        slot.want(of(2));
        assert_eq!(said(&mut finding), "Delivery(2) 2");
        slot.close();
        thread.join().unwrap();
        assert!(finding.try_recv().is_err(), "nothing else was told");
    }

    #[test]
    fn what_was_out_of_sight_for_a_moment_is_told_again() {
        let slot = Slot::<InSight>::default();
        let of = |of: Option<i64>| InSight {
            of: of.map(Of::Delivery),
            ..InSight::default()
        };
        let next = || match slot.next(Duration::ZERO) {
            Work::Look(in_sight, _) => in_sight,
            other => panic!("{other:?}"),
        };
        slot.want(of(Some(1)));
        assert!(!next().is_anew);
        slot.want(of(Some(1)));
        assert!(!next().is_anew, "it was in sight all the time");
        // Nothing, and it again, before anybody has looked.
        slot.want(of(None));
        slot.want(of(Some(1)));
        slot.want(of(Some(1)));
        let again = next();
        assert_eq!((&again.of, again.is_anew), (&of(Some(1)).of, true));

        let slot = Arc::<Slot<InSight>>::default();
        let (found, mut finding) = mpsc::channel(8);
        let reading = Reading::new(Arc::<Counting>::default());
        let wanted = slot.clone();
        let thread = thread::spawn(move || reading.run(&wanted, &found));
        slot.want(of(Some(1)));
        assert_eq!(said(&mut finding), "Delivery(1) 0");
        slot.want(again);
        assert_eq!(said(&mut finding), "Delivery(1) 1");
        slot.close();
        thread.join().unwrap();
    }

    #[test]
    fn acts_are_done_in_order() {
        let slot = Arc::<Slot<InSight>>::default();
        let (found, mut finding) = mpsc::channel(8);
        let wanted = slot.clone();
        let thread = thread::spawn(move || act(&Counting::default(), &wanted, &found));
        for act in [Act::Verify, Act::Deliver] {
            let of = Of::Subject("a".to_owned());
            assert!(slot.add(Chore::Act { of, act }));
        }
        assert_eq!(said(&mut finding), "Says(\"Verify\")");
        assert_eq!(said(&mut finding), "Says(\"Deliver\")");
        slot.close();
        thread.join().unwrap();
    }
}
