//! Replays, edits, and holding deliveries back.

use std::path::Path;

use crate::support::{DEADLINE, Key, Listen, LocalApp, Post, Screen, TestRelay, eventually};

#[tokio::test]
async fn r_hands_it_over_again_as_another_attempt() {
    let (relay, app) = (
        TestRelay::start().await,
        LocalApp::answering_in_turn(&[500, 200]).await,
    );
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    screen.sender().post("/hook", "{\"a\":1}").await;
    screen.shows("✗ 500").await;
    screen.keys("r");
    screen
        .shows_all(&["✓ 200", "2 attempts", "✓ replayed"])
        .await;
    let received = app.receives(2).await;
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[0].id(), received[1].id());
    assert_eq!((received[0].attempt(), received[1].attempt()), (1, 2));
    screen.shows("received 1").await;
}

#[tokio::test]
async fn many_replays_go_so_many_at_once() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut screen = Screen::listen(&relay, &app, &["--answer", "now"]).await;
    screen.sender().post("/hook", "x").await;
    app.receives(1).await;
    app.release(1);
    screen.shows("✓ 200").await;
    screen.keys("R");
    screen.shows("replay how often").await;
    screen.keys("0\r");
    screen.shows("say how often").await;
    screen.press(Key::Backspace);
    screen.keys("9 at 3\r");
    // Three at once, and no more until one of them is done.
    app.receives(4).await;
    screen.shows("replaying 0/9").await;
    assert_eq!(app.count(), 4);
    app.release(1);
    app.receives(5).await;
    screen.shows("replaying 1/9").await;
    app.release(8);
    screen.shows("replayed 9 times").await;
    assert_eq!(app.receives(10).await.len(), 10);
    screen.shows("10 attempts").await;
    // A long row of them can be stopped.
    screen.keys(":replay 1000 at 2\r");
    app.receives(12).await;
    screen.shows("replaying 0/1000").await;
    screen.keys("S");
    screen.shows("no further replays").await;
    app.release(4);
    screen.hides("replaying ").await;
    assert!(app.count() <= 16, "{}", app.count());
}

#[tokio::test]
async fn f_replays_to_another_app() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let other = LocalApp::answering(418).await;
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    screen.sender().post("/hook?q=1", "x").await;
    screen.shows("✓ 200").await;
    screen.keys(&format!("f{}/else\r", other.port()));
    screen.shows("✗ 418").await;
    let received = other.receives(1).await;
    assert_eq!(received[0].head.target(), b"/else/hook?q=1");
    assert_eq!(app.count(), 1);
    screen.keys("fnot a port\r");
    screen.shows("! ").await;
    screen.press(Key::Esc);
}

#[tokio::test]
async fn without_an_app_nothing_can_be_replayed_and_that_is_said() {
    let relay = TestRelay::start().await;
    let mut screen = Screen::open(Listen::on(&relay), &relay, (100, 30)).await;
    screen.sender().post("/hook", "x").await;
    screen.shows_all(&["only looking", "captured"]).await;
    screen.keys("r");
    screen
        .shows("there is no app: f replays to one you name")
        .await;
}

#[tokio::test]
async fn what_never_came_whole_is_not_replayed() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    let sender = screen.sender();
    let mut connection = sender.connect().await;
    connection
        .write(b"POST /hooks/half HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        .await
        .unwrap();
    // Enough that it is no small one, which would come whole or not at all.
    connection.write(&[b'x'; 200_000]).await.unwrap();
    screen.shows("/half").await;
    drop(connection);
    screen.shows("broken off").await;
    screen.keys("r");
    screen.shows("not replayed: ").await;
    screen.keys("e");
    screen.shows("not edited: its body is not all here").await;
}

/// An editor that runs this script on the file.
pub(super) fn editor(folder: &Path, script: &str) -> String {
    let path = folder.join("editor.sh");
    std::fs::write(&path, format!("file=$1\n{script}\n")).unwrap();
    format!("sh {}", path.display())
}

async fn edited(script: &str, app: &LocalApp) -> (TestRelay, Screen) {
    let relay = TestRelay::start().await;
    let listen = Listen::on(&relay).to(app);
    let editor = editor(listen.at_home().path(), script);
    let screen = Screen::open(listen.env("EDITOR", &editor), &relay, (100, 30)).await;
    let post = Post::new("POST", "/hook?a=1")
        .header("X-Kept", "as it is")
        .header("X-Changed", "before")
        .header("Content-Type", "application/json")
        .body("{\"status\":\"failed\"}");
    screen.sender().send(post).await;
    screen.shows("received 1").await;
    (relay, screen)
}

