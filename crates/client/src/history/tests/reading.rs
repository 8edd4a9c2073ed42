//! Lists, searches and single deliveries, beside a recorder.

use std::time::Duration;

use kreel_inspect::filter::Filter;
use kreel_wire::{Kind, TunnelName};

use super::super::reader::{From, Match, Scope};
use super::super::trim::Budget;
use super::super::{Job, Reader, Standing};
use super::support::{Desk, Folder, RELAY, begin, delivery, ended, piece, receive, tunnel};

#[tokio::test]
async fn lists_page_by_key_newest_first() {
    let folder = Folder::new();
    assert!(
        Reader::open(&folder.file()).unwrap().is_none(),
        "there is no history yet"
    );
    let mut desk = Desk::new(&folder.open());
    for seq in 0..5 {
        let came = delivery(seq, Kind::Live);
        desk.put(begin(&came, "x", true));
        let standing = if seq == 4 {
            Standing::Failed
        } else {
            Standing::Answered
        };
        desk.put(ended(&came, standing, 1));
    }
    desk.settle().await;
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let seqs =
        |rows: &[super::super::Row]| rows.iter().map(|row| row.summary.seq.0).collect::<Vec<_>>();
    let first = reader.page(None, None, 2).unwrap();
    assert_eq!(seqs(&first), [4, 3]);
    assert_eq!(first[0].standing, Standing::Failed);
    assert_eq!(
        first[0].last.as_ref().unwrap().failure.as_deref(),
        Some("died")
    );
    assert_eq!(first[1].last.as_ref().unwrap().status, Some(200));
    let next = reader
        .page(Some(&tunnel()), Some(first[1].number), 9)
        .unwrap();
    assert_eq!(seqs(&next), [2, 1, 0]);
    let other: TunnelName = "other".parse().unwrap();
    assert!(reader.page(Some(&other), None, 9).unwrap().is_empty());
    let totals = reader.counters(RELAY, &tunnel()).unwrap().unwrap();
    assert_eq!((totals.received, totals.answered, totals.failed), (5, 4, 1));
    assert_eq!(reader.counters(RELAY, &other).unwrap(), None);
}

#[tokio::test]
async fn one_is_found_by_id_by_beginning_and_by_place() {
    let folder = Folder::new();
    let mut desk = Desk::new(&folder.open());
    let (first, last) = (delivery(1, Kind::Live), delivery(2, Kind::Live));
    for came in [&first, &last] {
        desk.put(begin(came, "body", true));
        desk.put(ended(came, Standing::Answered, 1));
    }
    desk.settle().await;
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let id = first.id.to_string();
    for (which, found) in [
        (id.as_str(), Match::One(1)),
        ("last", Match::One(2)),
        ("last~1", Match::One(1)),
        ("last~2", Match::None),
        ("0", Match::Several),
        ("f", Match::None),
        ("lasting", Match::Nonsense),
        ("214 or so", Match::Nonsense),
    ] {
        assert_eq!(reader.find(which).unwrap(), found, "{which}");
    }
    for (which, found) in [("last", Match::One(2)), (id.as_str(), Match::One(1))] {
        assert_eq!(reader.find_in(&tunnel(), which).unwrap(), found, "{which}");
        let other = "other".parse().unwrap();
        assert_eq!(reader.find_in(&other, which).unwrap(), Match::None);
    }
    // As many digits as tell it from all others find it; one less is not enough.
    for (came, number) in [(&first, 1), (&last, 2)] {
        let digits = reader.id_digits(came.id).unwrap();
        let hex = came.id.to_string().replace('-', "");
        assert_eq!(reader.find(&hex[..digits]).unwrap(), Match::One(number));
        assert_eq!(reader.find(&hex[..digits - 1]).unwrap(), Match::Several);
    }
    let whole = reader.get(1).unwrap().unwrap();
    assert_eq!(whole.delivery.headers, first.headers);
    assert_eq!(whole.delivery.target, first.target);
    let attempt = &whole.attempts[0];
    assert_eq!(attempt.request.as_ref().unwrap().1, first.headers);
    assert_eq!(
        (attempt.status, attempt.failure.as_ref()),
        (Some(200), None)
    );
    assert_eq!(attempt.answer.as_ref().unwrap().1, "{\"ok\":true}");
    assert_eq!(reader.piece(1, 0).unwrap().unwrap(), "body");
    assert_eq!(reader.piece(1, 1).unwrap(), None);
}

