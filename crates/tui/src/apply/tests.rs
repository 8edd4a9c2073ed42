use crossterm::event::{KeyCode, KeyModifiers};
use kreel_client::{Replay, Standing};

use super::*;
use crate::app::prompt::Purpose;
use crate::app::toast::News;
use crate::testing::{app, lens, row};

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
    // Nothing is lost without a word.
    let mut app = crate::testing::app(Vec::new());
    press(&mut app, ":note lost");
    assert_eq!(code(&mut app, KeyCode::Enter), []);
    assert_eq!(said(&app), ["nothing is selected"]);

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

/// What is told for a while.
fn said(app: &App) -> Vec<&str> {
    app.toasts
        .shown()
        .map(|toast| toast.text.as_str())
        .collect()
}

/// A comparison of two deliveries, asked for in the rows.
fn comparing() -> App {
    use std::sync::Arc;

    use kreel_inspect::compare::{Ignore, compare};

    use crate::app::differences::Differences;
    use crate::desk::Comparing;

    let headers = kreel_wire::Headers::default();
    let side = |label: &str, body: &'static [u8]| kreel_inspect::compare::Side {
        label: label.to_owned(),
        method: None,
        target: None,
        status: None,
        failure: None,
        headers: &headers,
        body,
        is_whole: true,
        took: None,
        at_us: None,
    };
    let (left, right) = (side("left", b"{\"a\":1}"), side("right", b"{\"a\":2}"));
    let mut app = app(vec![row(2), row(1)]);
    app.mode = Mode::Compare(Box::new(Differences::new(Arc::new(Comparing {
        left: left.label.clone(),
        right: right.label.clone(),
        comparison: compare(&left, &right, &Ignore::default()),
    }))));
    app
}

#[test]
fn a_comparison_unfolds_and_folds_wherever_it_was_asked_for() {
    for focus in [Focus::Rows, Focus::Detail] {
        let mut app = comparing();
        app.focus = focus;
        let mut is_unfolded = |key: KeyCode| {
            assert_eq!(code(&mut app, key), [], "{key:?}");
            let Mode::Compare(shown) = &app.mode else {
                panic!("{:?}", app.mode);
            };
            shown.is_unfolded
        };
        for (unfolds, folds) in [
            (KeyCode::Char('+'), KeyCode::Char('-')),
            (KeyCode::Right, KeyCode::Left),
            (KeyCode::Char('l'), KeyCode::Char('h')),
        ] {
            assert!(is_unfolded(unfolds), "{focus:?} {unfolds:?}");
            assert!(!is_unfolded(folds), "{focus:?} {folds:?}");
        }
    }
}

#[test]
fn under_the_help_nothing_is_done_unseen() {
    for key in "rRedmnTtxzFMJuSA1]6".chars() {
        let mut app = app(vec![row(2), row(1)]);
        press(&mut app, "?");
        assert_eq!(press(&mut app, &key.to_string()), [], "{key}");
        assert!(matches!(app.mode, Mode::Help { .. }), "{key}");
        assert!(!app.shows_secrets && app.tab == Tab::Body, "{key}");
    }
    for (key, purpose) in [("/", Purpose::Search), (":", Purpose::Command)] {
        let mut app = app(vec![row(1)]);
        press(&mut app, "?");
        press(&mut app, key);
        let Mode::Prompt(prompt) = &app.mode else {
            panic!("{key}: {:?}", app.mode);
        };
        assert_eq!(prompt.purpose, purpose);
    }
}

#[test]
fn a_question_mark_asks_for_help_where_that_is_promised() {
    for key in ["/", ":"] {
        let mut app = app(vec![row(1)]);
        press(&mut app, key);
        press(&mut app, "?");
        assert!(matches!(app.mode, Mode::Help { .. }), "{key}");
        let mut app = crate::testing::app(vec![row(1)]);
        press(&mut app, key);
        press(&mut app, "a?");
        let Mode::Prompt(prompt) = &app.mode else {
            panic!("{key}: {:?}", app.mode);
        };
        assert_eq!(prompt.text(), "a?", "elsewhere it is a letter");
    }
    let mut app = app(vec![row(1)]);
    press(&mut app, "n?");
    assert!(matches!(app.mode, Mode::Prompt(_)), "notes may begin so");
}

