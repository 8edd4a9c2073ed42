//! What waits in the history, and is handed over in its turn.

use super::*;

#[test]
fn a_new_process_goes_on_where_the_last_one_was_killed() {
    let mut table = Table::new();
    for number in 1..=3 {
        table.receive(number, number as u32, Kind::Queued);
    }
    table.answered(1, 200);
    let mut table = Table::beside(table.shelf, usual());
    assert_eq!(table.engine.counters().waiting, 2);
    let told: Vec<_> = table
        .effects
        .iter()
        .filter(|it| !is_for_history(it))
        .collect();
    let told: Vec<_> = told.into_iter().map(short).collect();
    assert_eq!(told, ["row", "row", "attempt 2 #2"], "it had been begun");
    assert_eq!(
        table.answered(2, 200),
        ["said 200", "drop 2", "attempt 3 #1"]
    );
    table.answered(3, 200);
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.delivered), (2, 2));
    // The relay did not hear of all that.
    assert_eq!(table.receive(3, 1, Kind::Queued), ["ack 3", "close @1"]);
}

#[test]
fn a_backlog_larger_than_the_window_is_handed_over_whole_and_in_order() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    let all = 3 * crate::limits::BACKLOG_PAGE as u64;
    for number in 1..=all {
        table.receive(number, number as u32, Kind::Queued);
    }
    assert!(table.engine.deliveries.len() <= crate::limits::BACKLOG_PAGE + 1);
    assert_eq!(table.engine.counters().waiting, all);
    table.on(Event::Release { now: table.now });
    for number in 1..=all {
        table.answered(number, 200);
        assert_eq!(table.engine.counters().waiting, all - number);
    }
    assert_eq!(table.engine.counters().delivered, all);
}

/// Found by the soak: the relay lets small ones overtake the rest of a large one.
#[test]
fn a_kept_delivery_waits_for_an_older_one_that_is_still_arriving() {
    let mut table = Table::new();
    table.on(Event::LinkUp {
        waiting: 2,
        now: table.now,
    });
    assert!(table.receive_part(1, 1, Kind::Queued, false).is_empty());
    let small = table.receive(2, 2, Kind::Queued);
    assert_eq!(small, ["ack 2", "close @2", "row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row", "attempt 3 #1"]);
    table.on(Event::Complete(id(1)));
    let stored = table.shelf.completes(&id(1)).unwrap();
    assert_eq!(
        table.on(stored),
        ["ack 1", "close @1", "row", "attempt 1 #1"]
    );
    // Nor does one that will not come hold up the others.
    assert!(table.receive_part(0, 4, Kind::Queued, false).is_empty());
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
    assert_eq!(table.on(Event::SenderLeft(id(0))), ["attempt 2 #1"]);
}

#[test]
fn what_had_waited_is_told_of_until_it_is_done() {
    let mut table = Table::new();
    let (waiting, now) = (3, table.now);
    table.on(Event::LinkUp { waiting, now });
    for number in 1..=3 {
        table.receive(number, number as u32, Kind::Queued);
    }
    table.answered(1, 200);
    table.now += std::time::Duration::from_secs(2);
    let told = table.answered(2, 200);
    assert!(
        told.contains(&"Draining { done: 2, total: 3 }".into()),
        "{told:?}"
    );
    let told = table.answered(3, 200);
    assert!(told.contains(&"Drained { total: 3 }".into()), "{told:?}");
}

#[test]
fn the_end_is_told_when_the_last_of_what_had_waited_was_known() {
    let mut table = Table::new();
    table.receive(1, 0, Kind::Queued);
    table.answered(1, 200);
    let (waiting, now) = (2, table.now);
    table.on(Event::LinkUp { waiting, now });
    table.receive(2, 1, Kind::Queued);
    table.answered(2, 200);
    let told = table.receive(1, 2, Kind::Queued);
    assert!(told.contains(&"Drained { total: 2 }".into()), "{told:?}");
}

#[test]
fn what_the_history_could_not_take_is_taken_when_it_comes_again() {
    let mut table = Table::new();
    table.receive(1, 0, Kind::Live);
    let relay_answered = Event::RelayAnswered {
        id: id(1),
        status: Some(202),
    };
    table.engine.on(relay_answered, &mut Vec::new());
    table.on(Event::NotStored(id(1)));
    table.on(Event::LinkLost);
    let (waiting, now) = (1, table.now);
    table.on(Event::LinkUp { waiting, now });
    let told = table.receive(1, 1, Kind::Queued);
    assert_eq!(told, ["ack 1", "close @1"], "its attempt goes on");
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
    assert_eq!(table.engine.counters().received, 1);
}
