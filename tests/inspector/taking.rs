//! Taking away: the clipboard, exports, notes, lines.

use tokio::process::Command;

use crate::support::{
    DEADLINE, Key, Kreel, Listen, LocalApp, Post, Screen, TestRelay, schema, within,
};

const BODY: &str = "{\"who\":\"it's \\\"me\\\" $HOME `id`\",\"line\":\"é\\n\"}\n";

async fn posted() -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 30)).await;
    let post = Post::new("POST", "/hook?a='b'&c=%20")
        .header("Content-Type", "application/json")
        .header("X-Odd", "quote ' and $(sub)")
        .header("Authorization", "Bearer secret-token")
        .body(BODY);
    screen.sender().send(post).await;
    screen.shows("received 1").await;
    (relay, app, screen)
}

pub(super) async fn run(command: &str, screen: &Screen) -> String {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(screen.home().project())
        .kill_on_drop(true);
    let done = within("the shell", DEADLINE, shell.output()).await.unwrap();
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command}\n{complaint}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[tokio::test]
async fn what_is_copied_reaches_the_clipboard() {
    let (_relay, app, mut screen) = posted().await;
    screen.keys("c");
    assert_eq!(screen.copies(0).await, screen.url());
    screen.shows("public address copied").await;
    screen.keys("B");
    assert_eq!(screen.copies(1).await, BODY);
    screen.keys("H");
    let headers = screen.copies(2).await;
    assert!(
        headers
            .to_lowercase()
            .contains("x-odd: quote ' and $(sub)\n"),
        "{headers}"
    );
    assert!(!headers.contains("secret-token"), "{headers}");
    screen.keys("uC");
    let curl = screen.copies(3).await;
    assert!(curl.contains("secret-token"), "{curl}");
    run(&curl, &screen).await;
    let received = app.receives(2).await;
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[0].head.target(), received[1].head.target());
    for name in ["content-type", "x-odd", "authorization"] {
        assert_eq!(
            received[0].head.value(name),
            received[1].head.value(name),
            "{name}"
        );
    }
    screen.stream().is_clean();
}

#[tokio::test]
async fn a_terminal_without_a_clipboard_gets_a_file() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let listen = Listen::on(&relay).to(&app).env("TERM", "linux");
    let folder = listen.at_home().path().display().to_string();
    let mut screen = Screen::open(listen.env("TMPDIR", &folder), &relay, (160, 30)).await;
    screen.keys("c");
    screen
        .shows("this terminal has no clipboard: it is in ")
        .await;
    let row = screen.row_with("it is in ");
    let path = row.split("it is in ").nth(1).unwrap().trim();
    assert_eq!(std::fs::read_to_string(path).unwrap(), screen.url());
    assert!(screen.copied().is_empty());
}

/// What the user changed, or sent elsewhere, is not what the delivery is answered.
#[tokio::test]
async fn a_fixture_has_the_answer_to_what_came() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[201, 500]).await;
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 30)).await;
    screen.sender().post("/hook", "{\"a\":1}").await;
    screen.shows("✓ 201").await;
    let replay = Kreel::new(&["replay", "last", "--set", "a=2"]).home(screen.home());
    replay.run().await.success();
    screen.shows("2 attempts").await;
    screen.keys(":export fixture out.ndjson\r");
    screen.shows("written to out.ndjson").await;
    let text = std::fs::read_to_string(screen.file("out.ndjson")).unwrap();
    let line = &schema::lines(&text)[0];
    assert_eq!(line["answer"]["status"], 201, "{line}");
    assert_eq!(line["request"]["url"], "https://webhook.invalid/hook");
}