#[test]
fn a_filter_that_is_all_typed_ends_with_a_whole_word() {
    let filter = |app: &App| app.view.filter.as_ref().map(ToString::to_string);
    let mut app = app(vec![row(1)]);
    press(&mut app, "/banan");
    assert_eq!(filter(&app).as_deref(), Some("banan*"));
    assert_eq!(code(&mut app, KeyCode::Enter), [Deed::Look]);
    assert_eq!(filter(&app).as_deref(), Some("banan"));
    // Typed further, and given up.
    press(&mut app, "/as");
    assert_eq!(filter(&app).as_deref(), Some("bananas*"));
    assert_eq!(code(&mut app, KeyCode::Esc), [Deed::Look]);
    assert_eq!(filter(&app).as_deref(), Some("banan"));
    press(&mut app, "/");
    assert_eq!(code(&mut app, KeyCode::Enter), [], "it is the same");
    press(&mut app, ":filter status:5xx banan");
    assert_eq!(code(&mut app, KeyCode::Enter), [Deed::Look]);
    assert_eq!(filter(&app).as_deref(), Some("status:5xx banan"));
}

#[test]
fn nothing_is_edited_that_can_not_be_sent() {
    let mut app = app(vec![row(1)]);
    assert_eq!(
        press(&mut app, "e"),
        [Deed::Chore(Chore::Edit { number: 1 })]
    );
    app.facts.target = None;
    assert_eq!(press(&mut app, "e"), []);
    assert!(said(&app)[0].contains("--to"), "{:?}", said(&app));
}

#[test]
fn the_lens_is_told_once_that_nothing_is_in_sight() {
    let mut app = app(vec![row(1)]);
    assert_eq!(follow_selection(&mut app), [Deed::OpenDetail]);
    app.list.show(Vec::new(), false, false);
    assert_eq!(follow_selection(&mut app), [Deed::LookThrough]);
    assert_eq!(follow_selection(&mut app), []);
}

#[test]
fn what_takes_the_screen_waits_for_what_is_typed_or_chosen() {
    let mut app = comparing();
    assert!(app.may_be_interrupted());
    code(&mut app, KeyCode::Esc);
    assert!(app.may_be_interrupted());
    for (opens, closes) in [
        ("n", KeyCode::Esc),
        ("x", KeyCode::Esc),
        (":", KeyCode::Enter),
    ] {
        press(&mut app, opens);
        assert!(!app.may_be_interrupted(), "{opens}");
        code(&mut app, closes);
        assert!(app.may_be_interrupted(), "{opens}");
    }
}

#[test]
fn others_words_are_inert_in_what_is_told() {
    let mut app = app(vec![row(1)]);
    app.say(News::Bad, "it said \x1b]52;c;eA==\x07\u{202e}");
    let said = said(&app)[0];
    assert!(said.chars().all(kreel_inspect::inert::is_inert), "{said:?}");
}

#[test]
fn what_could_not_be_read_is_read_again_by_enter() {
    let mut app = app(vec![row(1)]);
    follow_selection(&mut app);
    app.pane.as_mut().unwrap().unread = Some("the disk is gone".to_owned());
    assert_eq!(code(&mut app, KeyCode::Enter), [Deed::OpenDetail]);
    assert_eq!(app.focus, Focus::Rows);
}

#[test]
fn a_sheet_is_wanted_only_while_it_is_shown() {
    let mut app = app(vec![row(1)]);
    app.facts.lens = lens::jobs();
    follow_selection(&mut app);
    assert_eq!(press(&mut app, "2"), []);
    assert_eq!(press(&mut app, "6"), [Deed::LookThrough]);
    assert_eq!(press(&mut app, "6"), []);
    assert_eq!(press(&mut app, "1"), [Deed::LookThrough]);
}
