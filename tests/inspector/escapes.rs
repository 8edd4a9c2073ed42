//! Attacks on the terminal: whatever payloads, headers, paths and answers hold is seen and does
//! nothing. Each byte the inspector writes is held against what kreel may ask of a terminal.

use super::detail::flate;
use crate::support::{Key, Listen, LocalApp, Post, Screen, TestRelay};

/// Where the panes stand on 120 × 40, told by the first tab's title; nothing may move it.
const TABS: &str = "1 Body   2 Headers   3 Answer";

async fn against(app: LocalApp) -> (TestRelay, LocalApp, Screen) {
    let relay = TestRelay::start().await;
    let screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 40)).await;
    (relay, app, screen)
}

/// What a terminal would obey, by what it would do.
fn attacks() -> Vec<(&'static str, Vec<u8>)> {
    let controls = (0..0x20).chain(0x7f..0xa0).collect();
    let encoded: String = (0x80..0xa0_u32).filter_map(char::from_u32).collect();
    let bidi = "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}";
    let zero_width =
        "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{34f}\u{fe0f}\u{e0041}\u{180e}";
    vec![
        ("controls", controls),
        ("c1-encoded", encoded.into()),
        ("clear", b"\x1b[2J\x1b[H\x1b[3J\x1bc\x9b2J".to_vec()),
        ("scroll", b"\x1b[5;10r\x1b[100S\x1b[1;1H\x1bM\x1bD".to_vec()),
        ("colours", b"\x1b[31;1;5;7mred\x1b[?5h\x1b[?25l".to_vec()),
        (
            "report",
            b"\x1b[6n\x1b[c\x1b[>q\x1b[?1000h\x1bP$qm\x1b\\".to_vec(),
        ),
        (
            "link",
            b"\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x07".to_vec(),
        ),
        (
            "clipboard",
            b"\x1b]52;c;cm0gLXJmIH4=\x07\x9d52;c;cm0=\x9c".to_vec(),
        ),
        (
            "title",
            b"\x1b]0;owned\x07\x1b]2;owned\x1b\\\x1b[21t".to_vec(),
        ),
        ("paste", b"\x1b[201~rm -rf ~\r\x1b[200~\x1b[?2004h".to_vec()),
        (
            "strings",
            b"\x1bP1;2|x\x1b\\\x1b_Gf=100;AAAA\x1b\\\x1b^x\x1b\\\x1bXx".to_vec(),
        ),
        ("unfinished", b"\x1b]52;c;AAAA\x1b[".to_vec()),
        ("bidi", format!("user{bidi}gpj.exe").into_bytes()),
        ("zero-width", zero_width.repeat(2_000).into_bytes()),
        (
            "marks",
            format!("a{}b", "\u{301}\u{20dd}".repeat(5_000)).into_bytes(),
        ),
        (
            "broken",
            b"\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x80 \xf0\x9f".to_vec(),
        ),
        ("wide", "漢字🦀👩‍👩‍👧‍👦שלום مرحبا ﷽".repeat(40).into_bytes()),
        (
            "newlines",
            b"a\rb\nc\r\nd\x0be\x0cf\xc2\x85g\xe2\x80\xa8h\xe2\x80\xa9i\x08\x08\tj".to_vec(),
        ),
    ]
}

/// The bytes of an attack that may stand in a header's value: none that ends it, none that no
/// server takes.
fn fit_for_header(attack: &[u8]) -> Vec<u8> {
    let fits = attack
        .iter()
        .copied()
        .filter(|byte| *byte >= 0x20 && *byte != 0x7f);
    fits.take(4_000).collect()
}

/// The bytes that get through in a path: characters beyond ASCII as they are, all else in percents.
fn fit_for_path(attack: &[u8]) -> Vec<u8> {
    let mut path = Vec::new();
    for chunk in attack[..attack.len().min(1_000)].utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\u{a0}'.. => path.extend_from_slice(c.to_string().as_bytes()),
                _ => in_percents(c.to_string().as_bytes(), &mut path),
            }
        }
        in_percents(chunk.invalid(), &mut path);
    }
    path
}

fn in_percents(bytes: &[u8], path: &mut Vec<u8>) {
    for byte in bytes {
        path.extend_from_slice(format!("%{byte:02x}").as_bytes());
    }
}

