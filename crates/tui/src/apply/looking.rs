//! Looking through the lens: what deliveries are about, and what it can do.

use super::{Deed, follow_selection};
use crate::action::Action;
use crate::app::menu::Menu;
use crate::app::pane::Tab;
use crate::app::subjects::Subjects;
use crate::app::toast::News;
use crate::app::{App, Focus, Listing, Mode};
use crate::desk::Chore;
use crate::lens::Act;

/// Shows what deliveries are about in place of deliveries, or them again.
pub(super) fn turned(app: &mut App) -> Vec<Deed> {
    if app.facts.lens.is_none() {
        app.say(News::Fair, "nothing here knows what webhooks are about");
        return Vec::new();
    }
    app.listing = match app.listing {
        Listing::Deliveries => {
            app.tab = Tab::More;
            Listing::Subjects(Subjects::default())
        }
        Listing::Subjects(_) => Listing::Deliveries,
    };
    app.focus = Focus::Rows;
    let mut deeds = follow_selection(app);
    deeds.push(Deed::LookThrough);
    deeds
}

/// Moves among the subjects.
pub(super) fn among(app: &mut App, action: Action) -> Vec<Deed> {
    let is_shown = app.pane.is_some();
    let Listing::Subjects(subjects) = &mut app.listing else {
        return Vec::new();
    };
    let wants_more = match action {
        Action::Move(by) => subjects.move_by(by),
        Action::Page(by) => subjects.page_by(by),
        Action::Top => subjects.move_by(i64::MIN),
        Action::Bottom => subjects.move_by(i64::from(i32::MAX)),
        Action::Open if is_shown => {
            app.focus = Focus::Detail;
            false
        }
        Action::Back if app.toasts.shown().next().is_some() => {
            app.toasts.clear();
            false
        }
        Action::Back => return turned(app),
        _ => false,
    };
    let mut deeds = follow_selection(app);
    if wants_more {
        deeds.push(Deed::LookThrough);
    }
    deeds
}

/// Moves in a sheet.
pub(super) fn inside(app: &mut App, action: Action) {
    let Some(pane) = app.pane.as_mut() else {
        return;
    };
    let sheet = &mut pane.sheet;
    match action {
        Action::Move(by) => sheet.move_by(by as isize),
        Action::Page(by) => sheet.move_by(by as isize * 10),
        Action::Top => sheet.move_by(isize::MIN),
        Action::Bottom => sheet.move_by(1 << 30),
        Action::Open => {
            if sheet.line().is_some_and(|line| line.link.is_some()) {
                app.mode = Mode::Menu(Menu::link());
            } else if !sheet.go_to_link() {
                app.say(News::Fair, "there is no link here");
            }
        }
        _ => {}
    }
}

/// Has the lens do something with what is selected.
pub(super) fn act(app: &mut App, act: Act) -> Vec<Deed> {
    let says = match (&act, app.facts.lens.is_some()) {
        (_, false) => {
            app.say(News::Fair, "nothing here knows what webhooks are about");
            return Vec::new();
        }
        (Act::Verify, _) => "asking the API…",
        (Act::Deliver, _) => "making the webhook that never came…",
        (Act::Check(_), _) => "checking the link…",
        (Act::Preview(_), _) => "fetching the image…",
    };
    let Some(of) = app.selected() else {
        app.say(News::Fair, "nothing is selected");
        return Vec::new();
    };
    app.say(News::Fair, says);
    vec![Deed::Chore(Chore::Act { of, act })]
}

/// What was chosen for the link on the selected line.
pub(super) fn link(app: &mut App, act: fn(String) -> Act) -> Vec<Deed> {
    match selected_link(app) {
        Some(link) => self::act(app, act(link)),
        None => Vec::new(),
    }
}

/// The link on the selected line.
pub(super) fn selected_link(app: &App) -> Option<String> {
    let pane = app.pane.as_ref().filter(|_| app.tab == Tab::More)?;
    pane.sheet.line()?.link.clone()
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::apply::key;
    use crate::lens::Of;
    use crate::testing::{lens, scene};

    fn press(app: &mut App, code: KeyCode) -> Vec<Deed> {
        key(app, KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn acts(deeds: &[Deed]) -> Vec<(&Of, &Act)> {
        fn act(deed: &Deed) -> Option<(&Of, &Act)> {
            match deed {
                Deed::Chore(Chore::Act { of, act }) => Some((of, act)),
                _ => None,
            }
        }
        deeds.iter().filter_map(act).collect()
    }

    #[test]
    fn jobs_take_the_place_of_deliveries_and_give_it_back() {
        let mut app = scene::app();
        press(&mut app, KeyCode::Char('J'));
        assert!(
            matches!(app.listing, Listing::Deliveries),
            "nobody knows any"
        );
        app.facts.lens = lens::jobs();
        let deeds = press(&mut app, KeyCode::Char('J'));
        assert!(deeds.contains(&Deed::LookThrough), "{deeds:?}");
        let Listing::Subjects(subjects) = &mut app.listing else {
            panic!("jobs are shown");
        };
        subjects.show(Ok(lens::page()));
        let deeds = follow_selection(&mut app);
        assert_eq!(app.selected(), Some(Of::Subject("e0a1c3d5".to_owned())));
        assert_eq!((app.subject(), &deeds[..]), (None, &[Deed::OpenDetail][..]));
        press(&mut app, KeyCode::Char('j'));
        assert_eq!(app.subject(), Some(12), "its newest delivery");
        assert_eq!(app.pane.as_ref().map(|pane| pane.number), Some(12));
        app.toasts.clear();
        press(&mut app, KeyCode::Esc);
        assert_eq!(app.selected(), Some(Of::Delivery(12)));
    }

    #[test]
    fn what_the_lens_can_do_is_asked_of_what_is_selected() {
        let mut app = scene::with_lens();
        let deeds = press(&mut app, KeyCode::Char('v'));
        assert_eq!(acts(&deeds), [(&Of::Delivery(12), &Act::Verify)]);
        let mut app = scene::with_jobs();
        let deeds = press(&mut app, KeyCode::Char('D'));
        let of = Of::Subject("7c1f3b0e".to_owned());
        assert_eq!(acts(&deeds), [(&of, &Act::Deliver)]);
        app.facts.lens = None;
        assert!(press(&mut app, KeyCode::Char('D')).is_empty());
    }

    #[test]
    fn a_link_is_checked_previewed_or_opened_by_what_is_chosen() {
        let link = "https://gen.example/images/second.png";
        for (choice, act) in [
            ('c', Some(Act::Check(link.to_owned()))),
            ('p', Some(Act::Preview(link.to_owned()))),
            ('o', None),
        ] {
            let mut app = scene::with_lens();
            app.focus = Focus::Detail;
            press(&mut app, KeyCode::Char('G'));
            assert!(press(&mut app, KeyCode::Enter).is_empty());
            let deeds = press(&mut app, KeyCode::Char(choice));
            match act {
                Some(act) => assert_eq!(acts(&deeds), [(&Of::Delivery(12), &act)]),
                None => assert_eq!(deeds, [Deed::Browse(link.to_owned())]),
            }
        }
    }
}
