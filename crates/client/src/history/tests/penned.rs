//! Marks, notes and lines: written beside a recorder, by several at once, and what becomes of them.

use std::thread;

use kreel_wire::Kind;

use super::super::trim::{Budget, forget_some};
use super::super::{HistoryError, Pen, Reader, Removed, Standing};
use super::support::{Desk, Folder, RELAY, begin, delivery, ended, tunnel};

async fn filled(folder: &Folder, count: u64) -> Desk {
    let mut desk = Desk::new(&folder.open());
    for seq in 0..count {
        let came = delivery(seq, Kind::Live);
        desk.put(begin(&came, "some words", true));
        desk.put(ended(&came, Standing::Answered, 1));
    }
    desk.settle().await;
    desk
}

#[tokio::test]
async fn what_is_written_is_read() {
    let folder = Folder::new();
    assert!(Pen::open(&folder.file()).unwrap().is_none());
    let mut desk = filled(&folder, 3).await;
    let mut pen = Pen::open(&folder.file()).unwrap().unwrap();
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let row = |number| reader.get(number).unwrap().unwrap().row;
    assert!(pen.mark(2, true).unwrap());
    assert!(!pen.mark(99, true).unwrap());
    assert!(row(2).is_marked && !row(1).is_marked);
    assert!(pen.mark(2, false).unwrap());
    assert!(!row(2).is_marked);
    assert!(pen.note(2, " first ").unwrap());
    assert!(pen.note(2, "second").unwrap());
    assert_eq!(row(2).note.as_deref(), Some("second"));
    assert!(!pen.note(99, "x").unwrap());
    assert!(pen.note(2, "  ").unwrap());
    assert_eq!(row(2).note, None);

    assert!(pen.draw_line(RELAY, &tunnel(), "new handler", 7).unwrap());
    assert!(!pen.draw_line("elsewhere", &tunnel(), "x", 7).unwrap());
    let came = delivery(9, Kind::Live);
    desk.put(begin(&came, "x", true));
    desk.settle().await;
    assert!(pen.draw_line(RELAY, &tunnel(), "second", 8).unwrap());
    let lines = reader.markers(None, 0, i64::MAX).unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.below, line.text.as_str()))
        .collect();
    assert_eq!(told, [(4, "second"), (3, "new handler")]);
    assert_eq!(reader.markers(Some(&tunnel()), 4, 5).unwrap().len(), 1);
    assert_eq!(
        reader
            .markers(Some(&"other".parse().unwrap()), 0, 9)
            .unwrap(),
        []
    );
    assert!(pen.erase_line(lines[0].id).unwrap());
    assert!(!pen.erase_line(lines[0].id).unwrap());

    pen.note(1, "goes along").unwrap();
    assert_eq!(pen.remove(1).unwrap(), Removed::Gone);
    assert_eq!(pen.remove(1).unwrap(), Removed::Absent);
    assert_eq!(
        pen.remove(4).unwrap(),
        Removed::Waiting,
        "it is being handed over"
    );
    assert!(reader.get(1).unwrap().is_none());
    let left: i64 = folder
        .db()
        .query_row(
            "SELECT (SELECT count(*) FROM note) + (SELECT count(*) FROM piece WHERE key < 2 << 20)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn several_write_at_once() {
    let folder = Folder::new();
    let desk = filled(&folder, 100).await;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let file = folder.file();
            thread::spawn(move || {
                let mut pen = Pen::open(&file).unwrap().unwrap();
                for number in 1..=100 {
                    pen.mark(number, writer % 2 == 0).unwrap();
                    pen.note(number, &format!("of {writer}")).unwrap();
                }
            })
        })
        .collect();
    for seq in 100..200 {
        let came = delivery(seq, Kind::Live);
        desk.put(begin(&came, "x", true));
        desk.put(ended(&came, Standing::Answered, 1));
    }
    for writer in writers {
        writer.join().unwrap();
    }
    desk.recorder.close().await;
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let rows = reader.page(None, None, 1_000).unwrap();
    assert_eq!(rows.len(), 200);
    assert_eq!(rows.iter().filter(|row| row.note.is_some()).count(), 100);
}

#[tokio::test]
async fn what_the_user_wrote_on_is_not_forgotten() {
    let folder = Folder::new();
    let desk = filled(&folder, 200).await;
    let mut pen = Pen::open(&folder.file()).unwrap().unwrap();
    pen.mark(2, true).unwrap();
    pen.note(3, "keep this").unwrap();
    pen.draw_line(RELAY, &tunnel(), "at the end", 1).unwrap();
    let mut db = folder.db();
    db.execute("UPDATE marker SET below = 1", []).unwrap();
    desk.recorder.close().await;
    let budget = Budget {
        deliveries: 0,
        bytes: i64::MAX,
    };
    while budget.is_exceeded(&db).unwrap() && forget_some(&mut db).unwrap() {}
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let rows = reader.page(None, None, 9).unwrap();
    let left: Vec<_> = rows.iter().map(|row| row.number).collect();
    assert_eq!(left, [3, 2]);
    assert_eq!(rows[0].note.as_deref(), Some("keep this"));
    assert_eq!(
        reader.markers(None, 0, 999).unwrap(),
        [],
        "nothing is left below it"
    );
}

#[tokio::test]
async fn a_file_that_others_hold_says_so() {
    let folder = Folder::new();
    let _desk = filled(&folder, 1).await;
    let mut pen = Pen::open(&folder.file()).unwrap().unwrap();
    let refused = pen.refused_for_test();
    assert!(matches!(refused, HistoryError::Database { .. }));
    assert!(refused.advice().contains("may be written"), "{refused}");
}
