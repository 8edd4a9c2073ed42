//! Attacks on the terminal: whatever payloads, headers, paths and answers hold is seen and does
//! nothing. Each byte the inspector writes is held against what kreel may ask of a terminal.

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

/// The bytes that get through in a path: those above ASCII as they are, all others in percents.
fn fit_for_path(attack: &[u8]) -> Vec<u8> {
    let mut path = Vec::new();
    for byte in attack.iter().take(1_000) {
        match byte {
            0x80.. => path.push(*byte),
            _ => path.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    path
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
        ("5", "00000000 "),
        ("1", ", "),
    ] {
        screen.keys(key);
        screen.shows(sign).await;
        stands(screen, tabs);
    }
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
    // Found again, compared, and in the file for an editor as well.
    screen.keys("/clear-\r");
    screen.shows("4 found").await;
    screen.keys("jd");
    screen.shows("compare").await;
    screen.press(Key::Esc);
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
                !text.contains("read…") && text.contains(" bytes") || text.contains("MB")
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
        look_around(&mut screen, tabs, true).await;
    }
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
}