#[tokio::test]
async fn words_are_found_wherever_they_stand() {
    let folder = Folder::new();
    let mut desk = Desk::new(&folder.open());
    let bodies = [
        &b"{\"event\":\"krea.completed\"}"[..],
        b"\xff\x00 no text",
        b"other words",
    ];
    for (seq, body) in (1..).zip(bodies) {
        desk.put(begin(&delivery(seq, Kind::Live), body, true));
    }
    let streams = delivery(4, Kind::Live);
    desk.put(begin(&streams, "it be", false));
    desk.settle().await;
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let found = |words: &str| {
        let found = reader.search(words, None, 10).unwrap();
        assert_eq!(found.unsearched, 0);
        found
            .rows
            .iter()
            .map(|row| row.number)
            .collect::<Vec<i64>>()
    };
    const NOTHING: [i64; 0] = [];
    assert_eq!(found("krea.completed"), [1]);
    assert_eq!(found("compl*"), [1]);
    assert_eq!(found("compl"), NOTHING);
    assert_eq!(found("POST gzip"), [4, 3, 2, 1]);
    assert_eq!(found("words other"), [3]);
    assert_eq!(found("\" OR NEAR("), NOTHING);
    assert_eq!(found("finally"), NOTHING);
    // One that was looked at too early is looked at again.
    desk.put(piece(&streams, "gan, and finally ended", true));
    desk.settle().await;
    assert_eq!(found("finally began"), [4]);
    assert_eq!(reader.search("gzip", Some(3), 1).unwrap().rows[0].number, 2);
}

#[tokio::test]
async fn the_oldest_that_are_finished_are_forgotten_beyond_the_budget() {
    let folder = Folder::new();
    let history = folder.open();
    let desk = Desk::new(&history);
    for seq in 0..400 {
        let came = delivery(seq, Kind::Queued);
        desk.put(receive(&came, "some words", true));
        if seq != 1 {
            desk.put(ended(&came, Standing::Answered, 1));
        }
    }
    desk.put(Job::Duplicate {
        id: delivery(1, Kind::Queued).id,
    });
    desk.recorder.close().await;
    let mut db = folder.db();
    db.execute("UPDATE delivery SET is_marked = 1 WHERE seq = 2", [])
        .unwrap();
    while super::super::words::index_some(&db).unwrap() {}
    let budget = Budget {
        deliveries: 300,
        bytes: i64::MAX,
    };
    assert!(budget.is_exceeded(&db).unwrap());
    while budget.is_exceeded(&db).unwrap() {
        assert!(super::super::trim::forget_some(&mut db).unwrap());
    }
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let rows = reader.page(None, None, 1000).unwrap();
    let oldest: Vec<_> = rows
        .iter()
        .rev()
        .take(3)
        .map(|row| row.summary.seq.0)
        .collect();
    assert_eq!(oldest, [1, 2, 130], "what waits and what is marked stays");
    assert_eq!(
        reader.search("words", None, 1000).unwrap().rows.len(),
        rows.len()
    );
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        db.query_row(&sql, [], |row| row.get::<_, usize>(0))
            .unwrap()
    };
    assert_eq!(
        (count("piece"), count("attempt")),
        (rows.len(), rows.len() - 1)
    );
    let bytes = Budget {
        deliveries: 1000,
        bytes: 4096,
    };
    assert!(bytes.is_exceeded(&db).unwrap());
}

#[tokio::test]
async fn what_came_again_when_it_was_finished_is_a_duplicate() {
    let folder = Folder::new();
    let desk = Desk::new(&folder.open());
    for seq in 1..=2 {
        let came = delivery(seq, Kind::Queued);
        desk.put(receive(&came, "x", true));
        desk.put(ended(&came, Standing::Answered, 1));
        if seq == 2 {
            desk.put(Job::Duplicate { id: came.id });
        }
    }
    desk.recorder.close().await;
    let reader = Reader::open(&folder.file()).unwrap().unwrap();
    let rows = reader.page(None, None, 10).unwrap();
    let duplicates: Vec<bool> = rows.iter().map(|row| row.is_duplicate).collect();
    assert_eq!(duplicates, [true, false]);
    let scope = Scope {
        filter: Filter::parse("is:duplicate").ok(),
        ..Scope::default()
    };
    let page = reader.look(&scope, From::Newest, 10, Duration::from_secs(5));
    let found: Vec<i64> = page.unwrap().rows.iter().map(|row| row.number).collect();
    assert_eq!(found, [2]);
}
