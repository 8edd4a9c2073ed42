//! What a ledger keeps, for how long, and for whom.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::ask::ApiAnswer;
use crate::fixture::Fixture;
use crate::job::Kind;
use crate::jobs::KnownJob;
use crate::limits::{HANDED_LEASE, LEDGER_JOBS, LEDGER_SEEN_PER_JOB};
use crate::status::Status;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn job(id: &str, second: i64) -> KnownJob {
    KnownJob {
        id: JobId::new(id),
        path: "/generate/3d/acme/solid".to_owned(),
        kind: Some(Kind::Model),
        model: Some("acme/solid".to_owned()),
        parameters: Some("{\"prompt\":\"a fox\"}".to_owned()),
        started_at: at(second),
        webhook_url: Some("https://relay.example/t".to_owned()),
        is_own_webhook: true,
        own_webhook_url: Some("https://app.example/hook".to_owned()),
    }
}

fn seen(job: &str, number: i64, status: &str) -> Seen {
    let body = format!("{{\"job_id\":\"{job}\",\"status\":\"{status}\"}}");
    let place = (format!("delivery-{number}"), number);
    Seen::of(place, at(number), body.as_bytes(), false).unwrap()
}

fn names(places: &[Place]) -> Vec<&str> {
    places.iter().map(|place| place.job.as_str()).collect()
}

#[test]
fn a_later_run_knows_the_jobs_of_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/jobs.db");
    let ledger = Ledger::open(&path).unwrap();
    assert!(!ledger.knows_jobs().unwrap());
    for second in [2, 3, 1] {
        ledger.note(&job(&second.to_string(), second)).unwrap();
    }
    let changed = KnownJob {
        parameters: None,
        own_webhook_url: None,
        ..job("2", 2)
    };
    ledger.note(&changed).unwrap();
    drop(ledger);
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.newest(2).unwrap(), [job("3", 3), changed.clone()]);
    assert_eq!(ledger.find(&JobId::new("2")).unwrap(), Some(changed));
    assert_eq!(ledger.find(&JobId::new("4")).unwrap(), None);
    assert!(ledger.knows_jobs().unwrap());
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn several_may_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let ledgers = [(); 4].map(|()| Ledger::open(&path).unwrap());
    std::thread::scope(|scope| {
        for (at, ledger) in ledgers.iter().enumerate() {
            scope.spawn(move || {
                for n in 0..25 {
                    ledger.note(&job(&format!("{at}-{n}"), n)).unwrap();
                }
            });
        }
    });
    assert_eq!(ledgers[0].newest(1_000).unwrap().len(), 100);
}

#[test]
fn a_newer_file_is_left_alone_and_a_strange_one_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    drop(Ledger::open(&path).unwrap());
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let newer = Ledger::open(&path);
    assert!(matches!(newer, Err(LedgerError::Newer { found: 99, .. })));
    let strange = folder.path().join("strange");
    let words = "this is no database, but long enough to be taken for one";
    fs::write(&strange, words).unwrap();
    assert!(matches!(
        Ledger::open(&strange),
        Err(LedgerError::Database(_))
    ));
    assert!(fs::read(&strange).unwrap().starts_with(b"this is no"));
}

#[test]
fn a_file_of_the_first_version_keeps_its_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(schema::MIGRATIONS[0]).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let insert = "INSERT INTO krea_job VALUES ('a', 7000000, '/p', 'image', NULL, NULL, NULL, 0)";
    db.execute(insert, []).unwrap();
    drop(db);
    let ledger = Ledger::open(&path).unwrap();
    let known = ledger.find(&JobId::new("a")).unwrap().unwrap();
    assert_eq!(
        (known.kind, known.own_webhook_url),
        (Some(Kind::Image), None)
    );
    let places = ledger.places("h", None, 10).unwrap();
    assert_eq!((names(&places), places[0].at.as_second()), (vec!["a"], 7));
    assert_eq!(ledger.unfinished(10).unwrap().len(), 1);
}

