//! Pages by filter: each says what checking every row would say, however the file is asked.

use std::collections::BTreeSet;
use std::time::Duration;

use kreel_inspect::filter::Filter;
use kreel_wire::{Delivery, HeadersBuilder, Kind};

use super::super::{From, Pen, Reader, Row, Scope, Standing, words};
use super::support::{Desk, Folder, begin, delivery, ended, piece};

const LONG: Duration = Duration::from_secs(60);

/// Deliveries of many kinds, the newest of which are not indexed.
async fn various(folder: &Folder) -> Reader {
    let mut desk = Desk::new(&folder.open());
    let mut late = None;
    for seq in 0..300_u64 {
        let mut came: Box<Delivery> = delivery(seq, Kind::Live);
        came.method = if seq % 7 == 0 { "PUT" } else { "POST" }.into();
        came.target = format!("/hook/{}?n={seq}", seq % 5).into_bytes().into();
        if seq % 11 == 0 {
            let mut headers = HeadersBuilder::default();
            headers.push(b"x-odd", format!("number {seq}").as_bytes());
            came.headers = headers.build();
        }
        let body = format!(
            r#"{{"n":{seq},"word":"w{}","status":"{}"}}"#,
            seq % 10,
            seq % 3
        );
        if seq == 20 {
            desk.put(begin(&came, &b"later "[..], false));
            late = Some(came);
            continue;
        }
        desk.put(begin(&came, body, true));
        let standing = match seq % 13 {
            0 => Standing::Failed,
            1 => continue,
            _ => Standing::Answered,
        };
        desk.put(ended(&came, standing, 1));
    }
    desk.settle().await;
    let db = folder.db();
    assert!(
        words::index_some(&db).unwrap(),
        "only a part of them is indexed"
    );
    desk.put(piece(&late.unwrap(), &b"w3 finally"[..], true));
    desk.settle().await;
    drop(db);
    let mut pen = Pen::open(&folder.file()).unwrap().unwrap();
    for number in [3, 100, 299] {
        assert!(pen.mark(number, true).unwrap());
        assert!(pen.note(number + 1, &format!("note {number}")).unwrap());
    }
    let db = folder.db();
    db.execute(
        "UPDATE delivery SET last_status = 503 WHERE number % 50 = 8 AND last_status",
        [],
    )
    .unwrap();
    db.execute(
        "UPDATE attempt SET is_replay = 1 WHERE key >> 20 IN (5, 120)",
        [],
    )
    .unwrap();
    db.execute(
        "UPDATE delivery SET replayed = 1, replays = 1 WHERE number IN (5, 120)",
        [],
    )
    .unwrap();
    Reader::open(&folder.file()).unwrap().unwrap()
}

/// Every row and what is to be known of it, the newest first.
fn all(reader: &Reader) -> Vec<(Row, Delivery, Vec<u8>)> {
    let rows = reader.page(None, None, 1_000).unwrap();
    let with_parts = rows.into_iter().map(|row| {
        let whole = reader.get(row.number).unwrap().unwrap();
        let body = reader.piece(row.number, 0).unwrap();
        (row, whole.delivery, body.map(Vec::from).unwrap_or_default())
    });
    with_parts.collect()
}

const FILTERS: [&str; 34] = [
    "",
    "w3",
    "w3 status:none",
    "finally",
    "w*",
    "post",
    "w3 or w4",
    "-w3",
    "\"word w3\"",
    "status:5xx",
    "status:200",
    "status:none",
    "status>=300",
    "method:put",
    "method:put status:5xx",
    "path:/hook/3",
    "header:x-odd",
    "header:x-odd=\"number 1\"",
    "body:finally",
    "jq:'.n > 290'",
    "jq:'.status == \"1\"' method:put",
    "is:failed",
    "is:marked",
    "is:noted",
    "is:replay",
    "is:waiting",
    "is:failed,marked",
    "note:\"note 1\"",
    "seq>=295",
    "size>33",
    "took>1ms or took<1s",
    "tunnel:my*",
    "tunnel:other",
    "-(is:failed or is:answered)",
];

