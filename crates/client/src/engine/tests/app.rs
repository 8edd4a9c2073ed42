//! The app that is down, and comes back.

use super::*;

#[test]
fn deliveries_wait_for_an_app_that_is_down() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(table.refused(1), ["app down"]);
    let taken = table.receive(2, 2, Kind::Queued);
    assert_eq!(taken, ["ack 2", "close @2", "row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    for _ in 0..3 {
        assert_eq!(table.wait(), ["probe"]);
        assert_eq!(table.engine.deadline(), None, "one look at a time");
        assert!(table.probed(Err(refusal())).is_empty());
    }
    assert_eq!(table.wait(), ["probe"]);
    assert_eq!(table.probed(Ok(())), ["app up, 3 waiting", "attempt 1 #1"]);
    assert_eq!(table.engine.counters().waiting, 3);
}

#[test]
fn an_app_that_is_back_is_not_overrun() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.refused(1);
    for number in 2..=8 {
        table.receive(number, number as u32, Kind::Live);
    }
    table.wait();
    let attempts = |effects: Vec<String>| {
        let attempts = effects
            .iter()
            .filter(|effect| effect.starts_with("attempt"));
        attempts.count()
    };
    assert_eq!(attempts(table.probed(Ok(()))), 1);
    assert_eq!(attempts(table.answered(1, 200)), 2);
    assert_eq!(attempts(table.answered(2, 200)), 2);
    // A slow app holds the others up for a moment, not for as long as it takes.
    assert_eq!(attempts(table.wait()), 1);
    assert_eq!(
        attempts(table.wait()),
        2,
        "4, 5, 6 run already, 7 and 8 are left"
    );
    assert_eq!(
        attempts(table.receive(9, 9, Kind::Live)),
        1,
        "back to normal"
    );
    assert_eq!(table.engine.deadline(), None);
}

#[test]
fn an_app_that_goes_down_again_is_news() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.receive(2, 2, Kind::Live);
    assert_eq!(table.refused(1), ["app down"]);
    assert!(table.refused(2).is_empty());
    table.wait();
    table.probed(Ok(()));
    assert_eq!(table.refused(1), ["app down"]);
}

#[test]
fn strictly_a_waiting_sender_is_told_and_a_kept_delivery_waits() {
    let mut table = Table::with(Rules {
        strict: true,
        ..usual()
    });
    table.receive(1, 1, Kind::Queued);
    assert_eq!(table.refused(1), ["app down"]);
    assert_eq!(table.receive(2, 2, Kind::Live), ["row", "attempt 2 #1"]);
    assert_eq!(
        table.refused(2),
        ["fail @2 refused", "said refused", "close @2", "drop 2"]
    );
    assert_eq!(table.engine.counters().waiting, 1);
}

#[test]
fn without_an_app_deliveries_are_captured() {
    let mut table = Table::with(Rules {
        capture: true,
        ..usual()
    });
    table.receive(1, 1, Kind::Live);
    assert_eq!(
        table.answered(1, 200),
        ["captured", "answered 200 by client", "close @1", "drop 1"]
    );
}

#[test]
fn one_promised_while_the_app_was_tried_comes_in_its_turn() {
    let mut table = Table::new();
    for number in [1, 2] {
        table.receive(number, 0, Kind::Queued);
    }
    table.receive(3, 1, Kind::Live);
    table.on(Event::RelayAnswered {
        id: id(3),
        status: Some(202),
    });
    table.refused(1);
    table.refused(3);
    table.wait();
    table.probed(Ok(()));
    for number in [1, 2] {
        let mut told = table.answered(number, 200);
        told.retain(|it| it.starts_with("attempt"));
        assert_eq!(told, [format!("attempt {} #1", number + 1)]);
    }
}