#[tokio::test]
async fn an_export_is_a_file_of_its_kind() {
    let (_relay, app, mut screen) = posted().await;
    for (key, name) in [
        ("c", "out.sh"),
        ("h", "out.har"),
        ("j", "out.json"),
        ("r", "out.http"),
        ("f", "out.jsonl"),
    ] {
        screen.keys("x");
        screen.shows("Export as").await;
        screen.keys(key);
        screen.shows("write to: ").await;
        screen.press(Key::Ctrl('u'));
        screen.keys(name);
        screen.press(Key::Enter);
        screen.shows(&format!("written to {name}")).await;
    }
    let read = |name: &str| std::fs::read_to_string(screen.file(name)).unwrap();
    let har: serde_json::Value = serde_json::from_str(&read("out.har")).unwrap();
    assert_eq!(
        har["log"]["entries"][0]["request"]["postData"]["text"],
        BODY
    );
    let json: serde_json::Value = serde_json::from_str(&read("out.json")).unwrap();
    assert!(json.to_string().contains("quote ' and"), "{json}");
    let raw = read("out.http");
    assert!(raw.starts_with("POST /") && raw.ends_with(BODY), "{raw}");
    // A fixture is what `kreel requests export` makes of it, and does not tell the address.
    let command = Kreel::new(&["requests", "export", "last", "-F", "fixture"]);
    let exported = command.home(screen.home()).run().await;
    assert_eq!(read("out.jsonl"), exported.success());
    let host = screen.url().split('/').nth(2).unwrap().to_owned();
    for secret in [screen.url().rsplit('/').next().unwrap(), &host] {
        assert!(!exported.stdout.contains(secret), "{exported}");
    }
    for name in ["out.sh", "out.har", "out.json", "out.http", "out.jsonl"] {
        assert!(!read(name).contains("secret-token"), "{name}");
    }
    // The same name again is refused; secrets are in it once they are shown.
    screen.keys(":export curl out.sh\r");
    screen.shows("out.sh is there already").await;
    screen.keys("u:export curl whole.sh\r");
    screen.shows("written to whole.sh").await;
    run("sh whole.sh", &screen).await;
    let received = app.receives(2).await;
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        received[0].head.value("authorization"),
        received[1].head.value("authorization")
    );
}

#[tokio::test]
async fn a_line_across_the_rows_says_where_something_begins() {
    let (_relay, _app, mut screen) = posted().await;
    screen.keys("Tsecond try\r");
    screen.shows("second try").await;
    screen.sender().post("/after", "x").await;
    screen.shows("/after").await;
    let line = screen.place_of("second try").unwrap();
    let (after, before) = (
        screen.place_of("/after").unwrap(),
        screen.place_of("/hook?").unwrap(),
    );
    assert!(after.0 < line.0 && line.0 < before.0, "{}", screen.text());
}

#[tokio::test]
async fn a_note_is_written_changed_and_taken_away() {
    let (_relay, _app, mut screen) = posted().await;
    screen.keys("nthe first");
    screen.press(Key::Enter);
    screen.shows("“the first”").await;
    screen.keys("n one of many\r");
    screen.shows("“the first one").await;
    screen.keys("n");
    screen.shows("note: the first").await;
    screen.press(Key::Ctrl('u'));
    screen.press(Key::Enter);
    screen.hides("the first").await;
}

#[tokio::test]
async fn goto_finds_by_the_begin_of_an_id() {
    let (_relay, app, mut screen) = posted().await;
    let sender = screen.sender();
    sender.post("/other", "{\"other\":1}").await;
    screen.shows("received 2").await;
    let id = app.receives(2).await[0].id();
    screen.keys(&format!(":goto {id}\r"));
    screen.shows("who: ").await;
    screen.keys(":goto last\r");
    screen.shows("other: ").await;
    screen.keys(":goto zzz\r");
    screen.shows("zzz is no id").await;
}

#[tokio::test]
async fn a_line_can_be_drawn_before_the_first_delivery() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 30)).await;
    screen.keys("Tbefore all\r");
    screen.shows_all(&["before all", "no webhook yet"]).await;
    screen.sender().post("/first", "x").await;
    screen.shows("/first").await;
    screen.hides("no webhook yet").await;
    let (line, first) = (
        screen.place_of("before all").unwrap(),
        screen.place_of("/first").unwrap(),
    );
    assert!(first.0 < line.0, "{}", screen.text());
}