#[tokio::test]
async fn what_is_edited_is_sent_as_it_was_edited() {
    let app = LocalApp::answering_in_turn(&[500, 201]).await;
    let script = "sed -i -e 's/^POST .hook.a=1/PUT \\/other?b=2/' -e 's/^x-changed: before/x-changed: after/I' -e 's/failed/done and dusted/' \"$file\"";
    let (_relay, mut screen) = edited(script, &app).await;
    screen.keys("e");
    let received = app.receives(2).await;
    let head = &received[1].head;
    assert_eq!(
        (head.method(), head.target()),
        ("PUT".to_owned(), b"/other?b=2".to_vec())
    );
    assert_eq!(head.value("x-changed").as_deref(), Some("after"));
    assert_eq!(head.value("x-kept").as_deref(), Some("as it is"));
    let body = "{\"status\":\"done and dusted\"}";
    assert_eq!(received[1].text(), body);
    assert_eq!(head.value("content-length"), Some(body.len().to_string()));
    screen.shows_all(&["✓ 201", "2 attempts"]).await;
    // The original stays.
    screen.shows("\"failed\"").await;
    assert!(
        screen.row_with("/hook?a=1").contains("RE"),
        "{}",
        screen.text()
    );
    screen.keys("3");
    screen.shows("edited replay").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
}

#[tokio::test]
async fn unchanged_files_are_not_sent() {
    let app = LocalApp::answering(200).await;
    let (_relay, mut screen) = edited("true", &app).await;
    screen.keys("e");
    screen
        .shows("nothing was changed, so nothing is sent")
        .await;
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn an_editor_that_fails_sends_nothing() {
    let app = LocalApp::answering(200).await;
    let (_relay, mut screen) = edited("echo x >> \"$file\"; exit 3", &app).await;
    screen.keys("e");
    screen.shows("not sent: ").await;
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn a_faulty_file_is_edited_again() {
    let app = LocalApp::answering(200).await;
    let script = "if grep -q '^x-broken' \"$file\"; then grep -v -e '^x-broken' \"$file\" | sed 's/failed/mended/' > \"$file.new\"; cp \"$file\" seen; cp \"$file.new\" \"$file\"; rm \"$file.new\"; \
                  else sed -i 's/^x-kept.*/x-broken without a colon/I' \"$file\"; fi";
    let (_relay, mut screen) = edited(script, &app).await;
    screen.keys("e");
    screen
        .shows_all(&["That can't be sent", "edit it again"])
        .await;
    assert_eq!(app.count(), 1);
    screen.keys("e");
    let received = app.receives(2).await;
    assert_eq!(received[1].text(), "{\"status\":\"mended\"}");
    let seen = std::fs::read_to_string(screen.file("seen")).unwrap();
    assert!(
        seen.starts_with('#'),
        "the fault stands in the file: {seen}"
    );
}

#[tokio::test]
async fn an_editor_has_the_terminal_and_gives_it_back_whole() {
    let app = LocalApp::answering(200).await;
    let script = "printf 'EDITING %s\\n' \"$(stty -a | grep -o -e '-\\?icanon')\"; read line; sed -i \"s/failed/$line/\" \"$file\"";
    let (_relay, mut screen) = edited(script, &app).await;
    let before = screen.text();
    screen.keys("e");
    screen.shows("EDITING icanon").await;
    assert!(!screen.is_taken());
    screen.is_cooked().await;
    screen.keys("typed\n");
    let received = app.receives(2).await;
    assert_eq!(received[1].text(), "{\"status\":\"typed\"}");
    screen.shows_all(&["received 1", "2 attempts"]).await;
    assert!(screen.is_taken());
    assert_eq!(screen.row(0), before.lines().next().unwrap());
    // What comes while the editor is open is not lost, and is there when it is closed.
    screen.keys("e");
    screen.shows("EDITING icanon").await;
    let sender = screen.sender();
    assert_eq!(sender.post("/meanwhile", "x").await.status(), 200);
    screen.keys("more\n");
    screen.shows_all(&["/meanwhile", "received 2"]).await;
}

#[tokio::test]
async fn space_holds_and_lets_go_one_or_all() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &["--answer", "now"]).await;
    screen.keys(" ");
    screen.shows("HOLDING 0").await;
    let sender = screen.sender();
    for number in 0..5 {
        sender.post(&format!("/held{number}"), "x").await;
    }
    screen.shows("HOLDING 5").await;
    screen
        .until("holds all", |text| {
            let rows = text.lines().filter(|row| row.contains("/held"));
            rows.filter(|row| row.contains("‖ ") && row.contains(" held "))
                .count()
                == 5
        })
        .await;
    assert_eq!(app.count(), 0);
    screen.keys(" ");
    let received = app.receives(1).await;
    assert_eq!(received[0].head.target(), b"/held0", "the oldest first");
    screen.shows("HOLDING 4").await;
    // The selected one, out of turn.
    screen.keys("j ");
    let received = app.receives(2).await;
    assert_eq!(received[1].head.target(), b"/held3");
    screen.shows("HOLDING 3").await;
    screen.keys("A");
    app.receives(5).await;
    screen.hides("HOLDING").await;
    sender.post("/free", "x").await;
    eventually("it is not held", DEADLINE, || app.count() == 6).await;
}

