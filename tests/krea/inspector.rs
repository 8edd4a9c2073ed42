//! Jobs in the inspector: as rows, as a sheet, with what can be done about them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::jobs::{ended, urls};
use super::stand_in::{FLUX, StandIn};
use crate::support::{Home, KREEL, Key, Kreel, Listen, LocalApp, Post, Screen, Sender, TestRelay};

/// An inspector with a proxy beside it in front of this mock, and how to reach that.
async fn beside(
    relay: &TestRelay,
    app: &LocalApp,
    mock: &StandIn,
    flags: &[&str],
    size: (u16, u16),
) -> (Screen, Sender) {
    let listen = Listen::on(relay).to(app).flags(flags);
    let listen = listen.flags(&["--krea-proxy=0", "--krea-upstream", &mock.url]);
    let screen = Screen::open(listen, relay, size).await;
    let proxy = screen.krea_proxy().await;
    (screen, proxy)
}

async fn start(proxy: &Sender, path: &str, prompt: &str) -> String {
    let post = Post::new("POST", path).header("Authorization", "Bearer test");
    let answer = proxy
        .send(post.body(json!({"prompt": prompt}).to_string()))
        .await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let object = answer.json();
    let job = object.get(0).unwrap_or(&object);
    job["job_id"].as_str().unwrap().to_owned()
}

/// Posts this as a webhook.
async fn post(screen: &Screen, body: &Value) {
    screen.sender().post("/hook", body.to_string()).await;
}

/// The end of the id of a job whose handler takes long.
const SLOW: &str = "5b7d06";

#[tokio::test]
async fn a_job_is_a_row_and_a_sheet_and_the_api_vouches_for_it() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let (mut screen, proxy) = beside(&relay, &app, &mock, &[], (160, 50)).await;
    let id = start(&proxy, FLUX, "a red fox").await;
    // What happens at the proxy is told here too.
    screen
        .shows(&format!("job  {id} image bfl/flux-1-dev"))
        .await;
    app.receives(1).await;
    screen.keys("J");
    screen.shows_all(&["Krea's jobs", "1 of 1"]).await;
    let row = || screen.row_with(&id[..8]);
    screen.shows("1x 200").await;
    for part in [
        "✓ ",
        "image bfl/flux-1-dev",
        "completed",
        "1x 200",
        "billed",
    ] {
        assert!(row().contains(part), "{part:?} is not in {}", row());
    }
    assert!(!row().contains("matches API"), "it was not asked yet");
    screen
        .shows_all(&[
            &id,
            "a red fox",
            "/generate/image/bfl/flux-1-dev",
            "completed · billed",
            "not asked yet",
            "Timeline",
            "started here, webhook to",
            "ended: completed",
            "webhook: completed (#1)",
            "your app answered 200",
            "Results",
        ])
        .await;
    screen.keys("v");
    // Row and sheet are read one after the other.
    screen.shows("the API says completed").await;
    screen
        .until("the row with the badge", |text| {
            let mut lines = text.lines();
            lines.any(|line| line.contains(&id[..8]) && line.contains("matches API"))
        })
        .await;
    // The same from its webhook, on tab 6.
    screen.keys("J6");
    screen
        .shows_all(&["received 1", "a red fox", "matches API"])
        .await;
    screen.keys("1");
    screen.shows("job_id: ").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
}

#[tokio::test]
async fn what_differs_and_what_nobody_knows_is_told_with_the_difference() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let listen = Listen::on(&relay).to(&app).env("KREA_API_KEY", "test");
    let listen = listen.flags(&["--krea-upstream", &mock.url]);
    let mut screen = Screen::open(listen, &relay, (120, 40)).await;
    let id = mock.job(FLUX, json!({"prompt": "a fox"})).await;
    let mut forged = mock.reaches(&id, "completed").await;
    forged["result"]["urls"] = json!(["https://gen.krea.ai/images/forged.png"]);
    post(&screen, &forged).await;
    screen.shows("received 1").await;
    screen.keys("6v");
    screen
        .shows_all(&[
            "differs from the API: result.urls",
            "- https://gen.krea.ai/images/forged.png",
            "result.urls - https://",
        ])
        .await;
    let unknown = ended(1, "completed", Duration::ZERO, urls());
    post(&screen, &unknown).await;
    screen.shows("received 2").await;
    screen.keys("gv");
    screen
        .until("knows it not", |text| {
            text.matches("unknown to API").count() >= 2
        })
        .await;
    screen.keys("J");
    screen.shows_all(&["Krea's jobs", "1 of 2"]).await;
    for (id, badge) in [(&id[..8], "differs"), ("0f6f4c1e", "unknown to API")] {
        let row = screen.row_with(&format!(" {id} "));
        assert!(row.contains("! ") && row.contains(badge), "{row}");
    }
}

