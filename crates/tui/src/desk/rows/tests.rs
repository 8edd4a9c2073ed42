//! Rows of a real history, around where the user is.

use kreel_client::fill_history;
use tempfile::TempDir;

use super::*;
use crate::testing::facts;

/// A desk at a history of so many rows.
fn desk(count: u64) -> (TempDir, Desk) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    if count > 0 {
        fill_history(&path, &facts().tunnel, count).unwrap();
    }
    (dir, Desk::new(path, facts()))
}

fn look(anchor: Anchor) -> Look {
    Look {
        id: 7,
        anchor,
        filter: None,
        since: None,
    }
}

fn rows(desk: &mut Desk, look: &Look) -> Rows {
    let (rows, is_finished) = desk.rows(look).unwrap();
    assert!(is_finished && rows.look == 7);
    rows
}

/// The newest and the oldest of those found, and whether there are more on either side.
fn extent(rows: &Rows) -> (i64, i64, bool, bool) {
    let number = |row: Option<&kreel_client::Row>| row.map_or(0, |row| row.number);
    assert!(
        rows.rows
            .is_sorted_by(|newer, older| newer.number > older.number)
    );
    let (first, last) = (number(rows.rows.first()), number(rows.rows.last()));
    (first, last, rows.has_newer, rows.has_older)
}

const ALL: i64 = 3 * MARGIN as i64;
const SIDE: i64 = MARGIN as i64;

#[test]
fn a_history_that_is_not_there_has_no_rows() {
    let (_dir, mut desk) = desk(0);
    let rows = rows(&mut desk, &look(Anchor::Newest));
    assert_eq!(extent(&rows), (0, 0, false, false));
}

#[test]
fn rows_are_those_around_the_user() {
    let (_dir, mut desk) = desk(ALL as u64);
    let middle = ALL / 2;
    for (anchor, expected) in [
        (Anchor::Newest, (ALL, ALL - SIDE + 1, false, true)),
        (Anchor::Oldest, (SIDE, 1, true, false)),
        (
            Anchor::At(middle),
            (middle + SIDE, middle - SIDE + 1, true, true),
        ),
        (Anchor::At(ALL), (ALL, ALL - SIDE + 1, false, true)),
        (Anchor::At(1), (SIDE + 1, 1, true, false)),
    ] {
        assert_eq!(
            extent(&rows(&mut desk, &look(anchor))),
            expected,
            "{anchor:?}"
        );
    }
    let since = Look {
        since: Some(ALL - 3),
        ..look(Anchor::Newest)
    };
    assert_eq!(
        extent(&rows(&mut desk, &since)),
        (ALL, ALL - 2, false, false)
    );
}

#[test]
fn marks_and_notes_are_seen_by_the_next_look() {
    let (_dir, mut desk) = desk(10);
    rows(&mut desk, &look(Anchor::Newest));
    assert!(!desk.has_changed());
    for chore in [
        Chore::Mark {
            number: 4,
            on: true,
        },
        Chore::Note {
            number: 5,
            text: "seen".to_owned(),
        },
        Chore::Marker {
            text: "here".to_owned(),
        },
    ] {
        let done = desk.chore(chore);
        assert!(!matches!(done, Found::Done(_)), "{done:?}");
    }
    assert!(desk.has_changed());
    let rows = rows(&mut desk, &look(Anchor::Newest));
    let marked: Vec<i64> = rows
        .rows
        .iter()
        .filter(|it| it.is_marked)
        .map(|it| it.number)
        .collect();
    assert_eq!(marked, [4]);
    assert_eq!(rows.rows[5].note.as_deref(), Some("seen"));
    assert!(!desk.has_changed());
}

#[test]
fn the_selected_row_stays_when_it_is_not_what_is_looked_for_any_more() {
    let (_dir, mut desk) = desk(10);
    for (number, on) in [(3, true), (7, true), (7, false)] {
        desk.chore(Chore::Mark { number, on });
    }
    let numbers = |desk: &mut Desk, anchor| {
        let marked = Look {
            filter: Filter::parse("is:marked").ok(),
            ..look(anchor)
        };
        let rows = rows(desk, &marked).rows;
        rows.iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&mut desk, Anchor::Newest), [3]);
    assert_eq!(numbers(&mut desk, Anchor::At(7)), [7, 3]);
    assert_eq!(numbers(&mut desk, Anchor::At(3)), [3]);
}

