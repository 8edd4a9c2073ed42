use crossterm::event::{KeyCode, KeyModifiers};
use kreel_client::{Replay, Standing};

use super::*;
use crate::testing::{app, row};

fn press(app: &mut App, keys: &str) -> Vec<Deed> {
    let event = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
    keys.chars().flat_map(|c| key(app, event(c))).collect()
}

fn code(app: &mut App, code: KeyCode) -> Vec<Deed> {
    key(app, KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn r_replays_what_is_selected() {
    let mut app = app((1..=3).rev().map(row).collect());
    let deeds = press(&mut app, "jr");
    let id = row(2).summary.id;
    assert!(deeds.contains(&Deed::Tell(Command::Replay(Box::new(Replay::once(id))))));
}

#[test]
fn without_an_app_a_replay_needs_one_named() {
    let mut app = app(vec![row(1)]);
    app.facts.target = None;
    assert_eq!(press(&mut app, "r"), []);
    press(&mut app, "f4000");
    let deeds = code(&mut app, KeyCode::Enter);
    let [Deed::Tell(Command::Replay(replay))] = &deeds[..] else {
        panic!("{deeds:?}");
    };
    assert!(replay.to.is_some());
}

#[test]
fn space_holds_and_then_lets_one_go() {
    let mut waiting = row(2);
    waiting.standing = Standing::Waiting;
    waiting.last = None;
    let mut app = app(vec![row(3), waiting.clone(), row(1)]);
    assert_eq!(press(&mut app, " "), [Deed::Tell(Command::Hold)]);
    app.status.held = Some(1);
    assert_eq!(press(&mut app, " "), [Deed::Tell(Command::ReleaseOne)]);
    let deeds = press(&mut app, "j ");
    let this = Deed::Tell(Command::ReleaseThis(waiting.summary.id));
    assert_eq!(deeds.last(), Some(&this));
    assert_eq!(press(&mut app, "A"), [Deed::Tell(Command::Release)]);
}

#[test]
fn a_filter_acts_while_it_is_typed_and_esc_takes_it_back() {
    let mut app = app(vec![row(1)]);
    assert_eq!(press(&mut app, "/st"), [Deed::Look, Deed::Look]);
    assert_eq!(
        app.view.filter.as_ref().map(ToString::to_string).as_deref(),
        Some("st*")
    );
    press(&mut app, "atus:wrong");
    let Mode::Prompt(prompt) = &app.mode else {
        panic!("{:?}", app.mode);
    };
    assert!(
        prompt.fault.is_some(),
        "what is wrong is said while it is typed"
    );
    assert_eq!(code(&mut app, KeyCode::Enter), [], "and it is not taken");
    assert_eq!(code(&mut app, KeyCode::Esc), [Deed::Look]);
    assert!(app.view.filter.is_none());
    press(&mut app, "/status:5xx");
    code(&mut app, KeyCode::Enter);
    assert!(matches!(app.mode, Mode::Browse));
    assert_eq!(
        code(&mut app, KeyCode::Esc),
        [Deed::Look],
        "Esc shows all again"
    );
    assert!(app.view.filter.is_none());
}

#[test]
fn a_paste_is_typed_where_a_line_is_typed_and_nothing_elsewhere() {
    let mut app = app(vec![row(1)]);
    assert_eq!(paste(&mut app, "qr\n"), [], "a paste presses no keys");
    press(&mut app, ":");
    paste(&mut app, "note a\nb\x1b[31m");
    let Mode::Prompt(prompt) = &app.mode else {
        panic!("{:?}", app.mode);
    };
    assert_eq!(prompt.text(), "note a b [31m");
}

#[test]
fn the_second_quit_does_not_wait() {
    let mut app = app(vec![row(1)]);
    assert_eq!(
        press(&mut app, "q"),
        [Deed::Quit {
            is_interrupt: false
        }]
    );
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    press(&mut app, "/");
    assert_eq!(key(&mut app, ctrl_c), [Deed::Quit { is_interrupt: true }]);
}

/// What has come meanwhile, as the loop takes it in.
fn comes(app: &mut App, number: i64) {
    let is_about_one = app.is_about_one();
    app.list.pin(is_about_one);
    app.list
        .show((1..=number).rev().map(row).collect(), false, false);
}

#[test]
fn a_delivery_that_comes_while_a_line_is_typed_is_not_the_one_acted_on() {
    let id = row(2).summary.id;
    for (keys, wanted) in [
        (
            "R5 at 2",
            Replay {
                times: 5,
                at_once: 2,
                ..Replay::once(id)
            },
        ),
        (
            "f4000",
            Replay {
                to: "4000".parse().ok(),
                ..Replay::once(id)
            },
        ),
        (
            ":replay 3",
            Replay {
                times: 3,
                ..Replay::once(id)
            },
        ),
        (":replay", Replay::once(id)),
    ] {
        let mut app = app(vec![row(2), row(1)]);
        press(&mut app, keys);
        comes(&mut app, 3);
        assert_eq!(app.subject(), Some(2), "{keys}: it stays selected");
        let deeds = code(&mut app, KeyCode::Enter);
        let wanted = Deed::Tell(Command::Replay(Box::new(wanted)));
        assert_eq!(deeds, [wanted], "{keys}");
        comes(&mut app, 4);
        assert_eq!(app.subject(), Some(4), "{keys}: then the newest again");
    }
}

#[test]
fn notes_and_exports_are_of_what_was_selected_when_they_were_begun() {
    use crate::desk::ExportFormat;

    let mut app = app(vec![row(2), row(1)]);
    press(&mut app, "nlater");
    comes(&mut app, 3);
    let text = "later".to_owned();
    let note = Deed::Chore(Chore::Note { number: 2, text });
    assert_eq!(code(&mut app, KeyCode::Enter), [note]);

    let mut app = crate::testing::app(vec![row(2), row(1)]);
    press(&mut app, "x");
    comes(&mut app, 3);
    press(&mut app, "j");
    comes(&mut app, 4);
    let deeds = code(&mut app, KeyCode::Enter);
    let [
        Deed::Chore(Chore::Export {
            number: 2,
            format: ExportFormat::Json,
            to,
            ..
        }),
    ] = &deeds[..]
    else {
        panic!("{deeds:?}");
    };
    let end = row(2).summary.id.to_string();
    assert!(
        to.to_string_lossy().contains(&end[end.len() - 12..]),
        "{to:?}"
    );
}
