//! A morning with a webhook handler, as the inspector sees it: rows of every kind, one of them
//! open.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kreel_client::{KeptAttempt, Last, Ready, Row, Standing, Timings, Totals, Whole};
use kreel_inspect::document::{Cancel, Cursor, Document, Kind};
use kreel_wire::{Delivery, Headers, Scheme};

use super::row;
use crate::app::pane::{Body, Extent, Pane, Tab};
use crate::app::status::Link;
use crate::app::subjects::Subjects;
use crate::app::{App, Listing};
use crate::lens::Of;

/// The body of the delivery that is open.
pub(crate) const BODY: &[u8] = br#"{"job_id":"7c1f3b0e-9d0a-4a51-8f53-2f4f3f9f2f10","status":"completed","created_at":"2025-11-23T07:59:41Z","completed_at":"2025-11-23T08:00:09.482Z","type":"image","result":{"urls":["https://gen.example/images/7c1f3b0e-9d0a-4a51-8f53-2f4f3f9f2f10.png","https://gen.example/images/second.png"],"seed":4171,"nsfw":false,"style":null},"prompt":"a lighthouse in a storm, oil on canvas, \u00e0 la Turner","cost":{"units":12.5}}"#;

/// Rows of every kind, the newest first; the third is the one to be opened.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = (1..=14).rev().map(row).collect();
    let last = |status, failure: Option<&str>, millis| {
        Some(Last {
            status,
            failure: failure.map(str::to_owned),
            total: Duration::from_millis(millis),
        })
    };
    let paths = [
        "/api/hook",
        "/api/hook?attempt=2",
        "/api/webhooks/krea",
        "/api/webhooks/krea",
        "/login/callback?code=SplxlOBeZQQYbYS6WxSbIA&state=af0ifjsldkj&scope=openid%20profile",
        "/github",
        "/stripe",
        "/日本語/フック?q=🦀",
        "/api/hook",
        "/upload",
        "/old",
        "/api/hook",
        "",
        "/api/hook",
    ];
    for (row, path) in rows.iter_mut().zip(paths) {
        row.summary.target = Bytes::from_static(path.as_bytes());
    }
    rows[0].standing = Standing::Live;
    rows[0].last = None;
    rows[1].standing = Standing::Waiting;
    rows[1].last = None;
    rows[2].last = last(Some(500), None, 1_340);
    rows[2].attempts = 3;
    rows[2].is_marked = true;
    rows[2].note = Some("the one with the umlaut".to_owned());
    rows[2].replays.count = 2;
    rows[2].replays.is_edited = true;
    rows[2].summary.size_bytes = Some(BODY.len() as u64);
    rows[4].summary.method = "GET".into();
    rows[4].last = last(Some(302), None, 3);
    rows[4].summary.size_bytes = Some(0);
    rows[5].last = last(Some(404), None, 2);
    rows[6].standing = Standing::Failed;
    rows[6].last = last(None, Some("refused"), 0);
    rows[7].summary.size_bytes = Some(48_200);
    rows[8].standing = Standing::Captured;
    rows[8].last = None;
    rows[9].summary.method = "PUT".into();
    rows[9].summary.size_bytes = Some(50_540_000);
    rows[9].last = last(Some(201), None, 61_000);
    rows[9].note = Some("large".to_owned());
    rows[10].standing = Standing::Lost;
    rows[10].last = None;
    rows[11].standing = Standing::BrokenOff;
    rows[11].last = None;
    rows[11].summary.size_bytes = None;
    rows[12].summary.method = "OPTIONS".into();
    rows
}

/// The app with these rows, the third open, the link up.
pub(crate) fn app() -> App {
    let mut app = super::app(rows());
    app.status.link = Link::Up(ready(), Some(Duration::from_millis(23)));
    app.totals = Some(Totals {
        received: 214,
        answered: 210,
        waiting: 2,
        failed: 1,
        lost: 1,
        ..Totals::default()
    });
    app.list.select(12);
    app.pane = Some(pane(&rows()[2], body(Bytes::from_static(BODY))));
    app.explain();
    app
}

/// The same with a lens: its tab open, with what it makes of the delivery.
pub(crate) fn with_lens() -> App {
    let mut app = app();
    app.facts.lens = super::lens::jobs();
    app.tab = Tab::More;
    if let Some(pane) = &mut app.pane {
        pane.sheet.show(Ok(Some(super::lens::sheet())));
    }
    app
}