#[test]
fn the_newest_is_that_of_the_history_and_not_of_the_rows_at_hand() {
    let (_dir, mut desk) = desk(2 * MARGIN as u64);
    rows(&mut desk, &look(Anchor::Oldest));
    let newest = desk.chore(Chore::Clear);
    assert!(matches!(newest, Found::Newest(number) if number == 2 * SIDE));
}

#[test]
fn a_search_is_forgotten_when_all_are_shown_again() {
    let (_dir, mut desk) = desk(10);
    let marked = Look {
        filter: Filter::parse("is:marked").ok(),
        ..look(Anchor::Newest)
    };
    assert_eq!(rows(&mut desk, &marked).rows.len(), 0);
    desk.chore(Chore::Mark {
        number: 2,
        on: true,
    });
    rows(&mut desk, &look(Anchor::Newest));
    let found = rows(&mut desk, &marked);
    assert_eq!((found.rows.len(), found.rows[0].number), (1, 2));
}

fn failure(found: &Found) -> &str {
    match found {
        Found::Failed(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_can_not_be_written_is_told() {
    let (_dir, mut desk) = desk(3);
    let text = || "lost?".to_owned();
    for (chore, says) in [
        (
            Chore::Mark {
                number: 99,
                on: true,
            },
            "not marked",
        ),
        (
            Chore::Note {
                number: 99,
                text: text(),
            },
            "not kept",
        ),
        // These rows came by a relay of another name.
        (Chore::Marker { text: text() }, "no line is drawn"),
        (Chore::EraseMarker, "no line to take away"),
    ] {
        let found = desk.chore(chore.clone());
        assert!(failure(&found).contains(says), "{chore:?}: {found:?}");
    }
}

#[test]
fn the_line_that_was_drawn_last_is_taken_away() {
    let (_dir, mut desk) = desk(3);
    desk.facts.relay_name = "https://relay.example".to_owned();
    let texts = |desk: &mut Desk| -> Vec<String> {
        let rows = rows(desk, &look(Anchor::Newest));
        rows.markers.into_iter().map(|line| line.text).collect()
    };
    for text in ["first", "second"] {
        let text = text.to_owned();
        let drawn = desk.chore(Chore::Marker { text });
        assert!(matches!(drawn, Found::Changed), "{drawn:?}");
    }
    assert_eq!(texts(&mut desk), ["second", "first"]);
    assert!(matches!(desk.chore(Chore::EraseMarker), Found::Changed));
    assert_eq!(texts(&mut desk), ["first"]);
}

#[test]
fn only_what_is_shown_is_gone_to() {
    let (dir, mut desk) = desk(3);
    let other = "another-tunnel".parse().unwrap();
    fill_history(&dir.path().join("history.db"), &other, 2).unwrap();
    let goto = |desk: &mut Desk, which: &str, since| {
        let which = which.to_owned();
        desk.chore(Chore::Goto { which, since })
    };
    let number = |found: Found| match found {
        Found::Goto(number) => number,
        other => panic!("{other:?}"),
    };
    assert_eq!(number(goto(&mut desk, "last", None)), 3, "of this tunnel");
    assert_eq!(number(goto(&mut desk, "last~2", None)), 1);
    assert!(failure(&goto(&mut desk, "last~3", None)).contains("no delivery"));
    assert_eq!(number(goto(&mut desk, "last", Some(2))), 3);
    assert!(failure(&goto(&mut desk, "last~1", Some(2))).contains("before what is shown"));
    let reader = Reader::open(&dir.path().join("history.db"))
        .unwrap()
        .unwrap();
    let id = |number| reader.row(number).unwrap().unwrap().summary.id.to_string();
    assert_eq!(number(goto(&mut desk, &id(2), None)), 2);
    let elsewhere = goto(&mut desk, &id(5), None);
    assert!(
        failure(&elsewhere).contains("another-tunnel"),
        "{elsewhere:?}"
    );
}