#[tokio::test]
async fn pages_say_what_every_row_says() {
    let folder = Folder::new();
    let reader = various(&folder).await;
    let all = all(&reader);
    let mut found_any = BTreeSet::new();
    for text in FILTERS {
        let filter = Filter::parse(text).unwrap();
        let expected: Vec<i64> = all
            .iter()
            .filter(|(row, delivery, body)| {
                let mut subject = row.subject(0);
                subject.headers = Some(&delivery.headers);
                subject.body = Some(body);
                filter.matches(&subject)
            })
            .map(|(row, ..)| row.number)
            .collect();
        if !expected.is_empty() {
            found_any.insert(text);
        }
        let scope = Scope {
            filter: Some(filter),
            ..Scope::default()
        };
        for (limit, budget) in [(7, LONG), (1_000, LONG), (5, Duration::ZERO)] {
            let mut from = From::Newest;
            let mut found: Vec<i64> = Vec::new();
            loop {
                let page = reader.look(&scope, from, limit, budget).unwrap();
                assert!(page.rows.len() <= limit);
                found.extend(page.rows.iter().map(|row| row.number));
                if page.is_end {
                    assert_eq!(page.unsearched, 0);
                    break;
                }
                from = From::Before(page.scanned_to);
            }
            assert_eq!(found, expected, "{text}, older, by {limit}");
            let mut after = 0;
            let mut found: Vec<i64> = Vec::new();
            loop {
                let page = reader
                    .look(&scope, From::After(after), limit, budget)
                    .unwrap();
                let newest_first: Vec<i64> = page.rows.iter().map(|row| row.number).collect();
                found.splice(0..0, newest_first);
                if page.is_end {
                    break;
                }
                after = page.scanned_to;
            }
            assert_eq!(found, expected, "{text}, newer, by {limit}");
        }
    }
    assert!(found_any.len() == FILTERS.len() - 1, "{found_any:?}");
}

#[tokio::test]
async fn a_page_around_a_number_has_both_sides() {
    let folder = Folder::new();
    let reader = various(&folder).await;
    let scope = Scope {
        filter: Some(Filter::parse("seq>10").unwrap()),
        since_number: Some(148),
        ..Scope::default()
    };
    let numbers = |from, limit| {
        let page = reader.look(&scope, from, limit, LONG).unwrap();
        let numbers: Vec<i64> = page.rows.iter().map(|row| row.number).collect();
        (numbers, page.is_end)
    };
    assert_eq!(
        numbers(From::Around(151), 4),
        (vec![153, 152, 151, 150], false)
    );
    assert_eq!(numbers(From::Around(150), 10).0.last(), Some(&149));
    assert_eq!(numbers(From::Around(300), 3), (vec![300, 299, 298], false));
    assert_eq!(numbers(From::Before(151), 9), (vec![150, 149], true));
    assert_eq!(numbers(From::Before(149), 9), (vec![], true));
    assert_eq!(numbers(From::After(300), 9), (vec![], true));
    assert_eq!(reader.count().unwrap(), 300);
    assert!(reader.position(1).unwrap().abs() < 1e-9);
    assert!((reader.position(300).unwrap() - 1.0).abs() < 1e-9);
    assert!((reader.position(150).unwrap() - 0.5).abs() < 0.01);
    let row = &reader
        .look(&Scope::default(), From::Around(120), 1, LONG)
        .unwrap()
        .rows[0];
    assert_eq!(
        (row.number, row.replays.count, row.replays.is_edited),
        (120, 1, false)
    );
    assert_eq!(row.content_type.as_deref(), Some("application/json"));
}

#[tokio::test]
async fn what_others_write_is_noticed() {
    let folder = Folder::new();
    let reader = various(&folder).await;
    let version = reader.version().unwrap();
    assert_eq!(reader.version().unwrap(), version);
    let mut pen = Pen::open(&folder.file()).unwrap().unwrap();
    pen.mark(1, true).unwrap();
    assert_ne!(reader.version().unwrap(), version);
}

/// The narrow indexes must be used, or a rare status among a million takes seconds.
#[tokio::test]
async fn what_is_rare_is_looked_up() {
    let folder = Folder::new();
    let _reader = various(&folder).await;
    let db = folder.db();
    for (source, condition, index) in [
        (
            "delivery INDEXED BY delivery_unusual",
            "(last_status >= 300 OR last_failure IS NOT NULL OR standing BETWEEN 3 AND 5)",
            "delivery_unusual",
        ),
        (
            "delivery INDEXED BY delivery_marked",
            "is_marked = 1",
            "delivery_marked",
        ),
        ("delivery", "tunnel_id IN (1)", "delivery_tunnel"),
    ] {
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT method FROM {source} WHERE number BETWEEN 1 AND 9
                AND {condition} ORDER BY number DESC"
        );
        let mut statement = db.prepare(&sql).unwrap();
        let steps: Vec<String> = statement
            .query_map([], |row| row.get(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let steps = steps.join("; ");
        assert!(steps.contains(index), "{steps}");
        assert!(!steps.contains("TEMP B-TREE"), "{steps}");
    }
}
