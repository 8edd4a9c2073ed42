//! The API's token goes to the API and to nobody else: everything a run leaves behind is searched.

use std::path::Path;

use super::in_front::InFront;
use super::stand_in::{FLUX, StandIn};
use crate::support::{Home, Kreel, Listen, LocalApp, Post, Screen, TestRelay};

const TOKEN: &str = "kr3a-t0ken-9d1f5c";

/// Whether the token is in these bytes, as it is or as those who encode it write it.
fn has_token(bytes: &[u8]) -> bool {
    let base64 = "a3IzYS10MGtlbi05ZDFmNWM";
    [TOKEN, base64].iter().any(|word| {
        let word = word.as_bytes();
        bytes.windows(word.len()).any(|part| part == word)
    })
}

/// No file below this folder has the token; how many files there are.
fn search(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += search(&path);
            continue;
        }
        files += 1;
        // One that goes while it is looked at has nothing to say.
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!has_token(&bytes), "{}", path.display());
    }
    files
}

/// Calls that go well and calls that go wrong in every way.
async fn all_calls(proxy: &InFront) {
    let schemes = ["Bearer", "Key", "bearer", "Basic"].map(|scheme| format!("{scheme} {TOKEN}"));
    for value in schemes.iter().map(String::as_str).chain([TOKEN]) {
        for (method, path) in [("POST", FLUX), ("GET", "/jobs"), ("POST", "/styles/train")] {
            let post = Post::new(method, path).header("Authorization", value);
            proxy.sender().send(post.body("{\"prompt\":\"x\"}")).await;
        }
    }
    for outcome in [
        "400", "401", "402", "404", "410", "422", "429", "500", "502", "524",
    ] {
        let post = Post::new("POST", FLUX)
            .header("Authorization", format!("Bearer {TOKEN}"))
            .header("X-Mock-Outcome", outcome);
        proxy.sender().send(post.body("{\"prompt\":\"x\"}")).await;
    }
}

#[tokio::test]
async fn the_token_is_nowhere() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let home = Home::new();
    let mock = Kreel::new(&["mock", "krea", "--port", "0", "--json", "--speed", "1000"])
        .home(&home)
        .env("KREEL_MOCK_TOKEN", TOKEN)
        .env("KREEL_LOG", "trace");
    let mut mock = StandIn::of(&mock).await;
    let listen = Listen::on(&relay)
        .to(&app)
        .flags(&[
            "--krea-proxy=0",
            "--krea-upstream",
            &mock.url,
            "--require-verified",
        ])
        .env("KREA_API_KEY", TOKEN)
        .env("KREEL_LOG", "trace");
    let listen = match cfg!(debug_assertions) {
        true => listen.env("KREEL_TEST_PANIC", "screen"),
        false => listen,
    };
    let mut screen = Screen::open(listen, &relay, (120, 40)).await;
    let env = [("KREA_API_KEY", TOKEN), ("KREEL_LOG", "trace")];
    let tunnel = screen.url();
    let options = ["--tunnel-url", tunnel.as_str()];
    let mut proxy = InFront::with(&mock.url, &options, &env).await;
    all_calls(&proxy).await;
    proxy.tells("job_started").await;
    app.receives(1).await;
    screen.shows("POST").await;
    // The inspector's own proxy sees the token, too, and the inspector asks with it.
    let own = screen.krea_proxy().await;
    let call = Post::new("POST", FLUX).header("Authorization", format!("Bearer {TOKEN}"));
    let started = own.send(call.body("{\"prompt\":\"an owl\"}")).await;
    assert_eq!(started.status(), 200, "{}", started.text());
    app.receives(2).await;
    screen.keys("Jv");
    screen
        .shows_all(&["Krea's jobs", "an owl", "matches API"])
        .await;
    // So does a command beside it, whatever it makes of the key.
    let mut verified = String::new();
    for (upstream, code) in [(mock.url.as_str(), 0), ("http://127.0.0.1:1", 5)] {
        let get = Kreel::new(&["jobs", "get", "last", "--verify", "--upstream", upstream]);
        let get = get.home(screen.home()).env("KREA_API_KEY", TOKEN);
        let ended = get.env("KREEL_LOG", "trace").run().await;
        assert_eq!(ended.code, Some(code), "{ended}");
        verified += &(ended.stdout.clone() + &ended.stderr);
    }
    assert!(verified.contains("matches API") && verified.contains("KR0614"));
    assert!(!has_token(verified.as_bytes()), "{verified}");
    // While the files are in use their logs are there too.
    let noted = search(proxy.home.path());
    assert!(noted >= 2, "krea-jobs.db and its log: {noted}");
    // An API that is not there.
    let absent = format!("http://127.0.0.1:{}", LocalApp::absent().await.port());
    let mut alone = InFront::with(&absent, &[], &env).await;
    all_calls(&alone).await;
    // The inspector crashes with all of it on screen, where it can be made to.
    screen.keys("\u{c}");
    if cfg!(debug_assertions) {
        screen.shows("goes on without it").await;
    }
    screen.keys("q\u{3}");
    screen.exit_code().await;

    let mut printed = screen.bytes();
    for process in [&mut proxy.process, &mut alone.process, &mut mock.process] {
        assert_eq!(process.terminate().await, Some(143));
        while let Some(line) = process.line_at_hand() {
            printed.extend(line.into_bytes());
        }
        printed.extend(process.stderr().into_bytes());
    }
    printed.extend(proxy.lines.join("\n").into_bytes());
    printed.extend(alone.lines.join("\n").into_bytes());
    let text = String::from_utf8_lossy(&printed);
    assert!(text.contains("job_started") && text.contains("unreachable"));
    assert!(!has_token(&printed), "{text}");
    for home in [screen.home(), &home, &proxy.home, &alone.home] {
        search(home.path());
    }
    let seen = app.received();
    assert!(
        seen.iter()
            .all(|got| !has_token(&got.body) && !has_token(format!("{:?}", got.head).as_bytes()))
    );
}

/// Faults that end a command at once tell no token either.
#[tokio::test]
async fn a_command_that_can_t_start_keeps_the_token_to_itself() {
    for words in [
        &[
            "proxy",
            "krea",
            "--port",
            "0",
            "--tunnel-url",
            "http://localhost:1/",
        ][..],
        &["proxy", "krea", "--upstream", "nowhere"],
        &["proxy", "krea", "--help"],
        &["mock", "krea", "--openapi", "/nowhere"],
        &["mock", "krea", "--help"],
        &["listen", "--help"],
    ] {
        let kreel = Kreel::new(words).env("KREA_API_KEY", TOKEN);
        let kreel = kreel
            .env("KREEL_MOCK_TOKEN", TOKEN)
            .env("KREA_API_TOKEN", TOKEN);
        let ended = kreel.env("KREEL_LOG", "trace").run().await;
        let printed = ended.stdout.clone() + &ended.stderr;
        assert!(
            !printed.is_empty() && !has_token(printed.as_bytes()),
            "{printed}"
        );
    }
}