#[tokio::test]
async fn each_flag_stands_in_its_row() {
    let app = LocalApp::with(|mut visit| async move {
        let received = visit.receive().await;
        if received.text().contains(SLOW) {
            sleep(Duration::from_millis(5_200)).await;
        }
        visit
            .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await
    })
    .await;
    let relay = TestRelay::start().await;
    let mock = StandIn::start(&[]).await;
    let (mut screen, proxy) = beside(&relay, &app, &mock, &["--answer", "now"], (200, 60)).await;
    // Others are strange once one was started here.
    let own = start(&proxy, FLUX, "an owl").await;
    app.receives(1).await;
    let now = Duration::ZERO;
    let duplicate = ended(1, "completed", now, urls());
    let conflict = [
        ended(2, "completed", now, urls()),
        ended(2, "failed", now, json!({})),
    ];
    let late = ended(3, "completed", Duration::from_secs(120), urls());
    let early = ended(4, "sampling", now, Value::Null);
    let shadow = ended(5, "completed", now, json!({}));
    let slow = ended(6, "completed", now, urls());
    for body in [
        &duplicate,
        &duplicate,
        &conflict[0],
        &conflict[1],
        &late,
        &early,
        &shadow,
        &slow,
    ] {
        post(&screen, body).await;
    }
    screen.keys("J");
    for flag in [
        "DUPLICATE",
        "CONFLICT",
        "LATE",
        "EARLY",
        "SHADOW-FAIL",
        "UNKNOWN JOB",
        "HANDLER SLOW",
    ] {
        screen.shows(flag).await;
    }
    let row = screen.row_with(&own[..8]);
    for flag in ["DUPLICATE", "CONFLICT", "LATE", "EARLY", "UNKNOWN"] {
        assert!(!row.contains(flag), "{row}");
    }
    let conflicting = screen.row_with("CONFLICT");
    for part in ["! ", "2x 200 200", "completed"] {
        assert!(conflicting.contains(part), "{conflicting}");
    }
    assert!(screen.row_with("EARLY").contains("sampling"));
    assert!(screen.row_with("DUPLICATE").contains("2x 200 200"));
}

#[tokio::test]
async fn a_webhook_that_never_came_is_told_of_and_made_up_for_with_one_key() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&["--chaos", "lose=1/1", "--speed", "10000"]).await;
    let flags = ["--missed-after", "1s"];
    let (mut screen, proxy) = beside(&relay, &app, &mock, &flags, (160, 50)).await;
    let id = start(&proxy, "/node-apps/demo-app/execute", "a fox").await;
    screen
        .shows(&format!("no webhook came for job {}", &id[..8]))
        .await;
    screen.keys("J");
    screen
        .shows_all(&["MISSED", "0x", "no webhook came. (missed-webhook)"])
        .await;
    let row = screen.row_with("MISSED");
    assert!(
        row.contains("node-app") && row.contains("completed"),
        "{row}"
    );
    assert_eq!(app.count(), 0);
    screen.keys("D");
    screen
        .shows_all(&["your app answered 200", "by kreel: 1"])
        .await;
    let got = app.receives(1).await.remove(0);
    assert_eq!(got.head.value("kreel-synthesised").as_deref(), Some("1"));
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(body, mock.json(&format!("/jobs/{id}")).await);
    // Once: the second time it says so.
    screen.keys("D");
    screen.shows("it was handed over before").await;
    assert_eq!(app.count(), 1);
    // `requests get` tells who made it.
    let shown = Kreel::new(&["requests", "get", "last"]).home(screen.home());
    let shown = shown.run().await;
    assert!(
        shown.success().contains("made by   kreel itself"),
        "{shown}"
    );
}

#[tokio::test]
async fn one_that_came_is_not_made_up_for() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mock = StandIn::start(&[]).await;
    let (mut screen, proxy) = beside(&relay, &app, &mock, &[], (120, 40)).await;
    start(&proxy, FLUX, "a fox").await;
    app.receives(1).await;
    screen.shows("received 1").await;
    screen.keys("6D");
    screen.shows("its webhook came").await;
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn what_is_no_job_says_so_and_whatever_a_sender_writes_is_inert() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    screen
        .sender()
        .post("/hook", "{\"task_id\":\"x\",\"code\":1}")
        .await;
    screen.shows("received 1").await;
    screen.keys("6");
    screen
        .shows_all(&["It names no job of Krea's.", "foreign-shape"])
        .await;
    screen.keys("v");
    screen.shows("it names no job").await;
    let mut hostile = ended(7, "completed", Duration::ZERO, urls());
    hostile["result"] = json!({"urls": ["https://gen.krea.ai/\u{1b}]0;owned\u{7}\u{202e}.png"]});
    hostile["status"] = json!("com\u{1b}[31mpleted\u{9b}2J");
    post(&screen, &hostile).await;
    screen.shows("received 2").await;
    screen.keys("gJ");
    screen
        .shows_all(&["Krea's jobs", "1 of 1", "com\\u{1b}[31mpleted"])
        .await;
    screen.keys("q");
    screen.exit_code().await;
    screen.stream().is_clean();
}

