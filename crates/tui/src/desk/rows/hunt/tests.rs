//! Searches in a real history, against every row judged by itself.

use std::ops::Range;
use std::path::PathBuf;

use kreel_client::{Pen, TunnelName, fill_history};
use kreel_inspect::filter::Filter;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A history that others write.
struct History {
    _dir: TempDir,
    path: PathBuf,
    reader: Option<Reader>,
}

/// What happens while somebody searches.
#[derive(Debug, Clone)]
enum Step {
    /// So many arrive; every so manyth of them is marked.
    Arrive(u16, u16),
    /// The user goes there: a part of the history.
    Go(Place),
    /// A row that the user sees is unmarked by somebody.
    Unmark(u16),
    /// One of the newest is marked by somebody.
    MarkNew(u16),
    /// The search goes on.
    Search,
}

#[derive(Debug, Clone)]
enum Place {
    Newest,
    Oldest,
    /// One of those handed out.
    Row(u16),
}

impl History {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        Self {
            _dir: dir,
            path,
            reader: None,
        }
    }

    fn arrive(&mut self, count: u64, marked: usize) {
        let before = self.reader.as_ref().map_or(0, |it| it.newest().unwrap());
        fill_history(&self.path, &tunnel(), count).unwrap();
        let mut pen = Pen::open(&self.path).unwrap().unwrap();
        for number in (before + 1..=before + count as i64).step_by(marked) {
            assert!(pen.mark(number, true).unwrap());
        }
        self.reader = Reader::open(&self.path).unwrap();
    }

    fn mark(&self, number: i64, is_marked: bool) {
        let mut pen = Pen::open(&self.path).unwrap().unwrap();
        assert!(pen.mark(number, is_marked).unwrap());
    }

    fn reader(&self) -> &Reader {
        self.reader.as_ref().unwrap()
    }

    /// All that match, one by one, the newest first.
    fn plainly(&self, look: &Look) -> Vec<i64> {
        let filter = look.filter.as_ref().unwrap();
        let rows = self.reader().page(None, None, usize::MAX >> 1).unwrap();
        let rows = rows.iter().filter(|row| {
            let number = row.number;
            if number <= look.since.unwrap_or(0) {
                return false;
            }
            if let Some(is_accepted) = filter.decide(&row.subject(0)) {
                return is_accepted;
            }
            let piece = self.reader().piece(number, 0).unwrap().unwrap();
            let whole = self.reader().get(number).unwrap().unwrap();
            let mut subject = row.subject(0);
            subject.headers = Some(&whole.delivery.headers);
            subject.body = Some(&piece);
            filter.matches(&subject)
        });
        rows.map(|row| row.number).collect()
    }
}

fn tunnel() -> TunnelName {
    "tunnel".parse().unwrap()
}

fn look(filter: &str, since: Option<i64>) -> Look {
    Look {
        id: 1,
        anchor: Anchor::Newest,
        filter: Some(Filter::parse(filter).unwrap()),
        since,
    }
}

fn scope(look: &Look) -> Scope {
    Scope {
        tunnel: Some(tunnel()),
        filter: look.filter.clone(),
        since_number: look.since,
    }
}

fn nothing() -> Rows {
    Rows {
        look: 1,
        rows: Vec::new(),
        has_newer: false,
        has_older: false,
        progress: None,
        totals: None,
        markers: Vec::new(),
        took: Duration::ZERO,
    }
}

/// Searches until all is found that is wanted here, and looks at what may have changed twice.
fn settle(hunt: &mut Hunt, history: &History, look: &Look) -> Rows {
    let mut settled = 0;
    for _ in 0..10_000 {
        let is_all = hunt
            .go_on(history.reader(), &scope(look), look.anchor, AMPLE)
            .unwrap();
        settled = if is_all { settled + 1 } else { 0 };
        if settled == 4 {
            let mut rows = nothing();
            hunt.hand_out(look.anchor, &mut rows);
            return rows;
        }
    }
    panic!("it finds no end");
}

/// Those of `all` that shall be handed out.
fn window(all: &[i64], anchor: Anchor) -> Range<usize> {
    let at = match anchor {
        Anchor::Newest => 0,
        Anchor::Oldest => all.len(),
        Anchor::At(number) => all.partition_point(|it| *it > number),
    };
    at.saturating_sub(MARGIN)..(at + MARGIN).min(all.len())
}

