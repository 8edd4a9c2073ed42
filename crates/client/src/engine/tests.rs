//! Given these events, expect these effects.

mod random;

use kreel_wire::{ExchangeId, Kind, Seq};

use super::*;
use crate::testing::{delivery, id};
use crate::{AttemptEnd, Timings};

/// An engine, the time, and what was said last.
struct Table {
    engine: Engine,
    now: Instant,
    effects: Vec<Effect>,
}

impl Table {
    fn new() -> Self {
        Self::with(Rules {
            strict: false,
            capture: false,
        })
    }

    fn with(rules: Rules) -> Self {
        Self {
            engine: Engine::new(rules),
            now: Instant::now(),
            effects: Vec::new(),
        }
    }

    /// What is done about an event, in short.
    fn on(&mut self, event: Event<'_>) -> Vec<String> {
        self.effects.clear();
        self.engine.on(event, &mut self.effects);
        // What a row comes with is taken: the random schedules look at that.
        let told = self.effects.iter();
        let told = told.filter(|effect| !matches!(effect, Effect::Take { .. }));
        told.map(short).collect()
    }

    fn receive(&mut self, number: u64, exchange: u32, kind: Kind) -> Vec<String> {
        self.receive_part(number, exchange, kind, true)
    }

    fn receive_part(
        &mut self,
        number: u64,
        exchange: u32,
        kind: Kind,
        is_complete: bool,
    ) -> Vec<String> {
        self.on(Event::Received {
            exchange: ExchangeId(exchange),
            delivery: &delivery(number, kind),
            size_bytes: None,
            is_complete,
        })
    }

    fn run_of(&self, number: u64) -> Run {
        match self.engine.deliveries[&id(number)].stage {
            Stage::Running(run) => run,
            _ => panic!("{number} is waiting"),
        }
    }

    fn answered(&mut self, number: u64, status: u16) -> Vec<String> {
        let body_bytes = 0;
        self.ended(number, AttemptEnd::Answered { status, body_bytes })
    }

    fn ended(&mut self, number: u64, end: AttemptEnd) -> Vec<String> {
        self.ended_with(number, end, true)
    }

    fn ended_with(&mut self, number: u64, end: AttemptEnd, is_repeatable: bool) -> Vec<String> {
        let (run, now) = (self.run_of(number), self.now);
        self.on(Event::Finished {
            id: id(number),
            run,
            end,
            timings: Timings::default(),
            is_repeatable,
            now,
        })
    }

    fn refused(&mut self, number: u64) -> Vec<String> {
        let (run, now) = (self.run_of(number), self.now);
        self.on(Event::NoConnection {
            id: id(number),
            run,
            failure: refusal(),
            now,
        })
    }

    fn probed(&mut self, found: Result<(), Failure>) -> Vec<String> {
        let now = self.now;
        self.on(Event::Probed { found, now })
    }

    /// Lets the time pass until the engine wants to know.
    fn wait(&mut self) -> Vec<String> {
        self.now = self.engine.deadline().expect("nothing is waited for");
        let now = self.now;
        self.on(Event::Tick { now })
    }
}

fn refusal() -> Failure {
    Failure::Refused {
        address: "localhost:3000".into(),
    }
}

/// An effect in a word or two; numbers are positions and exchanges.
fn short(effect: &Effect) -> String {
    let number = |id: &DeliveryId| id.as_bytes()[15];
    match effect {
        Effect::Attempt { id, attempt, .. } => format!("attempt {} #{attempt}", number(id)),
        Effect::Take { id } => format!("take {}", number(id)),
        Effect::Drop { id } => format!("drop {}", number(id)),
        Effect::Probe => "probe".into(),
        Effect::Ack(Seq(seq)) => format!("ack {seq}"),
        Effect::Fail { exchange, failure } => format!("fail @{} {}", exchange.0, failure.code()),
        Effect::Discard { exchange } => format!("discard @{}", exchange.0),
        Effect::Close { exchange } => format!("close @{}", exchange.0),
        Effect::Update(update) => match update {
            Update::Delivery(_) => "row".into(),
            Update::Attempt(attempt) => match &attempt.end {
                AttemptEnd::Answered { status, .. } => format!("said {status}"),
                AttemptEnd::Failed(failure) => format!("said {}", failure.code()),
            },
            Update::Answered { status, by, .. } => {
                format!("answered {} by {}", status.unwrap_or(0), by.as_str())
            }
            Update::Captured(_) => "captured".into(),
            Update::AppDown { .. } => "app down".into(),
            Update::AppUp { waiting } => format!("app up, {waiting} waiting"),
            Update::Counters(_) => "counters".into(),
            other => format!("{other:?}"),
        },
    }
}

