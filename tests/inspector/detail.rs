//! The detail: each kind of body, and each tab.

use std::io::Write as _;

use crate::support::{Digest, Key, Listen, LocalApp, Post, Screen, TestRelay};

async fn posted(kind: &str, body: impl Into<Vec<u8>>) -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 40)).await;
    let post = Post::new("POST", "/hook")
        .header("Content-Type", kind)
        .body(body);
    screen.sender().send(post).await;
    screen.shows("received 1").await;
    (relay, app, screen)
}

const JOB: &str = r#"{"job_id":"j1","status":"failed","result":{"urls":["https://a.example/1.png","https://a.example/2.png"],"seed":12345678901234567890},"note":null}"#;

#[tokio::test]
async fn json_is_a_tree_to_walk_fold_search_and_copy_from() {
    let (_relay, _app, mut screen) = posted("application/json", JOB).await;
    screen
        .shows_all(&["status: \"failed\"", "12345678901234567890", "2.png"])
        .await;
    screen.press(Key::Enter);
    // Down to the URLs; the path of what is selected is shown.
    screen.keys("jjjj");
    screen.shows(".result.urls").await;
    screen.press(Key::Left);
    screen.hides("2.png").await;
    screen.shows("12345678901234567890").await;
    screen.press(Key::Right);
    screen.shows("2.png").await;
    screen.keys("-");
    screen.hides("seed").await;
    screen.keys("+");
    screen.shows_all(&["seed", "2.png"]).await;
    // A search inside finds as it is typed, also in what is folded, and n goes on.
    screen.keys("-/png");
    screen.shows("1.png").await;
    screen.press(Key::Enter);
    screen.shows(".result.urls[0]").await;
    screen.keys("n");
    screen.shows(".result.urls[1]").await;
    screen.keys("p");
    assert_eq!(screen.copies(0).await, ".result.urls[1]");
    screen.keys("y");
    assert_eq!(screen.copies(1).await, "\"https://a.example/2.png\"");
    screen.keys("N");
    screen.shows(".result.urls[0]").await;
    screen.keys("/nowhere\r");
    screen.shows("\"nowhere\" is not there").await;
}

#[tokio::test]
async fn text_stands_line_by_line() {
    let (_relay, _app, screen) = posted("text/plain", "first line\nsecond\tline\nthird").await;
    screen.shows_all(&["first line", "second", "third"]).await;
}

#[tokio::test]
async fn a_form_is_its_fields() {
    let (_relay, _app, screen) = posted(
        "application/x-www-form-urlencoded",
        "name=J%C3%BCrgen+M&tag=a&tag=b&empty=",
    )
    .await;
    screen
        .shows_all(&["name", "Jürgen M", "tag", "empty"])
        .await;
}

#[tokio::test]
async fn a_multipart_body_is_its_parts() {
    let body = "--xx\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA cat\r\n\
                --xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cat.json\"\r\n\
                Content-Type: application/json\r\n\r\n{\"legs\":4}\r\n--xx--\r\n";
    let (_relay, _app, screen) = posted("multipart/form-data; boundary=xx", body).await;
    screen
        .shows_all(&["title", "A cat", "cat.json", "legs"])
        .await;
}

#[tokio::test]
async fn xml_is_indented() {
    let (_relay, _app, screen) = posted(
        "application/xml",
        "<job id=\"7\"><status>done</status><url>u</url></job>",
    )
    .await;
    screen.shows_all(&["<status>", "done", "<url>"]).await;
    let (status, url) = (
        screen.place_of("<status>").unwrap(),
        screen.place_of("<url>").unwrap(),
    );
    assert!(url.0 > status.0 && url.1 == status.1, "{}", screen.text());
}

#[tokio::test]
async fn an_image_is_told_of_and_drawn() {
    // 8 × 8 of one colour, as PNG.
    let pixels = image_png(8);
    let (_relay, _app, screen) = posted("image/png", pixels).await;
    screen.shows_all(&["PNG", "8 × 8"]).await;
}

/// A small red image, made here so that no file is needed.
pub(crate) fn image_png(side: u8) -> Vec<u8> {
    fn chunk(kind: &[u8; 4], data: &[u8], png: &mut Vec<u8>) {
        png.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        let start = png.len();
        png.extend_from_slice(kind);
        png.extend_from_slice(data);
        let mut crc = !0_u32;
        for byte in &png[start..] {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 {
                    crc >> 1 ^ 0xedb8_8320
                } else {
                    crc >> 1
                };
            }
        }
        png.extend_from_slice(&(!crc).to_be_bytes());
    }
    let mut rows = Vec::new();
    for _ in 0..side {
        rows.push(0);
        rows.extend([255, 0, 0].repeat(side.into()));
    }
    // zlib with one stored block.
    let length = u16::try_from(rows.len()).unwrap();
    let mut data = vec![0x78, 0x01, 0x01];
    data.extend_from_slice(&length.to_le_bytes());
    data.extend_from_slice(&(!length).to_le_bytes());
    data.extend_from_slice(&rows);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &rows {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    data.extend_from_slice(&((b << 16) | a).to_be_bytes());
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [0, 0, 0, side, 0, 0, 0, side, 8, 2, 0, 0, 0];
    chunk(b"IHDR", &header, &mut png);
    chunk(b"IDAT", &data, &mut png);
    chunk(b"IEND", &[], &mut png);
    png
}