#[test]
fn webhooks_are_seen_once_in_each_history() {
    let ledger = Ledger::in_memory().unwrap();
    let early = seen("a", 1, "processing");
    ledger
        .see("one", &[early.clone(), seen("b", 2, "failed")], 2)
        .unwrap();
    // It was not whole at first; then it was.
    let late = Seen {
        digest: early.digest ^ 1,
        ..seen("a", 1, "completed")
    };
    ledger.see("one", std::slice::from_ref(&late), 3).unwrap();
    ledger.see("two", &[early], 9).unwrap();
    assert_eq!(ledger.seen("one", &JobId::new("a")).unwrap(), [late]);
    assert_eq!(
        (
            ledger.reached("one").unwrap(),
            ledger.reached("two").unwrap()
        ),
        (3, 9)
    );
    assert_eq!(ledger.reached("three").unwrap(), 0);
    let of_b = ledger.seen("one", &JobId::new("b")).unwrap();
    assert_eq!(of_b[0].status, Some(Status::Failed));
    assert!(ledger.seen("two", &JobId::new("b")).unwrap().is_empty());
    assert_eq!(ledger.last_seen("one", 1).unwrap()[0].number, 2);
    assert_eq!(names(&ledger.places("two", None, 10).unwrap()), ["a"]);
}

#[test]
fn what_names_no_job_is_not_seen() {
    let none = |body: &[u8]| Seen::of(("d".to_owned(), 1), at(1), body, false);
    let long = format!("{{\"job_id\":\"{}\"}}", "x".repeat(300));
    for body in [
        &b""[..],
        b"[]",
        b"{\"task_id\":\"1\"}",
        b"{\"status\":\"failed\"}",
        long.as_bytes(),
    ] {
        assert_eq!(none(body), None);
    }
    let of_kreel = Seen::of(
        ("d".to_owned(), 1),
        at(1),
        Fixture::Image.body().as_bytes(),
        true,
    );
    assert!(of_kreel.unwrap().is_synthesised);
}

#[test]
fn answers_come_back_as_they_were_said() {
    let ledger = Ledger::in_memory().unwrap();
    let body = Fixture::Image.body();
    let said = ApiAnswer::of(at(1), body.into());
    ledger.answered(&JobId::new("a"), &said).unwrap();
    assert_eq!(ledger.answer(&JobId::new("a")).unwrap(), Some(said));
    let unknown = ApiAnswer::unknown(at(2), "{\"error\":\"no\"}".into());
    ledger.answered(&JobId::new("a"), &unknown).unwrap();
    assert_eq!(ledger.answer(&JobId::new("a")).unwrap(), Some(unknown));
    assert_eq!(ledger.answer(&JobId::new("b")).unwrap(), None);
}

#[test]
fn an_end_that_anyone_told_is_one() {
    let ledger = Ledger::in_memory().unwrap();
    for id in ["a", "b", "c"] {
        ledger.note(&job(id, 0)).unwrap();
    }
    ledger
        .see(
            "h",
            &[seen("a", 1, "completed"), seen("c", 2, "sampling")],
            2,
        )
        .unwrap();
    let ended = ApiAnswer::of(at(3), "{\"job_id\":\"b\",\"status\":\"failed\"}".into());
    ledger.answered(&JobId::new("b"), &ended).unwrap();
    // Noted again, as by a caller that repeats its call, it has still ended.
    ledger.note(&job("a", 0)).unwrap();
    let open = ledger.unfinished(10).unwrap();
    assert_eq!(
        open.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(),
        ["c"]
    );
}

#[test]
fn lists_page_by_time() {
    let ledger = Ledger::in_memory().unwrap();
    for n in 0..25 {
        ledger.note(&job(&format!("{n:02}"), n / 2)).unwrap();
    }
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = ledger.places("h", before.as_ref(), 4).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.clone());
        all.extend(names(&page).into_iter().map(str::to_owned));
    }
    let expected: Vec<String> = (0..25).rev().map(|n| format!("{n:02}")).collect();
    assert_eq!(all, expected);
    assert_eq!(
        names(&ledger.beginning_with("2", 10).unwrap()),
        ["20", "21", "22", "23", "24"]
    );
    assert_eq!(ledger.beginning_with("2%", 10).unwrap(), []);
    assert_eq!(ledger.place(&JobId::new("07")).unwrap().unwrap().at, at(3));
    assert_eq!(ledger.place(&JobId::new("0")).unwrap(), None);
}