/// As the value of a JSON string with what JSON wants escaped, and the rest as it is.
fn as_json(attack: &[u8]) -> Vec<u8> {
    let mut json = b"{\"of\":\"".to_vec();
    for byte in attack {
        match byte {
            0..0x20 | b'"' | b'\\' => json.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => json.push(*byte),
        }
    }
    json.extend_from_slice(b"\"}");
    json
}

/// An app that sends back what it got, in a header and in the body.
async fn mirror() -> LocalApp {
    LocalApp::with(|mut visit| async move {
        let body = visit.receive().await.body;
        let mut answer = b"HTTP/1.1 500 ".to_vec();
        answer.extend_from_slice(&fit_for_header(&body));
        answer.extend_from_slice(b"\r\nx-mirror: ");
        answer.extend_from_slice(&fit_for_header(&body));
        answer.extend_from_slice(format!("\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes());
        answer.extend_from_slice(&body);
        visit.answer(&answer).await
    })
    .await
}

/// Everything kreel draws around what strangers sent stands where it stood.
fn stands(screen: &Screen, tabs: Option<(usize, usize)>) {
    assert_eq!(screen.place_of(TABS), tabs, "{}", screen.text());
    assert!(
        screen.row(0).starts_with(&screen.url()),
        "{}",
        screen.text()
    );
    assert!(screen.row(39).contains("help"), "{}", screen.text());
}

/// Whether the line above a body, which says what it is, is there.
fn tells_a_size(text: &str) -> bool {
    let lines = text.lines().skip(4);
    let mut rights = lines.map(|line| line.chars().skip(60).collect::<String>());
    rights.any(|line| {
        line.contains(", ")
            && [" byte", " KiB", " MiB"]
                .iter()
                .any(|unit| line.contains(unit))
    })
}

/// Looks at the newest delivery in each tab.
async fn look_around(screen: &mut Screen, tabs: Option<(usize, usize)>, is_answered: bool) {
    for (key, sign) in [
        ("2", "content-type: "),
        (
            "3",
            if is_answered {
                "content-length: "
            } else {
                "attempt"
            },
        ),
        ("4", "attempt"),
        ("5", "SHA-256 "),
    ] {
        screen.keys(key);
        screen.shows(sign).await;
        stands(screen, tabs);
    }
    screen.keys("1");
    screen.until("shows the body", tells_a_size).await;
    stands(screen, tabs);
}

#[tokio::test]
async fn nothing_that_a_webhook_or_an_answer_holds_reaches_the_terminal_as_a_command() {
    let (_relay, app, mut screen) = against(mirror().await).await;
    let tabs = screen.place_of(TABS);
    assert!(tabs.is_some(), "{}", screen.text());
    let sender = screen.sender();
    let mut came = 0;
    for (name, attack) in attacks() {
        for (kind, body) in [
            ("text/plain", attack.clone()),
            ("application/json", as_json(&attack)),
            (
                "application/xml",
                [b"<a b='", &attack[..], b"'>", &attack, b"</a>"].concat(),
            ),
            (
                "application/x-www-form-urlencoded",
                [b"k=", &fit_for_path(&attack)[..]].concat(),
            ),
        ] {
            let path = [format!("/{name}-").as_bytes(), &fit_for_path(&attack)].concat();
            let post = Post::new("POST", &path)
                .header("Content-Type", kind)
                .header("X-Attack", fit_for_header(&attack))
                .body(body);
            assert_eq!(sender.send(post).await.status(), 500, "{name} as {kind}");
            came += 1;
            screen
                .shows_all(&[&format!("received {came} "), &format!("/{name}-"), "✗ 500"])
                .await;
            look_around(&mut screen, tabs, true).await;
        }
    }
    assert_eq!(app.count(), came);
    // Found again.
    screen.keys("/clear-\r");
    screen.shows("1 of 4").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
    assert_eq!(screen.copied(), [""; 0], "nobody copied anything");
}

/// Nothing in it is obeyed by whatever it is pasted into, and none of it turns around.
fn is_harmless(text: &str) -> bool {
    let acts = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t' | '\r')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.contains(acts) && !text.replace("\r\n", "").contains('\r')
}

/// Presses a key that copies; what was copied, unless the screen says this instead.
async fn copied(screen: &mut Screen, key: &str, instead: &str) -> Option<String> {
    let before = screen.copied().len();
    screen.keys(key);
    let mut text = None;
    screen
        .until("copies, or says why not", |shown| {
            text = screen.copied().get(before).cloned();
            text.is_some() || shown.contains(instead)
        })
        .await;
    text
}

#[tokio::test]
async fn what_is_taken_away_or_edited_does_nothing_either() {
    let relay = TestRelay::start().await;
    let app = mirror().await;
    let listen = Listen::on(&relay).to(&app).env("EDITOR", "true");
    let mut screen = Screen::open(listen, &relay, (120, 40)).await;
    let tabs = screen.place_of(TABS);
    let sender = screen.sender();
    for (number, (name, attack)) in attacks().into_iter().enumerate() {
        let post = Post::new("POST", format!("/{name}"))
            .header("Content-Type", "text/plain")
            .header("X-Attack", fit_for_header(&attack))
            .body(attack.clone());
        sender.send(post).await;
        screen
            .shows_all(&[
                &format!("received {} ", number + 1),
                &format!("POST /{name}  ✗"),
            ])
            .await;
        let headers = copied(&mut screen, "H", "\u{0}").await.unwrap();
        assert!(headers.contains("x-attack: "), "{name}: {headers}");
        assert!(is_harmless(&headers), "{name}: {headers:?}");
        let curl = copied(&mut screen, "C", "too much for a clipboard").await;
        assert!(curl.as_deref().is_none_or(is_harmless), "{name}: {curl:?}");
        let body = copied(&mut screen, "B", "the body is no text").await;
        match (std::str::from_utf8(&attack), body) {
            (Ok(text), Some(body)) if is_harmless(text) => {
                let spelled = body.replace("\\u{", "");
                assert!(
                    body == text || spelled.len() < body.len(),
                    "{name}: {body:?}"
                );
            }
            (Ok(_), Some(body)) => assert!(is_harmless(&body), "{name}: {body:?}"),
            (Ok(_), None) => panic!("{name}: text is not copied"),
            (Err(_), body) => assert_eq!(body, None, "{name}"),
        }
        screen.press(Key::Esc);
        // Into a file as it is, through an editor, and beside the one before.
        screen.keys("xr");
        screen.shows("write to: ").await;
        screen.press(Key::Ctrl('u'));
        screen.keys(&format!("{name}.http\r"));
        screen.shows(&format!("written to {name}.http")).await;
        let written = std::fs::read(screen.file(&format!("{name}.http"))).unwrap();
        assert!(written.ends_with(&attack), "{name}");
        screen.press(Key::Esc);
        screen.keys("e");
        screen
            .until("edits, or says why not", |text| {
                text.contains("nothing was changed") || text.contains("not edited: ")
            })
            .await;
        screen.press(Key::Esc);
        screen.hides("nothing was changed").await;
        if number > 0 {
            screen.keys("d");
            screen.shows_all(&[" - #", "  + #", "Headers"]).await;
            screen.keys("+");
            screen.hides(" the same").await;
            screen.press(Key::Esc);
            screen.shows("replay").await;
        }
        stands(&screen, tabs);
    }
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
}

#[tokio::test]
async fn names_types_and_notes_are_no_way_in_either() {
    let answers = LocalApp::with(|mut visit| async move {
        let body = visit.receive().await.body;
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: ".to_vec();
        answer.extend_from_slice(&fit_for_header(&body));
        answer.extend_from_slice(b"\r\ncontent-disposition: ");
        answer.extend_from_slice(&fit_for_header(&body));
        answer.extend_from_slice(format!("\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes());
        answer.extend_from_slice(&body);
        visit.answer(&answer).await
    })
    .await;
    let (_relay, _app, mut screen) = against(answers).await;
    let tabs = screen.place_of(TABS);
    let sender = screen.sender();
    let mut came = 0;
    for (name, attack) in attacks() {
        let quoted = fit_for_header(&attack);
        let part = [
            b"--xx\r\nContent-Disposition: form-data; name=\"",
            &quoted[..],
            b"\"; filename=\"",
            &quoted,
            b"\"\r\nContent-Type: ",
            &quoted,
            b"\r\n\r\n",
            &attack,
            b"\r\n--xx--\r\n",
        ]
        .concat();
        let short = &attack[..attack.len().min(60_000)];
        for post in [
            Post::new("POST", format!("/{name}-type"))
                .header("Content-Type", quoted.clone())
                .body(attack.clone()),
            Post::new("POST", format!("/{name}-parts"))
                .header("Content-Type", "multipart/form-data; boundary=xx")
                .body(part),
            Post::new("POST", format!("/{name}-gzip"))
                .header("Content-Type", "application/json")
                .header("Content-Encoding", "gzip")
                .body(flate(&as_json(short)[..])),
            Post::new("POST", format!("/{name}-coding"))
                .header("Content-Type", "text/plain; charset=\u{202e}x")
                .header("Content-Encoding", quoted.clone())
                .body(attack.clone()),
        ] {
            sender.send(post).await;
            came += 1;
            screen
                .shows_all(&[&format!("received {came} "), &format!("POST /{name}-")])
                .await;
            for key in ["3", "1"] {
                screen.keys(key);
                screen.shows("POST /").await;
                stands(&screen, tabs);
            }
        }
        // Pasted as a note, without what would end the paste.
        let note = String::from_utf8_lossy(&attack).replace("\u{1b}[201~", "");
        let note: String = note.chars().take(200).collect();
        screen.keys("n");
        screen.shows("note:").await;
        screen.write(format!("\u{1b}[200~{note}\u{1b}[201~").as_bytes());
        screen.keys("noted\r");
        screen.hides("note:").await;
        stands(&screen, tabs);
    }
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
    assert_eq!(screen.copied(), [""; 0], "nobody copied anything");
}

/// Bodies that are large or odd rather than rude.
fn loads() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    let many: Vec<String> = (0..100_000)
        .map(|key| format!("\"k{key}\":{key}"))
        .collect();
    let digits = "9".repeat(10_000);
    vec![
        (
            "line",
            "text/plain",
            [&b"needle"[..], &vec![b'x'; 10_000_000]].concat(),
        ),
        ("deep", "application/json", deep.into_bytes()),
        (
            "deep-objects",
            "application/json",
            "{\"a\":".repeat(100_000).into_bytes(),
        ),
        (
            "keys",
            "application/json",
            format!("{{{}}}", many.join(",")).into_bytes(),
        ),
        (
            "twice",
            "application/json",
            b"{\"a\":1,\"a\":2,\"a\":{\"a\":3}}".to_vec(),
        ),
        (
            "digits",
            "application/json",
            format!("[{digits},-{digits}e{digits},0.{digits}]").into_bytes(),
        ),
        (
            "elements",
            "application/xml",
            "<a>".repeat(100_000).into_bytes(),
        ),
        (
            "json-line",
            "application/json",
            format!("\"{}\"", "\\u001b".repeat(1_600_000)).into_bytes(),
        ),
    ]
}

#[tokio::test]
async fn bodies_that_are_too_much_are_shown_and_walked_through_all_the_same() {
    let (_relay, _app, mut screen) = against(LocalApp::answering(200).await).await;
    let tabs = screen.place_of(TABS);
    let sender = screen.sender();
    for (number, (name, kind, body)) in loads().into_iter().enumerate() {
        let post = Post::new("POST", format!("/{name}"))
            .header("Content-Type", kind)
            .body(body);
        assert_eq!(sender.send(post).await.status(), 200, "{name}");
        screen
            .shows_all(&[
                &format!("received {} ", number + 1),
                &format!("POST /{name}  ✓ 200"),
            ])
            .await;
        // All of it is there before it is walked through.
        screen
            .until("has read it", |text| {
                tells_a_size(text) && !text.contains("read…")
            })
            .await;
        screen.press(Key::Enter);
        screen.shows("search here").await;
        for key in [
            Key::PageDown,
            Key::End,
            Key::Up,
            Key::PageUp,
            Key::Home,
            Key::Down,
            Key::Left,
            Key::Right,
        ] {
            screen.press(key);
        }
        screen.keys("-+Gg/needle\r");
        screen
            .until("has searched", |text| text.contains("needle"))
            .await;
        screen.press(Key::Esc);
        screen.press(Key::Esc);
        screen.hides("search here").await;
        screen.keys("g");
        look_around(&mut screen, tabs, true).await;
    }
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
}