/// The same with jobs in place of deliveries, the second selected.
pub(crate) fn with_jobs() -> App {
    let mut app = with_lens();
    let mut subjects = Subjects::default();
    subjects.set_height(10);
    subjects.show(Ok(super::lens::page()));
    subjects.move_by(1);
    app.listing = Listing::Subjects(subjects);
    if let Some(pane) = &mut app.pane {
        pane.of = Of::Subject("7c1f3b0e".to_owned());
    }
    app
}

/// The tunnel as it is.
pub(crate) fn ready() -> Arc<Ready> {
    Arc::new(Ready {
        url: "https://relay.example/xk2v-9fqm-3c7h-p8wd".to_owned(),
        subdomain_url: None,
        forward_to: Some("http://localhost:3000".to_owned()),
        tunnel: "xk2v-9fqm-3c7h-p8wd".parse().expect("it is a name"),
        relay: "https://relay.example".to_owned(),
        relay_version: "kreel 0.1.0".to_owned(),
        waiting: 0,
    })
}

/// A body, all of it.
pub(crate) fn body(bytes: Bytes) -> Body {
    let headers = headers();
    let kind = Kind::of(&headers, &bytes);
    Body {
        was_arriving: false,
        document: Document::open(kind, &headers, bytes.clone(), &Cancel::default()),
        cursor: Cursor::default(),
        raw: Document::raw(bytes),
        raw_cursor: Cursor::default(),
        sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned()),
        extent: Extent::Whole,
        picture: None,
    }
}

/// The detail of a delivery that was attempted three times.
pub(crate) fn pane(row: &Row, body: Body) -> Pane {
    let mut pane = Pane::new(Of::Delivery(row.number), Some(row.number));
    pane.show(Arc::new(whole(row)));
    pane.show_body(body);
    pane
}

/// All of a delivery: what came, and three attempts at it.
pub(crate) fn whole(row: &Row) -> Whole {
    let attempt = |number: u32, status, is_edited| KeptAttempt {
        number,
        began_at_us: row.summary.received_at_us + u64::from(number) * 4_000_000,
        is_replay: number > 1,
        is_edited,
        method: "POST".to_owned(),
        body: None,
        other_target: None,
        request: Some((
            "http://localhost:3000/api/webhooks/krea".to_owned(),
            headers(),
        )),
        status: Some(status),
        failure: None,
        answer: Some((
            lines(&[
                ("content-type", "application/json"),
                ("x-powered-by", "Express"),
                ("set-cookie", "session=8d7f6a5b4c3d2e1f; HttpOnly"),
            ]),
            Bytes::from_static(
                br#"{"error":"TypeError: Cannot read properties of undefined (reading 'url')"}"#,
            ),
        )),
        answer_bytes: Some(74),
        timings: Timings {
            connect: (number == 1).then(|| Duration::from_micros(420)),
            first_byte: Some(Duration::from_millis(1_310 / u64::from(number))),
            total: Duration::from_millis(1_340 / u64::from(number)),
        },
    };
    Whole {
        row: row.clone(),
        delivery: Delivery {
            id: row.summary.id,
            seq: row.summary.seq,
            received_at_us: row.summary.received_at_us,
            kind: row.summary.kind,
            method: row.summary.method.clone(),
            target: row.summary.target.clone(),
            headers: headers(),
            scheme: Scheme::Https,
            forwarded_for: "203.0.113.7".into(),
            body_bytes: row.summary.size_bytes,
            attempted: false,
            signature: None,
        },
        attempts: vec![
            attempt(1, 500, false),
            attempt(2, 500, false),
            attempt(3, 500, true),
        ],
    }
}

fn headers() -> Headers {
    lines(&[
        ("host", "relay.example"),
        ("content-type", "application/json"),
        ("user-agent", "Krea-Webhooks/1.0"),
        ("authorization", "Bearer sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("x-request-id", "req_01JD2ZK0X8Q9"),
        ("accept", "*/*"),
    ])
}

fn lines(lines: &'static [(&'static str, &'static str)]) -> Headers {
    Headers::checked(lines.iter().copied()).expect("they are header lines")
}