fn check(history: &History, hunt: &mut Hunt, look: &Look) -> Result<Vec<i64>, TestCaseError> {
    let rows = settle(hunt, history, look);
    let found: Vec<i64> = rows.rows.iter().map(|row| row.number).collect();
    let all = history.plainly(look);
    let window = window(&all, look.anchor);
    prop_assert_eq!(&found, &all[window.clone()]);
    prop_assert!(rows.has_newer || window.start == 0, "there are newer ones");
    prop_assert!(
        rows.has_older || window.end == all.len(),
        "there are older ones"
    );
    Ok(found)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = prop_oneof![
        2 => Just(Place::Newest),
        1 => Just(Place::Oldest),
        3 => any::<u16>().prop_map(Place::Row),
    ];
    let step = prop_oneof![
        2 => (1_u16..300, 1_u16..40).prop_map(|(count, marked)| Step::Arrive(count, marked)),
        3 => place.prop_map(Step::Go),
        1 => any::<u16>().prop_map(Step::Unmark),
        1 => any::<u16>().prop_map(Step::MarkNew),
        3 => Just(Step::Search),
    ];
    prop::collection::vec(step, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_search_finds_what_is_there(
        filter in prop::sample::select(vec!["is:marked", "quiet", "method:post", "seq>40 gulls"]),
        first in 0_u64..700,
        steps in steps(),
    ) {
        let mut history = History::new();
        history.arrive(first + 1, 7);
        let mut look = look(filter, None);
        let mut hunt = Hunt::new(&look, history.reader().newest().unwrap());
        let mut seen = check(&history, &mut hunt, &look)?;
        for step in steps {
            match step {
                Step::Arrive(count, marked) => history.arrive(count.into(), marked.into()),
                Step::Go(place) => {
                    look.anchor = match place {
                        Place::Newest => Anchor::Newest,
                        Place::Oldest => Anchor::Oldest,
                        Place::Row(_) if seen.is_empty() => Anchor::Newest,
                        Place::Row(row) => Anchor::At(seen[usize::from(row) % seen.len()]),
                    };
                    seen = check(&history, &mut hunt, &look)?;
                }
                Step::Unmark(row) => {
                    let all = history.plainly(&look);
                    let at = window(&all, look.anchor);
                    let near = at.len().min(NEAR_ROWS);
                    let number = all[at].get(usize::from(row) % near.max(1));
                    if let Some(number) = number.filter(|_| look.anchor == Anchor::Newest) {
                        history.mark(*number, false);
                    }
                }
                Step::MarkNew(row) => {
                    let newest = history.reader().newest().unwrap();
                    let back = i64::from(row) % UNSETTLED.min(newest);
                    history.mark(newest - back, true);
                }
                Step::Search => seen = check(&history, &mut hunt, &look)?,
            }
        }
    }
}

#[test]
fn a_search_that_is_hurried_finds_the_same_in_the_end() {
    let mut history = History::new();
    history.arrive(3_000, 100);
    let look = look("is:marked", None);
    let mut hunt = Hunt::new(&look, 3_000);
    for _ in 0..5_000 {
        hunt.go_on(history.reader(), &scope(&look), look.anchor, Duration::ZERO)
            .unwrap();
    }
    let found = settle(&mut hunt, &history, &look).rows.len();
    assert_eq!(found, 30);
}

#[test]
fn what_is_kept_is_bounded_on_the_side_away_from_the_user() {
    let mut history = History::new();
    history.arrive(3_000, 3_000);
    let mut look = look("method:post", None);
    let mut hunt = Hunt::new(&look, 3_000);
    let mut at = settle(&mut hunt, &history, &look)
        .rows
        .last()
        .unwrap()
        .number;
    while at > 1 {
        look.anchor = Anchor::At(at);
        let rows = settle(&mut hunt, &history, &look);
        assert!(hunt.rows.len() <= FOUND_ROWS && rows.rows.len() <= 2 * MARGIN);
        assert!(rows.rows.iter().any(|row| row.number == at), "{at} is lost");
        at = rows.rows.last().unwrap().number;
    }
    look.anchor = Anchor::Newest;
    assert_eq!(settle(&mut hunt, &history, &look).rows[0].number, 3_000);
}

#[test]
fn only_what_came_since_is_found() {
    let mut history = History::new();
    history.arrive(50, 50);
    let look = look("method:post", Some(40));
    let mut hunt = Hunt::new(&look, 50);
    check(&history, &mut hunt, &look).unwrap();
    history.arrive(10, 10);
    assert_eq!(check(&history, &mut hunt, &look).unwrap().len(), 20);
}

#[test]
fn a_quick_search_is_begun_anew_in_time() {
    let mut history = History::new();
    history.arrive(5, 1);
    let look = look("is:marked", None);
    let mut hunt = Hunt::new(&look, 5);
    settle(&mut hunt, &history, &look);
    assert!(!hunt.is_old());
    hunt.began -= RENEWED * 2;
    assert!(hunt.is_old());
    hunt.spent = QUICK;
    assert!(!hunt.is_old(), "one that took long is kept");
}

/// Enough for each part of a search to get on.
const AMPLE: Duration = Duration::from_secs(2);