#[tokio::test]
async fn an_edit_is_seen_in_its_answer_beside_the_one_before() {
    let app = LocalApp::echo().await;
    let (_relay, mut screen) = edited("sed -i 's/failed/mended/' \"$file\"", &app).await;
    screen.keys("e");
    screen.shows("2 attempts").await;
    screen.keys("3");
    screen.shows("edited replay").await;
    screen.keys("d");
    screen
        .shows_all(&["- answer 1", "+ answer 2, edited", "body_sha256"])
        .await;
    let changed = screen.row_with("body_sha256");
    assert!(changed.trim_start().starts_with('~'), "{changed}");
}

#[tokio::test]
async fn a_length_of_the_users_own_must_be_true() {
    let app = LocalApp::answering(200).await;
    let script = "sed -i -e 's/^content-length: .*/Content-Length: 5/I' -e 's/failed/done/' \"$file\"; \
                  grep -qi '^content-length' \"$file\" || sed -i '/^x-kept/a Content-Length: 5' \"$file\"";
    let (_relay, mut screen) = edited(script, &app).await;
    screen.keys("e");
    screen
        .shows_all(&["That can't be sent", "edit it again"])
        .await;
    screen.shows("ontent-").await;
    screen.keys("x");
    screen.hides("That can't be sent").await;
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn what_the_app_is_at_work_on_is_not_held() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut screen = Screen::listen(&relay, &app, &["--answer", "now"]).await;
    let sender = screen.sender();
    sender.post("/working", "x").await;
    app.receives(1).await;
    screen.keys(" ");
    screen.shows("HOLDING 0").await;
    sender.post("/waiting", "x").await;
    screen
        .until("tells them apart", |text| {
            let says = |path: &str, word: &str| {
                let row = text.lines().find(|row| row.contains(path));
                row.is_some_and(|row| row.contains(word))
            };
            says("/working", " running ") && says("/waiting", " held ")
        })
        .await;
    screen.keys("A");
    app.release(2);
    screen.shows("delivered 2").await;
}

#[tokio::test]
async fn s_stops_all_replays_whatever_is_selected() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut screen = Screen::listen(&relay, &app, &["--answer", "now"]).await;
    let sender = screen.sender();
    for path in ["/one", "/two"] {
        sender.post(path, "x").await;
    }
    app.release(2);
    screen.shows("delivered 2").await;
    screen.keys("jR50 at 1\r");
    screen.shows("replaying 0/50").await;
    screen.keys("kR50 at 1\r");
    screen.shows("replaying 0/100").await;
    screen.keys("S");
    screen.shows("no further replays").await;
    app.release(4);
    screen.hides("replaying ").await;
    assert!(app.count() <= 8, "{}", app.count());
}

#[tokio::test]
async fn a_delivery_that_comes_while_a_line_is_typed_is_not_the_one_replayed() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    let sender = screen.sender();
    sender.post("/meant", "{\"which\":\"meant\"}").await;
    screen.shows("which: \"meant\"").await;
    screen.keys("R");
    screen.shows("replay how often").await;
    sender.post("/other", "{\"which\":\"other\"}").await;
    screen.shows_all(&["received 2", "which: \"meant\""]).await;
    screen.keys("2\r");
    let received = app.receives(4).await;
    assert_eq!(received[2].text(), "{\"which\":\"meant\"}");
    assert_eq!(received[3].text(), "{\"which\":\"meant\"}");
    screen.shows("which: \"other\"").await;
}
