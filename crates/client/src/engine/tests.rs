//! Given these events, expect these effects.

mod again;
mod app;
mod backlog;
mod gate;
mod held;
mod random;
mod replays;
mod shelf;
mod table;

use kreel_wire::{ExchangeId, Kind, Seq};

use self::shelf::Shelf;
use self::table::{Table, is_for_history, refusal, short, usual};
use super::*;
use crate::testing::{delivery, id};
use crate::{AttemptEnd, Timings};

#[test]
fn a_live_delivery_is_attempted_at_once() {
    let mut table = Table::new();
    assert_eq!(table.receive(1, 1, Kind::Live), ["row", "attempt 1 #1"]);
    assert_eq!(
        table.answered(1, 500),
        ["said 500", "answered 500 by app", "close @1", "drop 1"]
    );
    let counters = table.engine.counters();
    assert_eq!(
        (counters.received, counters.delivered, counters.waiting),
        (1, 1, 0)
    );
}

#[test]
fn an_attempt_that_failed_is_finished_too() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(
        table.ended(1, AttemptEnd::Failed(Failure::Died)),
        ["said died", "close @1", "drop 1"]
    );
    assert_eq!(table.engine.counters().failed, 1);
}

#[test]
fn a_finished_delivery_is_only_acknowledged_when_it_comes_again() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.answered(1, 200);
    assert_eq!(table.receive(1, 2, Kind::Queued), ["ack 1", "close @2"]);
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.duplicates), (1, 1));
}

#[test]
fn kept_deliveries_take_turns_whatever_happens_beside_them() {
    let mut table = Table::new();
    assert_eq!(
        table.receive(1, 1, Kind::Queued),
        ["ack 1", "close @1", "row", "attempt 1 #1"]
    );
    let taken = table.receive(2, 2, Kind::Queued);
    assert_eq!(taken, ["ack 2", "close @2", "row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row", "attempt 3 #1"]);
    let taken = table.receive(4, 4, Kind::Queued);
    assert_eq!(taken, ["ack 4", "close @4", "row"]);
    table.answered(3, 200);
    assert_eq!(
        table.answered(1, 200),
        ["said 200", "drop 1", "attempt 2 #1"]
    );
}

#[test]
fn a_delivery_under_way_is_attached_to_its_new_link() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(table.on(Event::LinkLost), ["counters"]);
    assert_eq!(table.receive(1, 9, Kind::Queued), ["ack 1", "close @9"]);
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
}

#[test]
fn a_request_cut_off_with_the_link_is_dropped_and_taken_up_again() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Live, false);
    table.receive_part(2, 2, Kind::Live, false);
    table.on(Event::Complete(id(2)));
    let run = table.run_of(1);
    assert_eq!(
        table.on(Event::LinkLost),
        ["said given_up", "drop 1", "counters"]
    );
    let counters = table.engine.counters();
    assert_eq!(
        (counters.received, counters.broken_off, counters.waiting),
        (2, 1, 1)
    );
    assert_eq!(
        table.receive(1, 1, Kind::Queued),
        ["ack 1", "close @1", "row", "attempt 1 #1"]
    );
    // What the first run still had to say is about nothing any more.
    let stale = table.on(Event::Finished {
        id: id(1),
        run,
        end: AttemptEnd::Failed(Failure::Died),
        timings: Timings::default(),
        now: table.now,
    });
    assert!(stale.is_empty(), "{stale:?}");
    let counters = table.engine.counters();
    assert_eq!(
        (counters.received, counters.broken_off, counters.waiting),
        (2, 0, 2)
    );
}

#[test]
fn a_sender_that_breaks_off_leaves_nothing_to_acknowledge() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Live, false);
    assert_eq!(
        table.on(Event::SenderLeft(id(1))),
        ["said sender_left", "close @1", "drop 1"]
    );
    assert_eq!(table.engine.counters().broken_off, 1);
    assert!(table.on(Event::SenderLeft(id(1))).is_empty());
}

#[test]
fn who_answered_is_told_once() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    let id = id(1);
    let status = Some(202);
    let told = table.on(Event::RelayAnswered { id, status });
    assert_eq!(told, ["answered 202 by relay", "ack 1"]);
    assert!(
        table
            .on(Event::RelayAnswered { id, status: None })
            .is_empty()
    );
    assert_eq!(table.answered(1, 200), ["said 200", "close @1", "drop 1"]);
}

#[test]
fn what_would_wait_without_bound_is_neither_taken_nor_acknowledged() {
    let mut table = Table::new();
    table.on(Event::Hold { now: table.now });
    for number in 0..WAITING as u64 {
        table.receive(number + 1, number as u32 + 1, Kind::Live);
    }
    let number = WAITING as u32 + 1;
    let effects = table.receive(number.into(), number, Kind::Live);
    let expected = [
        format!("fail @{number} given_up"),
        format!("close @{number}"),
    ];
    assert_eq!(effects, expected);
    assert_eq!(table.engine.counters().received, WAITING as u64);
    // The relay may have vouched for it: then it comes again.
    let again = table.receive(number.into(), number + 1, Kind::Queued);
    assert_eq!(again[2], "row");
    assert_eq!(table.engine.counters().received, WAITING as u64 + 1);
}

#[test]
fn a_failure_that_crosses_the_relays_promise_is_taken_back() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.ended(1, AttemptEnd::Failed(Failure::Died));
    assert_eq!(table.engine.counters().failed, 1);
    let (id, status) = (id(1), Some(202));
    assert_eq!(
        table.on(Event::RelayAnswered { id, status }),
        ["ack 1", "row", "attempt 1 #1"]
    );
    let counters = table.engine.counters();
    assert_eq!((counters.failed, counters.waiting), (0, 1));
}

#[test]
fn a_part_of_a_request_gives_way_to_the_whole() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Live, false);
    assert_eq!(
        table.receive(1, 2, Kind::Queued),
        [
            "said sender_left",
            "close @1",
            "drop 1",
            "ack 1",
            "close @2",
            "row",
            "attempt 1 #1"
        ]
    );
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.broken_off), (1, 0));
    assert_eq!(table.answered(1, 200), ["said 200", "drop 1"]);
}
