//! Rows and sheets of jobs whose every part is known, as text.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kreel_client::{DeliveryId, History, Seq};
use kreel_krea::{
    ApiAnswer, Attempt, Delivery, Evidence, JobId, Keys, Kind, KnownJob, Outcome, Reading, row,
};
use kreel_tui::lens::{Act, Acted, Lens, Mood, Of, Sheet};
use kreel_wire::{Headers, Scheme};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::seen::Links;
use super::{JobLens, LensOptions, rows, sheet};

const ID: &str = "0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11";

fn at(text: &str) -> Timestamp {
    format!("2026-10-02T08:{text}Z").parse().unwrap()
}

fn job() -> Value {
    json!({
        "job_id": ID, "status": "completed", "created_at": "2026-10-02T08:15:30.120Z",
        "completed_at": "2026-10-02T08:15:37.904Z",
        "result": {"urls": ["https://gen.krea.ai/images/a.png", "https://gen.krea.ai/images/b.png"]},
    })
}

fn came(id: &str, time: &str, body: &Value, status: u16) -> Delivery {
    let body = body.to_string();
    let attempt = Attempt {
        began_at: at(time),
        outcome: Outcome::Answered(status),
        took: Duration::from_millis(5_500),
    };
    Delivery {
        id: id.to_owned(),
        received_at: at(time),
        reading: Reading::of(body.as_bytes()),
        digest: body.len() as u64,
        is_synthesised: false,
        is_forgotten: false,
        attempts: vec![attempt],
        withheld: None,
    }
}

/// One that came twice, was answered with an error once, and differs from what the API says.
fn evidence() -> Evidence {
    let mut asked = job();
    asked["result"]["urls"][1] = json!("https://gen.krea.ai/images/c.png");
    Evidence {
        known: Some(KnownJob {
            id: JobId::new(ID),
            path: "/generate/image/bfl/flux-1-dev".to_owned(),
            kind: Some(Kind::Image),
            model: Some("bfl/flux-1-dev".to_owned()),
            parameters: Some("{\"prompt\":\"a red fox\"}".to_owned()),
            started_at: at("15:30.100"),
            webhook_url: Some("https://relay.example/abc/hook".to_owned()),
            is_own_webhook: false,
            own_webhook_url: None,
        }),
        knows_jobs: true,
        deliveries: vec![
            came("a", "15:39.100", &job(), 200),
            came("b", "16:00.000", &job(), 500),
        ],
        api: Some(ApiAnswer::of(at("16:10.000"), asked.to_string().into())),
        ..Evidence::of(JobId::new(ID))
    }
}

fn text(sheet: &Sheet) -> String {
    let mut text = String::new();
    for line in &sheet.lines {
        let link = if line.link.is_some() { " <link>" } else { "" };
        let _ = writeln!(
            text,
            "{:<12} {} [{:?}]{link}",
            line.label, line.text, line.mood
        );
    }
    text
}

fn shown(evidence: &Evidence, links: &Links) -> (String, String) {
    let numbers = HashMap::from([("a".to_owned(), 7), ("b".to_owned(), 9)]);
    let row = row(evidence, at("20:00.000"), Duration::from_secs(30));
    let line = rows::of(evidence, &row, &numbers, &TimeZone::UTC);
    assert_eq!(line.cells.len(), rows::COLUMNS.len());
    let sheet = sheet::Of {
        evidence,
        row: &row,
        numbers: &numbers,
        own: None,
        links,
        zone: &TimeZone::UTC,
    };
    let cells = line.cells.join(" | ");
    let flags = line.flags.join(", ");
    let deliveries = line.deliveries;
    let line = format!(
        "{} {cells} | {flags} | {deliveries:?} {:?}",
        line.sign, line.mood
    );
    (line, text(&sheet.lines()))
}

#[test]
fn a_job_has_all_of_it_in_its_row_and_in_its_sheet() {
    let mut links = Links::default();
    links.note(
        "https://gen.krea.ai/images/b.png",
        "the link answers 404".to_owned(),
        Mood::Bad,
    );
    let (row, sheet) = shown(&evidence(), &links);
    insta::assert_snapshot!("sheet", format!("{row}\n\n{sheet}"));
}

