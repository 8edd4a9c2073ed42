//! What is attempted again, and what is not.

use super::*;

/// Ways in which a sender has been told that its delivery is safe.
fn vouched_for() -> Vec<(&'static str, Table)> {
    let mut queued = Table::new();
    queued.receive(1, 1, Kind::Queued);
    let mut answered = Table::new();
    answered.receive(1, 1, Kind::Live);
    let (id, status) = (id(1), Some(202));
    answered.on(Event::RelayAnswered { id, status });
    let mut lost = Table::new();
    lost.receive(1, 1, Kind::Live);
    lost.on(Event::LinkLost);
    vec![
        ("queued", queued),
        ("answered by the relay", answered),
        ("link lost", lost),
    ]
}

#[test]
fn what_the_relay_vouched_for_is_attempted_again_when_the_app_dies_of_it() {
    for (way, mut table) in vouched_for() {
        for (attempt, pause) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
            let end = match attempt % 2 {
                1 => Failure::Died,
                _ => Failure::DiedMidAnswer { after_bytes: 9 },
            };
            let said = format!("said {}", end.code());
            let before = table.now;
            assert_eq!(table.ended(1, AttemptEnd::Failed(end)), [said], "{way}");
            assert_eq!(table.engine.counters().waiting, 1, "{way}");
            let next = format!("attempt 1 #{}", attempt + 1);
            assert_eq!(table.wait(), [next], "{way}");
            let passed = table.now - before;
            assert_eq!(passed, std::time::Duration::from_secs(pause), "{way}");
        }
        // The fifth time it makes way for those behind it.
        table.receive(2, 2, Kind::Queued);
        assert_eq!(
            table.ended(1, AttemptEnd::Failed(Failure::Died)),
            ["said died", "attempt 2 #1"],
            "{way}"
        );
        table.answered(2, 200);
        assert_eq!(table.wait(), ["attempt 1 #6"], "{way}");
        table.answered(1, 200);
        let counters = table.engine.counters();
        assert_eq!((counters.delivered, counters.waiting), (2, 0), "{way}");
        assert_eq!(table.engine.deadline(), None, "{way}");
    }
}

#[test]
fn an_app_that_had_it_or_a_sender_that_left_is_not_asked_again() {
    let timed_out = Failure::TimedOut {
        after: std::time::Duration::from_secs(1),
    };
    let cause = "nonsense".to_owned();
    for failure in [timed_out, Failure::Garbled { cause }] {
        for (way, mut table) in vouched_for() {
            let ended = table.ended(1, AttemptEnd::Failed(failure.clone()));
            assert!(ended.contains(&"drop 1".into()), "{way}");
        }
    }
    for status in [None, Some(504)] {
        let mut table = Table::new();
        table.receive(1, 1, Kind::Live);
        let id = id(1);
        table.on(Event::RelayAnswered { id, status });
        table.on(Event::LinkLost);
        let ended = table.ended(1, AttemptEnd::Failed(Failure::Died));
        assert_eq!(ended, ["said died", "drop 1"], "{status:?}");
    }
}

#[test]
fn a_kept_delivery_is_not_overtaken_while_it_pauses() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.receive(2, 2, Kind::Queued);
    let died = || AttemptEnd::Failed(Failure::Died);
    assert_eq!(table.ended(1, died()), ["said died"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row", "attempt 3 #1"]);
    assert_eq!(
        table.answered(3, 200)[..2],
        ["said 200", "answered 200 by app"]
    );
    let taken = table.receive(4, 4, Kind::Queued);
    assert_eq!(taken, ["ack 4", "close @4", "row"]);
    // An app that is down meanwhile costs none of the attempts.
    assert_eq!(table.wait(), ["attempt 1 #2"]);
    assert_eq!(table.refused(1), ["app down"]);
    assert_eq!(table.wait(), ["probe"]);
    assert_eq!(table.probed(Ok(())), ["app up, 3 waiting", "attempt 1 #2"]);
    let answered = table.answered(1, 200);
    assert!(answered.contains(&"attempt 2 #1".into()), "{answered:?}");
}

#[test]
fn what_was_answered_5xx_is_tried_again_if_the_user_wants_it() {
    let mut table = Table::with(Rules {
        retries: 2,
        ..usual()
    });
    table.receive(1, 1, Kind::Live);
    assert_eq!(
        table.answered(1, 500)[..2],
        ["said 500", "answered 500 by app"],
        "its sender has the answer"
    );
    table.receive(2, 2, Kind::Queued);
    for attempt in 2..=3 {
        assert_eq!(table.answered(2, 503), ["said 503"]);
        assert_eq!(table.wait(), [format!("attempt 2 #{attempt}")]);
    }
    assert_eq!(table.answered(2, 503), ["said 503", "drop 2"]);
    assert_eq!(table.engine.counters().delivered, 2);
}
