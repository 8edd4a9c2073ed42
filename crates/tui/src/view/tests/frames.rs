//! The main screens as pictures, in two sizes and every theme.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use kreel_client::{Marker, Totals};
use kreel_inspect::compare::{Ignore, Side, compare};

use super::paint::{drawn, picture, text};
use crate::app::differences::Differences;
use crate::app::pane::Tab;
use crate::app::status::{Link, Replaying};
use crate::app::toast::News;
use crate::app::{App, Focus, Mode};
use crate::apply;
use crate::desk::{Comparing, Picture, at_once};
use crate::testing::{self, scene};

/// The two sizes every screen is looked at in.
fn both(name: &str, make: impl Fn() -> App) {
    insta::assert_snapshot!(format!("{name}_80x24"), picture(&make, 80, 24));
    insta::assert_snapshot!(format!("{name}_160x50"), picture(&make, 160, 50));
}

fn tab(tab: Tab) -> App {
    let mut app = scene::app();
    app.tab = tab;
    app
}

fn press(app: &mut App, keys: &str) {
    for c in keys.chars() {
        apply::key(app, KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    }
}

fn empty() -> App {
    let mut app = testing::app(Vec::new());
    app.status.link = Link::Up(scene::ready(), Some(Duration::from_millis(23)));
    app.totals = Some(Totals::default());
    app.facts.certificate = Some("/home/ada/.local/share/kreel/embedded/cert.pem".into());
    app
}

#[test]
fn nothing_came_yet() {
    both("empty", empty);
}

#[test]
fn rows_and_a_tree() {
    both("body", scene::app);
}

#[test]
fn inside_a_tree() {
    both("inside", || {
        let mut app = scene::app();
        app.focus = Focus::Detail;
        press(&mut app, "jjjjjjj");
        app
    });
}

#[test]
fn headers() {
    both("headers", || tab(Tab::Headers));
}

#[test]
fn an_answer_and_why() {
    both("answer", || tab(Tab::Answer));
}

#[test]
fn timing() {
    both("timing", || tab(Tab::Timing));
}

#[test]
fn what_a_lens_makes_of_a_delivery() {
    both("job", scene::with_lens);
}

#[test]
fn a_link_in_a_sheet_and_what_can_be_done_with_it() {
    both("job_link", || {
        let mut app = scene::with_lens();
        app.focus = Focus::Detail;
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        // To the first link, then what can be done with it.
        for _ in 0..2 {
            apply::key(&mut app, enter);
        }
        app
    });
}

#[test]
fn jobs_in_place_of_deliveries() {
    both("jobs", scene::with_jobs);
}

#[test]
fn a_job_of_which_nothing_came() {
    both("job_missed", || {
        let mut app = scene::with_jobs();
        press(&mut app, "k");
        assert_eq!(app.subject(), None);
        app.tab = Tab::Body;
        app
    });
}

#[test]
fn the_image_behind_a_link() {
    let mut app = scene::with_lens();
    let picture = image(true).pane.and_then(|pane| pane.body?.picture);
    app.pane.as_mut().expect("it is open").sheet.preview = picture;
    drawn(&mut app, 100, 30);
    let (number, _, picture) = app.picture().expect("there is one");
    assert_eq!(number, 12);
    let (source, room) = picture.next_wanted().expect("it was not asked for yet");
    picture.show(at_once(source, room));
    let frame = drawn(&mut app, 100, 30);
    assert!(super::paint::looks(&frame).contains("rgb(200, 40, 40)"));
    insta::assert_snapshot!("job_preview_100x30", text(&frame));
    app.focus = Focus::Detail;
    apply::key(&mut app, KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
    assert!(app.picture().is_none());
    assert_eq!(app.focus, Focus::Detail, "Esc closes the image alone");
}

#[test]
fn raw() {
    both("raw", || tab(Tab::Raw));
}

#[test]
fn help() {
    both("help", || {
        let mut app = scene::app();
        press(&mut app, "?");
        app
    });
}

#[test]
fn a_filter_with_a_fault() {
    both("prompt", || {
        let mut app = scene::app();
        press(&mut app, "/status:many");
        app
    });
}

#[test]
fn a_menu() {
    both("menu", || {
        let mut app = scene::app();
        press(&mut app, "x");
        app
    });
}

#[test]
fn two_deliveries_compared() {
    both("compare", || {
        let mut app = scene::app();
        let whole = scene::whole(&scene::rows()[2]);
        let changed = String::from_utf8_lossy(scene::BODY)
            .replace("completed\"", "failed\"")
            .replace("4171", "4172")
            .replace(",\"style\":null", ",\"error\":\"out of credits\"");
        let side = |label: &str, body| Side {
            label: label.to_owned(),
            method: Some("POST"),
            target: Some(b"/api/webhooks/krea"),
            status: None,
            failure: None,
            headers: &whole.delivery.headers,
            body,
            is_whole: true,
            took: Some(Duration::from_millis(12)),
            at_us: Some(1_763_884_812_000_000),
        };
        let left = side("#11 POST 08:00:11", scene::BODY);
        let right = side("#12 POST 08:00:12", changed.as_bytes());
        app.mode = Mode::Compare(Box::new(Differences::new(Arc::new(Comparing {
            left: left.label.clone(),
            right: right.label.clone(),
            comparison: compare(&left, &right, &Ignore::default()),
        }))));
        app
    });
}

#[test]
fn much_at_once() {
    both("busy", || {
        let mut app = scene::app();
        app.status.held = Some(2);
        app.status.draining = Some((40, 214));
        let replaying = Replaying {
            done: 3,
            failed: 1,
            total: 10,
        };
        let id = testing::row(1).summary.id;
        app.status.replaying.insert(id, replaying);
        app.status.app_down = Some("connection refused".to_owned());
        app.status.link = Link::Down {
            cause: "the relay at relay.example closed the connection".to_owned(),
            was: Some(scene::ready()),
            until: app.now + Duration::from_secs(60 * 60),
        };
        app.say(News::Good, "copied as a curl command");
        app.say(
            News::Bad,
            "the app at localhost:3000 can't be reached: deliveries wait",
        );
        app
    });
}

#[test]
fn lines_across_the_rows() {
    both("lines", || {
        let mut app = scene::app();
        let marker = |id, below, text: &str| Marker {
            id,
            below,
            tunnel: "tunnel".to_owned(),
            made_at_us: 1_763_884_805_000_000,
            text: text.to_owned(),
        };
        app.markers = vec![
            marker(3, 14, "now with retries"),
            marker(2, 10, ""),
            marker(1, 10, "here I changed the handler"),
        ];
        app
    });
}

/// A body that is a PNG of a red and a blue half, or one that is cut off.
fn image(is_whole: bool) -> App {
    let half = |x, _| match x < 8 {
        true => image::Rgb([200_u8, 40, 40]),
        false => image::Rgb([40, 40, 200]),
    };
    let image = image::RgbImage::from_fn(16, 12, half);
    let mut bytes = std::io::Cursor::new(Vec::new());
    let written = image.write_to(&mut bytes, image::ImageFormat::Png);
    written.expect("memory can be written");
    let bytes = bytes.into_inner();
    let bytes = Bytes::from(bytes[..if is_whole { bytes.len() } else { 50 }].to_vec());
    let mut app = scene::app();
    let mut body = scene::body(bytes.clone());
    body.picture = Some(Picture::new(bytes));
    app.pane = Some(scene::pane(&scene::rows()[3], body));
    app.list.select(11);
    app
}

#[test]
fn an_image_is_drawn_once_it_is_ready() {
    let mut app = image(true);
    assert!(text(&drawn(&mut app, 100, 30)).contains("preparing the image…"));
    let (_, _, picture) = app.picture().expect("the body is one");
    let (source, room) = picture.next_wanted().expect("it was not asked for yet");
    assert!(picture.next_wanted().is_none(), "it is asked for once");
    picture.show(at_once(source, room));
    let frame = drawn(&mut app, 100, 30);
    let looks = super::paint::looks(&frame);
    insta::assert_snapshot!("image_100x30", format!("{}---\n{looks}", text(&frame)));
    drawn(&mut app, 60, 20);
    let (_, _, picture) = app.picture().expect("the body is one");
    assert!(
        picture.next_wanted().is_some(),
        "another room, another size"
    );
}

#[test]
fn of_an_image_that_is_broken_the_bytes_are_shown() {
    let mut app = image(false);
    drawn(&mut app, 100, 40);
    let (_, _, picture) = app.picture().expect("the body is one");
    let (source, room) = picture.next_wanted().expect("it was not asked for yet");
    picture.show(at_once(source, room));
    let frame = text(&drawn(&mut app, 100, 40));
    assert!(frame.contains("it can't be shown as an image"), "{frame}");
    assert!(frame.contains("0000  89 50 4e 47"), "{frame}");
    app.shows_images = false;
    let frame = text(&drawn(&mut app, 100, 40));
    assert!(!frame.contains("it can't be shown as an image"), "{frame}");
}

#[test]
fn small_and_large() {
    for (columns, lines) in [(40, 10), (200, 60)] {
        for (name, make) in [("rows", Focus::Rows), ("detail", Focus::Detail)] {
            let mut app = scene::app();
            app.focus = make;
            let frame = text(&drawn(&mut app, columns, lines));
            insta::assert_snapshot!(format!("{name}_{columns}x{lines}"), frame);
        }
    }
}
