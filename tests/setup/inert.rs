//! What strangers send is shown as what it is: no terminal ever obeys it.

use crate::support::{DEADLINE, Finished, Kreel, Listen, LocalApp, Post, Sender, TestRelay};

#[tokio::test]
async fn rows_show_what_strangers_send_and_do_not_obey_it() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let mut client = Listen::on(&relay).to(&app).plain().spawn();
    let url = client
        .line("its ready line")
        .await
        .split_whitespace()
        .last()
        .unwrap()
        .to_owned();
    let sender = Sender::to(&url, None);
    // What a terminal would obey either does not come through HTTP, or is shown as what it is.
    let raw = [
        &b"/a\x1b[2Jb"[..],
        b"/a\x07b",
        "/user\u{202e}gpj.exe".as_bytes(),
        "/a\u{200b}b".as_bytes(),
        b"/a\xffb",
        b"/%1b[2J",
    ];
    let mut passed = 0;
    for target in raw {
        let answer = sender.send(Post::new("POST", target).body("x")).await;
        assert!([200, 400].contains(&answer.status()), "{answer:?}");
        passed += usize::from(answer.status() == 200);
    }
    assert_eq!(sender.post("/last", "x").await.status(), 200);
    let mut rows = Vec::new();
    loop {
        let line = client.line("a row").await;
        assert!(
            line.chars()
                .all(|c| !c.is_control() && !"\u{202e}\u{200b}".contains(c)),
            "{line:?}"
        );
        rows.extend(line.contains("POST").then(|| line.clone()));
        if line.contains("/last") {
            break;
        }
    }
    assert_eq!(rows.len(), passed + 1, "{rows:?}");
    for shown in ["%1b[2J", "user\\u{202e}gpj.exe", "a\\u{200b}b"] {
        assert!(rows.iter().any(|row| row.contains(shown)), "{rows:?}");
    }
}

#[tokio::test]
async fn what_others_say_in_errors_is_not_obeyed_either() {
    let impostor = LocalApp::raw(
        b"HTTP/1.1 426 No\r\nsec-websocket-protocol: \x1b[2Jkreel.v9\xc2\x9b31m\r\ncontent-length: 0\r\n\r\n".to_vec(),
    )
    .await;
    let mut client = Listen::at(&format!("http://{}", impostor.address()))
        .plain()
        .spawn();
    let finished = Finished::of(&mut client.process, DEADLINE).await;
    assert_eq!(finished.code, Some(5), "{finished}");
    assert!(
        finished
            .stderr
            .chars()
            .all(|c| c == '\n' || !c.is_control()),
        "{:?}",
        finished.stderr
    );

    let relay = TestRelay::start().await;
    let name = "lap\x1b[31mtop\u{202e}";
    let data = relay.data();
    Kreel::new(&["token", "create", name])
        .path("--data", &data)
        .run()
        .await;
    let list = Kreel::new(&["token", "list"])
        .path("--data", &data)
        .run()
        .await;
    assert!(
        list.success()
            .chars()
            .all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')),
        "{list:?}"
    );
}