/// A user without a key and without Krea: nothing is asked, and nothing is written for it.
#[tokio::test]
async fn without_a_key_nobody_is_asked_and_others_have_no_file_of_jobs() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    screen
        .sender()
        .post("/hook", "{\"zen\":\"Keep it logically awesome.\"}")
        .await;
    screen.shows("received 1").await;
    screen.keys("6");
    screen.shows("It names no job").await;
    let file = screen.home().path().join("data/kreel/krea-jobs.db");
    assert!(!file.exists());
    post(&screen, &ended(8, "completed", Duration::ZERO, urls())).await;
    screen.shows("received 2").await;
    screen.keys("gv");
    screen.shows("KREA_API_KEY").await;
    assert!(file.exists());
    screen.press(Key::Esc);
}

#[tokio::test]
async fn the_demo_has_jobs_to_look_at_and_an_api_that_vouches_for_them() {
    let home = Home::new();
    let words = ["demo".to_owned()];
    let mut screen = Screen::run(KREEL, &words, &home, &[], (160, 50));
    screen
        .shows_all(&["● up", "Krea's API at http://127.0.0.1:", "✓ 200"])
        .await;
    screen.keys("J");
    screen
        .shows_all(&["Krea's jobs", "completed", "started here, webhook to"])
        .await;
    // The oldest, whose webhook came.
    screen.keys("G");
    screen.shows("your app answered").await;
    screen.keys("v");
    screen.shows("matches API").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
}

/// The job view as it stands at both sizes, times and addresses aside.
#[tokio::test]
async fn the_job_view_is_looked_at() {
    for (name, size) in [("80x24", (80, 24)), ("160x50", (160, 50))] {
        let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
        let listen = Listen::on(&relay).to(&app);
        let mut screen = Screen::open(listen, &relay, size).await;
        let result = json!({"urls": ["https://gen.krea.ai/images/a.png", "https://gen.krea.ai/images/b.png"]});
        let mut bodies = [
            ended(1, "completed", Duration::from_secs(2), result),
            ended(2, "failed", Duration::from_secs(2), json!({})),
            ended(3, "completed", Duration::from_secs(200), json!({})),
        ];
        // Apart by their first digits, as real ones are.
        for (digit, body) in ["1a", "2b", "3c"].iter().zip(&mut bodies) {
            let id = body["job_id"].as_str().unwrap();
            body["job_id"] = json!(format!("{digit}{}", &id[2..]));
        }
        let delivered = ["delivered 1", "delivered 2", "delivered 3"];
        for (body, delivered) in bodies.iter().zip(delivered) {
            post(&screen, body).await;
            screen.shows(delivered).await;
        }
        post(&screen, &bodies[0]).await;
        screen.shows_all(&["received 4", "delivered 4"]).await;
        screen.keys("J");
        screen.shows_all(&["1 of 3", "DUPLICATE", "SHADOW"]).await;
        screen.keys("G");
        screen
            .shows_all(&["3 of 3", "took 7.0 s", "#4 ", "✓ 200"])
            .await;
        if size.0 > 100 {
            screen.shows_all(&["2x 200 200", "1x 200 "]).await;
        }
        let mut settings = insta::Settings::clone_current();
        for (pattern, put) in [
            (r"http://127\.0\.0\.1:\d+", "http://relay.example"),
            (r"localhost:\d+", "localhost:3000"),
            (r"● up [^ ]+ (ms|µs)", "● up"),
            (r"\d\d:\d\d:\d\d(\.\d\d)?", "00:00:00"),
            (r"\d{4}-\d\d-\d\d ", "2026-10-02 "),
            (
                r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}",
                "019ab5f2-7c1e-7d3a-9f00-0123456789ab",
            ),
            (r"\+?\d+(\.\d+)? (ms|µs|s|min) *", "0 s "),
            (r"(?m) +$", ""),
        ] {
            settings.add_filter(pattern, put);
        }
        settings.set_snapshot_path("snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!(format!("job_view_{name}"), screen.text()));
    }
}