#[test]
fn a_live_delivery_is_attempted_at_once_and_acknowledged_at_its_end() {
    let mut table = Table::new();
    assert_eq!(table.receive(1, 1, Kind::Live), ["row", "attempt 1 #1"]);
    assert_eq!(
        table.answered(1, 500),
        [
            "said 500",
            "answered 500 by app",
            "ack 1",
            "close @1",
            "drop 1"
        ]
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
        ["said died", "ack 1", "close @1", "drop 1"]
    );
    assert_eq!(table.engine.counters().failed, 1);
}

#[test]
fn a_finished_delivery_is_only_acknowledged_when_it_comes_again() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    table.answered(1, 200);
    assert_eq!(table.receive(1, 2, Kind::Queued), ["close @2", "ack 1"]);
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.duplicates), (1, 1));
}

#[test]
fn kept_deliveries_take_turns_whatever_happens_beside_them() {
    let mut table = Table::new();
    assert_eq!(table.receive(1, 1, Kind::Queued), ["row", "attempt 1 #1"]);
    assert_eq!(table.receive(2, 2, Kind::Queued), ["row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row", "attempt 3 #1"]);
    assert_eq!(table.receive(4, 4, Kind::Queued), ["row"]);
    table.answered(3, 200);
    assert_eq!(
        table.answered(1, 200),
        ["said 200", "ack 1", "close @1", "drop 1", "attempt 2 #1"]
    );
}

#[test]
fn a_delivery_under_way_is_attached_to_its_new_link() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(table.on(Event::LinkLost), ["counters"]);
    assert_eq!(table.receive(1, 9, Kind::Queued), ["discard @9"]);
    assert_eq!(
        table.answered(1, 200),
        ["said 200", "ack 1", "close @9", "drop 1"]
    );
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
    assert_eq!(table.receive(1, 1, Kind::Queued), ["attempt 1 #1"]);
    // What the first run still had to say is about nothing any more.
    let stale = table.on(Event::Finished {
        id: id(1),
        run,
        end: AttemptEnd::Failed(Failure::Died),
        timings: Timings::default(),
        is_repeatable: true,
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
    assert_eq!(told, ["answered 202 by relay"]);
    assert!(
        table
            .on(Event::RelayAnswered { id, status: None })
            .is_empty()
    );
    assert_eq!(
        table.answered(1, 200),
        ["said 200", "ack 1", "close @1", "drop 1"]
    );
}

#[test]
fn deliveries_wait_for_an_app_that_is_down() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Live);
    assert_eq!(table.refused(1), ["app down"]);
    assert_eq!(table.receive(2, 2, Kind::Queued), ["row"]);
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
        capture: false,
    });
    table.receive(1, 1, Kind::Queued);
    assert_eq!(table.refused(1), ["app down"]);
    assert_eq!(table.receive(2, 2, Kind::Live), ["row", "attempt 2 #1"]);
    assert_eq!(
        table.refused(2),
        [
            "fail @2 refused",
            "said refused",
            "ack 2",
            "close @2",
            "drop 2"
        ]
    );
    assert_eq!(table.engine.counters().waiting, 1);
}

#[test]
fn without_an_app_deliveries_are_captured() {
    let mut table = Table::with(Rules {
        strict: false,
        capture: true,
    });
    table.receive(1, 1, Kind::Live);
    assert_eq!(
        table.answered(1, 200),
        [
            "captured",
            "answered 200 by client",
            "ack 1",
            "close @1",
            "drop 1"
        ]
    );
}

