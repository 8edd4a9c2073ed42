//! What the user sets: keys, colours, the mouse, secrets; and what is typed after `:`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Key, Listen, LocalApp, Post, Screen, TestRelay};

/// An inspector in a project with these settings, on 120 × 30.
async fn with(
    settings: &str,
    flags: &[&str],
    env: &[(&str, &str)],
) -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut listen = Listen::on(&relay).to(&app).flags(flags);
    for (name, value) in env {
        listen = listen.env(name, value);
    }
    std::fs::write(listen.at_home().project().join("kreel.toml"), settings).unwrap();
    let screen = Screen::open(listen, &relay, (120, 30)).await;
    (relay, app, screen)
}

/// Whether anything is drawn in a colour.
fn has_colour(screen: &Screen) -> bool {
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    let looks = raw.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    looks.into_iter().any(|look| {
        let mut numbers = look
            .split(';')
            .filter_map(|number| number.parse::<u16>().ok());
        numbers.any(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
    })
}

#[tokio::test]
async fn keys_can_be_others() {
    let settings = "[keys]\nreplay = [\"f5\", \"ctrl-r\"]\nmark = [\"r\"]\nquit = [\"Q\"]\n";
    let (_relay, app, mut screen) = with(settings, &[], &[]).await;
    screen.sender().post("/hook", "x").await;
    screen
        .shows_all(&["received 1", "F5 replay", "Q quit"])
        .await;
    screen.keys("r");
    screen.shows("marked").await;
    assert_eq!(app.count(), 1);
    screen.press(Key::Ctrl('r'));
    app.receives(2).await;
    screen.keys("?");
    screen.shows("Help").await;
    screen.scrolls_to("F5 Ctrl-R").await;
    screen.press(Key::Esc);
    screen.hides("F5 Ctrl-R").await;
    screen.keys("q");
    screen.keys("Q");
    assert_eq!(screen.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_theme_is_set_by_option_by_file_by_command_or_by_no_color() {
    for (settings, flags, env, is_coloured) in [
        ("", &[][..], &[][..], true),
        ("theme = \"none\"\n", &[], &[], false),
        ("theme = \"none\"\n", &["--theme", "light"], &[], true),
        ("", &[], &[("NO_COLOR", "1")], false),
        ("", &["--theme", "contrast"], &[("NO_COLOR", "1")], true),
    ] {
        let (_relay, _app, mut screen) = with(settings, flags, env).await;
        screen.sender().post("/hook", "{\"a\":1}").await;
        screen.shows_all(&["received 1", "a: 1"]).await;
        assert_eq!(
            has_colour(&screen),
            is_coloured,
            "{settings} {flags:?} {env:?}"
        );
        if !is_coloured {
            screen.keys(":theme dark\r");
            screen.until("is coloured", |_| has_colour(&screen)).await;
        }
        screen.keys("q");
        assert_eq!(screen.exit_code().await, Some(0));
        screen.stream().is_clean();
    }
}

#[tokio::test]
async fn long_lines_wrap_or_run_out_of_sight() {
    let (_relay, _app, mut screen) = with("", &[], &[]).await;
    let body = format!("{}END", "0123456789".repeat(10));
    screen.sender().post("/long", body).await;
    screen.shows_all(&["received 1", "END"]).await;
    screen.press(Key::Enter);
    screen.shows("search here").await;
    screen.keys("w");
    screen.hides("END").await;
    for _ in 0..12 {
        screen.press(Key::Right);
    }
    screen.shows("END").await;
    screen.keys("w");
    screen.shows_all(&["0123456789", "END"]).await;
}

#[tokio::test]
async fn the_mouse_selects_once_it_is_asked_for() {
    let (_relay, _app, mut screen) = with("", &[], &[]).await;
    for number in 0..4 {
        screen
            .sender()
            .post(&format!("/n{number}"), format!("{{\"number\":{number}}}"))
            .await;
    }
    screen.shows_all(&["received 4", "number: 3"]).await;
    let (row, _) = screen.place_of("/n1 ").unwrap();
    let click = format!("\x1b[<0;10;{}M\x1b[<0;10;{}m", row + 1, row + 1);
    screen.press(Key::Ctrl('o'));
    screen.shows("the mouse is kreel's").await;
    screen.write(click.as_bytes());
    screen.shows("number: 1").await;
    let chosen = screen.row_with("▌");
    assert!(chosen.contains(" /n1 "), "{chosen}");
    screen.press(Key::Ctrl('o'));
    screen.shows("the mouse is the terminal's").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
}

/// A program of this name that writes its first argument into a file.
fn opener(folder: &Path, name: &str, file: &Path) {
    let path = folder.join(name);
    let script = format!(
        "#!/bin/sh\nprintf %s \"$1\" > '{0}.part' && mv '{0}.part' '{0}'\n",
        file.display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn o_opens_the_address_or_the_selected_link_in_the_browser() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let listen = Listen::on(&relay).to(&app);
    let folder = listen.at_home().path().to_owned();
    let opened = folder.join("opened");
    for name in ["xdg-open", "open"] {
        opener(&folder, name, &opened);
    }
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", folder.display());
    let mut screen = Screen::open(listen.env("PATH", &path), &relay, (120, 30)).await;
    let read = || std::fs::read_to_string(&opened).unwrap_or_default();
    screen.keys("o");
    screen.shows("opened in the browser").await;
    screen.until("opens", |_| read() == screen.url()).await;
    let body = "{\"url\":\"https://a.example/1.png?x=1\",\"bad\":\"file:///etc/passwd\"}";
    screen.sender().post("/hook", body).await;
    screen.shows("file:///etc/passwd").await;
    screen.press(Key::Enter);
    screen.keys("jo");
    screen
        .until("opens the link", |_| {
            read() == "https://a.example/1.png?x=1"
        })
        .await;
    // What is no web address is none of a browser's business.
    screen.keys("jo");
    screen
        .until("opens the address", |_| read() == screen.url())
        .await;
}

#[tokio::test]
async fn commands_do_what_keys_do() {
    let (_relay, app, mut screen) = with("", &[], &[]).await;
    let other = LocalApp::answering(418).await;
    screen.sender().post("/one", "{\"n\":1}").await;
    screen.sender().post("/two", "{\"n\":2}").await;
    screen.shows_all(&["received 2", "n: 2"]).await;
    screen.keys(":filter path:/one\r");
    screen.hides("/two").await;
    screen.shows_all(&["n: 1", "/path:/one"]).await;
    screen.keys(":note typed\r");
    screen.shows("“typed”").await;
    screen.keys(&format!(":to {}\r", other.port()));
    screen.shows("418").await;
    assert_eq!(other.receives(1).await[0].text(), "{\"n\":1}");
    screen.keys(":filter\r");
    screen.shows("/two").await;
    screen.keys(":line drawn by command\r");
    screen.shows("drawn by command").await;
    screen.keys(":mark\r");
    screen.shows("marked").await;
    screen.keys(":filter status:wrong\r");
    screen.shows("! ").await;
    assert_eq!(app.count(), 2);
}

#[tokio::test]
async fn what_the_user_calls_a_secret_is_one_everywhere() {
    let settings = "[mask]\nheaders = [\"X-Session\"]\n";
    let (_relay, _app, mut screen) = with(settings, &[], &[]).await;
    let post = Post::new("POST", "/hook")
        .header("X-Session", "very-secret")
        .header("X-Open", "plain to see")
        .body("x");
    screen.sender().send(post).await;
    screen.shows("received 1").await;
    screen.keys("2");
    screen
        .shows_all(&["plain to see", "x-session: ••••••"])
        .await;
    screen.keys("H");
    let headers = screen.copies(0).await;
    assert!(!headers.contains("very-secret"), "{headers}");
    for words in [
        &["requests", "get", "last"][..],
        &["requests", "get", "last", "--json"],
        &["requests", "export", "last", "--format", "har"],
        &["requests", "export", "last", "--format", "curl"],
    ] {
        let command = crate::support::Kreel::new(words).home(screen.home());
        let said = command.run().await.success().to_owned();
        assert!(said.contains("plain to see"), "{words:?}: {said}");
        assert!(!said.contains("very-secret"), "{words:?}: {said}");
    }
}

#[tokio::test]
async fn t_posts_a_ready_made_webhook_to_the_tunnel() {
    let (_relay, app, mut screen) = with("", &[], &[]).await;
    screen.keys("t");
    screen
        .shows_all(&["trigger:", "krea.completed", "github.push"])
        .await;
    screen.keys("github.pu");
    screen.hides("krea.completed").await;
    screen.keys("sh\r");
    screen.shows("github.push posted, answered 200").await;
    let received = app.receives(1).await;
    assert!(received[0].text().contains("refs/heads/main"));
    screen.shows("received 1").await;
    screen.keys("tzzz\r");
    screen.shows("there is no such webhook").await;
    screen.press(Key::Esc);
    screen.keys(":trigger krea.completed\r");
    screen.shows("received 2").await;
    assert!(app.receives(2).await[1].text().contains("completed"));
}
