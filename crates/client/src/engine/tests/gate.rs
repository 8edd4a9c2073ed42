//! Who decides what the app may have, and what becomes of the rest.

use super::*;
use crate::history::Standing;
use crate::limits::GATE_AT_ONCE;

fn gated() -> Table {
    Table::with(Rules {
        gated: true,
        ..usual()
    })
}

fn refuse(table: &mut Table, number: u64) -> Vec<String> {
    table.on(Event::Refuse {
        id: id(number),
        why: "nobody knows it".into(),
    })
}

#[test]
fn one_at_the_gate_waits_and_holds_nobody_up() {
    let mut table = gated();
    assert_eq!(table.receive(1, 1, Kind::Live), ["row", "gated 1"]);
    assert_eq!(table.receive(2, 2, Kind::Live), ["row", "gated 2"]);
    assert_eq!(table.on(Event::Admit(id(2))), ["attempt 2 #1"]);
    assert_eq!(
        table.answered(2, 200),
        ["said 200", "answered 200 by app", "close @2", "drop 2"]
    );
    assert_eq!(table.on(Event::Admit(id(1))), ["attempt 1 #1"]);
    assert!(table.on(Event::Admit(id(1))).is_empty(), "it is through");
    assert!(refuse(&mut table, 1).is_empty(), "it is through");
}

#[test]
fn kept_ones_pass_the_gate_in_any_order_and_the_app_has_one_at_a_time() {
    let mut table = gated();
    for number in 1..=3 {
        let told = table.receive(number, number as u32, Kind::Queued);
        let place = format!("gated {number}");
        assert_eq!(told.last(), Some(&place));
    }
    assert_eq!(table.on(Event::Admit(id(3))), ["attempt 3 #1"]);
    assert!(table.on(Event::Admit(id(2))).is_empty(), "3 has its turn");
    assert_eq!(
        table.answered(3, 200),
        ["said 200", "drop 3", "attempt 2 #1"]
    );
    // 1 is still asked about.
    assert_eq!(table.answered(2, 200), ["said 200", "drop 2"]);
    assert_eq!(table.on(Event::Admit(id(1))), ["attempt 1 #1"]);
}

#[test]
fn a_refused_one_is_captured_though_all_are_held_and_the_app_is_down() {
    let mut table = gated();
    table.receive(1, 1, Kind::Live);
    table.receive(2, 2, Kind::Live);
    table.receive(3, 3, Kind::Queued);
    table.on(Event::Admit(id(1)));
    table.refused(1);
    let now = table.now;
    table.on(Event::Hold { now });
    assert_eq!(refuse(&mut table, 2), ["withhold 2 #1: nobody knows it"]);
    assert_eq!(
        table.answered(2, 200),
        [
            "withheld: nobody knows it",
            "answered 200 by client",
            "close @2",
            "drop 2"
        ]
    );
    assert_eq!(refuse(&mut table, 3), ["withhold 3 #1: nobody knows it"]);
    assert_eq!(
        table.answered(3, 200),
        ["withheld: nobody knows it", "drop 3"]
    );
    let standing = Standing::Captured;
    let stands =
        |effect: &Effect| matches!(effect, Effect::Ended { standing: it, .. } if *it == standing);
    assert!(table.effects.iter().any(stands));
    assert_eq!(table.engine.counters().delivered, 2);
}

#[test]
fn the_user_lets_nothing_through_the_gate() {
    let mut table = gated();
    let now = table.now;
    table.receive(1, 1, Kind::Live);
    table.on(Event::Hold { now });
    assert!(table.on(Event::ReleaseOne).is_empty());
    assert!(table.on(Event::ReleaseThis(id(1))).is_empty());
    assert_eq!(table.on(Event::Release { now }), ["let go, 1 wait"]);
    assert_eq!(table.on(Event::Admit(id(1))), ["attempt 1 #1"]);
}

#[test]
fn one_is_judged_when_it_is_all_here() {
    let mut table = gated();
    assert_eq!(table.receive_part(1, 1, Kind::Live, false), ["row"]);
    table.shelf.is_all_here(&id(1));
    assert_eq!(table.on(Event::Complete(id(1))), ["gated 1"]);
    assert!(table.on(Event::Whole(id(1))).is_empty(), "it was told");
}

#[test]
fn those_that_were_not_heard_are_told_again_some_at_a_time() {
    const ALL: u64 = GATE_AT_ONCE as u64 + 10;
    let mut table = gated();
    for number in 1..=ALL {
        table.receive(number, number as u32, Kind::Live);
        table.engine.was_not_told(&id(number), table.now);
    }
    // Those that are decided meanwhile are not told.
    table.on(Event::Admit(id(2)));
    let told = table.wait();
    assert_eq!((told.len(), told[0].as_str()), (GATE_AT_ONCE, "gated 1"));
    assert!(!told.contains(&"gated 2".to_owned()));
    // One of them was not heard again, and comes with the rest.
    table.engine.was_not_told(&id(1), table.now);
    let rest = table.wait();
    assert_eq!((rest.len(), rest[0].as_str()), (10, "gated 1"));
    assert_eq!(table.engine.deadline(), None, "nothing is left to tell");
    table.engine.was_not_told(&id(2), table.now);
    assert_eq!(table.engine.deadline(), None, "it is through");
}

#[test]
fn a_new_process_asks_again() {
    let mut table = gated();
    table.receive(1, 1, Kind::Queued);
    let rules = table.engine.rules.clone();
    let mut table = Table::beside(table.shelf, rules);
    let is_told = |effect: &Effect| matches!(effect, Effect::Update(Update::Gated(_)));
    assert!(table.effects.iter().any(is_told));
    assert_eq!(table.on(Event::Admit(id(1))), ["attempt 1 #1"]);
}