#[test]
fn held_deliveries_go_when_the_user_says() {
    let mut table = Table::new();
    table.on(Event::Hold);
    assert_eq!(table.receive(1, 1, Kind::Live), ["row"]);
    assert_eq!(table.receive(2, 2, Kind::Live), ["row"]);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    assert_eq!(table.on(Event::ReleaseOne), ["attempt 1 #1"]);
    let ended = table.answered(1, 200);
    assert!(
        !ended.iter().any(|effect| effect.starts_with("attempt")),
        "{ended:?}"
    );
    assert_eq!(table.on(Event::Release), ["attempt 2 #1", "attempt 3 #1"]);
}

#[test]
fn a_stop_starts_nothing_more() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.receive(2, 2, Kind::Queued);
    table.on(Event::Stop);
    assert_eq!(table.receive(3, 3, Kind::Live), ["row"]);
    assert_eq!(
        table.answered(1, 200),
        ["said 200", "ack 1", "close @1", "drop 1"]
    );
    assert!(table.on(Event::Release).is_empty());
    assert_eq!(table.engine.running(), 0);
}

#[test]
fn what_would_wait_without_bound_is_neither_taken_nor_acknowledged() {
    let mut table = Table::new();
    table.on(Event::Hold);
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
    assert_eq!(again, ["row"]);
    assert_eq!(table.engine.counters().received, WAITING as u64 + 1);
}

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
        let last = table.ended(1, AttemptEnd::Failed(Failure::Died));
        assert_eq!(last[..2], ["said died", "ack 1"], "{way}");
        let counters = table.engine.counters();
        assert_eq!((counters.failed, counters.waiting), (1, 0), "{way}");
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
            assert_eq!(ended[1], "ack 1", "{way}");
        }
    }
    for status in [None, Some(504)] {
        let mut table = Table::new();
        table.receive(1, 1, Kind::Live);
        let id = id(1);
        table.on(Event::RelayAnswered { id, status });
        table.on(Event::LinkLost);
        let ended = table.ended(1, AttemptEnd::Failed(Failure::Died));
        assert_eq!(ended, ["said died", "ack 1", "drop 1"], "{status:?}");
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
    assert_eq!(table.receive(4, 4, Kind::Queued), ["row"]);
    // An app that is down meanwhile costs none of the attempts.
    assert_eq!(table.wait(), ["attempt 1 #2"]);
    assert_eq!(table.refused(1), ["app down"]);
    assert_eq!(table.wait(), ["probe"]);
    assert_eq!(table.probed(Ok(())), ["app up, 3 waiting", "attempt 1 #2"]);
    let answered = table.answered(1, 200);
    assert!(answered.contains(&"ack 1".into()), "{answered:?}");
    assert!(answered.contains(&"attempt 2 #1".into()), "{answered:?}");
}

#[test]
fn what_can_not_be_repeated_here_is_left_to_the_relay() {
    let mut table = Table::new();
    table.receive(1, 1, Kind::Queued);
    table.receive(2, 2, Kind::Queued);
    let died = AttemptEnd::Failed(Failure::Died);
    assert_eq!(
        table.ended_with(1, died, false),
        ["said died", "close @1", "drop 1", "attempt 2 #1"]
    );
    table.on(Event::LinkLost);
    assert!(table.receive(1, 1, Kind::Queued).is_empty());
    assert_eq!(table.answered(2, 200).last().unwrap(), "attempt 1 #1");
}

#[test]
fn a_pause_is_given_up_by_a_stop_and_by_what_comes_anew() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Queued, false);
    table.ended(1, AttemptEnd::Failed(Failure::Died));
    assert_eq!(
        table.receive(1, 2, Kind::Queued),
        ["close @1", "drop 1", "attempt 1 #1"]
    );
    table.ended(1, AttemptEnd::Failed(Failure::Died));
    table.on(Event::Stop);
    assert!(table.wait().is_empty());
    assert_eq!((table.engine.running(), table.engine.deadline()), (0, None));
}

#[test]
fn a_part_of_a_request_gives_way_to_the_whole() {
    let mut table = Table::new();
    table.receive_part(1, 1, Kind::Live, false);
    assert_eq!(
        table.receive(1, 2, Kind::Queued),
        ["said sender_left", "close @1", "drop 1", "attempt 1 #1"]
    );
    let counters = table.engine.counters();
    assert_eq!((counters.received, counters.broken_off), (1, 0));
    assert_eq!(
        table.answered(1, 200),
        ["said 200", "ack 1", "close @2", "drop 1"]
    );
}