#[tokio::test]
async fn other_bytes_are_shown_as_hex() {
    let bytes: Vec<u8> = (0..=255).collect();
    let (_relay, _app, screen) = posted("application/octet-stream", bytes).await;
    screen.shows_all(&["0000  00 01 02 03", "abcdefg"]).await;
}

#[tokio::test]
async fn a_compressed_body_is_shown_as_what_it_is() {
    let mut packed = flate(b"{\"packed\":true}");
    packed.flush().unwrap();
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let screen = Screen::listen(&relay, &app, &[]).await;
    let post = Post::new("POST", "/hook")
        .header("Content-Type", "application/json")
        .header("Content-Encoding", "gzip")
        .body(packed);
    screen.sender().send(post).await;
    screen.shows("packed: true").await;
}

/// Gzip with one stored block.
pub(super) fn flate(data: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    let length = u16::try_from(data.len()).unwrap();
    let mut packed = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01".to_vec();
    packed.extend_from_slice(&length.to_le_bytes());
    packed.extend_from_slice(&(!length).to_le_bytes());
    packed.extend_from_slice(data);
    packed.extend_from_slice(&(!crc).to_le_bytes());
    packed.extend_from_slice(&u32::from(length).to_le_bytes());
    packed
}

#[tokio::test]
async fn json_that_breaks_off_says_where() {
    let (_relay, _app, screen) =
        posted("application/json", "{\"a\": 1,\n \"b\": [1, 2,, 3]}").await;
    screen.shows_all(&["a: 1", "line 2", "column 13"]).await;
}

#[tokio::test]
async fn headers_are_in_order_and_secrets_masked_until_asked_for() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 40)).await;
    let post = Post::new("POST", "/hook?a=1")
        .header("X-Twice", "one")
        .header("Authorization", "Bearer very-secret")
        .header("X-Twice", "two")
        .body("x");
    screen.sender().send(post).await;
    screen.shows("received 1").await;
    screen.keys("2");
    screen
        .shows_all(&[
            "POST /hook?a=1",
            "authorization: ",
            ": one",
            ": two",
            "127.0.0.1",
        ])
        .await;
    assert!(!screen.text().contains("very-secret"));
    let (one, two) = (
        screen.place_of(": one").unwrap(),
        screen.place_of(": two").unwrap(),
    );
    assert!(one.0 + 2 == two.0, "{}", screen.text());
    screen.keys("u");
    screen.shows("Bearer very-secret").await;
    screen.keys("u");
    screen.hides("very-secret").await;
}

#[tokio::test]
async fn each_attempt_has_its_answer_and_its_time() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[500, 201]).await;
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 40)).await;
    screen.sender().post("/hook", "{}").await;
    screen.shows("received 1").await;
    screen.keys("3");
    screen
        .shows_all(&["✗ 500", "the app says 500", "content-length: 17"])
        .await;
    screen.keys("r");
    screen
        .shows_all(&["✓ 201", "✗ 500", "the app says 201", "replay"])
        .await;
    screen.keys("[");
    screen.shows("the app says 500").await;
    screen.keys("]");
    screen.shows("the app says 201").await;
    screen.keys("4");
    screen
        .shows_all(&["attempt 2", "wait", "in all", "█", "all attempts"])
        .await;
}

#[tokio::test]
async fn raw_bytes_come_with_their_sum() {
    let body = b"raw \x00\x01\xff bytes".to_vec();
    let digest = Digest::of(&body).sha256;
    let (_relay, _app, mut screen) = posted("application/octet-stream", body).await;
    screen.keys("5");
    screen.shows_all(&["72 61 77 20", &digest[..40]]).await;
}

#[tokio::test]
async fn tabs_turn_and_panes_change() {
    let (_relay, _app, mut screen) = posted("application/json", JOB).await;
    screen.press(Key::Tab);
    screen.shows("search here").await;
    screen.keys(">");
    screen.shows("content-type: ").await;
    screen.keys("<");
    screen.shows("status: ").await;
    screen.press(Key::Esc);
    screen.shows("replay").await;
    screen.hides("search here").await;
}
