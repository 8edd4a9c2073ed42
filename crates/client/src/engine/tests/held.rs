//! What the user holds back, and a stop.

use super::*;

#[test]
fn held_deliveries_go_when_the_user_says() {
    let mut table = Table::new();
    assert_eq!(table.on(Event::Hold { now: table.now }), ["held, 0 wait"]);
    assert_eq!(table.receive(1, 1, Kind::Live), ["row"]);
    assert_eq!(table.receive(2, 2, Kind::Live), ["row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    assert_eq!(table.on(Event::ReleaseOne), ["attempt 1 #1"]);
    let ended = table.answered(1, 200);
    assert!(
        !ended.iter().any(|effect| effect.starts_with("attempt")),
        "{ended:?}"
    );
    assert_eq!(
        table.on(Event::Release { now: table.now }),
        ["attempt 2 #1", "attempt 3 #1", "let go, 0 wait"]
    );
}

#[test]
fn how_many_are_held_is_told_ten_times_a_second() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    assert_eq!(table.engine.deadline(), None, "there is no news");
    for number in 1..=3 {
        let kind = if number == 2 {
            Kind::Queued
        } else {
            Kind::Live
        };
        table.receive(number, number as u32, kind);
    }
    let began = table.now;
    assert_eq!(table.wait(), ["held, 3 wait"]);
    assert_eq!(table.now - began, crate::limits::TOLD_AGAIN);
    assert_eq!(table.engine.deadline(), None, "it is told once");
    table.on(Event::ReleaseOne);
    assert_eq!(table.wait(), ["held, 2 wait"]);
}

#[test]
fn one_that_is_held_goes_out_of_its_turn() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    for number in 1..=4 {
        table.receive(number, number as u32, Kind::Queued);
    }
    assert_eq!(table.on(Event::ReleaseThis(id(3))), ["attempt 3 #1"]);
    assert_eq!(table.on(Event::ReleaseThis(id(2))), ["attempt 2 #1"]);
    assert!(table.on(Event::ReleaseThis(id(2))).is_empty(), "it runs");
    assert!(
        table.on(Event::ReleaseThis(id(9))).is_empty(),
        "nobody is it"
    );
    // The turn is still the third's.
    let now = table.now;
    assert_eq!(table.on(Event::Release { now }), ["let go, 2 wait"]);
    assert_eq!(table.answered(2, 200), ["said 200", "drop 2"]);
    assert_eq!(
        table.answered(3, 200),
        ["said 200", "drop 3", "attempt 1 #1"]
    );
    assert!(
        table.on(Event::ReleaseThis(id(4))).is_empty(),
        "none is held"
    );
}

#[test]
fn a_stop_starts_nothing_more() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.receive(2, 2, Kind::Queued);
    table.on(Event::Stop);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
    assert!(table.on(Event::Release { now: table.now }).is_empty());
    assert_eq!(table.engine.running(), 0);
}

#[test]
fn a_stop_starts_nothing_after_a_pause_either() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.ended(1, AttemptEnd::Failed(Failure::Died));
    table.on(Event::Stop);
    assert!(table.wait().is_empty());
    assert_eq!((table.engine.running(), table.engine.deadline()), (0, None));
}