#[test]
fn refused_calls_are_remembered() {
    let ledger = Ledger::in_memory().unwrap();
    let call = |second| RefusedCall {
        at: at(second),
        path: "/generate/image/bfl/flux-1-dev".to_owned(),
        status: 402,
        words: "no balance".to_owned(),
        parameters: None,
    };
    ledger.refuse(&call(1)).unwrap();
    ledger.refuse(&call(2)).unwrap();
    assert_eq!(ledger.refusals(1).unwrap(), [call(2)]);
    assert!(!ledger.knows_jobs().unwrap());
}

#[test]
fn one_process_alone_makes_up_for_a_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let ledgers = [(); 8].map(|()| Ledger::open(&path).unwrap());
    let id = JobId::new("a");
    let claims = std::thread::scope(|scope| {
        let claiming = ledgers
            .each_ref()
            .map(|ledger| scope.spawn(|| ledger.claim(&id, at(0)).unwrap()));
        claiming.map(|thread| thread.join().unwrap())
    });
    let count = |wanted| claims.iter().filter(|claim| **claim == wanted).count();
    assert_eq!((count(Claim::Yours), count(Claim::Taken)), (1, 7));
    let [ledger, ..] = &ledgers;
    // Whoever dies in between leaves it to others, in time.
    let later = at(1).checked_add(HANDED_LEASE).unwrap();
    assert_eq!(
        ledger.claim(&id, later - Duration::from_secs(2)).unwrap(),
        Claim::Taken
    );
    assert_eq!(ledger.claim(&id, later).unwrap(), Claim::Yours);
    ledger.settle(&id, false).unwrap();
    assert_eq!(ledger.claim(&id, later).unwrap(), Claim::Yours);
    // Whoever is still at it says so.
    let at_it = later + Duration::from_secs(60);
    ledger.renew(&id, at_it).unwrap();
    let lapsed = later.checked_add(HANDED_LEASE).unwrap();
    assert_eq!(ledger.claim(&id, lapsed).unwrap(), Claim::Taken);
    ledger.settle(&id, true).unwrap();
    ledger.renew(&id, lapsed).unwrap();
    assert_eq!(ledger.claim(&id, at(1_000_000)).unwrap(), Claim::Done);
}

#[test]
fn a_flood_leaves_within_bounds_and_open_jobs_stay() {
    let ledger = Ledger::in_memory().unwrap();
    ledger.note(&job("open", -1)).unwrap();
    let more = LEDGER_JOBS + 1_000;
    for first in (0..more).step_by(1_000) {
        let some: Vec<Seen> = (first..first + 1_000)
            .map(|n| seen(&n.to_string(), n, "completed"))
            .collect();
        ledger.see("h", &some, first + 1_000).unwrap();
    }
    let count = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        ledger.db().query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!(
        count("heard") <= LEDGER_JOBS && count("seen") <= LEDGER_JOBS,
        "{}",
        count("heard")
    );
    assert!(count("heard") > LEDGER_JOBS / 2);
    assert!(ledger.find(&JobId::new("open")).unwrap().is_some());
    assert!(ledger.seen("h", &JobId::new("0")).unwrap().is_empty());
    assert!(
        !ledger
            .seen("h", &JobId::new((more - 1).to_string()))
            .unwrap()
            .is_empty()
    );
    // Repeats of one.
    let repeats: Vec<Seen> = (0..LEDGER_SEEN_PER_JOB + 10)
        .map(|n| seen("flood", more + n, "completed"))
        .collect();
    ledger.see("h", &repeats, more).unwrap();
    let kept = ledger.seen("h", &JobId::new("flood")).unwrap();
    assert_eq!(kept.len() as i64, LEDGER_SEEN_PER_JOB);
}

#[test]
fn every_change_gives_another_version_whoever_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let (ours, others) = (Ledger::open(&path).unwrap(), Ledger::open(&path).unwrap());
    let mut versions = vec![ours.version().unwrap()];
    assert_eq!(ours.version().unwrap(), versions[0]);
    ours.note(&job("a", 0)).unwrap();
    versions.push(ours.version().unwrap());
    others.note(&job("b", 0)).unwrap();
    versions.push(ours.version().unwrap());
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 3);
}