#[test]
fn what_was_withheld_what_failed_and_what_is_gone_say_so() {
    let mut evidence = evidence();
    let failed =
        json!({"job_id": ID, "status": "failed", "error": {"code": "nsfw", "message": "flagged"}});
    evidence.deliveries = vec![
        Delivery {
            withheld: Some((
                at("15:39.100"),
                "KR0630: the API does not say urls".to_owned(),
            )),
            attempts: Vec::new(),
            ..came("a", "15:39.100", &failed, 0)
        },
        Delivery {
            is_forgotten: true,
            ..came("gone", "15:40.000", &failed, 200)
        },
    ];
    evidence.api = None;
    let (row, sheet) = shown(&evidence, &Links::default());
    assert!(row.starts_with('✗') && row.ends_with("[7] Bad"), "{row}");
    for part in [
        "withheld from your app: KR0630: the API does not say urls [Bad]",
        "not in the history any more",
        "error        flagged [Bad]",
        "failed · free",
        "not asked yet [Dim]",
    ] {
        assert!(sheet.contains(part), "{part:?} is not in {sheet}");
    }
}

fn lens(folder: &std::path::Path) -> Arc<JobLens> {
    JobLens::new(LensOptions {
        jobs: Some(folder.join("jobs.db")),
        history: folder.join("history.db"),
        tunnels: None,
        own: watch::channel(None).1,
        upstream: "http://127.0.0.1:1".parse().unwrap(),
        trusted: Vec::new(),
        keys: Ok(Keys::default()),
        missed_after: Duration::from_secs(30),
        app: None,
    })
}

/// A webhook of a job that has just come.
fn take_in(history: &History, number: u8) {
    let body = Bytes::from(job().to_string());
    let delivery = kreel_wire::Delivery {
        id: DeliveryId::from_bytes([number; 16]),
        seq: Seq(number.into()),
        received_at_us: u64::try_from(Timestamp::now().as_microsecond()).unwrap(),
        kind: kreel_client::Kind::Queued,
        method: "POST".into(),
        target: "/hook".into(),
        headers: Headers::default(),
        scheme: Scheme::Https,
        forwarded_for: "192.0.2.1".into(),
        body_bytes: Some(body.len() as u64),
        attempted: false,
        signature: None,
    };
    let tunnel = "shop".parse().unwrap();
    let taken = history.take_in("https://relay.example", &tunnel, [(delivery, body)]);
    taken.unwrap();
}

#[test]
fn jobs_that_are_looked_at_before_any_webhook_was_go_on_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&folder.path().join("history.db")).unwrap();
    let lens = lens(folder.path());
    assert!(lens.page(10).unwrap().rows.is_empty());
    let before = lens.version();
    assert_eq!(lens.version(), before);
    take_in(&history.history, 1);
    assert_ne!(lens.version(), before, "something has come");
    assert_eq!(lens.page(10).unwrap().rows.len(), 1);
}

#[test]
fn nobody_is_asked_where_nothing_is_known_and_links_are_forgotten_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let lens = lens(folder.path());
    assert_eq!(lens.read(&Of::Delivery(1)), Ok(None));
    assert!(!folder.path().join("jobs.db").exists());
    let subject = Of::Subject(ID.to_owned());
    let fails = |act: &Act| match lens.act(&subject, act) {
        Acted::Fails(text) => text,
        other => panic!("{other:?}"),
    };
    let text = fails(&Act::Verify);
    assert!(
        text.starts_with("KR0612: ") && text.contains("; set one of them"),
        "{text}"
    );
    assert!(fails(&Act::Deliver).contains("no app"));
    let link = "http://127.0.0.1/a.png".to_owned();
    let version = lens.version();
    assert!(fails(&Act::Check(link.clone())).contains("only https"));
    assert_ne!(lens.version(), version, "what the link said is read");
    assert!(fails(&Act::Preview(link)).contains("only https"));
    lens.close();
    let https = Act::Check("https://192.0.2.1/a.png".to_owned());
    assert!(!fails(&https).is_empty());
    let mut links = Links::default();
    for number in 0..300 {
        links.note(&number.to_string(), "x".to_owned(), Mood::Good);
    }
    assert!(links.of("0").is_none() && links.of("299").is_some());
}
